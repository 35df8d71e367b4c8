"""The same token is accepted in more than one spelling.

## What is wrong

The API accepts a JWT with padding, with spare bits set, with characters that do not belong there, with members named
twice, in another character encoding, or in another serialization.

## Why it matters

What is kept by its text (a list of revoked tokens, a cache, a log filter) misses the other spelling: a revoked token
works again with one letter changed. And where members stand twice, two components read two tokens (RFC 7515 sections 2
and 4, RFC 8725 section 3.7, CVE-2022-39227, CWE-436).

## Bad

    revoked = token in REVOKED
    claims = jwt.decode(token, key, algorithms=["HS256"])

## Good

    if not CANONICAL.fullmatch(token) or encode(decode(part)) != part:
        refuse()

Keep revocations by `jti`, not by the token's text.

## References

RFC 7515 sections 2, 4 and 7.1; RFC 4648 section 3.5; RFC 8725 section 3.7; CVE-2022-39227; CWE-436.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import encode

CONTROL = Control(
    id="BT426",
    name="malleable_encoding_accepted",
    severity=Severity.MEDIUM,
    title="The same token is accepted in more than one spelling",
    witnesses="M",
    requirements=("V18", "V19", "V20", "V21", "V22"),
    cwe=(436,),
    implied_by=("BT402", "BT403"),
    guard="jose.parse",
)

_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token in other spellings of its signature, of its serialization and, with the key, of its content."""
    if credential.jwt is None:
        return
    token = credential.token.reveal()
    for label, made in (*_signatures(token), ("JSON serialization", _json(token))):
        yield credential.changed(made, label)
    if credential.seal is not None:
        for label, header, claims in _contents(credential.jwt.header, credential.jwt.claims):
            signed = f"{header}.{claims}"
            yield credential.changed(f"{signed}.{encode(credential.seal(signed.encode()))}", label)


def _signatures(token: str) -> Iterator[tuple[str, str]]:
    """Yield the token with the same signature written otherwise: anybody can do so, without any key."""
    signed, _, signature = token.rpartition(".")
    spare = {2: 4, 3: 2}.get(len(signature) % 4, 0)  # RFC 4648, 3.5
    if spare and signature[-1] in _DIGITS:
        last = _DIGITS[_DIGITS.index(signature[-1]) | 1]
        if last != signature[-1]:
            yield "spare bits of the signature set", f"{signed}.{signature[:-1]}{last}"
        yield "padded signature", f"{signed}.{signature}{'=' * (-len(signature) % 4)}"
    yield "a character in the signature that is none of base64url", f"{signed}.{signature[:4]}!{signature[4:]}"


def _json(token: str) -> str:
    """Return the token in the flattened JSON serialization (RFC 7515, 7.2.2)."""
    header, claims, signature = token.split(".")
    return json.dumps({"protected": header, "payload": claims, "signature": signature}, separators=(",", ":"))


def _contents(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield label, header and claims: the same content in other bytes, which the API's own key then signs."""
    first, second = _text(header), _text(claims)
    doubled = f'{{"sub":"stopper",{second[1:]}' if "sub" in claims else f'{{"stopper":1,"stopper":2,{second[1:]}'
    yield "a claim named twice", encode(first.encode()), encode(doubled.encode())
    yield "a header member named twice", encode(f'{{"alg":"none",{first[1:]}'.encode()), encode(second.encode())
    yield "claims in UTF-16", encode(first.encode()), encode(second.encode("utf-16"))
    yield "claims with a byte order mark", encode(first.encode()), encode(b"\xef\xbb\xbf" + second.encode())
    yield "padded claims", encode(first.encode()), f"{encode((second + '  ').encode())}=="


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), separators=(",", ":"))
