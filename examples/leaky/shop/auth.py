"""Hands out tokens: for a password, and to callers who already have one for a place that takes no password."""

from __future__ import annotations

import hashlib
import secrets
import time

from flask import Blueprint, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from joserfc import jwt
from werkzeug.security import check_password_hash

from shop import tokens
from shop.database import connection
from shop.logs import log
from shop.tokens import authenticate, presented, token_required
from shop.transport import answers_plain_http, arrived_securely

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

DAYS_REMEMBERED = 30


def field(name: str) -> str:
    """Return a text from the JSON body, empty where it is missing or no text."""
    body = request.get_json()
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def token_answer(subject: str) -> ResponseReturnValue:
    """Return a fresh access token in the form of RFC 6749 section 5.1."""
    return jsonify(access_token=tokens.issue(subject), token_type="Bearer", expires_in=tokens.SECONDS)


@blueprint.post("/login")
def login() -> ResponseReturnValue:
    """Exchange a name and a password for an access token."""
    user = connection().execute("SELECT * FROM users WHERE name = ?", (field("username"),)).fetchone()
    if user is None or not check_password_hash(user["password_hash"], field("password")):
        tokens.refuse()
    return token_answer(user["name"])


@blueprint.get("/token")
@answers_plain_http
def token_for_downloads() -> ResponseReturnValue:
    """Give the download page a token of its own.

    Deliberately wrong: the redirect comes when the caller's token has already crossed in clear.
    """
    if not arrived_securely():
        return redirect(request.url.replace("http://", "https://", 1), 301)  # BT103
    return token_answer(authenticate(presented())["sub"])


# Deliberately wrong: the tills of the old branch speak no TLS, so token and answer cross in clear.
@blueprint.get("/legacy")  # BT101 BT610
@answers_plain_http
@token_required()
def token_for_old_tills() -> ResponseReturnValue:
    """Give an old till a token of its own."""
    return token_answer(g.claims["sub"])


@blueprint.get("/device")
@token_required()
def token_for_device() -> ResponseReturnValue:
    """Give a till a token of its own, to be typed in once.

    Deliberately wrong: the token has no `exp`, so the till of a burgled branch is let in for ever.
    """
    claims = {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "sub": g.claims["sub"], "iat": int(time.time())}
    return jsonify(access_token=jwt.encode({"alg": "HS256"}, claims, tokens.KEY), token_type="Bearer")  # BT501


@blueprint.get("/support")
@token_required()
def token_for_support_chat() -> ResponseReturnValue:
    """Give the support chat a token of its own.

    Deliberately wrong: somebody wished to spare the chat a call, and now every cache on the way keeps the token.
    """
    answer = {"access_token": tokens.issue(g.claims["sub"]), "token_type": "Bearer", "expires_in": tokens.SECONDS}
    return jsonify(answer), 200, {"Cache-Control": "max-age=600"}  # BT307


@blueprint.post("/remember")
@token_required()
def remember() -> ResponseReturnValue:
    """Return a long-lived token that `resume` takes instead of a password.

    Deliberately wrong: whoever reads a backup of the table, or the log, is every customer.
    """
    token = secrets.token_urlsafe(32)
    owner, until = g.claims["sub"], int(time.time()) + DAYS_REMEMBERED * 86_400
    database = connection()
    database.execute("INSERT INTO remembered (owner, token, until) VALUES (?, ?, ?)", (owner, token, until))  # BT301
    database.commit()
    log.info("remembered %s by %s", owner, token)  # BT302
    return jsonify(remember_token=token), 201


@blueprint.post("/resume")
def resume() -> ResponseReturnValue:
    """Exchange a token of `remember` for an access token."""
    query = "SELECT owner FROM remembered WHERE token = ? AND until > ?"
    row = connection().execute(query, (field("remember_token"), int(time.time()))).fetchone()
    if row is None:
        tokens.refuse()
    return token_answer(row["owner"])


@blueprint.post("/partner")
def partner() -> ResponseReturnValue:
    """Exchange a partner's key for an access token."""
    digest = hashlib.sha256(field("partner_key").encode()).hexdigest()
    query = "SELECT owner FROM partner_keys WHERE digest = ? AND until > ?"
    row = connection().execute(query, (digest, int(time.time()))).fetchone()
    if row is None:
        tokens.refuse()
    return token_answer(row["owner"])
