"""Makes keys for partners who order by program."""

from __future__ import annotations

import hashlib
import random
import string

from flask import Blueprint, g, jsonify
from flask.typing import ResponseReturnValue

from shop.database import connection
from shop.tokens import token_required

blueprint = Blueprint("partners", __name__, url_prefix="/partners")


@blueprint.post("/keys")
@token_required()
def new_key() -> ResponseReturnValue:
    """Return a new key, which `/auth/partner` takes; only its digest is kept.

    Deliberately wrong: who has seen a few hundred keys of the Mersenne Twister can tell the next one.
    """
    token = "".join(random.choices(string.ascii_letters + string.digits, k=40))  # BT201
    digest = hashlib.sha256(token.encode()).hexdigest()
    connection().execute("INSERT INTO partner_keys (owner, digest) VALUES (?, ?)", (g.claims["sub"], digest))
    connection().commit()
    return jsonify(partner_key=token), 201
