"""Secrets in answers, and what only looks like one."""

import os
import secrets

import jwt
import requests
from flask import Flask, current_app, jsonify, render_template, request

import settings

app = Flask(__name__)
JWT_SECRET = os.environ["JWT_SECRET"]
STRIPE_KEY = "sk_live_51NBK2JGI8iCEF234fdsa789abcd"
MAPS_KEY = os.environ["MAPS_KEY"]


@app.route("/debug")
def debug():
    return jsonify(
        secrets={
            "app": app.secret_key,  # bad
            "jwt": JWT_SECRET,  # bad
            "other": getattr(settings, "SIGNING_KEY", None),  # bad
            "mail": current_app.config["MAIL_PASSWORD"],  # bad
            "database": os.environ.get("DATABASE_PASSWORD"),  # bad
        }
    )


@app.route("/config")
def config():
    return jsonify(dict(app.config))  # bad


@app.route("/environment")
def environment():
    return {"environment": dict(os.environ)}  # bad


@app.route("/shop")
def shop():
    return render_template("shop.html", key=STRIPE_KEY, maps=MAPS_KEY)  # bad


@app.route("/users")
def users():
    rows = execute("SELECT name, password FROM users")
    return jsonify({"users": [{"name": row[0], "password": row[1]} for row in rows]})  # bad


@app.route("/user/<int:user_id>")
def user(user_id):
    found = load(user_id)
    body = {
        "name": found.name,
        "password_hash": found.password_hash,  # bad
    }
    return jsonify(body)


@app.route("/echo", methods=["POST"])
def echo():
    password = request.get_json().get("password")
    return jsonify(received={"password": password}), 400  # bad


class Client:
    def __init__(self):
        self.api_key = settings.KEY

    def to_dict(self):
        return {"api_key": self.api_key}  # bad

    def explain(self):
        return {"api_key_preview": self.api_key[:10] + "..." if self.api_key else "none"}  # bad

    def sign(self, claims):
        return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


@app.route("/explained")
def explained():
    return jsonify(Client().explain())


@app.route("/whole/<name>")
def whole(name):
    record = find_record(name)
    return jsonify(record)  # bad


@app.route("/stripped/<name>")
def stripped(name):
    record = find_record(name)
    del record["password"]
    return jsonify(record)


@app.route("/login", methods=["POST"])
def login():
    record = find_record(request.form["name"])
    if record["password"] != request.form["password"]:
        return jsonify({"password": "is wrong"}), 401
    token = jwt.encode({"sub": record["name"]}, JWT_SECRET, algorithm="HS256")
    return jsonify(token=token)


@app.route("/keys", methods=["POST"])
def make_key():
    api_key = secrets.token_urlsafe(32)
    keep(api_key)
    return jsonify(api_key=api_key)


@app.route("/passwords", methods=["POST"])
def make_password():
    password = secrets.token_urlsafe(12)
    return jsonify(password=password)


@app.route("/checked")
def checked():
    return jsonify(password=bool(request.args.get("password")), configured=JWT_SECRET is not None)


@app.route("/forms")
def forms():
    form = load("form")
    return jsonify(errors={"password": form.errors["password"]}, password="The password is too short")


@app.route("/totp")
def enroll_totp():
    secret = load("totp")
    return jsonify({"secret": secret})


@app.route("/settings")
def public_settings():
    return jsonify(name=app.config["SHOP_NAME"], debug=app.config.get("DEBUG"))


@app.route("/debugged")
def debugged():
    if app.debug:
        return jsonify(dict(app.config))
    return "no"


@app.route("/forgot", methods=["POST"])
def forgot():
    body = {"message": "If there is such a user, a mail is on its way"}
    reset_token = load("token")
    body["reset_token"] = reset_token  # bad
    return jsonify(body)


@app.route("/forgotten", methods=["POST"])
def forgotten():
    send({"reset_token": load("token")})
    return jsonify(reset_allowed=True)


@app.route("/change", methods=["PUT"])
def change():
    user, typed = load("user"), request.json["password"]
    if not check(user.password, typed):
        return jsonify(error="wrong: %s is not %s" % (user.password, typed)), 400  # bad
    return jsonify(ok=True)


@app.route("/profile")
def profile():
    user, answer = load("user"), {}
    answer["password"] = user.password  # bad
    return jsonify(answer)


def ask(name, password):
    return requests.post("https://login.test", json={"name": name, "password": password}).json()


def find_record(name):
    return execute("SELECT * FROM users WHERE name = ?", name)[0]


def execute(*_):
    return []


def load(_):
    return None


def keep(_):
    pass


def send(_):
    pass


def check(*_):
    return False
