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
_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_QUERY_NAMES = frozenset(("access_token", "bearer_token"))


def check_query(query: str) -> None:
    """Raise InvalidRequest where a token stands in the query, alone or beside one in the header (RFC 6750 §2)."""
    if in_query(query):
        raise InvalidRequest("A token must not stand in the URL.", "token in the query")


def bearer(header: str) -> str | None:
    """Return the token of an Authorization header, or None for another scheme; raise InvalidRequest for a wrong one.

    Both kinds of token have a stricter grammar than `check_grammar`, which only what is no token is held against.
    """
    if len(header) > LONGEST_HEADER:
        raise InvalidRequest("The Authorization header is too long.", "Authorization header too long")
    scheme, _, credential = header.partition(" ")
    if scheme == "Bearer" or scheme.lower() == "bearer":
        return credential.lstrip(" ")
    if scheme[:6].lower() == "bearer" or "bearer " in header.lower():
        raise _malformed()
    return None


def is_dpop(header: str) -> bool:
    """Tell whether an Authorization header is of the scheme that comes with a proof (RFC 9449 §7.1)."""
    return header[:5].lower() == "dpop "


def bearer_or_dpop(header: str) -> str | None:
    """Return the token of an Authorization header of either scheme, as `bearer` does for its own."""
    return bearer(f"Bearer {header[5:]}") if is_dpop(header) else bearer(header)


def check_grammar(credential: str) -> None:
    """Raise InvalidRequest for what stands after the scheme and is not one b64token."""
    if not _B64TOKEN.fullmatch(credential):
        raise _malformed()


def _malformed() -> InvalidRequest:
    return InvalidRequest("The Authorization header is malformed.", "malformed Authorization header")


def in_query(query: str) -> list[str]:
    """Return what a query string's parameters for tokens hold (RFC 6750 §2.3), however their names are encoded."""
    if "token" not in query.lower() and "%" not in query:
        return []
    named = parse_qsl(query, keep_blank_values=True, errors="replace")
    return [value for name, value in named if name.lower() in _QUERY_NAMES]


def presented(environ: WSGIEnvironment) -> list[str]:
    """Return every credential that a request presents, rightly or wrongly; an empty text for a name and password.

    Those are only counted: whoever reads the audit could try passwords against what identifies one.
    """
    header: str | None = environ.get("HTTP_AUTHORIZATION")
    named = in_query(environ.get("QUERY_STRING", ""))
    if header is None:
        return named
    words = header.split()
    return ["" if not words or words[0].lower() == "basic" else words[-1], *named]
