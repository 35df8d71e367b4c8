"""Shows the shop to those who are logged in."""

import jwt
from flask import Flask, request

import tokens

app = Flask(__name__)


@app.get("/stock")
def stock():
    claims = tokens.verify(request.headers["X-Token"])  # what it says
    return {"stock": 1, "of": claims["sub"]}


@app.get("/orders")
def orders():
    token = request.headers["X-Token"]
    claims = tokens.verify(token)
    return {"orders": claims["orders"], "of": claims["sub"]}


@app.get("/both")
def both():
    whole = jwt.decode_complete(request.headers["X-Token"], options={"verify_signature": False})  # by hand
    return {"orders": whole["payload"]["sub"], "by": whole["header"]["kid"]}


@app.get("/lines")
def lines():
    claims = tokens.verify(request.headers["X-Token"])
    return {"of": claims["sub"]}


@app.get("/keys")
def keys():
    token = request.headers["X-Token"]
    return {"kid": jwt.get_unverified_header(token)["kid"]}
