"""An API that serves its whole folder, and a key set with private members."""

from flask import Flask, Response

app = Flask(__name__)


@app.get("/orders")
def orders():
    return {"orders": []}


@app.get("/.env")  # bad
def environment():
    return Response("DEBUG=0\nSECRET_KEY=5f2b9c4de1a7\n", mimetype="text/plain")


@app.get("/.well-known/jwks.json")  # bad
def key_set():
    return {"keys": [{"kty": "oct", "k": "c3RvcHBlcg", "alg": "HS256"}]}
