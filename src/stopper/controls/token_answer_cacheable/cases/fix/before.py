"""Answers with a token that caches may keep."""

from flask import Flask, Response, jsonify, make_response

from tokens import issue

app = Flask(__name__)


@app.post("/a")
def plain():
    # the token
    return jsonify(access_token=issue())  # once


@app.post("/b")
def with_status():
    return {"access_token": issue()}, 201


@app.post("/c")
def with_headers():
    return jsonify(access_token=issue()), 201, {"X-Shop": "one"}


@app.post("/d")
def otherwise():
    return {"access_token": issue()}, 200, {"Cache-Control": "max-age=600"}


@app.post("/e")
def named():
    response = make_response(jsonify(access_token=issue()), 201)
    return response


@app.post("/f")
def wrapped():
    return make_response({"access_token": issue()})  # by hand


@app.post("/g")
def over_lines():
    if app.debug:
        return jsonify(
            access_token=issue(),  # the token
            token_type="Bearer",
        )
    return {}


def counted(view):
    def around(*args, **kwargs):
        response = view(*args, **kwargs)
        app.logger.info("%s", response.status_code)
        return response

    return around


@app.post("/h")
@counted
def taken_up():
    return jsonify(access_token=issue())  # by hand
