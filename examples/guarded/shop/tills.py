"""Gives the tills of the branches their prices."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from shop.security import guard

blueprint = Blueprint("tills", __name__)


@blueprint.get("/tills/prices")
@guard.require
def prices() -> ResponseReturnValue:
    """List prices with the buying price that a till prints on request of the branch's head."""
    return jsonify([{"article": "Lamp", "price": 30, "cost": 14}, {"article": "Chair", "price": 45, "cost": 21}])
