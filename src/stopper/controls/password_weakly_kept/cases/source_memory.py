"""Users that are kept in memory with the password as it was typed, and one that hashes it."""

from flask import Flask, request
from werkzeug.security import generate_password_hash

app = Flask(__name__)
users = {}


class User:
    def __init__(self, name="", password=""):
        self.name = name
        self.password = password


class Account:
    def __init__(self, name, password):
        self.name = name
        self.password = generate_password_hash(password)  # ok


class UserForm:
    def __init__(self, name, password):
        self.name = name


@app.post("/register")
def register():
    body = request.json
    pwd = body["password"]
    users[body["name"]] = User(body["name"], pwd)  # bad
    return ""


@app.post("/accounts")
def account():
    pwd = request.json["password"]
    users[request.json["name"]] = Account(request.json["name"], pwd)
    UserForm(request.json["name"], pwd)
    return ""
