"""Shows customers their orders, and the owner the day's takings."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, abort, g, jsonify, request
from flask.typing import ResponseReturnValue

from shop import tokens
from shop.database import connection
from shop.tokens import token_required

blueprint = Blueprint("orders", __name__)


def order_of_caller(number: int) -> sqlite3.Row:
    """Return the caller's order of this number; another's is as unknown as none."""
    query = "SELECT number, article, pieces FROM orders WHERE number = ? AND owner = ?"
    row: sqlite3.Row | None = connection().execute(query, (number, g.claims["sub"])).fetchone()
    if row is None:
        abort(404)
    return row


@blueprint.get("/orders")
@token_required()
def orders() -> ResponseReturnValue:
    """List the caller's orders."""
    rows = connection().execute("SELECT number, article, pieces FROM orders WHERE owner = ?", (g.claims["sub"],))
    return jsonify([dict(row) for row in rows])


@blueprint.get("/orders/<int:number>")
@token_required()
def order(number: int) -> ResponseReturnValue:
    """Show one of the caller's orders."""
    return jsonify(dict(order_of_caller(number)))


def token_of_link() -> str:
    """Return the token that a link carries, else the one in the header.

    Deliberately wrong: addresses are kept by browsers, proxies and logs, and sent on as Referer.
    """
    return request.args.get("access_token") or tokens.presented()  # BT306


@blueprint.get("/orders/<int:number>/label")
@token_required(find=token_of_link)
def label(number: int) -> ResponseReturnValue:
    """Show an order's parcel label, to be printed from a link."""
    row = order_of_caller(number)
    return Response(f"{row['pieces']} x {row['article']}\n", mimetype="text/plain")


# Deliberately wrong: added in a hurry, guarded well, and told nobody who reads the specification.
@blueprint.get("/reports/daily")  # BT605
@token_required()
def daily_report() -> ResponseReturnValue:
    """Show how many pieces are on order."""
    row = connection().execute("SELECT count(*) AS orders, sum(pieces) AS pieces FROM orders").fetchone()
    return jsonify(dict(row))
