"""Shows customers what the shop keeps for them."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.security import guard
from stopper.guard import current_token

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("/addresses")
@guard.require
def addresses() -> ResponseReturnValue:
    """List the caller's addresses."""
    return jsonify([{"name": current_token.subject, "city": "London"}])


@blueprint.get("/vouchers")
@guard.require
def vouchers() -> ResponseReturnValue:
    """List the caller's vouchers."""
    return jsonify([{"owner": current_token.subject, "percent": 10}])
