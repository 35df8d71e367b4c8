"""Digests at rest that are keyed with a pepper, and peppers that change."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from stopper.guard import ConfigurationError, Guard, InvalidGrant
from stopper.guard.endpoints import clients_of
from stopper.guard.opaque import digest, peppered
from stopper.guard.tokens import Tokens
from stopper.secret import Secret
from tests.guard.conftest import MakeApp

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)


@contextmanager
def served(make_app: MakeApp, store_url: str, *peppers: str) -> Iterator[tuple[Flask, Tokens]]:
    """Yield an application on a store, with these peppers, and its tokens."""
    app = make_app(store=store_url, peppers=peppers)
    with app.app_context():
        yield app, app.extensions["stopper"].tokens


def status(app: Flask, token: str) -> int:
    """Return how the application answers a token."""
    return app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_pepper_is_exchanged_without_losing_a_token(make_app: MakeApp, store_url: str) -> None:
    """S01: tokens of no pepper and of the old one work while these are listed, and no longer; on every store."""
    with served(make_app, store_url) as (app, tokens):
        plain = Guard().issue_with_refresh("alice", ("read",), claims={"shop": 7})
    with served(make_app, store_url, OLD, "") as (app, tokens):
        assert status(app, plain["access_token"]) == 200
        old = Guard().issue_with_refresh("alice", ("read",), claims={"shop": 7})
        assert tokens.store.find(digest(old["access_token"])) is None
        assert tokens.store.find(peppered(old["access_token"], Secret(OLD))) is not None
    with served(make_app, store_url, NEW, OLD) as (app, tokens):
        assert status(app, old["access_token"]) == 200
        assert status(app, plain["access_token"]) == 401
        renewed = Guard().renew(old["refresh_token"])
        assert tokens.store.find_refresh(peppered(renewed["refresh_token"], Secret(NEW))) is not None
        assert tokens.find_refresh(renewed["refresh_token"]) is not None
    with served(make_app, store_url, NEW) as (app, tokens):
        assert status(app, old["access_token"]) == 401
        assert status(app, renewed["access_token"]) == 200
        with pytest.raises(InvalidGrant, match="not valid"):
            Guard().renew(plain["refresh_token"])


def test_reuse_is_seen_across_a_change_of_pepper(make_app: MakeApp, store_url: str) -> None:
    """S09: a refresh token that was used under the old pepper ends its family when it comes again under the new one."""
    with served(make_app, store_url, OLD) as (_, _):
        first = Guard().issue_with_refresh("alice", ("read",))
        second = Guard().renew(first["refresh_token"])
        Guard().renew(second["refresh_token"])
    with served(make_app, store_url, NEW, OLD) as (app, _):
        with pytest.raises(InvalidGrant):
            Guard().renew(first["refresh_token"])
        assert status(app, second["access_token"]) == 401


def test_the_secrets_of_clients_are_peppered_too(make_app: MakeApp, store_url: str) -> None:
    """S01: a client's secret works as long as its pepper is listed, and a new one is kept under the newest."""
    now = time.time()

    def known(secret: str, *peppers: str) -> bool:
        with served(make_app, store_url, *peppers) as (app, _):
            return clients_of(app.extensions["stopper"]).authenticate(client.id, secret, now) is not None

    with served(make_app, store_url, OLD) as (app, tokens):
        client, secret = clients_of(app.extensions["stopper"]).add("reports", now)
        stored = tokens.store.find_client(client.id)
        assert stored is not None
        assert stored.secrets[0].digest == peppered(secret, Secret(OLD)) != digest(secret)
    assert known(secret, OLD) and known(secret, NEW, OLD)
    assert not known(secret, NEW) and not known(secret)
    with served(make_app, store_url, NEW, OLD) as (app, tokens):
        newer = clients_of(app.extensions["stopper"]).rotate(client.id, now, 60)
    assert known(newer, NEW) and not known(newer, OLD)
    assert known(secret, OLD), "the old secret's overlap is not that of its pepper"
    with served(make_app, store_url) as (app, tokens):
        client, secret = clients_of(app.extensions["stopper"]).add("mails", now)
    assert known(secret, NEW, "") and not known(secret, NEW)


def test_a_digest_says_nothing_without_its_pepper() -> None:
    """S01: the digest is the HMAC of the token, and differs for each pepper and from the plain SHA-256."""
    token = "stop_" + "a" * 43 + "_000000"
    kept = {peppered(token, Secret(pepper)) for pepper in (OLD, NEW, "")}
    assert len(kept) == 3
    assert hashlib.sha256(token.encode()).digest() in kept


def test_peppers_come_from_the_environment(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """G14: the variable holds the peppers with spaces between them, the newest first."""
    monkeypatch.setenv("STOPPER_PEPPERS", f"{NEW} {OLD}")
    assert make_app().extensions["stopper"].settings.peppers == (Secret(NEW), Secret(OLD))


@pytest.mark.parametrize("wrong", [NEW, ["short"], [7], 7], ids=["text", "short", "number in a list", "number"])
def test_a_pepper_that_can_be_guessed_is_refused(make_app: MakeApp, wrong: object) -> None:
    """G01: a text in place of a list, a short pepper and what is no text stop the application."""
    with pytest.raises(ConfigurationError, match="STOPPER_PEPPERS") as refused:
        make_app(peppers=wrong)
    assert NEW not in str(refused.value)
