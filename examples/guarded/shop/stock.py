"""Shows the warehouse what it has."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from shop.security import guard

blueprint = Blueprint("stock", __name__)

STOCK = {"lamp": 12, "chair": 40}


@blueprint.get("/stock/<article>")
@guard.require
def stock(article: str) -> ResponseReturnValue:
    """Show how many pieces of an article are left."""
    if article not in STOCK:
        abort(404)
    return jsonify(article=article, pieces=STOCK[article])
