"""Answers with tokens: bare, with the header, through a decorator or a helper that sets it."""

from functools import wraps

from flask import Flask, jsonify, make_response, request

app = Flask(__name__)
NO_STORE = {"Cache-Control": "no-store"}


def issue(name):
    return name + app.config["SUFFIX"]


def uncached(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        response = make_response(view(*args, **kwargs))
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapper


def answer(body):
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store, private"
    return response


@app.post("/login")
def login():
    token = issue(request.json["name"])
    return jsonify(access_token=token)  # bad


@app.post("/login/dict")
def login_dict():
    return {"status": "ok", "data": {"accessToken": issue("a")}}, 200  # bad


@app.post("/login/variable")
def login_variable():
    body = {"expires_in": 60}
    body["token"] = issue("a")
    return body  # bad


@app.post("/login/cached")
def login_cached():
    return jsonify(token=issue("a")), 200, {"Cache-Control": "max-age=600"}  # bad


@app.post("/login/tuple")
def login_tuple():
    return jsonify(token=issue("a")), 200, {"Cache-Control": "no-store"}  # ok


@app.post("/login/constant")
def login_constant():
    return {"jwt": issue("a")}, 200, NO_STORE  # ok


@app.post("/login/decorated")
@uncached
def login_decorated():
    return jsonify(refresh_token=issue("a"))  # ok


@app.post("/login/response")
def login_response():
    response = make_response({"access_token": issue("a")})
    response.headers["Cache-Control"] = "no-store"
    return response  # ok


@app.post("/login/again")
def login_again():
    response = jsonify(access_token=issue("a"))
    response = make_response(response)
    return response  # bad


@app.post("/login/branches")
def login_branches():
    if request.json:
        answer = {"status": "success", "auth_token": issue("a")}
        return make_response(jsonify(answer)), 200  # bad
    answer = {"status": "fail"}
    return make_response(jsonify(answer)), 401


@app.post("/login/helper")
def login_helper():
    return answer({"token": issue("a")})


@app.get("/form")
def form():
    return jsonify(csrf_token=issue("a"), next_token=issue("b"), token_type="Bearer")


@app.get("/state")
def state():
    return jsonify(token=None, jwt=bool(request.args))


def outbound():
    return {"access_token": issue("a")}
