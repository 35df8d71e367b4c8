import os

from flask import Flask, jsonify, make_response, request
from flask_cors import CORS, cross_origin
from flask_login import login_required

app = Flask(__name__)
ALLOWED = {"https://shop.example.com"}

CORS(app, supports_credentials=True)  # bad
CORS(app, origins="*", supports_credentials=True)  # bad
CORS(app, origins=["https://shop.example.com", "*"], supports_credentials=True)  # bad
CORS(app, resources={r"/api/*": {"origins": "*"}}, supports_credentials=True)  # bad
CORS(app, resources={r"/api/*": {"origins": r".*", "supports_credentials": True}})  # bad
CORS(app, origins=os.environ.get("ORIGINS", "*"), supports_credentials=True)  # bad
CORS(app, origins="*", supports_credentials="true")  # bad
CORS(app, origins=os.environ.get("ORIGINS", "*").split(","), supports_credentials=True)  # bad

CORS(app)
CORS(app, origins="*", supports_credentials="")
CORS(app, origins="*")
CORS(app, origins=["https://shop.example.com"], supports_credentials=True)  # ok
CORS(app, resources={r"/api/*": {"origins": "http://localhost:3000"}}, supports_credentials=True)  # ok
CORS(app, origins=os.environ["ORIGINS"].split(","), supports_credentials=True)
CORS(app, **app.config["CORS_OPTIONS"])


@app.get("/orders")
@login_required
@cross_origin(supports_credentials=True)  # bad
def orders():
    return jsonify([])


@app.after_request
def reflects(response):
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")  # bad
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.after_request
def reflects_by_name(response):
    origin = request.headers["Origin"]
    if origin:
        response.headers.add("Access-Control-Allow-Origin", origin)  # bad
        response.headers.add("Access-Control-Allow-Credentials", "true")
    return response


@app.after_request
def reflects_what_is_there(response):
    if request.headers.get("origin") is not None:
        response.headers["access-control-allow-origin"] = request.environ["HTTP_ORIGIN"]  # bad
    response.headers["access-control-allow-credentials"] = True
    return response


def asking():
    return request.headers.get("Origin")


@app.after_request
def reflects_by_function(response):
    response.headers["Access-Control-Allow-Origin"] = asking()  # bad
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.get("/pairs")
def pairs():
    headers = {
        "Access-Control-Allow-Origin": request.origin,  # bad
        "Access-Control-Allow-Credentials": "true",
    }
    return make_response("", 200, headers)


@app.after_request
def chooses(response):
    origin = request.headers.get("Origin")
    if origin in ALLOWED:
        response.headers["Access-Control-Allow-Origin"] = origin  # ok
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.after_request
def chooses_early(response):
    origin = request.headers.get("Origin", "")
    if not known(origin):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin  # ok
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


def known(origin):
    return origin in ALLOWED


def chosen():
    origin = request.headers.get("Origin")
    return origin if origin in ALLOWED else None


@app.after_request
def chooses_by_function(response):
    response.headers["Access-Control-Allow-Origin"] = chosen()
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.after_request
def without_credentials(response):
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    return response


@app.after_request
def refused_by_browsers(response):
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.after_request
def named(response):
    response.headers["Access-Control-Allow-Origin"] = "https://shop.example.com"
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@app.after_request
def while_debugging(response):
    if app.debug:
        response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
