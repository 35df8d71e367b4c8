"""Shows customers to the people who pack their parcels."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from shop.database import connection

blueprint = Blueprint("customers", __name__)


# Deliberately wrong: the specification promises that a token is needed, and the decorator was forgotten.
@blueprint.get("/customers/<int:number>")  # BT601
def customer(number: int) -> ResponseReturnValue:
    """Show a customer's name and address."""
    row = connection().execute("SELECT name, email FROM users WHERE id = ?", (number,)).fetchone()
    if row is None:
        abort(404)
    return jsonify(dict(row))
