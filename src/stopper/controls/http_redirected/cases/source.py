"""Redirects to https before operations with tokens, and redirects of other kinds."""

from flask import Flask, abort, jsonify, redirect, request, url_for
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
jwt = JWTManager(app)


@app.before_request
def to_https():
    if not request.is_secure:
        url = request.url.replace("http://", "https://", 1)
        return redirect(url, code=301)  # bad
    return None


@app.get("/token")
def token():
    if request.scheme == "http":
        return redirect(f"https://{request.host}{request.full_path}")  # bad
    return jsonify(access_token=app.config["MAKE"]())


@app.get("/me")
@jwt_required()
def me():
    if not request.is_secure:
        return redirect(url_for("me", _external=True, _scheme="https"))  # bad
    return jsonify({})


@app.get("/orders")
@jwt_required()
def orders():
    if not request.is_secure:
        abort(403)
    return jsonify([])


@app.get("/partner/token")
def partner():
    return redirect("https://partner.example/token")


@app.get("/old/token")
def old():
    return redirect(url_for("token"))


@app.get("/page")
def page():
    return redirect(request.url.replace("http://", "https://"))
