"""A user is (issuer, subject): to end one user's tokens leaves another's of the same name alone."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from stopper.guard import Guard
from stopper.guard.feed import Feed
from stopper.guard.jose import sign
from stopper.guard.kept_keys import new_key
from stopper.guard.remote import RemoteKeys
from stopper.guard.store import Kind, open_store
from stopper.guard.token import LONGEST_NAME, Token, user
from tests.guard.conftest import MakeApp

OWN, REMOTE = "https://shop.test", "https://id.test/"


def given(issuer: str, subject: str = "alice") -> Token:
    """Return a token that was issued a moment ago."""
    now = time.time()
    return Token("t", subject, frozenset(), now - 5, now + 60, issuer=issuer)


@pytest.mark.parametrize(
    ("named", "ended"), [("", ["", OWN]), (OWN, ["", OWN]), (REMOTE, [REMOTE]), ("https://other.test", [])]
)
def test_only_the_issuer_s_subject_is_ended(make_app: MakeApp, store_url: str, named: str, ended: list[str]) -> None:
    """V30 S06: on every store, and in the feed of every process, the revocation ends that issuer's subject only."""
    app = make_app(store=store_url, issuer=OWN)
    with app.app_context():
        Guard().revoke_subject("alice", issuer=named)
    store = open_store(store_url)
    feed: Any = Feed(store, 1, 100, 0, lambda: None)
    feed.refresh()
    for issuer in ("", OWN, REMOTE):
        assert store.is_revoked(given(issuer)) == (issuer in ended)
        assert feed.ends(given(issuer)) == (issuer in ended)
        assert not feed.ends(given(issuer, "bob"))


def test_a_long_name_is_kept_by_every_store(store_url: str) -> None:
    """V30: a user whose issuer and subject are longer than a store's column is ended all the same."""
    long = user(REMOTE, "x" * 255)
    assert len(long) <= LONGEST_NAME
    assert long != user(REMOTE, "x" * 254 + "y")
    store = open_store(store_url)
    store.revoke(Kind.SUBJECT, long, time.time(), time.time() + 60)
    assert store.is_revoked(given(REMOTE, "x" * 255))


def test_the_command_line_names_the_issuer(make_app: MakeApp) -> None:
    """S06: an operator ends a remote issuer's subject, and an issuer without a subject is a mistake."""
    app = make_app()
    runner = app.test_cli_runner()
    assert runner.invoke(args=["tokens", "revoke", "--subject", "alice", "--issuer", REMOTE]).exit_code == 0
    store = app.extensions["stopper"].tokens.store
    assert store.is_revoked(given(REMOTE)) and not store.is_revoked(given(""))
    assert runner.invoke(args=["tokens", "revoke", "--all", "--issuer", REMOTE]).exit_code == 2


def test_a_token_without_a_jti_is_ended_alone(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """S03: of two tokens of an issuer that gives no jti, one that crossed in clear ends and the other works."""
    key = new_key("RS256")
    published = json.dumps({"keys": [key.public()]}).encode()
    monkeypatch.setattr(
        "stopper.guard.tokens.RemoteKeys", lambda url, algorithm: RemoteKeys(url, algorithm, lambda _: published)
    )
    trusted = {REMOTE: {"jwks": "https://id.test/keys", "profile": "auth0"}}
    settings = {"trusted_issuers": trusted, "audiences": ["shop"], "revoke_exposed": True}
    now = int(time.time())
    claims = {"iss": REMOTE, "aud": "shop", "sub": "alice", "azp": "web", "iat": now, "exp": now + 300}
    exposed, kept = (
        {"Authorization": f"Bearer {sign({**claims, 'part': part}, key, 'at+jwt')}"} for part in ("one", "two")
    )
    client = make_app(**settings).test_client()
    assert client.get("/greeting", headers=exposed).status_code == 200
    assert client.get("/greeting", headers=exposed, base_url="http://localhost").status_code == 403
    fresh = make_app(**settings).test_client()
    assert fresh.get("/greeting", headers=exposed).status_code == 401
    assert fresh.get("/greeting", headers=kept).status_code == 200


@pytest.mark.parametrize("by", ["the token itself", "its jti on the command line"])
def test_a_long_jti_is_ended_on_every_store(
    make_app: MakeApp, store_url: str, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """S03: RFC 7519 does not limit `jti`; a token with one longer than a store's column works and can be ended."""
    key = new_key("ES256")
    published = json.dumps({"keys": [key.public()]}).encode()
    monkeypatch.setattr(
        "stopper.guard.tokens.RemoteKeys", lambda url, algorithm: RemoteKeys(url, algorithm, lambda _: published)
    )
    app = make_app(store=store_url, issuer=OWN, trusted_issuers={REMOTE: {"jwks": f"{REMOTE}keys"}})
    now = time.time()
    claims = {
        "iss": REMOTE,
        "sub": "alice",
        "aud": OWN,
        "iat": now,
        "exp": now + 60,
        "client_id": "x",
        "scope": "admin",
    }

    def status(jti: str) -> int:
        token = sign({**claims, "jti": jti}, key, "at+jwt")
        return app.test_client().get("/admin", headers={"Authorization": f"Bearer {token}"}).status_code

    long, other = "j" * 300 + "1", "j" * 300 + "2"
    assert status(long) == status(other) == 200
    tokens = app.extensions["stopper"].tokens
    if by == "the token itself":
        tokens.end(tokens.verify(sign({**claims, "jti": long}, key, "at+jwt")))
    else:
        assert app.test_cli_runner().invoke(args=["tokens", "revoke", long]).exit_code == 0
    time.sleep(1.05)
    assert (status(long), status(other)) == (401, 200)
    assert status("j" * 5000) == 401
