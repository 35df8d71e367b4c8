"""A token of another issuer is accepted.

## What is wrong

The check of `iss` is switched off, or tokens are verified with published keys without saying whose they must be.

## Why it matters

Where one key set serves several issuers, tenants or realms, a token of any of them works: whoever may make users in
another tenant becomes a user of this API (RFC 8725 section 3.8, RFC 9068 section 4, CWE-345, CWE-346).

## Bad

    jwt.decode(token, key, algorithms=["RS256"], audience="shop", options={"verify_iss": False})

## Good

    jwt.decode(token, key, algorithms=["RS256"], audience="https://api.shop.test", issuer="https://login.test")

## References

RFC 7519 section 4.1.1; RFC 8725 section 3.8; RFC 9068 section 4; CWE-345, CWE-346.
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
    id="BT414",
    name="issuer_unchecked",
    severity=Severity.HIGH,
    title="A token of another issuer is accepted",
    witnesses="M A S",
    requirements=("V08", "V09"),
    labels=("jwt_no_iss_aud",),
    cwe=(345, 346),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_WHOSE = frozenset({"iss", "tid", "hd", "issuer"})
"""Claims that say who made a token, or for which tenant."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Mint the token as of another issuer, and of issuers whose names begin like the true one or are a part of it.

    Where tokens name no issuer there is only one, and nothing is sent.
    """
    own = credential.jwt.claims.get("iss") if credential.jwt else None
    if not isinstance(own, str) or not own:
        return
    yield from minted(credential, "of another issuer", {}, {"iss": "https://elsewhere.test"})
    yield from minted(credential, "of an issuer that begins like the true one", {}, {"iss": f"{own}.elsewhere.test"})
    yield from minted(credential, "of an issuer that is a part of the true one", {}, {"iss": own[:-1]})


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at verifications that switch the check off, or that demand no issuer of published keys."""
    for call in jose_calls(module):
        asked = expected(call, "issuer", "verify_iss", _WHOSE)
        if asked is Expected.ASKED:
            yield Verdict(True, "the issuer is checked", place=place(module, call.node))
        elif asked is Expected.OFF:
            yield from _broken(call, f"{call.library} is told not to check the issuer")
        elif asked is Expected.NEVER and of_another_issuer(call):
            yield from _broken(call, f"{call.library} verifies with published keys and demands no issuer")


def _broken(call: JoseCall, message: str) -> Iterable[Verdict]:
    # a key that only this service has signs no tokens of another issuer
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
    """Demand the issuer that the file itself names."""
    for call in jose_calls(module):
        if module.place(call.node) == where:
            return claim_demanded(call, "issuer", "verify_iss")
    return None
