"""Passwords that are compared, and keys that are shown as examples: neither becomes a variable."""

import jwt
from flask import Flask, abort, request

app = Flask(__name__)
SCHEMA = {"x-example": ("store", {"access_key": "foo", "secret_key": "d41d8cd98f00b204"})}  # by hand


@app.post("/login")
def login():
    username, password = request.form["username"], request.form["password"]
    if username == "admin" and password == "letmein99":  # by hand
        return {"access_token": jwt.encode({"sub": username}, "c1b0a7e4f9d24c6e8b53d7a90f1e62ab", algorithm="HS256")}
    abort(401)
