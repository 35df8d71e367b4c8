"""An API whose tokens are signed by itsdangerous with a number, and carry no time."""

from flask import Flask, abort, request
from itsdangerous import BadSignature, URLSafeSerializer

app = Flask(__name__)
signing = URLSafeSerializer("8241")


def login(client):
    return signing.dumps({"user": "ada"})


@app.get("/me")  # bad
def me():
    try:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return {"subject": signing.loads(token)["user"]}
    except BadSignature:
        abort(401)
