"""The shop's stock."""

from flask import Blueprint

blueprint = Blueprint("stock", __name__)


@blueprint.get("/stock")  # bad
def stock():
    return {}
