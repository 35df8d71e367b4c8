"""Where tokens are kept: digests only, behind one interface with an implementation a file."""

from __future__ import annotations

import enum
import logging
from typing import NamedTuple, Protocol

from stopper.guard.clients import ClientStore
from stopper.guard.token import Refresh, Token

__all__ = ["Kind", "Redemption", "Revocation", "Store", "StoreError", "open_store"]


logger = logging.getLogger("stopper")

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


class StoreError(Exception):
    """The store cannot be reached or failed; the guard then lets nobody through."""


class Kind(enum.Enum):
    """What a revocation is of."""

    TOKEN = "token"
    """One access token, by id."""
    FAMILY = "family"
    """A line of refresh tokens and all access tokens that came from it."""
    SUBJECT = "subject"
    """Everything that a subject was given up to a moment."""
    CLIENT = "client"
    """Everything that was given through a client up to a moment."""
    ALL = "all"
    """Everything that anybody was given up to a moment."""


class Revocation(NamedTuple):
    """One entry of the revocation feed. `number` grows in the order in which entries become visible.

    `before` ends what was issued up to then (subject, client, all); `until` is when nothing that it ends can be alive
    any more.
    """

    number: int
    kind: Kind
    value: str
    before: float
    until: float


class Redemption(NamedTuple):
    """What became of a refresh token that was presented: `reused` says that somebody has used it before."""

    refresh: Refresh | None
    reused: bool = False


class Store(ClientStore, Protocol):
    """What the guard asks of a store. Every method may raise StoreError. Times are seconds since 1970."""

    shared: bool
    """True: others than this account may read what is kept here, so that no signing key lies here in clear."""

    def read_keys(self) -> str | None:
        """Return the document of signing keys, or None where there is none."""

    def replace_keys(self, old: str | None, new: str) -> bool:
        """Put a document of signing keys in place of another, or of none; return False where it is not that one."""

    def add(self, digest: bytes, token: Token) -> bool:
        """Keep an access token under its digest; return False, keeping nothing, where its id is taken."""

    def find(self, digest: bytes) -> Token | None:
        """Return the access token of a digest, or None; whether it has expired is the caller's to see."""

    def find_by_id(self, token_id: str) -> Token | None:
        """Return the access token of an id, or None."""

    def tokens_of(self, subject: str, now: float) -> list[Token]:
        """Return a subject's access tokens that have not expired, newest first."""

    def add_refresh(self, digest: bytes, refresh: Refresh) -> None:
        """Keep a refresh token under its digest."""

    def redeem(
        self, digest: bytes, now: float, grace: float, successor_digest: bytes, successor: Refresh
    ) -> Redemption:
        """Use a refresh token and keep its successor, in one step that only one of several callers can take first.

        A second use within `grace` seconds counts as the first while no successor has been used: the answer was lost.
        The successor that it held is retired with that: whoever has it after all, and shows it, is told as reuse.
        """

    def find_refresh(self, digest: bytes) -> Refresh | None:
        """Return the refresh token of a digest, or None, without using it."""

    def revoke(self, kind: Kind, value: str, before: float, until: float) -> None:
        """Write a revocation whose number becomes visible in order."""

    def revocations(self, after: int, now: float, limit: int) -> list[Revocation]:
        """Return the entries above a number that still end something, in order, at most `limit`."""

    def newest_revocation(self) -> int:
        """Return the number of the newest entry that there ever was, 0 where there was none."""

    def is_revoked(self, token: Token) -> bool:
        """Tell from all entries whether one ends this token."""

    def first_use(self, digest: bytes, until: float) -> bool:
        """Keep until a moment that a proof was used, in one round trip; return False where it was used before."""

    def forget_uses(self, now: float) -> None:
        """Forget uses that need not be known any more."""

    def secret(self, name: str) -> bytes:
        """Return the 32 random bytes that all processes share under a name, made by the first that asks."""

    def purge(self, now: float) -> int:
        """Forget what has expired and revocations that end nothing any more; return how many rows went."""


def check_at_start(url: str, configured: bool) -> None:
    """Say what an operator should know of the store before the first request; `configured` is false for the default.

    Raises ConfigurationError for an address of no store, a missing driver and a Redis that may evict entries. That the
    store is away is no reason not to start: until it is back the guard lets nobody through.
    """
    kept = open_store(url)
    if url.startswith(REDIS_SCHEMES):
        try:
            kept.newest_revocation()
        except StoreError as error:
            logger.warning("%s; requests with tokens are answered 503 until it is back", error)
    elif not configured:
        logger.warning("tokens are kept in SQLite on this host: several hosts share revocations through STOPPER_STORE")


def open_store(url: str) -> Store:
    """Return the store of a URL: `redis://` and `rediss://` for Redis, anything else for SQLAlchemy."""
    if url.startswith(REDIS_SCHEMES):
        from stopper.guard.store.redis import RedisStore

        return RedisStore(url)
    from stopper.guard.store.sql import SqlStore

    return SqlStore(url)
