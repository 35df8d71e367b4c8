"""Tokens in cookies that the program sets by hand, each with its flags: the library's settings say nothing of them."""

from flask import Flask, jsonify

from tokens import issue

app = Flask(__name__)
app.config["JWT_TOKEN_LOCATION"] = ["cookies"]


@app.post("/login")
def login():
    response = jsonify({})
    response.set_cookie("access_token", issue(), secure=True, httponly=True, samesite="Lax")  # ok
    return response
