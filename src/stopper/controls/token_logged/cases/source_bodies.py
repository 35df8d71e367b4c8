"""Whole bodies of requests in a log: of a login, and of what holds no password."""

import json
import logging
import os

from flask import Flask, request
from flask_restful import Api, Resource

app = Flask(__name__)
api = Api(app)
log = logging.getLogger(__name__)


class Login(Resource):
    def post(self):
        post_data = request.json
        print(post_data)  # bad
        return logged_in(post_data)


@app.post("/register")
def create():
    log.info("asked with %s", json.dumps(request.get_json()))  # bad
    log.info(f"form: {request.form}")  # bad
    log.info("asked by %s", request.form["name"])
    return ""


@app.post("/orders")
def order():
    log.info("asked with %s", request.get_json())
    return ""


@app.post("/password")
def change():
    body = {"name": request.json["name"]}
    log.info("changed %s", body)
    return ""


log.info("settings: %s", dict(app.config))  # bad
print(os.environ)  # bad
log.info("in %s of %s", app.config["ENV"], len(os.environ))


api.add_resource(Login, "/session")


def logged_in(data):
    return check(data["email"], data["password"])


def check(*_):
    return {}
