"""A setting says whether strangers may open an account for themselves: somebody decided."""

from flask import Flask, current_app, jsonify, request

app = Flask(__name__)


def token_required(view):
    def checked(*args):
        if request.headers.get("Authorization") != f"Bearer {app.config['TOKEN']}":
            return jsonify(), 401
        return view(*args)

    return checked


@app.post("/projects")
def create():
    if not current_app.config.get("ALLOW_PUBLIC_PROJECT_CREATION"):
        return jsonify(), 403
    return jsonify(), 201


@app.post("/projects/<name>/bills")  # ok
@token_required
def bill(name):
    return jsonify(), 201


@app.delete("/projects/<name>")  # ok
@token_required
def remove(name):
    return jsonify()


@app.post("/imports")  # bad
def imported():
    return jsonify(), 201
