"""Registered clients: machines that get tokens of their own, and applications that hold a user's refresh tokens.

A secret is made here, shown once and kept as a digest. Rotation lets the old one live on for a while, so that a client
can be given the new one without an outage.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from stopper.guard import opaque
from stopper.guard.settings import ConfigurationError
from stopper.secret import Secret

GRANTS = ("client_credentials", "refresh_token")
"""What a client may ask the token endpoint for. Password and implicit are not offered (RFC 9700 §2.1.2, §2.4)."""

_ID = re.compile(r"client-[0-9a-f]{16}")


class ClientSecret(NamedTuple):
    """The digest of a secret and when it ends, in seconds since 1970; 256 random bits need no slow hash."""

    digest: bytes
    until: float


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. One without secrets is public: it cannot authenticate (RFC 6749 §2.1).

    `scopes` are the most that a token of its own may have; `introspects` lets it ask about tokens (RFC 7662 §2.1).
    """

    id: str
    name: str
    scopes: frozenset[str]
    grants: frozenset[str]
    introspects: bool
    created_at: float
    secrets: tuple[ClientSecret, ...]

    @property
    def is_public(self) -> bool:
        """Tell whether the client has no way to authenticate."""
        return not self.secrets

    def knows(self, digest: bytes, now: float) -> bool:
        """Tell whether a digest is that of a secret of this client's which has not ended."""
        return any(hmac.compare_digest(kept.digest, digest) and now < kept.until for kept in self.secrets)


class ClientStore(Protocol):
    """What the registry asks of a store. Every method may raise StoreError."""

    def put_client(self, client: Client) -> None:
        """Keep a client, in place of an earlier one of its id."""

    def find_client(self, client_id: str) -> Client | None:
        """Return the client of an id, or None."""

    def clients(self) -> list[Client]:
        """Return all clients, oldest first."""

    def remove_client(self, client_id: str) -> bool:
        """Forget a client; tell whether there was one."""


def is_client_id(text: str) -> bool:
    """Tell whether a text has the form of a client's id, which no user's may have (RFC 9700 §4.15)."""
    return _ID.fullmatch(text) is not None


class Clients:
    """The registry over a store; `prefix` begins each secret, so that secret scanners recognise one that leaked."""

    def __init__(self, store: ClientStore, prefix: str, peppers: Sequence[Secret] = ()) -> None:
        """Take the store, the prefix of the application's tokens and what keys their digests, the newest first."""
        self._store = store
        self._prefix = f"{prefix}_secret"
        self._peppers = tuple(peppers) or (opaque.NO_PEPPER,)

    def add(
        self,
        name: str,
        now: float,
        scopes: Iterable[str] = (),
        grants: Iterable[str] = ("client_credentials",),
        *,
        introspects: bool = False,
    ) -> tuple[Client, str]:
        """Register a client that can authenticate; return it and its secret, which is not kept."""
        secret = self._new_secret()
        kept = (self._kept(secret),)
        client = self._register(name, now, frozenset(scopes), grants, introspects, kept)
        return client, secret

    def add_public(self, name: str, now: float) -> Client:
        """Register a client that can keep no secret, as an application on a user's device: it may only refresh."""
        return self._register(name, now, frozenset(), ("refresh_token",), False, ())

    def _register(
        self,
        name: str,
        now: float,
        scopes: frozenset[str],
        grants: Iterable[str],
        introspects: bool,
        kept: tuple[ClientSecret, ...],
    ) -> Client:
        unknown = sorted(set(grants) - set(GRANTS))
        if unknown:
            raise ConfigurationError(f"{unknown[0]!r} is no grant that is offered; there are {', '.join(GRANTS)}")
        client_id = f"client-{secrets.token_hex(8)}"
        client = Client(client_id, name, scopes, frozenset(grants), introspects, now, kept)
        self._store.put_client(client)
        return client

    def rotate(self, client_id: str, now: float, overlap: float) -> str:
        """Give a client a new secret and return it; the old ones work for `overlap` seconds more at most."""
        client = self.find(client_id)
        if client is None or client.is_public:
            raise ConfigurationError(f"{client_id!r} is no client with a secret")
        secret = self._new_secret()
        older = [kept._replace(until=min(kept.until, now + overlap)) for kept in client.secrets if kept.until > now]
        kept = (self._kept(secret), *(kept for kept in older if kept.until > now))
        self._store.put_client(replace(client, secrets=kept))
        return secret

    def revoke(self, client_id: str) -> bool:
        """Forget a client, which ends its secrets and refresh tokens; tell whether there was one."""
        return self._store.remove_client(client_id)

    def find(self, client_id: str) -> Client | None:
        """Return the client of an id, or None."""
        return self._store.find_client(client_id) if is_client_id(client_id) else None

    def all(self) -> list[Client]:
        """Return all clients, oldest first."""
        return self._store.clients()

    def authenticate(self, client_id: str, secret: str, now: float) -> Client | None:
        """Return the client that an id and a secret belong to, or None."""
        client = self.find(client_id)
        if client is None or not secret.isascii():
            return None
        known = any(client.knows(opaque.peppered(secret, pepper), now) for pepper in self._peppers)
        return client if known else None

    def _kept(self, secret: str) -> ClientSecret:
        return ClientSecret(opaque.peppered(secret, self._peppers[0]), _NEVER)

    def _new_secret(self) -> str:
        return opaque.generate(self._prefix)


_NEVER = 4_102_444_800.0  # the year 2100: a number that every database keeps, which infinity is not
