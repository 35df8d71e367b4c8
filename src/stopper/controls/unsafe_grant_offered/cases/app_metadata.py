"""An API that is its own authorization server, with grants of another time."""

from flask import Flask

app = Flask(__name__)


@app.get("/orders")
def orders():
    return {"orders": []}


@app.get("/.well-known/oauth-authorization-server")  # bad
def metadata():
    return {
        "issuer": "https://shop.test",
        "grant_types_supported": ["authorization_code", "password"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    }
