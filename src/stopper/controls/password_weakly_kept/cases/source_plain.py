"""Passwords stored and compared as they were typed, and what only looks like it."""

import os

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy_utils import PasswordType
from werkzeug.security import check_password_hash, generate_password_hash, safe_str_cmp

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    name = db.Column(db.String(80))
    password = db.Column(db.String(80))


class Member(db.Model):
    name = db.Column(db.String(80))
    passphrase = db.Column(db.String(80))

    def __init__(self, name, passphrase):
        self.name = name
        self.passphrase = generate_password_hash(passphrase)  # ok


class Guest(db.Model):
    password = db.Column(PasswordType(schemes=["pbkdf2_sha512"]))


@app.post("/login")
def login():
    data = request.get_json()
    user = User.query.filter_by(name=data["name"]).first()
    if user.password != data["password"]:  # bad
        abort(401)


def found(username, password):
    return User.query.filter_by(name=username, password=password).first()  # bad


def document(users, username):
    return users.find_one({"name": username, "password": request.form["password"]})  # bad


def item(users, data):
    user = users.get(data["name"])
    return user and user["password"] == data["password"]  # bad


def check(username, password, real_password):
    return username == "admin" and password == real_password  # bad


def by_text(connection, username, password):
    query = f"SELECT * FROM users WHERE username='{username}' AND password='{password}'"  # bad
    return connection.execute(query)


def by_statement(connection, username):
    password = request.form.get("password")
    sql = "SELECT id FROM users WHERE name = ? AND password = ?"
    return connection.execute(sql, (username, password))  # bad


def begun_empty(connection):
    username, password = "", ""
    if request.method == "POST":
        username = request.form["username"]
        password = request.form.get("password", "")
    sql = "SELECT id FROM users WHERE name = ? AND password = ?"
    return connection.execute(sql, (username, password))  # bad


def authenticate(username, password):
    user = User.query.filter_by(name=username).first()
    return user if user and safe_str_cmp(user.password.encode("utf-8"), password.encode("utf-8")) else None  # bad


def of_the_operator(password):
    return safe_str_cmp(app.config["ADMIN_PASSWORD"], password)


def written(connection, username, password):
    connection.execute("INSERT INTO users (name, password) VALUES (?, ?)", (username, password))  # bad


def registered():
    user = User(name=request.json["name"], password=request.json["password"])  # bad
    db.session.add(user)


def updated(number):
    user = User.query.get(number)
    user.password = request.json.get("password")  # bad


def kept(users):
    record = {
        "name": request.json["name"],
        "password": request.json["password"],  # bad
    }
    users.insert_one(record)


def hashed_first():
    password = generate_password_hash(request.json["password"])  # ok
    return User(name=request.json["name"], password=password)


def hashed_by_the_caller(connection, username, password):
    connection.execute("INSERT INTO users (name, password) VALUES (?, ?)", (username, password))


def calls_it(connection):
    hashed_by_the_caller(connection, "a", generate_password_hash(request.json["password"]))  # ok


def hashed_by_the_model():
    return Member(request.json["name"], passphrase=request.json["passphrase"])


def hashed_by_the_column(guest, password):
    return Guest(password=password)


def typed_twice(form):
    return form.password.data == form.password_confirm.data


def changed(data):
    return data["new_password"] != data["old_password"]


def unset(user):
    return user.password == "" or user.password is None


def of_the_operator(password):
    return password == os.environ["ADMIN_PASSWORD"] or password == app.config["PASSWORD"]


def same_store(store, other):
    return store.smtp_password == other.smtp_password


def verified(user, password):
    return check_password_hash(user.password, password)  # ok


def in_a_table(users):
    data = request.get_json()
    users[data["name"]] = data["password"]  # bad
    users[data["name"]] = {"name": data["name"], "password": data["password"]}  # bad
    users[data["name"]] = {"name": data["name"], "password": generate_password_hash(data["password"])}  # ok


def by_hand(connection, data):
    connection.execute("INSERT INTO users (name, password) VALUES ('%s', '%s')" % (data["name"], data["password"]))  # bad
    connection.execute("SELECT 1 FROM users WHERE name='" + data["name"] + "' AND password='" + data["password"] + "'")  # bad


def kept_again(collection, user, data):
    collection.insert_one({"name": user.name, "password": user.password})
    collection.insert_one({"name": user.name, "password": data["password"]})  # bad


def create_connection(password):
    return save_connect_string({"user": "shop", "password": password})


def save_connect_string(parts):
    return parts


class SMTPServer(db.Model):
    password = db.Column(db.String(80))


def mail(password):
    return SMTPServer(password=password)


def of_a_row(store):
    password = request.json["password"]
    row = store.first("SELECT * FROM users")
    return row[4] != password  # bad


def by_own_function(store, name):
    password = request.json["password"]
    store.modify(f"INSERT INTO users VALUES ('{name}', '{password}')")  # bad
    statement = f"INSERT INTO users VALUES ('{name}', '{password}')"  # bad
    store.modify(statement)
    new_pass = request.json["password"]
    change = f"UPDATE users SET password = '{new_pass}' WHERE name = '{name}'"  # bad
    store.modify(change)


def in_memory(users):
    new_user = {
        "name": request.json["name"],
        "password": request.json["password"],  # bad
    }
    users[request.json["name"]] = new_user
