"""The client registry: ids, secrets and their rotation."""

from __future__ import annotations

import time

import pytest

from stopper.guard import ConfigurationError
from stopper.guard.clients import Client, Clients, is_client_id
from stopper.guard.opaque import is_well_formed

NOW = time.time()


class Memory:
    """Clients in a dict, for tests of what the registry does with them."""

    def __init__(self) -> None:
        self.kept: dict[str, Client] = {}

    def put_client(self, client: Client) -> None:
        """Keep a client."""
        self.kept[client.id] = client

    def find_client(self, client_id: str) -> Client | None:
        """Return a client."""
        return self.kept.get(client_id)

    def clients(self) -> list[Client]:
        """Return all clients."""
        return list(self.kept.values())

    def remove_client(self, client_id: str) -> bool:
        """Forget a client."""
        return self.kept.pop(client_id, None) is not None


@pytest.fixture
def clients() -> Clients:
    """Return an empty registry."""
    return Clients(Memory(), "shop_live")


def test_a_secret_is_shown_once_and_kept_as_a_digest(clients: Clients) -> None:
    """S01 G17 L15: what is kept of a secret is a digest, and its form is one that secret scanners recognise."""
    client, secret = clients.add("reports", NOW, ("read",))
    assert is_well_formed(secret)
    assert secret.startswith("shop_live_secret_")
    assert secret not in repr(clients.find(client.id))
    assert clients.authenticate(client.id, secret, NOW) == client


def test_a_wrong_secret_or_id_is_nobody(clients: Clients) -> None:
    """S27: another client's secret, a wrong one, an empty one and an unknown id authenticate nobody."""
    client, _ = clients.add("reports", NOW)
    _, other = clients.add("mails", NOW)
    for secret in (other, "", "é\ud800", "x" * 10_000):
        assert clients.authenticate(client.id, secret, NOW) is None
    assert clients.authenticate("client-0000000000000000", other, NOW) is None
    assert clients.authenticate("' OR 1=1 --", other, NOW) is None


def test_a_public_client_cannot_authenticate(clients: Clients) -> None:
    """A client without a secret is not let in by an empty one."""
    client = clients.add_public("phone", NOW)
    assert client.is_public
    assert clients.authenticate(client.id, "", NOW) is None
    with pytest.raises(ConfigurationError):
        clients.rotate(client.id, NOW, 0)


def test_rotation_overlaps_as_long_as_asked(clients: Clients) -> None:
    """G12 G13: after a rotation the old secret works for the overlap and no longer, the new one at once."""
    client, old = clients.add("reports", NOW)
    new = clients.rotate(client.id, NOW, 60)
    assert clients.authenticate(client.id, old, NOW + 59)
    assert not clients.authenticate(client.id, old, NOW + 60)
    assert clients.authenticate(client.id, new, NOW)
    newest = clients.rotate(client.id, NOW + 1, 0)
    assert not clients.authenticate(client.id, old, NOW + 1)
    assert not clients.authenticate(client.id, new, NOW + 1)
    assert clients.authenticate(client.id, newest, NOW + 1)


def test_a_second_rotation_does_not_lengthen_the_first_overlap(clients: Clients) -> None:
    """An old secret ends when it was first told to."""
    client, old = clients.add("reports", NOW)
    clients.rotate(client.id, NOW, 60)
    clients.rotate(client.id, NOW + 30, 600)
    assert not clients.authenticate(client.id, old, NOW + 61)


def test_a_revoked_client_is_gone(clients: Clients) -> None:
    """A client that was revoked authenticates no more, and a second time there is none to revoke."""
    client, secret = clients.add("reports", NOW)
    assert clients.revoke(client.id)
    assert clients.authenticate(client.id, secret, NOW) is None
    assert not clients.revoke(client.id)


def test_only_grants_that_are_offered(clients: Clients) -> None:
    """S22: no client can be registered for the password or the implicit grant."""
    for grant in ("password", "implicit", "authorization_code"):
        with pytest.raises(ConfigurationError, match=grant):
            clients.add("old", NOW, grants=(grant,))


def test_ids_are_told_from_those_of_users(clients: Clients) -> None:
    """V31: an id has a form of its own, so that no user's subject can be taken for it."""
    client, _ = clients.add("reports", NOW)
    assert is_client_id(client.id)
    assert not is_client_id("alice")
    assert not is_client_id(client.id + "\n")
