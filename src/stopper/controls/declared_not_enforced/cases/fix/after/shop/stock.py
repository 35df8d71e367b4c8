"""The shop's stock."""

from flask import Blueprint

from shop.tokens import token_required

blueprint = Blueprint("stock", __name__)


@blueprint.get("/stock")  # bad
@token_required
def stock():
    return {}
