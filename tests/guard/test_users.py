"""A user is (issuer, subject): to end one user's tokens leaves another's of the same name alone."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from flask import Flask

from stopper.guard import Guard, current_subject
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


def test_a_loader_is_asked_about_its_issuer_s_subjects_only(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """V30: a remote issuer's alice is not ours: she has a loader of her own, and without one she is refused."""
    key = new_key("ES256")
    published = json.dumps({"keys": [key.public()]}).encode()
    monkeypatch.setattr(
        "stopper.guard.tokens.RemoteKeys", lambda url, algorithm: RemoteKeys(url, algorithm, lambda _: published)
    )
    app, guard = Flask("shop"), Guard()
    app.config.update(STOPPER_ISSUER=OWN, STOPPER_TRUSTED_ISSUERS={REMOTE: {"jwks": f"{REMOTE}keys"}})
    guard.init_app(app)
    app.add_url_rule("/", "home", lambda: str(current_subject._get_current_object()))
    now = time.time()
    claims = {"iss": REMOTE, "sub": "alice", "aud": OWN, "iat": now, "exp": now + 60, "client_id": "x", "jti": "1"}
    remote = {"Authorization": f"Bearer {sign(claims, key, 'at+jwt')}"}
    own = guard.test_client_token(app, "alice")

    def asked(headers: dict[str, str]) -> tuple[int, str]:
        answer = app.test_client().get("/", headers=headers)
        return answer.status_code, answer.text if answer.status_code == 200 else ""

    assert asked(own) == asked(remote) == (200, "None")
    guard.subject_loader(lambda subject: f"our {subject}")
    assert (asked(own), asked(remote)) == ((200, "our alice"), (401, ""))

    @guard.subject_loader(issuer=REMOTE)
    def load(subject: str) -> object:
        return f"their {subject}"

    assert (asked(own), asked(remote)) == ((200, "our alice"), (200, "their alice"))
    assert load("bob") == "their bob"


def test_signed_tokens_of_our_own_are_our_subjects(make_app: MakeApp) -> None:
    """V30: our own subjects have our own loader, whichever format their tokens have."""
    for settings in ({}, {"issuer": OWN}, {"issuer": OWN, "token_format": "jwt"}):
        app = make_app(**settings)
        app.extensions["stopper"].loaders[""] = {"alice": 1}.get
        token = app.test_client().post("/login").get_json()["access_token"]
        assert app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
def test_a_token_of_no_client_is_of_no_client(make_app: MakeApp, token_format: str) -> None:
    """RFC 7009: whoever holds a token that was issued to no client may end it, whichever format it has."""
    app = make_app(issuer=OWN, token_format=token_format)
    app.register_blueprint(Guard().endpoints())
    client = app.test_client()
    token = client.post("/login").get_json()["access_token"]
    with app.app_context():
        assert app.extensions["stopper"].tokens.verify(token).client == ""
    assert client.post("/oauth/revoke", data={"token": token}).status_code == 200
    time.sleep(1.05)
    assert client.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
