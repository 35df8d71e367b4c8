"""A token of another kind works as an access token.

## What is wrong

The API accepts a refresh token, an ID token or any other token of the same issuer where an access token belongs,
because it does not look at what kind it is.

## Why it matters

A refresh token lives for weeks and is kept elsewhere; an ID token is handed to front ends and logs. Each of them then
opens the API, and the short life of access tokens is worth nothing (RFC 8725 sections 3.11 and 3.12, RFC 9068
section 4, ASVS 5.0.0 9.2.2, CWE-863).

## Bad

    claims = jwt.decode(token, key, algorithms=["ES256"])

## Good

    claims = jwt.decode(token, key, algorithms=["ES256"], audience="shop")
    if jwt.get_unverified_header(token)["typ"] != "at+jwt":
        refuse()

## References

RFC 8725 sections 3.11 and 3.12; RFC 9068 sections 2.1 and 4; ASVS 5.0.0 9.2.2; CWE-863.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import minted, parse

CONTROL = Control(
    id="BT415",
    name="token_type_confused",
    severity=Severity.HIGH,
    title="A token of another kind works as an access token",
    witnesses="M A",
    requirements=("V15", "V16"),
    cwe=(863,),
    implied_by=("BT402", "BT403"),
    guard="claims.check",
)

_SAID = frozenset({"at+jwt", "application/at+jwt"})
_CLAIMS: Mapping[str, str] = {"type": "refresh", "token_type": "refresh", "token_use": "id", "typ": "Refresh"}
"""Claims by which issuers in the field tell their tokens apart, with the value of another kind."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Present the other tokens that the login gave, and the token minted again as one of another kind.

    It is minted only where it says what kind it is: an API that has one kind of token has nothing to tell apart.
    """
    for name, token in credential.siblings:
        made = replace(credential, token=token, jwt=parse(token.reveal()))
        yield replace(made, label=f"the login's {name} as an access token")
    if credential.jwt is None:
        return
    if str(credential.jwt.header.get("typ")).lower() in _SAID:
        yield from minted(credential, "of the type logout+jwt", {"typ": "logout+jwt"}, {})
    for claim, other in _CLAIMS.items():
        said = credential.jwt.claims.get(claim)
        if isinstance(said, str) and said.lower() not in ("bearer", "jwt", other.lower()):
            yield from minted(credential, f"with `{claim}` {other}", {}, {claim: other})
