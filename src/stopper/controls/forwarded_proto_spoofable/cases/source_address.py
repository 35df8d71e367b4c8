"""The header chooses the text of an address by way of a name; where that name decides more, it is believed."""

from flask import Flask, abort, request, url_for

app = Flask(__name__)


@app.get("/begin")
def begin():
    told = request.headers.get("X-Forwarded-Proto", "http")
    secure = told == "https" or request.is_secure
    return {"callback": url_for("begin", _external=True, _scheme="https" if secure else "http")}


@app.get("/address")
def address():
    told = request.headers.get("X-Forwarded-Proto", "http")
    return {"callback": url_for("begin", _external=True, _scheme="https" if told == "https" else "http")}


@app.get("/token")
def token():
    told = request.headers.get("X-Forwarded-Proto", "http")  # bad
    secure = told == "https" or request.is_secure
    if not secure:
        abort(403)
    return {"callback": url_for("begin", _external=True, _scheme="https" if secure else "http")}
