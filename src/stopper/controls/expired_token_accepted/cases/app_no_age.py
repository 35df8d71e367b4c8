"""An API whose tokens are signed by itsdangerous with a key at hand; no age is asked for."""

from flask import Flask, abort, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

app = Flask(__name__)
KEY = "5f2b9c4de1a7-8c1d2e3f4a5b-not-to-be-guessed"
signing = URLSafeTimedSerializer(KEY)


def login(client):
    return signing.dumps({"user": "ada"})


@app.get("/me")  # bad
def me():
    try:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return {"subject": signing.loads(token)["user"]}
    except BadSignature:
        abort(401)
