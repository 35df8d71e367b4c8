"""The shop's orders."""

from flask import Blueprint, abort

from shop.tokens import token_required

blueprint = Blueprint("orders", __name__, url_prefix="/orders")
ORDERS = {}


@blueprint.get("/")
@token_required
def listed():
    return {"orders": list(ORDERS)}


@blueprint.delete("/<int:number>")
@token_required
def removed(number):
    del ORDERS[number]
    return {}


# one order
@blueprint.put("/<int:number>")
def changed(number):
    ORDERS[number] = 1
    return {}
