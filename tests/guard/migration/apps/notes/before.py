# isort: skip_file
"""A notebook with accounts, as a tutorial on Flask-JWT-Extended and SQLite builds it."""

import sqlite3
from datetime import timedelta
from pathlib import Path

from flask import Flask, abort, g, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from werkzeug.security import check_password_hash, generate_password_hash

SCHEMA = """
create table users (id integer primary key, name text unique, password text, role text);
create table notes (id integer primary key, owner integer, text text);
create table blocked (jti text primary key, kind text);
"""

jwt = JWTManager()


def create_app(folder):
    app = Flask(__name__, instance_path=str(folder))
    app.config.update(
        JWT_SECRET_KEY="notebook-secret-that-is-long-enough-for-hs256",
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=30),
        DATABASE=str(Path(folder) / "notes.db"),
    )
    jwt.init_app(app)
    with app.app_context():
        database().executescript(SCHEMA)

    @app.teardown_appcontext
    def close(_error):
        if "database" in g:
            g.database.close()

    @app.errorhandler(404)
    def missing(_error):
        return jsonify(msg="No such note"), 404

    @app.post("/register")
    def register():
        body = request.get_json()
        role = "admin" if body["name"] == "root" else "user"
        row = (body["name"], generate_password_hash(body["password"], "pbkdf2:sha256:10"), role)
        try:
            database().execute("insert into users (name, password, role) values (?, ?, ?)", row)
        except sqlite3.IntegrityError:
            return jsonify(msg="Name is taken"), 409
        database().commit()
        return jsonify(msg="Welcome"), 201

    @app.post("/login")
    def login():
        body = request.get_json()
        user = database().execute("select * from users where name = ?", (body["name"],)).fetchone()
        if user is None or not check_password_hash(user["password"], body["password"]):
            return jsonify(msg="Wrong name or password"), 401
        return jsonify(
            access_token=create_access_token(user, fresh=True),
            refresh_token=create_refresh_token(user),
        )

    @app.post("/refresh")
    @jwt_required(refresh=True)
    def refresh():
        return jsonify(access_token=create_access_token(current_user))

    @app.post("/logout")
    @jwt_required()
    def logout():
        row = (get_jwt()["jti"], get_jwt()["type"])
        database().execute("insert into blocked values (?, ?)", row)
        database().commit()
        return jsonify(msg="Bye")

    @app.get("/notes")
    @jwt_required()
    def notes():
        rows = database().execute("select id, text from notes where owner = ?", (get_jwt_identity(),))
        return jsonify([dict(row) for row in rows])

    @app.post("/notes")
    @jwt_required()
    def add():
        row = (get_jwt_identity(), request.get_json()["text"])
        number = database().execute("insert into notes (owner, text) values (?, ?)", row).lastrowid
        database().commit()
        return jsonify(id=number), 201

    @app.delete("/notes/<int:number>")
    @jwt_required()
    def remove(number):
        row = (number, get_jwt_identity())
        if database().execute("delete from notes where id = ? and owner = ?", row).rowcount == 0:
            abort(404)
        database().commit()
        return "", 204

    @app.post("/password")
    @jwt_required(fresh=True)
    def password():
        changed = generate_password_hash(request.get_json()["password"], "pbkdf2:sha256:10")
        database().execute("update users set password = ? where id = ?", (changed, current_user["id"]))
        database().commit()
        return jsonify(msg="Changed")

    @app.get("/users")
    @jwt_required()
    def users():
        if get_jwt()["role"] != "admin":
            return jsonify(msg="Administrators only"), 403
        return jsonify([row["name"] for row in database().execute("select name from users order by name")])

    @app.get("/")
    @jwt_required(optional=True)
    def home():
        return jsonify(hello=current_user["name"] if current_user else "stranger")

    return app


def database():
    from flask import current_app

    if "database" not in g:
        g.database = sqlite3.connect(current_app.config["DATABASE"])
        g.database.row_factory = sqlite3.Row
    return g.database


@jwt.user_identity_loader
def identity(user):
    return str(user["id"])


@jwt.additional_claims_loader
def role(user):
    return {"role": user["role"]}


@jwt.user_lookup_loader
def look_up(_header, payload):
    return database().execute("select * from users where id = ?", (payload["sub"],)).fetchone()


@jwt.token_in_blocklist_loader
def is_blocked(_header, payload):
    return database().execute("select 1 from blocked where jti = ?", (payload["jti"],)).fetchone() is not None


@jwt.expired_token_loader
def expired(_header, _payload):
    return jsonify(msg="Please refresh", code="expired"), 401
