"""An API that ends the family of a refresh token that comes twice."""

import secrets

from flask import Flask, abort, request

from stopper.io.login import REFRESH_MARK, LoginFlow, NamedOperation

app = Flask(__name__)
LOGIN = LoginFlow(
    "/login",
    operations=(
        ("refresh", NamedOperation("/refresh", body=b'{"refresh_token": "%s"}' % REFRESH_MARK.encode(), bearer="none")),
    ),
)
live = set()
families = {}
spent = set()


def login(client):
    return client.post("/login").get_json()["access_token"]


@app.post("/login")
def sign_in():
    return pair(secrets.token_hex(8))


def pair(family):
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    live.add(access)
    families[refresh] = family
    return {"access_token": access, "refresh_token": refresh}


@app.post("/refresh")  # ok
def renew():
    used = request.get_json(force=True)["refresh_token"]
    if used not in families:
        abort(400)
    if used in spent:
        for refresh in [each for each, family in families.items() if family == families[used]]:
            spent.add(refresh)
        abort(400)
    spent.add(used)
    return pair(families[used])


@app.get("/me")
def me():
    if request.headers.get("Authorization", "").removeprefix("Bearer ") not in live:
        abort(401)
    return {"user": "ada"}
