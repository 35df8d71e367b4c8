"""Shows customers what the shop keeps for them."""

from __future__ import annotations

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from shop.tokens import authenticate, presented, token_required

blueprint = Blueprint("account", __name__, url_prefix="/account")


# Deliberately wrong: a refusal without a challenge does not tell a client how to be let in (RFC 9110 section 15.5.2).
@blueprint.get("/addresses")  # BT418
def addresses() -> ResponseReturnValue:
    """List the caller's addresses."""
    try:
        claims = authenticate(presented())
    except Unauthorized:
        return jsonify(error="please log in"), 401
    return jsonify([{"name": claims["sub"], "city": "London"}])


def token_in_any_form() -> str:
    """Return what is left of the header.

    Deliberately wrong: a token without a scheme, or behind "Bearer Bearer", is as good as a proper one.
    """
    return request.headers.get("Authorization", "").replace("Bearer ", "")  # BT416


@blueprint.get("/vouchers")
@token_required(find=token_in_any_form)
def vouchers() -> ResponseReturnValue:
    """List the caller's vouchers."""
    return jsonify([{"owner": g.claims["sub"], "percent": 10}])
