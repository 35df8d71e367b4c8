"""Where tokens are kept: digests only, behind one interface with an implementation a file."""

from __future__ import annotations

from typing import Protocol

from stopper.guard.token import Token

__all__ = ["Store", "StoreError"]


class StoreError(Exception):
    """The store cannot be reached or failed; the guard then lets nobody through."""


class Store(Protocol):
    """What the guard asks of a store. Every method may raise StoreError."""

    def add(self, digest: bytes, token: Token) -> bool:
        """Keep a token under its digest; return False, keeping nothing, where its id is taken."""

    def find(self, digest: bytes) -> Token | None:
        """Return the token of a digest, or None; whether it has expired is the caller's to see."""
