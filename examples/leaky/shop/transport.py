"""Refuses what did not arrive over TLS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import abort, current_app, request

View = TypeVar("View", bound=Callable[..., Any])


def arrived_securely() -> bool:
    """Tell whether the request came over TLS.

    Deliberately wrong: no proxy stands before this shop, so whoever sends the header decides.
    """
    return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"  # BT107


def answers_plain_http(view: View) -> View:
    """Leave it to this view to deal with plain HTTP."""
    view.answers_plain_http = True  # type: ignore[attr-defined]
    return view


def refuse_plain_http() -> None:
    """Refuse plain HTTP with 403: a redirect would come after the token has crossed in clear."""
    view = current_app.view_functions.get(request.endpoint or "")
    if not arrived_securely() and not getattr(view, "answers_plain_http", False):
        abort(403)
