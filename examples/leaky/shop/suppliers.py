"""Shows buyers where things come from."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from joserfc import jws

from shop.tokens import token_required

blueprint = Blueprint("suppliers", __name__)


def claims_as_told(token: str) -> dict[str, Any]:
    """Return what a token says.

    Deliberately wrong: it is taken apart, and its signature is never looked at.
    """
    claims: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)  # BT402
    return {"sub": claims["sub"]}


@blueprint.get("/suppliers")
@token_required(claims_as_told)
def suppliers() -> ResponseReturnValue:
    """List the suppliers and what they charge."""
    return jsonify([{"supplier": "Wood & Sons", "article": "Chair", "cost": 21}])
