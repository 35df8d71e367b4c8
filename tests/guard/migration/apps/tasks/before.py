"""A list of tasks with tokens from the database, as a tutorial on Flask-HTTPAuth builds it."""

import secrets
import time

from flask import Flask, abort, jsonify, request
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth
from werkzeug.security import check_password_hash, generate_password_hash


def create_app(folder):
    app = Flask(__name__, instance_path=str(folder))
    passwords = HTTPBasicAuth()
    tokens = HTTPTokenAuth(scheme="Bearer")
    users = {
        "ada": {"password": generate_password_hash("pencil", "pbkdf2:sha256:10"), "roles": ["reader"]},
        "bob": {"password": generate_password_hash("rubber", "pbkdf2:sha256:10"), "roles": ["reader", "editor"]},
    }
    handed_out = {}
    tasks = ["read", "write"]

    @passwords.verify_password
    def verify_password(name, password):
        if name in users and check_password_hash(users[name]["password"], password):
            return name
        return None

    @tokens.verify_token
    def verify_token(token):
        name, until = handed_out.get(token, (None, 0))
        return name if until > time.time() else None

    @tokens.get_user_roles
    def roles(name):
        return users[name]["roles"]

    @passwords.error_handler
    @tokens.error_handler
    def refuse(status):
        return jsonify(error="forbidden" if status == 403 else "unauthorized"), status

    @app.post("/tokens")
    @passwords.login_required
    def hand_out():
        token = secrets.token_urlsafe()
        handed_out[token] = passwords.current_user(), time.time() + 3600
        return jsonify(token=token)

    @app.delete("/tokens")
    @tokens.login_required
    def take_back():
        del handed_out[request.headers["Authorization"].split()[1]]
        return "", 204

    @app.get("/tasks")
    @tokens.login_required
    def listing():
        return jsonify(tasks)

    @app.post("/tasks")
    @tokens.login_required(role="editor")
    def add():
        tasks.append(request.get_json()["title"])
        return jsonify(by=tokens.current_user()), 201

    @app.get("/tasks/<int:number>")
    @tokens.login_required(optional=True)
    def one(number):
        if number >= len(tasks):
            abort(404)
        return jsonify(title=tasks[number], you=tokens.current_user())

    @app.get("/health")
    def health():
        return jsonify(ok=True)

    return app
