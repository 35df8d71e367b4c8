"""Tokens that crossed in clear: always refused and reported, ended only where that is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from stopper.guard import audit
from stopper.guard.store import StoreError
from stopper.secret import fingerprint
from tests.guard.conftest import MakeApp

CLEAR: dict[str, Any] = {"base_url": "http://localhost"}


def login(app: Flask) -> dict[str, str]:
    """Return the headers of alice."""
    return {"Authorization": f"Bearer {app.test_client().post('/login').get_json()['access_token']}"}


def revoked(app: Flask, headers: dict[str, str]) -> bool:
    """Tell whether a process that starts now refuses the token."""
    fresh = app.test_client().get("/me", headers=headers).status_code
    assert fresh in (200, 401)
    return fresh == 401


def test_by_default_the_token_lives_on_and_the_event_is_told(make_app: MakeApp) -> None:
    """T03: a token in clear is refused and reported, and not ended unless that was asked for."""
    app, seen = make_app(), []

    def keep(sender: object, event: audit.Event) -> None:
        seen.append((event.kind, event.reason))

    headers = login(app)
    with audit.happened.connected_to(keep, app):
        assert app.test_client().get("/me", headers=headers, **CLEAR).status_code == 403
    assert seen == [(audit.Kind.REFUSED, "plain HTTP with a credential")]
    assert not revoked(make_app(), headers)


@pytest.mark.parametrize("path", ["/me", "/health", "/login", "/nowhere"])
def test_a_token_in_clear_is_ended_where_that_is_wanted(make_app: MakeApp, path: str) -> None:
    """T03: with STOPPER_REVOKE_EXPOSED a good token that crossed in clear ends, whichever route it was sent to."""
    app, seen = make_app(revoke_exposed=True), []

    def keep(sender: object, event: audit.Event) -> None:
        seen.append((event.kind, event.subject))

    headers = login(app)
    with audit.happened.connected_to(keep, app):
        assert app.test_client().get(path, headers=headers, **CLEAR).status_code == 403
    assert (audit.Kind.REVOKED, "alice") in seen
    assert revoked(make_app(), headers)


@pytest.mark.parametrize("path", ["/me", "/health", "/nowhere"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_token_in_the_query_over_plain_http_is_told(make_app: MakeApp, path: str, beside: bool) -> None:
    """T03 L03: a token in the URL in clear is one event by its fingerprint, beside a header or instead of one."""
    app, seen = make_app(), []

    def keep(sender: object, event: audit.Event) -> None:
        seen.append((event.kind, event.token_id, event.reason))

    headers = login(app)
    token = headers["Authorization"].partition(" ")[2]
    with audit.happened.connected_to(keep, app):
        url = f"{path}?access_token=first-in-clear"
        assert app.test_client().get(url, headers=headers if beside else {}, **CLEAR).status_code == 403
    told = [fingerprint(token)] * beside + [fingerprint("first-in-clear")]
    assert seen == [(audit.Kind.REFUSED, name, "plain HTTP with a credential") for name in told]


def test_a_token_in_the_query_is_ended_where_that_is_wanted(make_app: MakeApp) -> None:
    """T03: with STOPPER_REVOKE_EXPOSED a good token in the URL ends too, also beside a header that is worth nothing."""
    app = make_app(revoke_exposed=True)
    headers = login(app)
    token = headers["Authorization"].partition(" ")[2]
    wrong = {"Authorization": "Bearer \xe9"}
    assert app.test_client().get(f"/me?access_token={token}", headers=wrong, **CLEAR).status_code == 403
    assert revoked(make_app(), headers)


@pytest.mark.parametrize("header", ["Basic YWxpY2U6aHVudGVyMg==", "basic YWxpY2U6aHVudGVyMg==", "Basic  x YQ=="])
def test_a_password_has_no_fingerprint(make_app: MakeApp, header: str) -> None:
    """L01: what a name and password are refused for is told, and nothing by which a password could be tried out."""
    app, seen = make_app(), []

    def keep(sender: object, event: audit.Event) -> None:
        seen.append((event.kind, event.token_id))

    with audit.happened.connected_to(keep, app):
        for where in (CLEAR, {}):
            app.test_client().get("/me", headers={"Authorization": header}, **where)
    assert seen == [(audit.Kind.REFUSED, "")] * 2


def test_a_configured_proxy_ends_nobody_s_token(make_app: MakeApp) -> None:
    """T03 T06: what a configured proxy forwards as plain HTTP is refused, and its tokens live on."""
    app = make_app(revoke_exposed=True, trusted_proxies=["127.0.0.1"])
    headers = login(app)
    forwarded = headers | {"X-Forwarded-Proto": "http"}
    assert app.test_client().get("/me", headers=forwarded, **CLEAR).status_code == 403
    assert app.test_client().get("/me", headers=headers, **CLEAR).status_code == 403
    assert not revoked(make_app(), headers)


@pytest.mark.parametrize("credential", ["wrong", "stop_" + "a" * 43 + "_000000", "a.b.c", ""])
def test_nothing_is_ended_before_it_is_verified(
    make_app: MakeApp, credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T03: what is no good token causes no revocation, and the answer is the same."""
    app = make_app(revoke_exposed=True)
    store = app.extensions["stopper"].tokens.store
    monkeypatch.setattr(store, "revoke", lambda *arguments: pytest.fail("revoked"))
    answer = app.test_client().get("/me", headers={"Authorization": f"Bearer {credential}"}, **CLEAR)
    assert answer.status_code == 403


def test_a_store_that_is_away_changes_nothing(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 81: where the revocation cannot be written the request is refused all the same."""
    app = make_app(revoke_exposed=True)
    headers = login(app)

    def fail(*arguments: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(app.extensions["stopper"].tokens.store, "revoke", fail)
    assert app.test_client().get("/me", headers=headers, **CLEAR).status_code == 403
