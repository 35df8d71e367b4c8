"""An API that is its own authorization server, as it should be."""

from flask import Flask

app = Flask(__name__)


@app.get("/orders")
def orders():
    return {"orders": []}


@app.get("/.well-known/oauth-authorization-server")  # ok
def metadata():
    return {
        "issuer": "https://shop.test",
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    }
