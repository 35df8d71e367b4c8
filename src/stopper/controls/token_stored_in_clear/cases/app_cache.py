import hashlib

from flask import Flask, request, session
from flask_caching import Cache

app = Flask("caches_tokens")
app.secret_key = "6b1f0c9e8a74625b1d0c3e2f5a697880"
cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})


def login(client):
    return "f3b1c0d9e8a74625b1d0c3e2f5a69788"


def token():
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


@app.get("/key")  # bad
def key():
    cache.set(token(), "ada")
    return {}


@app.get("/value")  # bad
def value():
    cache.set("last", {"token": token()})
    return {}


@app.get("/session")  # bad
def kept():
    session["token"] = token()
    return {}


@app.get("/digest")  # ok
def digest():
    cache.set(hashlib.sha256(token().encode()).hexdigest(), "ada")
    return {}


@app.get("/asked")
def asked():
    return {"user": cache.get(token())}
