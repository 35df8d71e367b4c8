"""The verified token as an application sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was found good: whose it is and what it allows. The credential itself is not in it.

    `id` is the token's fingerprint, which names it in logs and revokes it. Times are seconds since 1970.
    `claims` are the extra claims that were given at issue.
    """

    id: str
    subject: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float
    claims: Mapping[str, Any] = field(default_factory=dict)

    def allows(self, *scopes: str) -> bool:
        """Tell whether the token has every one of these scopes."""
        return self.scopes.issuperset(scopes)
