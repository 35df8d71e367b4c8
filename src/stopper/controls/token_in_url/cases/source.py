"""Credentials read from the query, and values that are no credentials or no way in."""

from functools import wraps

from flask import Flask, abort, jsonify, redirect, request
from flask.views import MethodView

app = Flask(__name__)
app.config["JWT_TOKEN_LOCATION"] = ["headers", "query_string"]  # bad
app.config.update(
    JWT_TOKEN_LOCATION=["headers"],  # ok
)


def known(token):
    return token in app.config["TOKENS"]


def token_required(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        token = request.headers.get("X-Token")
        if not token and "token" in request.args:
            token = request.args["token"]  # bad
        if not known(token):
            abort(401)
        return view(*args, **kwargs)

    return wrapper


@app.get("/export")
def export():
    if not known(request.args.get("access_token")):  # bad
        abort(401)
    return jsonify([])


@app.get("/feed")
def feed():
    if not known(request.values.get("api_key", "")):  # bad
        abort(401)
    return jsonify([])


@app.get("/orders")
@token_required
def orders():
    return jsonify(page=request.args.get("page_token"))


@app.delete("/tokens/<token>")  # bad
@token_required
def revoke(token):
    return "", 204


@app.get("/confirm/<token>")
def confirm(token):
    return jsonify(ok=known(token))


@app.get("/files/<path:name>")
def files(name):
    return jsonify(signed=request.args.get("token"))


@app.post("/reset")
def reset_password():
    return jsonify(ok=known(request.args.get("access_token")))


@app.post("/session")
def session():
    return jsonify(ok=known(request.form["access_token"]))


@app.get("/login")
def log_in():
    return jsonify(ok=known(request.args.get("password")))  # bad


@app.get("/stream")
def stream():
    token = request.args.get("token")  # bad
    return jsonify(decode_access_token(token))


@app.get("/page")
def page():
    token = request.args.get("token")
    return jsonify(show(token))


class UserConfirmEmail(MethodView):
    def get(self):
        return jsonify(decode_access_token(request.args.get("token")))


app.add_url_rule("/first", view_func=UserConfirmEmail.as_view("first"))


@app.get("/signed-in")
def signed_in():
    access_token = create_access_token("ada")
    return redirect(f"{app.config['FRONTEND']}/home?token={access_token}")  # bad


@app.get("/next-page")
def next_page():
    token = request.cookies["position"]
    return redirect(f"/orders?token={token}")


@app.get("/enter")
def enter():
    access_token = request.cookies["service"]
    return redirect(f"https://service.example/enter?access_token={access_token}")


@app.get("/forgotten")
def forgotten():
    auth_token = make_link("ada")
    return redirect(f"/reset-password?token={auth_token}")
