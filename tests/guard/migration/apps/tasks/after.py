"""The list of tasks, moved to the guard by docs/guard/migrating/flask-httpauth.md."""

from flask import Flask, abort, jsonify, request
from flask_httpauth import HTTPBasicAuth
from werkzeug.security import check_password_hash, generate_password_hash

from stopper.guard import Guard, Refusal, current_token


def create_app(folder):
    app = Flask(__name__, instance_path=str(folder))
    passwords = HTTPBasicAuth()
    guard = Guard(app)
    users = {
        "ada": {"password": generate_password_hash("pencil", "pbkdf2:sha256:10"), "roles": ["reader"]},
        "bob": {"password": generate_password_hash("rubber", "pbkdf2:sha256:10"), "roles": ["reader", "editor"]},
    }
    tasks = ["read", "write"]

    @passwords.verify_password
    def verify_password(name, password):
        if name in users and check_password_hash(users[name]["password"], password):
            return name
        return None

    @passwords.error_handler
    def refuse(status):
        return jsonify(error="forbidden" if status == 403 else "unauthorized"), status

    @app.errorhandler(Refusal)
    def refuse_token(refusal):
        return refuse(refusal.code)

    @app.post("/tokens")
    @guard.public
    @passwords.login_required
    def hand_out():
        name = passwords.current_user()
        return jsonify(token=guard.issue(name, users[name]["roles"])["access_token"])

    @app.delete("/tokens")
    @guard.require
    def take_back():
        guard.revoke(current_token)
        return "", 204

    @app.get("/tasks")
    @guard.require
    def listing():
        return jsonify(tasks)

    @app.post("/tasks")
    @guard.require("editor")
    def add():
        tasks.append(request.get_json()["title"])
        return jsonify(by=current_token.subject), 201

    @app.get("/tasks/<int:number>")
    @guard.optional
    def one(number):
        if number >= len(tasks):
            abort(404)
        return jsonify(title=tasks[number], you=current_token.subject if current_token else None)

    @app.get("/health")
    @guard.public
    def health():
        return jsonify(ok=True)

    return app
