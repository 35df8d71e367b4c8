"""What an answer hands out: the credentials in its body, read without being verified."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from stopper.observe.views import Exchange, Response
from stopper.observe.wire.jwt import parse

_TOKEN_NAME = re.compile(
    r"(?:(?:access|api|auth|authentication|authorization|bearer|id|jwt|login|refresh|session)_?)?token|jwt",
    re.IGNORECASE,
)
"""Member names under which token endpoints answer: RFC 6749 section 5.1, and what the field uses beside it."""

_TOKEN = re.compile(r"[A-Za-z0-9_\-.~+/=:]{16,8192}")  # b64token of RFC 6750 section 2.1, and the colon of the field
_DEPTH = 6


def issued(exchange: Exchange) -> tuple[str, ...]:
    """Return the tokens that a successful answer hands out, in clear: not for a report.

    One that the request presented and the answer repeats is not issued by it.
    """
    presented = " ".join(value for _, value in exchange.request.headers)
    return tuple(token for token in tokens_in(exchange.response) if token not in presented)


def tokens_in(response: Response | None) -> tuple[str, ...]:
    """Return the tokens in a successful answer, in clear: not for a report.

    They are JSON members with a token's name and form, at any depth up to six, or a body that is one JWT.
    """
    if response is None or not 200 <= response.status < 300 or not response.body:
        return ()
    text = response.text.strip().strip('"')
    if parse(text):
        return (text,)
    return tuple(dict.fromkeys(token for _, token in named_tokens(response)))


def named_tokens(response: Response) -> tuple[tuple[str, str], ...]:
    """Return the JSON members of a body that have a token's name and form, each with its name, in clear."""
    try:
        return tuple(_members(json.loads(response.body), _DEPTH))
    except (ValueError, RecursionError):
        return ()


def _members(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth == 0:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                if _TOKEN_NAME.fullmatch(name.replace("-", "_")) and _TOKEN.fullmatch(member):
                    yield name, member
            else:
                yield from _members(member, depth - 1)
    elif isinstance(value, list):
        for member in value[:20]:
            yield from _members(member, depth - 1)
