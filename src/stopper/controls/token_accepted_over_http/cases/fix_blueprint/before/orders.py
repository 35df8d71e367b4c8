"""Shows orders."""

from flask import Blueprint

blueprint = Blueprint("orders", __name__)


@blueprint.get("/orders")  # bad
def orders():
    return []


@blueprint.get("/orders/<int:number>")  # bad
def order(number):
    return {}
