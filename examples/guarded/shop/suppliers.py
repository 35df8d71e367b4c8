"""Shows buyers where things come from."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.security import guard

blueprint = Blueprint("suppliers", __name__)


@blueprint.get("/suppliers")
@guard.require
def suppliers() -> ResponseReturnValue:
    """List the suppliers and what they charge."""
    return jsonify([{"supplier": "Wood & Sons", "article": "Chair", "cost": 21}])
