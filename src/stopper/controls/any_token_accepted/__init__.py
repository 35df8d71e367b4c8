"""A token that nobody issued is accepted.

## What is wrong

The operation turns a caller without a token away, and lets one in who sends a random token, or a well-formed JWT
signed with somebody else's key. It looks for the presence of a token, not for its truth.

## Why it matters

A guard that any string opens is no guard: every caller can be anybody (CWE-287, CWE-347; ASVS 5.0.0 9.1.1).

## Bad

    claims = json.loads(b64decode(token.split(".")[1] + "=="))
    return User(claims["sub"])

## Good

    @app.get("/me")
    @guard.require()
    def me():
        return {"user": current_token.subject}

Verify before you read: `jwt.decode(token, key, algorithms=["HS256"])`, or look an opaque token's digest up in the
store.

## References

ASVS 5.0.0 9.1.1; RFC 7515 section 5.2; RFC 6750 section 3.1 (`invalid_token`); CWE-287, CWE-345, CWE-347.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from stopper.model import Control, Place, Severity
from stopper.observe.source import Module
from stopper.observe.source.mending_tokens import reading_at, verified_as_elsewhere
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import RANDOM, foreign, random_like
from stopper.rewrite import ByHand, Rewrite

CONTROL = Control(
    id="BT402",
    name="any_token_accepted",
    severity=Severity.CRITICAL,
    title="Any token is accepted",
    witnesses="M",
    requirements=("V01",),
    cwe=(287, 345, 347),
    guard="Guard.require",
)


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give a random token of the same shape and, of the two kinds there are, one of the other kind."""
    token = credential.token.reveal()
    yield credential.changed(random_like(token), RANDOM)
    if credential.jwt:
        yield credential.changed(secrets.token_urlsafe(32), "random opaque token")
    else:
        yield credential.changed(foreign(), "JWT signed with a foreign key")


# --------------------------------------------------------------------------- the repair


def fix(subject: object, place: Place) -> Rewrite | ByHand | None:
    """Have the token verified that is only read at a place, where the source witness knows that this is the reason."""
    call = reading_at(subject, place) if isinstance(subject, Module) else None
    return verified_as_elsewhere(call) if call is not None else None
