"""Looks for the token where it was told to, and in the address."""

from functools import wraps

from flask import Flask, g, request

app = Flask(__name__)
app.config["JWT_TOKEN_LOCATION"] = ["headers", "query_string"]  # where it may be


def in_header():
    return request.headers.get("Authorization", "")[7:]


def either():
    return request.headers.get("X-Token") or request.args.get("access_token")  # the header first


def link():
    return request.args.get("access_token") or in_header()


def later():
    # from the header
    access_token = request.headers.get("X-Token")
    if not access_token:
        access_token = request.args.get("access_token")
    return access_token


def three():
    return request.headers.get("X-Token") or request.args["auth_token"] or request.cookies.get("token")


def alone():
    return request.args.get("access_token")  # by hand


def or_nothing():
    return request.args.get("access_token") or ""  # by hand


def first():
    access_token = request.args.get("access_token")  # by hand
    if not access_token:
        access_token = request.headers.get("X-Token")
    return access_token


def confirm():
    return request.args.get("access_token") or request.headers.get("X-Token")


@app.before_request
def load():
    g.tokens = [either(), link(), later(), three(), alone(), or_nothing(), first(), confirm()]
