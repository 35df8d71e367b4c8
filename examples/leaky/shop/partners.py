"""Makes keys for partners who order by program."""

from __future__ import annotations

import hashlib
import random
import string
import time

from flask import Blueprint, g, jsonify
from flask.typing import ResponseReturnValue

from shop.database import connection
from shop.tokens import token_required

blueprint = Blueprint("partners", __name__, url_prefix="/partners")

DAYS_VALID = 90


@blueprint.post("/keys")
@token_required()
def new_key() -> ResponseReturnValue:
    """Return a new key, which `/auth/partner` takes; only its digest is kept.

    Deliberately wrong: who has seen a few hundred keys of the Mersenne Twister can tell the next one.
    """
    token = "".join(random.choices(string.ascii_letters + string.digits, k=40))  # BT201
    row = g.claims["sub"], hashlib.sha256(token.encode()).hexdigest(), int(time.time()) + DAYS_VALID * 86_400
    connection().execute("INSERT INTO partner_keys (owner, digest, until) VALUES (?, ?, ?)", row)
    connection().commit()
    return jsonify(partner_key=token), 201
