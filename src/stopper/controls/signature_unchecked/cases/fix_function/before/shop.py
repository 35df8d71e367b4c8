"""Shows the shop to those who are logged in."""

import json

import jwt
from flask import Flask, request
from jose import jwt as old
from joserfc import jws

app = Flask(__name__)


@app.get("/stock")
def stock():
    claims = json.loads(jws.extract_compact(request.headers["X-Token"].encode()).payload)  # what it says
    return {"stock": 1, "of": claims["sub"]}


@app.get("/orders")
def orders():
    token = request.headers["X-Token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    return {"orders": claims["orders"], "of": claims["sub"]}


@app.get("/both")
def both():
    whole = jwt.decode_complete(request.headers["X-Token"], options={"verify_signature": False})  # by hand
    return {"orders": whole["payload"]["sub"], "by": whole["header"]["kid"]}


@app.get("/lines")
def lines():
    claims = old.get_unverified_claims(
        request.headers["X-Token"],
    )
    return {"of": claims["sub"]}


@app.get("/keys")
def keys():
    token = request.headers["X-Token"]
    return {"kid": jwt.get_unverified_header(token)["kid"]}
