"""A token made for another API is accepted.

## What is wrong

The check of `aud` is switched off, or tokens of an issuer that serves many APIs are verified without saying for which
one they must have been made.

## Why it matters

A token that a user gave to any other API of the same issuer then works here too: its operator, or whoever broke into
it, acts as that user (RFC 8725 section 3.9, RFC 9068 section 4, CWE-345).

## Bad

    jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})

## Good

    jwt.decode(token, key, algorithms=["RS256"], audience="https://api.shop.test", issuer="https://login.test")

## References

RFC 7519 section 4.1.3; RFC 8725 section 3.9; RFC 9068 section 4; ASVS 5.0.0 9.2.3; CWE-345.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Module
from stopper.observe.source.expectations import Expected, expected, of_another_issuer, shared_secret
from stopper.observe.source.flows import JoseCall, jose_calls, place
from stopper.observe.source.mending import claim_demanded
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import minted
from stopper.rewrite import ByHand, Rewrite

CONTROL = Control(
    id="BT413",
    name="audience_unchecked",
    severity=Severity.HIGH,
    title="A token made for another API is accepted",
    witnesses="M A S",
    requirements=("V10", "V11"),
    labels=("jwt_no_iss_aud",),
    cwe=(345,),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_ELSEWHERE = "https://elsewhere.test"

_FOR_WHOM = frozenset({"aud", "azp", "client_id", "cid"})
"""Claims that say for whom a token was made."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token for another audience: as a text, in a list, and with a name that only begins like the true one.

    Where tokens name no audience the API has said that there is only one, and nothing is sent.
    """
    said = credential.jwt.claims.get("aud") if credential.jwt else None
    own = said[0] if isinstance(said, list) and said else said
    if not isinstance(own, str) or not own:
        return
    yield from minted(credential, "for another audience", {}, {"aud": _ELSEWHERE})
    yield from minted(credential, "for a list of other audiences", {}, {"aud": [_ELSEWHERE, f"{own}.test"]})
    yield from minted(credential, "for an audience that begins like the true one", {}, {"aud": f"{own}.test"})
    yield from minted(credential, "for an audience that is a part of the true one", {}, {"aud": own[:-1]})


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at verifications that switch the check off, or that demand no audience of an issuer of many."""
    for call in jose_calls(module):
        asked = expected(call, "audience", "verify_aud", _FOR_WHOM)
        if asked is Expected.ASKED:
            yield Verdict(True, "the audience is checked", place=place(module, call.node))
        elif asked is Expected.OFF:
            yield from _broken(call, f"{call.library} is told not to check the audience")
        elif asked is Expected.NEVER and of_another_issuer(call):
            yield from _broken(call, f"{call.library} verifies with another issuer's keys and demands no audience")


def _broken(call: JoseCall, message: str) -> Iterable[Verdict]:
    # a key that only this service has signs no tokens for other audiences, unless it does so itself
    full = Severity.MEDIUM if shared_secret(call) else CONTROL.severity
    yield Verdict(
        kept=False,
        message=message,
        place=place(call.module, call.node),
        endpoints=call.module.endpoints(call.node),
        severity=full,
    )


# --------------------------------------------------------------------------- the repair


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Demand the audience that the file itself names."""
    for call in jose_calls(module):
        if module.place(call.node) == where:
            return claim_demanded(call, "audience", "verify_aud")
    return None
