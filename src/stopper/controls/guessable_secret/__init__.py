"""The key that signs tokens can be guessed.

## What is wrong

A token of the API verifies under a key that is a placeholder from a tutorial, a name of the API, or a short number.

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

from collections.abc import Generator, Sequence

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.views import Exchange, Live, Request
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT208",
    name="guessable_secret",
    severity=Severity.CRITICAL,
    title="The key that signs tokens can be guessed",
    witnesses="C A",
    requirements=("G06", "G07"),
    cwe=(326, 521, 798),
    guard="keys.KeyRing",
    scope=Scope.APPLICATION,
)


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
            cause="the key of the tokens",
        ),
    )
