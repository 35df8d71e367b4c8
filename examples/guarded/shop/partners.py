"""Makes keys for partners who order by program."""

from __future__ import annotations

import secrets
import time

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.database import connection
from shop.security import digest, guard
from stopper.guard import current_token

blueprint = Blueprint("partners", __name__, url_prefix="/partners")

DAYS_VALID = 90


@blueprint.post("/keys")
@guard.require
def new_key() -> ResponseReturnValue:
    """Return a new key, which `/auth/partner` takes; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    row = current_token.subject, digest(token), int(time.time()) + DAYS_VALID * 86_400
    connection().execute("INSERT INTO partner_keys (owner, digest, until) VALUES (?, ?, ?)", row)
    connection().commit()
    return jsonify(partner_key=token), 201
