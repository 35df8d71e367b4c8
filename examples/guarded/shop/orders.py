"""Shows customers their orders, and the owner the day's takings."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, abort, jsonify
from flask.typing import ResponseReturnValue

from shop.database import connection
from shop.security import guard
from stopper.guard import current_token

blueprint = Blueprint("orders", __name__)


def order_of_caller(number: int) -> sqlite3.Row:
    """Return the caller's order of this number; another's is as unknown as none."""
    query = "SELECT number, article, pieces FROM orders WHERE number = ? AND owner = ?"
    row: sqlite3.Row | None = connection().execute(query, (number, current_token.subject)).fetchone()
    if row is None:
        abort(404)
    return row


@blueprint.get("/orders")
@guard.require
def orders() -> ResponseReturnValue:
    """List the caller's orders."""
    rows = connection().execute("SELECT number, article, pieces FROM orders WHERE owner = ?", (current_token.subject,))
    return jsonify([dict(row) for row in rows])


@blueprint.get("/orders/<int:number>")
@guard.require
def order(number: int) -> ResponseReturnValue:
    """Show one of the caller's orders."""
    return jsonify(dict(order_of_caller(number)))


@blueprint.get("/orders/<int:number>/label")
@guard.require
def label(number: int) -> ResponseReturnValue:
    """Show an order's parcel label."""
    row = order_of_caller(number)
    return Response(f"{row['pieces']} x {row['article']}\n", mimetype="text/plain")


@blueprint.get("/reports/daily")
@guard.require
def daily_report() -> ResponseReturnValue:
    """Show how many pieces are on order."""
    row = connection().execute("SELECT count(*) AS orders, sum(pieces) AS pieces FROM orders").fetchone()
    return jsonify(dict(row))
