"""The verified token as an application sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was found good: whose it is and what it allows. The credential itself is not in it.

    `id` names it in logs and revokes it: the fingerprint of an opaque token, the `jti` of a signed one. Times are
    seconds since 1970. A user is (`issuer`, `subject`); our own issuer is empty. `family` is the line of refresh tokens
    that it came from, where there is one. `claims` are the extra claims that were given at issue.
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

    def allows(self, *scopes: str) -> bool:
        """Tell whether the token has every one of these scopes."""
        return self.scopes.issuperset(scopes)
