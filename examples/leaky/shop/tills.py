"""Gives the tills of the branches their prices."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.errors import InvalidClaimError

from shop import tokens
from shop.tokens import token_required

blueprint = Blueprint("tills", __name__)


def claims_of_any_age(token: str) -> dict[str, Any]:
    """Return the claims of a token that this shop signed for itself, whenever that was.

    Deliberately wrong: joserfc's `decode` verifies the signature only, and nothing here looks at `exp`.
    """
    claims = jwt.decode(token, tokens.KEY, algorithms=["HS256"]).claims  # BT411
    if claims["iss"] != tokens.ISSUER or claims["aud"] != tokens.AUDIENCE or claims.get("nbf", 0) > time.time():
        raise InvalidClaimError("iss, aud or nbf")
    return claims


@blueprint.get("/tills/prices")
@token_required(claims_of_any_age)
def prices() -> ResponseReturnValue:
    """List prices with the buying price that a till prints on request of the branch's head."""
    return jsonify([{"article": "Lamp", "price": 30, "cost": 14}, {"article": "Chair", "price": 45, "cost": 21}])
