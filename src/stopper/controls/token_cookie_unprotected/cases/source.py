"""Cookies that carry tokens, and cookies that do not."""

from flask import Flask, current_app, make_response, request
from flask_jwt_extended import create_access_token, get_csrf_token
from werkzeug.http import dump_cookie

app = Flask(__name__)
app.config["SESSION_COOKIE_HTTPONLY"] = False  # bad
app.config.update(REMEMBER_COOKIE_SECURE=False)  # bad
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"


class Config:
    JWT_COOKIE_SECURE = False  # bad
    JWT_REFRESH_COOKIE_HTTPONLY = True  # ok


class DevelopmentConfig(Config):
    JWT_COOKIE_SECURE = False
    SESSION_COOKIE_SECURE = False


class TestingConfig(Config):
    JWT_COOKIE_SECURE = False


if app.debug:
    app.config["SESSION_COOKIE_SECURE"] = False


def nothing(response, token):
    response.set_cookie("token", token)  # bad


def no_secure(response, token):
    response.set_cookie("token", token, httponly=True)  # bad


def no_httponly(response):
    access_token = create_access_token("someone")
    response.set_cookie("a", access_token, secure=True, samesite="Lax")  # bad


def readable(response, session_id):
    response.set_cookie(key="sid", value=session_id, secure=True, httponly=False, samesite="Strict")  # bad


def no_samesite(response, token):
    response.set_cookie("jwt", token, secure=True, httponly=True)  # bad


def by_hand(response, token):
    response.headers["Set-Cookie"] = f"access_token={token}; Path=/; HttpOnly"  # bad


def protected(response, token):
    response.set_cookie("__Host-token", token, secure=True, httponly=True, samesite="Strict")  # ok


def by_configuration(response, token):
    response.set_cookie("token", token, secure=current_app.config["SECURE"], httponly=True, samesite="Lax")  # ok


def outside_debug(token):
    return dump_cookie("refresh_token", token.refresh_token, secure=not app.debug, httponly=True, samesite="Lax")  # ok


def by_flags(response, token, flags):
    response.set_cookie("token", token, **flags)  # ok


def by_hand_right(response, token):
    response.headers["Set-Cookie"] = f"token={token}; Secure; HttpOnly; SameSite=Lax"  # ok


def deleted(response):
    response.set_cookie("token", "", max_age=0)
    response.set_cookie("access_token", "", expires=0)


def of_a_form(response, token):
    response.set_cookie("csrf_access_token", get_csrf_token(token), secure=True, samesite="Lax")


def of_taste():
    response = make_response("done")
    response.set_cookie("theme", request.args["theme"])
    response.set_cookie("show_followed", "1", max_age=2592000)
    return response
