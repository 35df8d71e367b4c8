"""An API that publishes its public key, and one page for whatever else is asked."""

from flask import Flask

app = Flask(__name__)


@app.get("/orders")
def orders():
    return {"orders": []}


@app.get("/.well-known/jwks.json")  # ok
def key_set():
    return {"keys": [{"kty": "RSA", "n": "sXch", "e": "AQAB", "kid": "one"}]}


@app.errorhandler(404)
def anything(error):
    return "<html><pre>\nAPI_KEY=your-key-here\n</pre></html>"
