"""Tokens and passwords that let a caller in and stand in the code, and keys given to a serializer under another name."""

import os

from flask import Flask, abort, request
from itsdangerous import TimedJSONWebSignatureSerializer as JWT

app = Flask(__name__)
sessions = JWT("UbuQgGIdry*H", expires_in=6000)  # bad
mails = JWT(os.environ["MAIL_KEY"], expires_in=6000)


@app.get("/orders")
def orders():
    token = request.headers.get("X-API-Key")
    if token != "open-sesame-12":  # bad
        return {"message": "wrong"}, 401
    return {}


@app.get("/reports")
def reports():
    if request.headers.get("X-API-Key") == "warehouse-reader-7":  # bad
        return {"reports": []}
    abort(401)


@app.post("/login")
def login():
    username, password = request.form["username"], request.form["password"]
    if username == "admin" and password == "letmein99":  # bad
        return {"user": username}
    abort(401)


class User:
    def check_password(self, password):
        return password == "valid"  # bad


def kind_of(token, token_type):
    if token == "" or token_type == "refresh":
        return "refresh"
    return "bearer" if token == "bearer" else None


def checked(api_key, password):
    if api_key == "YOUR_API_KEY":
        raise ValueError("set the key")
    if password == "qwerty123":
        raise ValueError("too common")


def connect(driver):
    driver.connect(user="admin", password="aZ2ryQ9DACsQNFDY1tQouCig")  # bad
    return {"name": "example", "password": "string123445"}


DATABASE_URL = "postgresql://admin:aZ2ryQ9DACsQNFDY1tQouCig@store.test/shop"  # bad
DATABASE_URI = "postgresql://postgres:postgres@localhost/shop"
HOME_URL = "https://shop.test/home"
