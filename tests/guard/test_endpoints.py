"""The blueprint for clients: token, revocation, introspection, keys and metadata."""

from __future__ import annotations

import base64
import io
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_limiter import Limiter
from werkzeug.test import TestResponse

from stopper.guard import Guard, InvalidGrant, current_token
from stopper.guard.audit import Event, Kind, happened
from stopper.guard.clients import Client, Clients
from stopper.guard.endpoints import clients_of
from stopper.guard.gate import Gate
from stopper.guard.store import StoreError
from tests.guard.conftest import MakeApp

ISSUER = "https://shop.test"


@pytest.fixture
def guard() -> Guard:
    """Return a guard that the application does not know yet."""
    return Guard()


@pytest.fixture
def app(guard: Guard, tmp_path: Any) -> Flask:
    """Return an application with the blueprint, which signs nothing but has a name."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["STOPPER_ISSUER"] = ISSUER
    guard.init_app(app)
    app.register_blueprint(guard.endpoints())

    @app.get("/me")
    @guard.require("read")
    def me() -> dict[str, str]:
        return {"user": current_token.subject}

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return Flask's own test client."""
    return app.test_client()


@pytest.fixture
def registry(app: Flask) -> Iterator[Clients]:
    """Return the registry of the application's clients."""
    gate = app.extensions["stopper"]
    assert isinstance(gate, Gate)
    with app.app_context():
        yield clients_of(gate)


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return the header by which a client authenticates."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents a token."""
    return {"Authorization": f"Bearer {token}"}


Known = tuple[Client, dict[str, str]]


@pytest.fixture
def machine(registry: Clients) -> Known:
    """Return a client that gets tokens of its own, and how it authenticates."""
    client, secret = registry.add("reports", time.time(), ("read", "write"), ("client_credentials", "refresh_token"))
    return client, basic(client.id, secret)


@pytest.fixture
def inspector(registry: Clients) -> Known:
    """Return a client that may ask about tokens, and how it authenticates."""
    client, secret = registry.add("gateway", time.time(), grants=(), introspects=True)
    return client, basic(client.id, secret)


def refused(answer: TestResponse, status: int, error: str) -> bool:
    """Tell whether an answer is the refusal of RFC 6749 §5.2 that is wanted."""
    assert answer.json is not None
    return (answer.status_code, answer.json["error"]) == (status, error)


# --------------------------------------------------------------------------- token


def test_client_credentials(client: FlaskClient, machine: Known) -> None:
    """B07 B11: a client gets a token of its own, uncacheable, with its scopes and without a refresh token."""
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=machine[1])
    assert answer.status_code == 200
    body = answer.json
    assert body is not None
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read write")
    assert "refresh_token" not in body
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/me", headers=bearer(body["access_token"])).json == {"user": machine[0].id}


def test_a_client_may_ask_for_less_and_not_for_more(client: FlaskClient, machine: Known) -> None:
    """V32: the scopes of a token are those asked for, within those of the client."""
    ask = {"grant_type": "client_credentials"}
    less = client.post("/oauth/token", data={**ask, "scope": "read"}, headers=machine[1])
    assert less.json is not None
    assert less.json["scope"] == "read"
    for scope in ("read admin", "admin", "read  write", "READ"):
        assert refused(
            client.post("/oauth/token", data={**ask, "scope": scope}, headers=machine[1]), 400, "invalid_scope"
        )


@pytest.mark.parametrize("grant", ["password", "implicit", "authorization_code", "urn:x"])
def test_other_grants_are_not_offered(client: FlaskClient, machine: Known, grant: str) -> None:
    """S22: password and implicit are not offered."""
    form = {"grant_type": grant, "username": "alice", "password": "x"}
    assert refused(client.post("/oauth/token", data=form, headers=machine[1]), 400, "unsupported_grant_type")


def test_a_grant_that_the_client_was_not_given(client: FlaskClient, registry: Clients) -> None:
    """A client uses the grants that it is registered for and no other."""
    known, secret = registry.add("renewer", time.time(), ("read",), ("refresh_token",))
    form = {"grant_type": "client_credentials"}
    answer = client.post("/oauth/token", data=form, headers=basic(known.id, secret))
    assert refused(answer, 400, "unauthorized_client")


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nobody").decode(),
        "Bearer abc",
        "Basic w6k6eA==",
        "Basic YQ=",
    ],
)
def test_malformed_client_authentication(client: FlaskClient, header: str) -> None:
    """S27: what is no HTTP Basic authenticates nobody and gets the 401 of RFC 6749 §5.2."""
    form = {"grant_type": "client_credentials"}
    answer = client.post("/oauth/token", data=form, headers={"Authorization": header})
    assert refused(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_wrong_unknown_and_missing_clients_are_answered_alike(client: FlaskClient, machine: Known) -> None:
    """A caller cannot find out which client ids exist, and none at all gets no token."""
    form = {"grant_type": "client_credentials"}
    wrong = client.post("/oauth/token", data=form, headers=basic(machine[0].id, "wrong"))
    unknown = client.post("/oauth/token", data=form, headers=basic("client-0123456789abcdef", "wrong"))
    unproved = client.post("/oauth/token", data={**form, "client_id": machine[0].id})
    missing = client.post("/oauth/token", data=form)
    assert all(refused(answer, 401, "invalid_client") for answer in (wrong, unknown, unproved, missing))
    assert wrong.data == unknown.data == unproved.data == missing.data


def test_a_public_client_gets_no_token_of_its_own(client: FlaskClient, registry: Clients) -> None:
    """RFC 6749 §4.4: client credentials are for clients that can prove who they are."""
    phone = registry.add_public("phone", time.time())
    form = {"grant_type": "client_credentials", "client_id": phone.id}
    assert refused(client.post("/oauth/token", data=form), 400, "unauthorized_client")


def test_credentials_belong_in_header_and_body(client: FlaskClient, machine: Known) -> None:
    """B10: the endpoint is POST only and takes nothing from the URL, and no secret from the body."""
    assert client.get("/oauth/token?grant_type=client_credentials", headers=machine[1]).status_code == 405
    in_url = client.post("/oauth/token?grant_type=client_credentials", data={}, headers=machine[1])
    assert refused(in_url, 400, "invalid_request")
    form = {"grant_type": "client_credentials", "client_id": machine[0].id, "client_secret": "x"}
    assert refused(client.post("/oauth/token", data=form), 400, "invalid_request")
    as_json = client.post("/oauth/token", json={"grant_type": "client_credentials"}, headers=machine[1])
    assert refused(as_json, 400, "invalid_request")


def test_forms_that_are_repeated_too_long_or_empty(client: FlaskClient, machine: Known) -> None:
    """V22: a parameter given twice, a body beyond the limit and a missing grant are invalid requests and no errors."""
    for form in (
        "grant_type=client_credentials&grant_type=client_credentials",
        "grant_type=client_credentials&scope=" + "a" * 20_000,
        "grant_type=",
        "",
        "%ff%00=%",
    ):
        answer = client.post(
            "/oauth/token", data=form, headers=machine[1], content_type="application/x-www-form-urlencoded"
        )
        assert refused(answer, 400, "invalid_request"), form[:60]


def test_a_long_body_that_does_not_say_how_long(client: FlaskClient, machine: Known) -> None:
    """V22: a chunked body beyond the limit is an invalid request too."""
    answer = client.post(
        "/oauth/token",
        input_stream=io.BytesIO(b"grant_type=client_credentials&scope=" + b"a" * 50_000),
        headers=machine[1],
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert refused(answer, 400, "invalid_request")


def test_a_wrong_secret_is_an_event(client: FlaskClient, machine: Known) -> None:
    """L02: the audit says whose secret was wrong, and nothing of what was tried."""
    events: list[Event] = []

    def keep(sender: object, event: Event) -> None:
        events.append(event)

    with happened.connected_to(keep):
        client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(machine[0].id, "guess1"))
        client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic("guess2\n", "guess3"))
    assert [event.kind for event in events] == [Kind.REFUSED] * 2
    assert machine[0].id in events[0].reason
    assert "guess" not in repr(events)


def test_two_clients_in_one_request(client: FlaskClient, machine: Known) -> None:
    """A request that names another client than the one that authenticated is refused."""
    form = {"grant_type": "client_credentials", "client_id": "client-0123456789abcdef"}
    assert refused(client.post("/oauth/token", data=form, headers=machine[1]), 400, "invalid_request")


def test_plain_http_is_refused(client: FlaskClient, machine: Known) -> None:
    """T01: the endpoints are served over TLS only."""
    answer = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers=machine[1], base_url="http://shop.test"
    )
    assert answer.status_code == 403


def test_a_rotated_secret_ends(client: FlaskClient, registry: Clients, machine: Known) -> None:
    """G12: after a rotation without overlap the old secret authenticates nobody."""
    secret = registry.rotate(machine[0].id, time.time(), 0)
    form = {"grant_type": "client_credentials"}
    assert refused(client.post("/oauth/token", data=form, headers=machine[1]), 401, "invalid_client")
    assert client.post("/oauth/token", data=form, headers=basic(machine[0].id, secret)).status_code == 200


def test_a_user_cannot_be_taken_for_a_client(app: Flask, guard: Guard, machine: Known) -> None:
    """V31: no token is issued to a user whose name is a client's id."""
    with app.app_context(), pytest.raises(ValueError, match="client"):
        guard.issue(machine[0].id)
    with app.app_context(), pytest.raises(ValueError, match="client"):
        guard.issue_with_refresh(machine[0].id, client="client-0123456789abcdef")


@pytest.mark.parametrize("subject", ["", None, True, "a" * 256, "a\0b", "a\ud800"])
def test_subjects_that_not_every_store_keeps(app: Flask, guard: Guard, subject: object) -> None:
    """A subject that one of the stores would refuse or cut is an error of the caller and not an outage."""
    with app.app_context(), pytest.raises(ValueError, match="subject"):
        guard.issue(subject)


# --------------------------------------------------------------------------- refresh


def test_refreshing_without_a_registered_client(app: Flask, guard: Guard, client: FlaskClient) -> None:
    """S09: a refresh token of the application itself is exchanged once for a new pair."""
    with app.app_context():
        first = guard.issue_with_refresh("alice", ("read", "write"))
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    answer = client.post("/oauth/token", data=form).json
    assert answer is not None
    assert answer["refresh_token"] != first["refresh_token"]
    assert client.get("/me", headers=bearer(answer["access_token"])).json == {"user": "alice"}
    with time_machine.travel(time.time() + 60, tick=True):
        assert refused(client.post("/oauth/token", data=form), 400, "invalid_grant")
        form["refresh_token"] = answer["refresh_token"]
        assert refused(client.post("/oauth/token", data=form), 400, "invalid_grant")


def test_refreshing_narrows_the_access_token_only(app: Flask, guard: Guard, client: FlaskClient) -> None:
    """RFC 6749 §6: fewer scopes may be asked for, never more, and the successor keeps what was granted."""
    with app.app_context():
        first = guard.issue_with_refresh("alice", ("read", "write"))
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "scope": "read admin"}
    narrow = client.post("/oauth/token", data=form).json
    assert narrow is not None
    assert narrow["scope"] == "read"
    form = {"grant_type": "refresh_token", "refresh_token": narrow["refresh_token"]}
    whole = client.post("/oauth/token", data=form).json
    assert whole is not None
    assert whole["scope"] == "read write"


def test_a_refresh_token_is_its_clients(
    app: Flask, guard: Guard, client: FlaskClient, registry: Clients, machine: Known
) -> None:
    """RFC 6749 §10.4: a refresh token works for the client that it was issued to and for nobody else."""
    phone = registry.add_public("phone", time.time())
    form = {"grant_type": "refresh_token"}
    with app.app_context():
        pair = guard.issue_with_refresh("alice", ("read",), client=phone.id)
    stolen = {**form, "refresh_token": pair["refresh_token"]}
    for stranger in ({}, machine[1]) * 2:
        assert refused(client.post("/oauth/token", data=stolen, headers=stranger), 400, "invalid_grant")
    good = {**stolen, "client_id": phone.id}
    renewed = client.post("/oauth/token", data=good)
    assert renewed.status_code == 200, "a stranger has used the client's token up"
    assert client.get("/me", headers=bearer(renewed.get_json()["access_token"])).status_code == 200
    row = app.extensions["stopper"].tokens.find_refresh(stolen["refresh_token"])
    assert row is not None and row.client == phone.id


def test_a_stranger_does_not_end_the_grace(make_app: MakeApp, store_url: str) -> None:
    """S09: what a stranger presents is not marked as used, on any store: its own client is still the first."""
    app, guard = make_app(store=store_url, refresh_grace=0), Guard()
    with app.app_context():
        mine = guard.issue_with_refresh("alice", client="client-0000000000000001")["refresh_token"]
        for stranger in ("", "client-0000000000000002"):
            with pytest.raises(InvalidGrant):
                guard.renew(mine, client=stranger)
        assert guard.renew(mine, client="client-0000000000000001")["access_token"]
        with pytest.raises(InvalidGrant):
            guard.renew(mine, client="client-0000000000000001")


def test_challenges_name_the_metadata(app: Flask, guard: Guard, client: FlaskClient) -> None:
    """S26: with the endpoints registered, each Bearer challenge says where the metadata is (RFC 9728 §5.1)."""
    wanted = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource"'
    with app.app_context():
        narrow = guard.issue("alice")["access_token"]
    for headers, status in (({}, 401), (bearer("wrong"), 401), (bearer(narrow), 403)):
        answer = client.get("/me", headers=headers, base_url="https://evil.test")
        assert answer.status_code == status
        assert wanted in answer.headers["WWW-Authenticate"]
        assert "evil" not in answer.headers["WWW-Authenticate"]
    address = wanted.split('"')[1]
    assert client.get(address.removeprefix(ISSUER)).get_json()["resource"] == ISSUER
    assert "resource_metadata" not in client.post("/oauth/token").headers.get("WWW-Authenticate", "")


@pytest.mark.parametrize(
    ("audience", "address"),
    [
        ("https://api.test/v1", "https://api.test/.well-known/oauth-protected-resource/v1"),
        ("https://api.test/v1/", "https://api.test/.well-known/oauth-protected-resource/v1"),
        ("https://api.test:8443", "https://api.test:8443/.well-known/oauth-protected-resource"),
        ("shop", ""),
    ],
)
@pytest.mark.parametrize("first", ["guard", "blueprint"])
def test_the_address_of_the_metadata(guard: Guard, tmp_path: Any, audience: str, address: str, first: str) -> None:
    """S26: it is made of the configured audience (RFC 9728 §3.1), whichever is set up first."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["STOPPER_AUDIENCES"] = [audience]
    app.add_url_rule("/me", "me", lambda: "me")
    steps = [lambda: guard.init_app(app), lambda: app.register_blueprint(guard.endpoints())]
    for step in steps if first == "guard" else reversed(steps):
        step()
    challenge = app.test_client().get("/me").headers["WWW-Authenticate"]
    assert challenge == 'Bearer realm="api"' + (f', resource_metadata="{address}"' if address else "")
    if address:
        path = address.partition("https://")[2].partition("/")[2]
        assert app.test_client().get("/" + path).get_json()["resource"] == audience


def test_without_the_endpoints_no_metadata_is_named(guard: Guard, tmp_path: Any) -> None:
    """S26: where nothing serves the metadata, or not where clients look for it, no challenge names it."""
    for prefixed in (False, True):
        app = Flask("shop", instance_path=str(tmp_path))
        app.config["STOPPER_ISSUER"] = ISSUER
        app.add_url_rule("/me", "me", lambda: "me")
        guard.init_app(app)
        if prefixed:
            app.register_blueprint(guard.endpoints(), url_prefix="/below")
        assert app.test_client().get("/me").headers["WWW-Authenticate"] == 'Bearer realm="api"'


# --------------------------------------------------------------------------- revoke


def works_later(client: FlaskClient, token: str) -> bool:
    """Tell whether a token is still taken when the lag is over."""
    time.sleep(1.05)
    return client.get("/me", headers=bearer(token)).status_code == 200


def test_revoking_a_refresh_token_ends_its_family(app: Flask, guard: Guard, client: FlaskClient) -> None:
    """S12: the end of a refresh token is the end of the access tokens that came from it."""
    with app.app_context():
        pair = guard.issue_with_refresh("alice", ("read",))
    answer = client.post("/oauth/revoke", data={"token": pair["refresh_token"]})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert not works_later(client, pair["access_token"])
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert refused(client.post("/oauth/token", data=form), 400, "invalid_grant")


def test_revoking_an_access_token(app: Flask, guard: Guard, client: FlaskClient) -> None:
    """S11: a token that is revoked ends, the others of its subject live on."""
    with app.app_context():
        one, other = (guard.issue("alice", ("read",))["access_token"] for _ in range(2))
    hint = {"token": one, "token_type_hint": "nonsense"}
    assert client.post("/oauth/revoke", data=hint).status_code == 200
    assert not works_later(client, one)
    assert client.get("/me", headers=bearer(other)).status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "é", "a.b.c", "stop_" + "a" * 43 + "_000000"])
def test_unknown_tokens_have_ended_already(client: FlaskClient, token: str) -> None:
    """S12: RFC 7009 §2.2 answers 200 to a token that is unknown."""
    assert client.post("/oauth/revoke", data={"token": token}).status_code == 200


def test_only_the_owner_may_revoke(client: FlaskClient, registry: Clients, machine: Known) -> None:
    """L18: a client can end its own tokens and no other's, and neither can somebody without a name (RFC 7009 §2.1)."""
    form = {"grant_type": "client_credentials"}
    body = client.post("/oauth/token", data=form, headers=machine[1]).json
    assert body is not None
    other, secret = registry.add("other", time.time())
    for stranger in ({}, basic(other.id, secret)):
        answer = client.post("/oauth/revoke", data={"token": body["access_token"]}, headers=stranger)
        assert refused(answer, 400, "invalid_grant")
    assert works_later(client, body["access_token"])
    assert client.post("/oauth/revoke", data={"token": body["access_token"]}, headers=machine[1]).status_code == 200
    assert not works_later(client, body["access_token"])


# --------------------------------------------------------------------------- introspect


def test_introspecting_a_token(app: Flask, guard: Guard, client: FlaskClient, inspector: Known) -> None:
    """S13: a client that may ask learns what a good token allows."""
    with app.app_context():
        token = guard.issue("alice", ("write", "read"), claims={"private": 1})["access_token"]
    answer = client.post("/oauth/introspect", data={"token": token}, headers=inspector[1])
    assert answer.json is not None
    told = answer.json
    assert told["active"] is True
    assert (told["sub"], told["scope"], told["token_type"]) == ("alice", "read write", "Bearer")
    assert told["exp"] - told["iat"] == 3600
    assert "private" not in told
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_not_active_says_nothing_else(app: Flask, guard: Guard, client: FlaskClient, inspector: Known) -> None:
    """S13: expired, revoked, unknown and refresh tokens, and those of a disabled subject, are `active: false` alone."""
    with app.app_context():
        short = guard.issue("alice", lifetime=1)["access_token"]
        pair = guard.issue_with_refresh("alice")
        disabled = guard.issue("mallory")["access_token"]
        gone = guard.issue("alice")["access_token"]
        guard.revoke(app.extensions["stopper"].tokens.verify(gone))
    guard.subject_loader(lambda subject: None if subject == "mallory" else subject)
    time.sleep(1.05)
    for token in (short, gone, pair["refresh_token"], disabled, "nonsense"):
        answer = client.post("/oauth/introspect", data={"token": token}, headers=inspector[1])
        assert answer.json == {"active": False}, token[:10]
    alive = client.post("/oauth/introspect", data={"token": pair["access_token"]}, headers=inspector[1])
    assert alive.json is not None
    assert alive.json["active"]


def test_who_may_introspect(client: FlaskClient, registry: Clients, machine: Known) -> None:
    """S13: only clients that are registered for it may ask, so that nobody can try tokens out."""
    form = {"token": "nonsense"}
    phone = registry.add_public("phone", time.time())
    assert refused(client.post("/oauth/introspect", data=form), 401, "invalid_client")
    assert refused(client.post("/oauth/introspect", data={**form, "client_id": phone.id}), 401, "invalid_client")
    assert refused(client.post("/oauth/introspect", data=form, headers=machine[1]), 400, "unauthorized_client")


def test_a_store_that_is_away(app: Flask, client: FlaskClient, machine: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 80: without the store every endpoint that needs it answers 503 in the form of its protocol."""

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise StoreError("the token store failed: OperationalError")

    monkeypatch.setattr(app.extensions["stopper"].tokens, "store", Away())
    for path, form in (
        ("token", {"grant_type": "client_credentials"}),
        ("revoke", {"token": "stop_" + "0" * 43 + "_2cuAEs"}),
        ("introspect", {"token": "x"}),
    ):
        answer = client.post(f"/oauth/{path}", data=form, headers=machine[1])
        assert refused(answer, 503, "temporarily_unavailable"), path


# --------------------------------------------------------------------------- what anybody may read


def test_the_keys_are_public_parts_only(guard: Guard, tmp_path: Any) -> None:
    """G21: the key set has no private member, and a signed token verifies with it; a client can cache it."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(STOPPER_ISSUER=ISSUER, STOPPER_TOKEN_FORMAT="jwt")
    guard.init_app(app)
    app.register_blueprint(guard.endpoints("/auth"))
    answer = app.test_client().get("/auth/jwks")
    assert answer.content_type == "application/jwk-set+json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.json is not None
    (key,) = answer.json["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}


def test_no_key_is_made_where_nothing_is_signed(guard: Guard, tmp_path: Any) -> None:
    """An application without a name of its own publishes an empty set and no metadata."""
    app = Flask("shop", instance_path=str(tmp_path))
    guard.init_app(app)
    app.register_blueprint(guard.endpoints())
    client = app.test_client()
    assert client.get("/oauth/jwks").json == {"keys": []}
    assert not (tmp_path / "stopper-keys.json").exists()
    for document in ("oauth-authorization-server", "oauth-protected-resource"):
        assert client.get(f"/.well-known/{document}").status_code == 404


def test_the_metadata_of_the_server(client: FlaskClient) -> None:
    """S22 S25 S27: it names the configured issuer whatever Host says, and offers neither password nor implicit."""
    answer = client.get("/.well-known/oauth-authorization-server", base_url="https://evil.test")
    assert answer.json is not None
    told = answer.json
    assert told["issuer"] == ISSUER
    assert told["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert told["grant_types_supported"] == ["client_credentials", "refresh_token"]
    assert told["response_types_supported"] == []
    assert told["scopes_supported"] == ["read"]
    assert "evil" not in answer.text


def test_the_metadata_of_the_resource(client: FlaskClient) -> None:
    """S26: the resource is our own name, and tokens are taken in the header only."""
    told = client.get("/.well-known/oauth-protected-resource").json
    assert told == {
        "resource": ISSUER,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["read"],
    }


def test_metadata_stands_at_the_path_of_its_identifier(guard: Guard, tmp_path: Any) -> None:
    """S25: an issuer with a path has its metadata below that path only (RFC 8414 §3.1)."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["STOPPER_ISSUER"] = ISSUER + "/tenants/one"
    guard.init_app(app)
    app.register_blueprint(guard.endpoints())
    client = app.test_client()
    path = "/.well-known/oauth-authorization-server"
    assert client.get(path).status_code == 404
    assert client.get(path + "/tenants/two").status_code == 404
    told = client.get(path + "/tenants/one").json
    assert told is not None
    assert told["issuer"] == ISSUER + "/tenants/one"


# --------------------------------------------------------------------------- limits and logs


@pytest.mark.parametrize("order", ["limiter first", "blueprint first", "blueprint of two applications"])
def test_flask_limiter_limits_the_endpoints(guard: Guard, tmp_path: Any, order: str) -> None:
    """B18: wherever Flask-Limiter is set up, too many calls get 429 with Retry-After; other routes are left alone."""
    endpoints = guard.endpoints()
    apps = [Flask("shop", instance_path=str(tmp_path)) for _ in range(2 if "two" in order else 1)]
    for app in apps:
        guard.init_app(app)
        if order != "limiter first":
            app.register_blueprint(endpoints)
        Limiter(lambda: "somebody", app=app, storage_uri="memory://")
        if order == "limiter first":
            app.register_blueprint(endpoints)
    for app in apps:
        client = app.test_client()
        answers = [client.post("/oauth/token", data={"grant_type": "client_credentials"}) for _ in range(61)]
        assert [answer.status_code for answer in answers[:60]] == [401] * 60
        assert refused(answers[60], 429, "slow_down")
        assert answers[60].headers["Retry-After"] == "60"
        assert client.get("/oauth/jwks").status_code == 200
        assert client.post("/oauth/revoke", data={"token": "x"}).status_code == 200


def test_no_secret_and_no_token_in_a_log(
    app: Flask, guard: Guard, client: FlaskClient, machine: Known, caplog: pytest.LogCaptureFixture
) -> None:
    """L01: what the application logs while an endpoint is called has neither the secret nor the refresh token in it."""
    seen: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(self.format(record))

    logger = logging.getLogger("shop.own")
    logger.addHandler(Keep())

    @app.after_request
    def careless(response: Any) -> Any:
        from flask import request

        logger.error("%s %s %s", request.headers, request.form, response.get_data(as_text=True))
        return response

    with app.app_context():
        refresh = guard.issue_with_refresh("alice", client=machine[0].id)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    answer = client.post("/oauth/token", data=form, headers=machine[1]).json
    assert answer is not None
    text = "\n".join(seen)
    assert "grant_type" in text
    secret = base64.b64decode(machine[1]["Authorization"].split()[1]).decode().split(":")[1]
    for hidden in (refresh, secret, machine[1]["Authorization"].split()[1], answer["access_token"]):
        assert hidden not in text
