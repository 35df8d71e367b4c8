"""The verified token as an application sees it, and the refresh token as a store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

LONGEST_NAME = 255
"""Characters that stores keep of a name."""


def kept_name(text: str) -> str:
    """Return a name as every store keeps it: one that is too long as its SHA-256."""
    return text if len(text) <= LONGEST_NAME else sha256(text.encode()).hexdigest()


def user(issuer: str, subject: str) -> str:
    """Return (issuer, subject) as one text: two issuers may know the same subject (ASVS 10.3.3)."""
    return kept_name(f"{issuer} {subject}" if issuer else subject)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was found good: whose it is and what it allows. The credential itself is not in it.

    `id` names it in logs and revokes it: the fingerprint of an opaque token, the `jti` of a signed one, which is hashed
    where it is too long to be kept. Times are
    seconds since 1970; `authenticated_at` is when the user last proved who they are, before any refresh. A user is
    (`issuer`, `subject`); our own issuer is empty for opaque tokens. `family` is the line of refresh tokens that it
    came from, where there is one. `claims` are the extra claims that were given at issue.
    """

    id: str
    subject: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float
    claims: Mapping[str, Any] = field(default_factory=dict)
    issuer: str = ""
    client: str = ""
    family: str = ""
    authenticated_at: float = 0.0

    @property
    def user(self) -> str:
        """Whom a revocation of all that a user was given has to name."""
        return user(self.issuer, self.subject)

    @property
    def audiences(self) -> frozenset[str]:
        """The APIs that it is meant for (RFC 9068 §4); none where it names none."""
        named = self.claims.get("aud", ())
        return frozenset((named,) if isinstance(named, str) else named)

    @property
    def confirmation(self) -> Mapping[str, str]:
        """What it is bound to (RFC 7800 §3.1): `jkt` of a key, `x5t#S256` of a certificate, or nothing."""
        bound_to: Mapping[str, str] = self.claims.get("cnf", {})
        return bound_to

    @property
    def type(self) -> str:
        """The scheme that it is presented with: `DPoP` where it is bound to such a key, `Bearer` otherwise."""
        return "DPoP" if "jkt" in self.confirmation else "Bearer"

    def allows(self, *scopes: str) -> bool:
        """Tell whether the token has every one of these scopes."""
        return self.scopes.issuperset(scopes)


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh token stands for. It works until `expires_at`, which its successors share, and until `idle_until`.

    `expires_at` is the family's absolute end (ASVS 10.4.8), `idle_until` ends it sooner where nobody comes back.
    """

    family: str
    subject: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float
    idle_until: float
    claims: Mapping[str, Any] = field(default_factory=dict)
    client: str = ""
    authenticated_at: float = 0.0

    @property
    def confirmation(self) -> Mapping[str, str]:
        """What it is bound to, as `Token.confirmation`."""
        bound_to: Mapping[str, str] = self.claims.get("cnf", {})
        return bound_to
