"""From a request to the bearer credential it presents: the Authorization header alone, in the strict grammar.

The body is never read. A credential in the query is refused and not used (RFC 9700 §4.3.2).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from stopper.guard.respond import InvalidRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LONGEST_HEADER = 16_384
"""Characters of an Authorization header that are read at all; a signed token needs one or two thousand."""

# RFC 6750 §2.1: credentials = "Bearer" 1*SP b64token. The scheme's case does not matter (RFC 9110 §11.1). Servers join
# repeated headers with a comma, which the grammar does not have: two credentials are refused.
_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9\-._~+/]+=*)", re.ASCII)
_QUERY_NAMES = frozenset(("access_token", "bearer_token"))


def bearer(environ: WSGIEnvironment) -> str | None:
    """Return the presented token, or None where there is none; raise InvalidRequest where it is presented wrongly."""
    query = environ.get("QUERY_STRING")
    if query and query_names(query):
        raise InvalidRequest("A token must not stand in the URL.", "token in the query")
    header: str | None = environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    if len(header) > LONGEST_HEADER:
        raise InvalidRequest("The Authorization header is too long.", "Authorization header too long")
    found = _BEARER.fullmatch(header)
    if found:
        return found[1]
    if header[:6].lower() == "bearer" or "bearer " in header.lower():
        raise InvalidRequest("The Authorization header is malformed.", "malformed Authorization header")
    return None


def query_names(query: str) -> bool:
    """Tell whether a query string has a parameter that carries a token (RFC 6750 §2.3), however it is encoded."""
    if "token" not in query.lower() and "%" not in query:
        return False
    return any(name.lower() in _QUERY_NAMES for name, _ in parse_qsl(query, keep_blank_values=True, errors="replace"))
