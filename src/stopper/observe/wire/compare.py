"""Telling answers apart: which are the same but for volatile values, which let the caller in, which refuse it.

The proof protocol rests on these comparisons, and probes use the same ones.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stopper.observe.views import Baseline, Exchange, Response

REFUSALS = frozenset({400, 401, 403, 407, 422})
"""Statuses by which APIs in the field refuse a credential; 404 and 405 say something of the route instead."""

UNSTABLE = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that speak of the server's state, not of the credential: never evidence in either direction."""

_RUN = re.compile(r"[A-Za-z0-9_\-+/=.]+")
_NUMBER = re.compile(r"[0-9a-fA-F]{8,}|\d+")
_LONG = 24
_DEPTH = 6
_MEMBERS = 8
_READ = 65_536


# --------------------------------------------------------------------------- the same answer


def shape(value: Any, depth: int = _DEPTH) -> Any:
    """Return the structure of a JSON value: keys and types; of a list the different shapes of its members; no values.

    Of an object that holds a message and nothing else the words are all that there is: they stay, volatile parts
    masked.
    """
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        if value and _is_message(value):
            return {str(key): _masked(str(member)) for key, member in value.items()}
        return {str(key): shape(member, depth - 1) for key, member in value.items()}
    if isinstance(value, list):
        shapes = {json.dumps(made, sort_keys=True): made for made in (shape(member, depth - 1) for member in value)}
        return [shapes[key] for key in sorted(shapes)][:_MEMBERS]
    if isinstance(value, bool) or value is None:
        return repr(value)
    return "number" if isinstance(value, int | float) else "text"


def _fits(one: Any, other: Any) -> bool:
    """Tell whether two shapes are one: lists of any length are, if both are empty or some of their members fit."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_fits(member, other[key]) for key, member in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return any(_fits(a, b) for a in one for b in other) if one and other else one == other
    return bool(one == other)


@functools.lru_cache(maxsize=64)
def _body_shape(body: bytes, content_type: str) -> Any:
    parsed = _json(body) if "json" in content_type or body[:1] in (b"{", b"[") else None
    if parsed is not None:
        return shape(parsed)
    return hashlib.sha256(_masked(body.decode("utf-8", "replace")).encode()).hexdigest()


def _masked(text: str) -> str:
    return _RUN.sub(_mask, text)


def _mask(run: re.Match[str]) -> str:
    """Hide what changes from call to call; a long run of letters alone is prose (`authentication_token_missing`)."""
    masked = _NUMBER.sub("0", run[0])
    return "0" if len(run[0]) >= _LONG and masked != run[0] else masked


def _json(body: bytes) -> Any | None:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _said(exchange: Exchange, response: Response) -> tuple[int, bool, str]:
    """Return what identifies an answer beside its body's shape: status class (the exact status where it refuses).

    A HEAD has no body to compare: its length stands for it (RFC 9110 section 8.6).
    """
    status = response.status if response.status in REFUSALS else response.status // 100
    length = response.header("Content-Length") if exchange.request.method == "HEAD" else None
    return status, says_error(response), length or ""


def _shape_of(response: Response) -> Any:
    return _body_shape(response.body, (response.header("Content-Type") or "").partition(";")[0].lower())


def alike(one: Exchange | None, other: Exchange | None) -> bool:
    """Tell whether two exchanges were answered the same but for volatile values (digits, hex, long tokens).

    An answer that says that the call failed is never like one that does not, whatever their shapes.
    """
    if not one or not other or not one.response or not other.response:
        return False
    if _said(one, one.response) != _said(other, other.response):
        return False
    return _fits(_shape_of(one.response), _shape_of(other.response))


def same_page(one: Exchange | None, other: Exchange | None) -> bool:
    """Tell whether two paths were answered with one page: the same words, each path itself and volatile values aside.

    It compares values and not only shapes: two operations of an API may well have answers of one shape.
    """
    if not one or not other or not one.response or not other.response:
        return False
    return one.response.status == other.response.status and _page(one, one.response) == _page(other, other.response)


def _page(exchange: Exchange, response: Response) -> str:
    path = re.compile(re.escape(urlsplit(exchange.request.url).path.rstrip("/") or "/") + r"(?![\w-])")
    texts = (response.text, response.header("Location") or "")
    return "\n".join(_masked(path.sub("/", text)) for text in texts)


# --------------------------------------------------------------------------- let in or turned away


_ERROR_KEYS = frozenset({"error", "errors", "error_code", "error_description", "fault"})
_CODE_KEYS = ("status", "code", "statuscode", "status_code")
_MESSAGE_KEYS = frozenset(
    "message msg detail details description reason title type instance info status code statuscode status_code success "
    "ok path timestamp request_id trace_id".split()
)
_WORDS_KEYS = ("message", "msg", "detail", "details", "description", "reason", "title", "info")
_ABOUT_ACCESS = re.compile(
    r"\b(tokens?|jwt|bearer|api.?key|credentials?|authenticat\w*|authoriz\w*|authoris\w*|log(ged)?.?in|sign(ed)?.?in"
    r"|session|permissions?|access|privileges?)\b",
    re.IGNORECASE,
)
_TURNED_AWAY = re.compile(
    r"\b(missing|required?|requires|invalid|expired|denied|malformed|wrong|bad|fail(ed|ure|s)?|not?|must|need(s|ed)?"
    r"|please|provide|without|insufficient|revoked|cannot|can't|couldn't|isn't|wasn't)\b",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(r"\b(unauthori[sz]ed|unauthenticated|forbidden|access denied)\b", re.IGNORECASE)
_PASSWORD_FIELD = re.compile(rb"<input[^>]{0,400}type\s*=\s*[\"']?password", re.IGNORECASE)
_LOGIN_ADDRESS = re.compile(
    r"log[-_]?(in|on)|sign[-_]?in|\bo?auth(?!or)|authori[sz]e|\bsso\b|saml|openid", re.IGNORECASE
)
_SHORT = 300


def says_error(response: Response) -> bool:
    """Tell whether a body says by itself that the call failed, whatever the status.

    `200 {"error": ...}`, `200 {"message": "Token is missing"}`, a page that asks for a password.
    """
    if _PASSWORD_FIELD.search(response.body, 0, _READ):
        return True
    parsed = _json(response.body[:_READ])
    if isinstance(parsed, dict):
        return _object_says_error(parsed)
    return parsed is None and len(response.body) <= _SHORT and _turns_away(response.text)


def _object_says_error(parsed: Mapping[str, Any]) -> bool:
    if any(parsed.get(key) for key in _ERROR_KEYS):
        return True
    if any(parsed.get(key) is False for key in ("success", "ok", "authenticated")):
        return True
    lower = {str(key).lower(): value for key, value in parsed.items()}
    code = next((lower[key] for key in _CODE_KEYS if lower.get(key) is not None), None)
    if str(code).lower() in {"error", "fail", "failed", "unauthorized"}:
        return True
    if not _is_message(parsed):
        return False
    return _is_error_code(code) or any(_turns_away(str(lower[key])) for key in _WORDS_KEYS if key in lower)


def _is_message(parsed: Mapping[str, Any]) -> bool:
    """Tell whether an object holds a message about the call and nothing of the API's own."""
    said = {str(key).lower() for key, value in parsed.items() if value not in (None, "", [], {})}
    return bool(said) and said <= _MESSAGE_KEYS


def _is_error_code(code: Any) -> bool:
    return isinstance(code, int | str) and not isinstance(code, bool) and bool(re.fullmatch(r"[45]\d\d+", str(code)))


def _turns_away(text: str) -> bool:
    return bool(_SAYS_SO.search(text) or (_ABOUT_ACCESS.search(text) and _TURNED_AWAY.search(text)))


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
    if status in (301, 302, 303, 307, 308):
        return bool(_LOGIN_ADDRESS.search(exchange.response.header("Location") or ""))
    return 200 <= status < 300 and says_error(exchange.response)


def let_in(exchange: Exchange, baseline: Baseline) -> bool:
    """Tell whether a probe's request was answered as the credential is, and not as a caller with nothing is."""
    return alike(exchange, baseline.original) and not alike(exchange, baseline.nothing)


def turned_away(exchange: Exchange, baseline: Baseline) -> bool:
    """Tell whether a probe's request was refused; neither this nor let in is an answer that proves nothing."""
    return not unstable(exchange) and (refused(exchange) or alike(exchange, baseline.nothing))


def unstable(exchange: Exchange | None) -> bool:
    """Tell whether an exchange can prove nothing: no answer, or one that speaks of load or an outage."""
    return exchange is None or exchange.response is None or exchange.response.status in UNSTABLE


def answer_in_words(exchange: Exchange | None) -> str:
    """Return what came of a request in short: its error, else its status."""
    if exchange is None:
        return "not asked"
    return f"status {exchange.response.status}" if exchange.response else exchange.error or "no answer"
