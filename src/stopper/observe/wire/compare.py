"""Telling answers apart: which are the same but for volatile values, which let the caller in, which refuse it.

The proof protocol rests on these comparisons, and probes use the same ones.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from typing import Any

from stopper.observe.views import Exchange, Response

REFUSALS = frozenset({400, 401, 403, 407, 422})
"""Statuses by which APIs in the field refuse a credential; 404 and 405 say something of the route instead."""

UNSTABLE = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that speak of the server's state, not of the credential: never evidence in either direction."""

_VOLATILE = re.compile(r"[0-9a-fA-F]{8,}|\d+|[A-Za-z0-9_\-+/=.]{24,}")
_ERROR_KEYS = frozenset({"error", "errors", "error_code", "error_description", "fault"})
_DEPTH = 6


def shape(value: Any, depth: int = _DEPTH) -> Any:
    """Return the structure of a JSON value: keys and types, the set of shapes of a list's members, no values."""
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return {str(key): shape(member, depth - 1) for key, member in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(member, depth - 1), sort_keys=True) for member in value[:50]})
    if isinstance(value, bool) or value is None:
        return repr(value)
    return "number" if isinstance(value, int | float) else "text"


@functools.lru_cache(maxsize=4096)
def _body_shape(body: bytes, content_type: str) -> str:
    parsed = _json(body) if "json" in content_type or body[:1] in (b"{", b"[") else None
    if parsed is not None:
        return json.dumps(shape(parsed), sort_keys=True)
    masked = _VOLATILE.sub("0", body.decode("utf-8", "replace"))
    return hashlib.sha256(masked.encode()).hexdigest()


def _json(body: bytes) -> Any | None:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _said(response: Response) -> tuple[int, str]:
    """Return what identifies an answer: its status class (its exact status where it refuses) and its body's shape."""
    status = response.status if response.status in REFUSALS else response.status // 100
    content_type = (response.header("Content-Type") or "").partition(";")[0].lower()
    return status, _body_shape(response.body, content_type)


def alike(one: Exchange | None, other: Exchange | None) -> bool:
    """Tell whether two exchanges were answered the same but for volatile values (digits, hex, long tokens)."""
    if not one or not other or not one.response or not other.response:
        return False
    return _said(one.response) == _said(other.response)


def identical(one: Exchange | None, other: Exchange | None) -> bool:
    """Tell whether two exchanges were answered with the same status and body, byte for byte."""
    if not one or not other or not one.response or not other.response:
        return False
    return one.response.status == other.response.status and one.response.body == other.response.body


def says_error(response: Response) -> bool:
    """Tell whether a body says by itself that the call failed, whatever the status: `200 {"error": ...}`."""
    parsed = _json(response.body[:65536])
    if not isinstance(parsed, dict):
        return False
    if any(parsed.get(key) for key in _ERROR_KEYS):
        return True
    if parsed.get("success") is False or parsed.get("ok") is False or parsed.get("authenticated") is False:
        return True
    code = parsed.get("status", parsed.get("code"))
    if isinstance(code, bool) or code is None:
        return False
    return str(code).lower() in {"error", "fail", "failed", "unauthorized"} or (isinstance(code, int) and code >= 400)


def succeeded(exchange: Exchange | None) -> bool:
    """Tell whether the call was let in: a 2xx whose body does not say that it failed."""
    if not exchange or not exchange.response:
        return False
    return 200 <= exchange.response.status < 300 and not says_error(exchange.response)


def refused(exchange: Exchange | None) -> bool:
    """Tell whether the caller was turned away: a refusal status, a body that says so, or a redirect to a login page."""
    if not exchange or not exchange.response:
        return False
    status = exchange.response.status
    if status in REFUSALS:
        return True
    if status in (302, 303, 307):
        return "login" in (exchange.response.header("Location") or "").lower()
    return 200 <= status < 300 and says_error(exchange.response)


def unstable(exchange: Exchange | None) -> bool:
    """Tell whether an exchange can prove nothing: no answer, or one that speaks of load or an outage."""
    return exchange is None or exchange.response is None or exchange.response.status in UNSTABLE
