"""Signed access tokens: our own and those of remote issuers, each verified with its issuer's keys only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stopper.guard import claims, jose
from stopper.guard.claims import ClaimError, Expectation
from stopper.guard.jose import JoseError
from stopper.guard.keys import Key
from stopper.guard.present import LONGEST_HEADER
from stopper.guard.token import Token

FindKey = Callable[[str | None], Key | None]


@dataclass(slots=True)
class Verified:
    """A token that was found good, and where it is a signed one, with which key and where that was found.

    `changes` is how often the feed of revocations had changed when the token was last held against it.
    """

    token: Token
    key: Key | None = None
    key_id: str | None = None
    find_key: FindKey | None = None
    changes: int = 0

    def has_its_key(self) -> bool:
        """Tell whether the key is still the issuer's; there is none to ask about for an opaque token."""
        return self.find_key is None or self.find_key(self.key_id) is self.key


class SignedTokens:
    """Who may sign for this API, what is expected of them, and where their keys are."""

    def __init__(self, issuers: Mapping[str, tuple[Expectation, FindKey]]) -> None:
        """Take, by issuer, what is expected and how its keys are found."""
        self._issuers = dict(issuers)

    def verify(self, credential: str) -> Verified:
        """Return the token of a compact JWS; raise JoseError or ClaimError.

        The issuer that the token names, unverified, decides only whose keys are asked; the key must then be that
        issuer's, the signature good, and each claim as expected (RFC 8725 §3.8).
        """
        parsed = jose.parse(credential)
        unverified = jose.json_object(parsed.payload)
        issuer = unverified.get("iss")
        known = self._issuers.get(issuer) if isinstance(issuer, str) else None
        if known is None:
            raise ClaimError("issuer")
        expected, find_key = known
        key_id = parsed.key_id
        key = find_key(key_id)
        if key is None:
            raise JoseError("no key of that id")
        jose.verified(parsed, key)
        token = claims.check(parsed.header, unverified, expected, time.time())
        return Verified(token, key, key_id, find_key)


LONGEST_CREDENTIAL = LONGEST_HEADER - len("Bearer ")


def issue(token: Token, audiences: list[str], key: Key) -> str:
    """Return a token of our own as RFC 9068 writes it."""
    members: dict[str, Any] = dict(token.claims)
    audiences = sorted(token.audiences) or audiences
    members.update(
        iss=token.issuer,
        sub=token.subject,
        aud=audiences[0] if len(audiences) == 1 else audiences,
        # Exactly: a revocation of all that was issued so far ends what was issued a moment before, and nothing after.
        iat=token.issued_at,
        exp=round(token.expires_at, 3),
        auth_time=round(token.authenticated_at, 3),
        jti=token.id,
        client_id=token.client or token.issuer,
        scope=" ".join(sorted(token.scopes)),
    )
    if token.family:
        members["family"] = token.family
    credential = jose.sign(members, key, "at+jwt")
    if len(credential) > LONGEST_CREDENTIAL:
        raise ValueError("the claims make a token that is too long to be taken")
    return credential
