"""Exchanges as evidence: a curl line that repeats one and the answer in short, with every credential taken out."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit, urlunsplit

from stopper.model import Evidence, Witness
from stopper.observe.views import Exchange, Purpose, Request, Response
from stopper.secret import redact

SHOWN_HEADERS = ("www-authenticate", "location", "cache-control", "strict-transport-security", "content-type")
BODY_SHOWN = 160

_STAND_INS = {Purpose.ORIGINAL: "$TOKEN", Purpose.RANDOM: "$RANDOM_TOKEN", Purpose.MUTANT: "$MUTANT_TOKEN"}
_CREDENTIAL_HEADER = re.compile(
    r"cookie|dpop|jwt|(?:[\w.]+-)*(?:authorization|auth|token|jwt|api-?key|access-?key|secret|session(?:-?id)?)",
    re.IGNORECASE,
)
"""Names of headers that carry credentials: the standard's, and those that APIs make up (`Authentication-Token`)."""

_SCHEMES = frozenset({"bearer", "basic", "digest", "dpop", "jwt", "negotiate", "stopper", "token"})
"""Words of a credential header that are shown as they are; whatever else stands in one may be a credential."""

_WORD = re.compile(r"[^\s,]+")
_CREDENTIAL_PARAMETERS = ("token", "jwt", "key", "secret", "password", "auth")


def evidence(title: str, *exchanges: Exchange | None) -> Evidence:
    """Return the exchanges, in order, as one piece of evidence; those that are None are left out."""
    present = [exchange for exchange in exchanges if exchange]
    return Evidence(
        title=title,
        detail="\n".join(summary(exchange) for exchange in present),
        command="\n".join(curl(exchange.request, stand_in(exchange)) for exchange in present),
    )


def stand_in(exchange: Exchange) -> str:
    """Return the name under which an exchange's credential is shown: `$TOKEN` for the working one."""
    return _STAND_INS.get(exchange.purpose, "$TOKEN")


def summary(exchange: Exchange) -> str:
    """Return one line: what was sent, who carried it, and what came back."""
    target = shown_url(exchange.request.url, stand_in(exchange))
    carried = "" if exchange.witness is Witness.WIRE else " (in the app)"
    return f"{exchange.request.method} {target}{carried} -> {_answer(exchange)}"


def _answer(exchange: Exchange) -> str:
    if not exchange.response:
        return exchange.error or "no answer"
    return " | ".join(
        [str(exchange.response.status), *_shown_headers(exchange.response), _shown_body(exchange.response)]
    )


def _shown_headers(response: Response) -> list[str]:
    return [f"{name}: {redact(value)[:120]}" for name, value in response.headers if name.lower() in SHOWN_HEADERS]


def _shown_body(response: Response) -> str:
    """Return the beginning of the body on one line; redaction comes before the cut, so that no half token is left."""
    text = " ".join(redact(response.text[:4096]).split())
    return text if len(text) <= BODY_SHOWN else text[:BODY_SHOWN] + "…"


def shown_url(url: str, placeholder: str) -> str:
    """Return the URL with values of credential-like query parameters replaced by the placeholder."""
    parts = urlsplit(url)
    pairs = (pair.partition("=") for pair in parts.query.split("&")) if parts.query else ()
    query = "&".join(
        f"{name}={placeholder}"
        if value and any(word in name.lower() for word in _CREDENTIAL_PARAMETERS)
        else f"{name}{sep}{value}"
        for name, sep, value in pairs
    )
    return redact(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, "")))


def curl(request: Request, placeholder: str = "$TOKEN") -> str:
    """Return a curl command that repeats the request; credentials are the placeholder, a body is `@body`."""
    words = ["curl", "-sS", "-i", *(() if request.method == "GET" else ("-X", request.method))]
    for name, value in request.headers:
        words += ["-H", f"{name}: {_shown_value(name, value, placeholder)}"]
    if request.body is not None:
        words += ["--data-binary", "@body"]
    words.append(shown_url(request.url, placeholder))
    return " ".join(_quoted(word, placeholder) for word in words)


def _quoted(word: str, placeholder: str) -> str:
    """Quote for the shell so that it expands the stand-in and nothing else: the rest comes from the API."""
    before, found, after = word.partition(placeholder)
    if not found:
        return shlex.quote(word)
    parts = [shlex.quote(before) if before else "", f'"{placeholder}"', _quoted(after, placeholder) if after else ""]
    return "".join(parts)


def _shown_value(name: str, value: str, placeholder: str) -> str:
    if not _CREDENTIAL_HEADER.fullmatch(name):
        return redact(value)
    if name.lower() == "cookie":
        return placeholder
    return _WORD.sub(lambda word: word[0] if word[0].lower() in _SCHEMES else placeholder, value)
