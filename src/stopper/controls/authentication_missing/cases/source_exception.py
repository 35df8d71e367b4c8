"""Three doors among many open rooms: here being open is the rule."""

from flask import Flask, abort, request

app = Flask(__name__)


@app.get("/basic-door")  # ok
def basic():
    if request.headers.get("Authorization") != app.config["BASIC"]:
        abort(401)
    return {}


@app.get("/bearer-door")  # ok
def bearer():
    if request.headers.get("Authorization") != app.config["BEARER"]:
        abort(401)
    return {}


@app.post("/anything")
def anything():
    return request.json


@app.post("/bytes")
def bytes():
    return request.json


@app.post("/cache")
def cache():
    return request.json


@app.post("/deflate")
def deflate():
    return request.json


@app.post("/delay")
def delay():
    return request.json


@app.post("/delete")
def delete():
    return request.json


@app.post("/drip")
def drip():
    return request.json


@app.post("/encoding")
def encoding():
    return request.json


@app.post("/etag")
def etag():
    return request.json


@app.post("/gzip")
def gzip():
    return request.json


@app.post("/headers")
def headers():
    return request.json


@app.post("/image")
def image():
    return request.json


@app.post("/ip")
def ip():
    return request.json


@app.post("/json")
def json():
    return request.json


@app.post("/links")
def links():
    return request.json


@app.post("/patch")
def patch():
    return request.json


@app.post("/post")
def post():
    return request.json


@app.post("/put")
def put():
    return request.json


@app.post("/range")
def range():
    return request.json


@app.post("/redirect")
def redirect():
    return request.json


@app.post("/status")
def status():
    return request.json


@app.post("/stream")
def stream():
    return request.json
