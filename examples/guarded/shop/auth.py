"""Hands out tokens: for a password, and to callers who already have one for a place that takes no password."""

from __future__ import annotations

import secrets
import time

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash

from shop.database import connection
from shop.logs import log
from shop.security import digest, guard, refuse
from stopper.guard import current_token

blueprint = Blueprint("auth", __name__, url_prefix="/auth")

DAYS_REMEMBERED = 30


def field(name: str) -> str:
    """Return a text from the JSON body, empty where it is missing or no text."""
    body = request.get_json()
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def token_answer(subject: str) -> ResponseReturnValue:
    """Return a fresh access token, good for fifteen minutes."""
    return jsonify(guard.issue(subject, lifetime=900))


@blueprint.post("/login")
@guard.public
def login() -> ResponseReturnValue:
    """Exchange a name and a password for an access token."""
    user = connection().execute("SELECT * FROM users WHERE name = ?", (field("username"),)).fetchone()
    if user is None or not check_password_hash(user["password_hash"], field("password")):
        refuse("Name and password do not belong together.")
    return token_answer(user["name"])


@blueprint.get("/token")
@guard.require
def token_for_downloads() -> ResponseReturnValue:
    """Give the download page a token of its own."""
    return token_answer(current_token.subject)


@blueprint.get("/legacy")
@guard.require
def token_for_old_tills() -> ResponseReturnValue:
    """Give an old till a token of its own."""
    return token_answer(current_token.subject)


@blueprint.get("/device")
@guard.require
def token_for_device() -> ResponseReturnValue:
    """Give a till a token of its own, to be typed in once."""
    return token_answer(current_token.subject)


@blueprint.get("/support")
@guard.require
def token_for_support_chat() -> ResponseReturnValue:
    """Give the support chat a token of its own."""
    return token_answer(current_token.subject)


@blueprint.post("/remember")
@guard.require
def remember() -> ResponseReturnValue:
    """Return a long-lived token that `resume` takes instead of a password; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    row = current_token.subject, digest(token), int(time.time()) + DAYS_REMEMBERED * 86_400
    connection().execute("INSERT INTO remembered (owner, digest, until) VALUES (?, ?, ?)", row)
    connection().commit()
    log.info("remembered %s", current_token.subject)
    return jsonify(remember_token=token), 201


@blueprint.post("/resume")
@guard.public
def resume() -> ResponseReturnValue:
    """Exchange a token of `remember` for an access token."""
    query = "SELECT owner FROM remembered WHERE digest = ? AND until > ?"
    row = connection().execute(query, (digest(field("remember_token")), int(time.time()))).fetchone()
    if row is None:
        refuse("The token is not known, or no longer.")
    return token_answer(row["owner"])


@blueprint.post("/partner")
@guard.public
def partner() -> ResponseReturnValue:
    """Exchange a partner's key for an access token."""
    query = "SELECT owner FROM partner_keys WHERE digest = ? AND until > ?"
    row = connection().execute(query, (digest(field("partner_key")), int(time.time()))).fetchone()
    if row is None:
        refuse("The key is not known, or no longer.")
    return token_answer(row["owner"])
