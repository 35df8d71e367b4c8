"""The key that signs tokens can be guessed.

## What is wrong

A token or a session cookie of the API verifies under a key that is a placeholder from a tutorial, a name of the API, a
number of up to six digits, or a line of a list that the scan was given: words, or secrets known to have leaked.
JWTs (HS256, HS384, HS512), values signed by itsdangerous and Flask's sessions are looked at, offline: nothing is sent.
That no guess is right says no more than how many were tried.

## Why it matters

Guessing is done offline, millions of times a second, by anybody who holds one token. Whoever finds the key signs tokens
for everybody (RFC 8725 section 3.5, RFC 7518 section 3.2, CWE-521, CWE-798).

## Bad

    app.config["JWT_SECRET_KEY"] = "super-secret"

## Good

    app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]

with a key from `python -c "import secrets; print(secrets.token_hex(32))"`.

## References

RFC 7518 section 3.2; RFC 8725 sections 2.2 and 3.5; CWE-326, CWE-521, CWE-798.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.app.extensions import session_keeper, token_keys
from stopper.observe.views import AppSnapshot, Exchange, Live, Purpose, Request
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.guess import Guess, guess, guess_key
from stopper.observe.wire.lock import Derivation, locks
from stopper.secret import Secret

CONTROL = Control(
    id="BT208",
    name="guessable_secret",
    severity=Severity.CRITICAL,
    title="The key that signs tokens can be guessed",
    witnesses="W C A",
    requirements=("G06", "G07"),
    cwe=(326, 521, 798),
    guard="keys.KeyRing",
    scope=Scope.APPLICATION,
)


_TOKENS = "the key of the tokens"


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Tell what came of guessing the key of the working token; nothing is sent."""
    credential = live.credential
    if not credential or not credential.guesses:
        return ()
    yield from ()
    if not credential.guessed:
        message = f"none of {credential.guesses:,} guesses is the key of the API's tokens"
        return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)
    return (
        Verdict(
            kept=False,
            message=f"the key of the API's tokens is {credential.guessed}, found at guess {credential.guesses:,}",
            endpoints=(live.endpoint,),
            evidence=(evidence("the token that verifies under the guess is accepted", live.baseline.original),),
            strength=Strength.PROVEN,
            cause=_TOKENS,
        ),
    )


_LOOKED_AT = (Purpose.LOGIN, Purpose.ORIGINAL, Purpose.RECORDED)
"""Exchanges that may set a session or carry a token of somebody's; others repeat them."""

_BEARER = re.compile(r"(?:[A-Za-z]+ )?([A-Za-z0-9_.=-]{20,8192})")


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Guess the key of the sessions that an answer sets, and of the token in recorded traffic, by the quick guesses."""
    if exchange.purpose not in _LOOKED_AT or exchange.disguised:
        return
    for what, token in dict.fromkeys(_signed(exchange)):
        found = _guess(token, urlsplit(exchange.request.url).hostname or "")
        if not found.tried:
            continue
        outcome = f"is {found.kind}" if found.kind else f"is none of {found.tried:,} guesses"
        yield Verdict(
            kept=not found.kind,
            message=f"the key of {what} {outcome}",
            endpoints=(exchange.endpoint,) if exchange.endpoint else (),
            evidence=(evidence(f"{what}, which verifies under the guess", exchange),) if found.kind else (),
            strength=Strength.PROVEN,
            cause=f"the key of {what}",
        )


def _signed(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield what may be signed with a secret of the API: cookies that an answer sets, a recorded token."""
    for line in exchange.response.all_headers("Set-Cookie") if exchange.response else ():
        yield "the sessions", line.partition(";")[0].partition("=")[2].strip().strip('"')
    presented = _BEARER.fullmatch(exchange.request.header("Authorization") or "")
    if presented and exchange.purpose is Purpose.RECORDED:
        yield "the tokens", presented[1]


@functools.lru_cache(maxsize=64)
def _guess(token: str, host: str) -> Guess:
    # The salts of itsdangerous are guessed for the token of the scan alone: that takes many times as long.
    plain = [lock for lock in locks(token) if lock.derivation is not Derivation.CONCAT]
    return guess(plain, [host, *(part for part in host.split(".") if len(part) > 2)])


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Guess the keys that the application signs tokens and the sessions of logins with.

    A finding of this hook alone is high: where the API is served, the environment may hold another key.
    """
    keys = [(signing.setting, signing.key, _TOKENS) for signing in token_keys(snapshot)]
    session = snapshot.config.get("SECRET_KEY")
    if session_keeper(snapshot) and isinstance(session, Secret) and all(name != "SECRET_KEY" for name, _, _ in keys):
        keys.append(("SECRET_KEY", session, "the key of the sessions"))
    for name, key, use in keys:
        found = guess_key(key.reveal().encode(), snapshot.target.replace(":", ".").split("."))
        outcome = f"is {found.kind}" if found.kind else f"is none of {found.tried:,} guesses"
        yield Verdict(
            kept=not found.kind,
            message=f"`{name}`, {use}, {outcome}",
            place=snapshot.place,
            strength=Strength.PROVEN,
            cause=use,
            severity=Severity.HIGH,
        )
