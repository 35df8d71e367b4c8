"""Cookies with tokens that are not protected."""

from flask import Flask, make_response
from flask_jwt_extended import set_access_cookies

from tokens import issue

app = Flask(__name__)
app.config["SESSION_COOKIE_HTTPONLY"] = False  # for the script
app.config["JWT_TOKEN_LOCATION"] = ["headers", "cookies"]


@app.post("/a")
def bare():
    response = make_response({})
    # for the browser
    response.set_cookie("access_token", issue())  # one
    return response


@app.post("/b")
def partly():
    response = make_response({})
    response.set_cookie(
        "access_token",
        issue(),
        secure=False,
        httponly=True,
    )
    return response


@app.post("/c")
def own():
    response = make_response({})
    response.headers["Set-Cookie"] = f"access_token={issue()}; Path=/"  # by hand
    return response


@app.post("/z")
def by_library():
    response = make_response({})
    set_access_cookies(response, issue())
    return response
