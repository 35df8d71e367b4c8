"""An API whose tokens are signed by itsdangerous with a guessable key."""

from flask import Flask, abort, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

app = Flask(__name__)
signing = URLSafeTimedSerializer("hard to guess string", salt="auth")


def login(client):
    return signing.dumps({"user": "ada"})


@app.get("/me")  # bad
def me():
    try:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return {"subject": signing.loads(token, max_age=600)["user"]}
    except BadSignature:
        abort(401)
