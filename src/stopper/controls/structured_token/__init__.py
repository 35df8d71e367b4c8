"""A token has a structure that tells how to make the next one.

## What is wrong

The token is an identifier (UUID, ObjectId, ULID, snowflake), an encoded text such as `user:time`, or a digest of
something small that can be found by trying.

## Why it matters

Such values are made to be unique, not to be unguessable: who knows one, the clock and the scheme has few left to try
(ASVS 5.0.0 11.5.1, RFC 9562 section 8, CWE-340).

## Bad

    token = str(uuid.uuid1())
    token = base64.b64encode(f"{user.name}:{time.time()}".encode())
    token = hashlib.md5(str(user.id).encode()).hexdigest()

## Good

    token = secrets.token_urlsafe(32)

## References

ASVS 5.0.0 11.5.1 and 7.2.3; RFC 9562 section 8; RFC 6749 section 10.10; CWE-330, CWE-331, CWE-340.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Exchange
from stopper.observe.wire.answers import issued
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.token import Form, Token, read

CONTROL = Control(
    id="BT204",
    name="structured_token",
    severity=Severity.HIGH,
    title="A token has a structure that can be guessed",
    witnesses="W",
    requirements=("G01",),
    cwe=(330, 331, 340),
    guard="Guard.issue",
)

_IDENTIFIERS = frozenset({Form.UUID, Form.OBJECT_ID, Form.ULID, Form.SNOWFLAKE})
_SIGNED = frozenset({Form.JWS, Form.JWE, Form.SIGNED, Form.SESSION, Form.PASETO})
_ENOUGH_TO_TRY = 64.0
"""Bits from which on nobody tries them all; below the 128 that a token must have, but no open door."""

_DIGESTS = {"MD5": hashlib.md5, "SHA-1": hashlib.sha1, "SHA-256": hashlib.sha256}
_NUMBERS = 100_000
_SECONDS = 10


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the tokens that an answer hands out; a signed one is guarded by its signature."""
    endpoint = exchange.endpoint
    for text in issued(exchange):
        token = read(text)
        if token.form in _SIGNED or (token.form is Form.DIGEST and exchange.disguised):
            continue
        fault, severity = _fault(text, token, exchange)
        where = str(endpoint) if endpoint else "the login"
        yield Verdict(
            kept=not fault,
            message=f"{where} hands out a token that is {fault}" if fault else f"{where} hands out an opaque token",
            endpoints=(endpoint,) if endpoint else (),
            evidence=(evidence("the answer with the token", exchange),) if fault else (),
            strength=Strength.PROVEN,
            cause="the way tokens are made",
            severity=severity,
        )


def _fault(text: str, token: Token, exchange: Exchange) -> tuple[str, Severity | None]:
    """Return what is wrong with a token's structure, with its weight; an empty text where nothing is."""
    if token.form in _IDENTIFIERS:
        weak = token.bits is None or token.bits < _ENOUGH_TO_TRY
        said = f"{_article(token.form)} {token.form.value} {f'({token.algorithm})' if token.algorithm else ''}".rstrip()
        return said, None if weak else Severity.LOW
    if token.form is Form.ENCODED:
        return "an encoded text, and not random", None
    if token.form is Form.DIGEST and token.algorithm in _DIGESTS:
        found = _preimage(text.lower(), token.algorithm, tuple(_guesses(exchange)))
        return (f"the {token.algorithm} of {found}" if found else ""), None
    return "", None


def _article(form: Form) -> str:
    return "an" if form is Form.OBJECT_ID else "a"


@functools.lru_cache(maxsize=8)
def _preimage(digest: str, algorithm: str, guesses: tuple[tuple[str, str], ...]) -> str:
    """Return what kind of small thing has this digest, an empty text where none was found."""
    hashed = _DIGESTS[algorithm]
    for kind, guess in guesses:
        if hashed(guess.encode()).hexdigest() == digest:
            return kind
    for number in range(_NUMBERS):
        if hashed(str(number).encode()).hexdigest() == digest:
            return "a small number"
    return ""


def _guesses(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield what a careless maker hashes: what the caller sent, the time of the answer, and the two together."""
    words = list(dict.fromkeys(_sent(exchange)))[:20]
    yield from (("a value that the caller sent", word) for word in words)
    moment = _moment(exchange)
    for second in range(moment - _SECONDS, moment + _SECONDS + 1) if moment else ():
        yield "the time in seconds", str(second)
        for word in words:
            for joined in (f"{word}{second}", f"{word}:{second}", f"{second}{word}", f"{word}-{second}"):
                yield "a value that the caller sent and the time", joined


def _sent(exchange: Exchange) -> Iterator[str]:
    """Yield the texts of a request's body that may name somebody."""
    body = (exchange.request.body or b"")[:65_536].decode("utf-8", "replace")
    try:
        yield from _texts(json.loads(body), 3)
    except (ValueError, RecursionError):
        yield from (value for _, value in parse_qsl(body) if value)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, dict) and depth:
        for member in value.values():
            yield from _texts(member, depth - 1)


def _moment(exchange: Exchange) -> int:
    said = exchange.response.header("Date") if exchange.response else None
    try:
        return int(parsedate_to_datetime(said).timestamp()) if said else 0
    except (ValueError, OverflowError):
        return 0
