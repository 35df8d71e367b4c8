"""Shows the warehouse what it has."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue
from joserfc import jwt

from shop import tokens
from shop.tokens import token_required

blueprint = Blueprint("stock", __name__)

STOCK = {"lamp": 12, "chair": 40}


def claims_signed_or_not(token: str) -> dict[str, Any]:
    """Return the claims of a signed token, or of one that says it needs no signature.

    Deliberately wrong: the caller writes the header, so the caller decides (RFC 8725 section 3.2).
    """
    claims = jwt.decode(token, tokens.KEY, algorithms=["HS256", "none"]).claims  # BT404
    tokens.CLAIMS.validate(claims)
    return claims


@blueprint.get("/stock/<article>")
@token_required(claims_signed_or_not)
def stock(article: str) -> ResponseReturnValue:
    """Show how many pieces of an article are left."""
    if article not in STOCK:
        abort(404)
    return jsonify(article=article, pieces=STOCK[article])
