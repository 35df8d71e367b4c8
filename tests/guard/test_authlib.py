"""The guard's tokens in Authlib: the example's flow end to end, and every error as Authlib's own tokens have it."""

from __future__ import annotations

import importlib.util
import logging
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from stopper.guard import Guard, Token, audit, authlib
from stopper.guard.store import StoreError

EXAMPLE = Path(__file__).parents[2] / "examples" / "authlib_server" / "server.py"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123456789"
CALLBACK = "https://app.test/callback"
PUBLIC, SHOP, OTHER = "client-00000000000000a1", "client-00000000000000b2", "client-00000000000000c3"


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """Import the example's module."""
    specification = importlib.util.spec_from_file_location("authlib_server", EXAMPLE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "authlib_server", module)  # where its dataclasses look for it
        specification.loader.exec_module(module)
        yield module


@dataclass
class Caller:
    """Alice's browser and the clients, before one server."""

    app: Flask
    http: FlaskClient

    def authorize(
        self, client: str = PUBLIC, scope: str = "orders", answer: str = "yes", **changes: str | None
    ) -> TestResponse:
        """Ask for a code and press "Allow", or another button."""
        asked = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "xyz",
            "code_challenge": create_s256_code_challenge(VERIFIER),
            "code_challenge_method": "S256",
        } | changes
        query = {name: value for name, value in asked.items() if value is not None}
        return self.http.post("/authorize", query_string=query, data={"allow": answer})

    def code(self, client: str = PUBLIC, scope: str = "orders") -> str:
        """Return a fresh code."""
        return parse_qs(urlsplit(self.authorize(client, scope).headers["Location"]).query)["code"][0]

    def token(self, client: str = PUBLIC, **changes: str | None) -> TestResponse:
        """Ask the token endpoint, with a code unless another grant is named."""
        asked = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | changes
        return self.ask("/token", client, **asked)

    def ask(self, path: str, client: str = PUBLIC, **form: str | None) -> TestResponse:
        """Ask an endpoint as a client: by its name, or with its secret where it has one."""
        data = {name: value for name, value in form.items() if value is not None}
        if client == PUBLIC:
            return self.http.post(path, data=data | {"client_id": client})
        return self.http.post(path, data=data, auth=(client, f"secret of {client}"))

    def pair(self, client: str = PUBLIC, scope: str = "orders") -> dict[str, Any]:
        """Return the answer to a code."""
        answer = self.token(client, code=self.code(client, scope)).json
        assert answer is not None
        return answer

    def get(self, path: str, token: str) -> TestResponse:
        """Ask for a resource, as if the revocation lag had passed."""
        self.app.extensions["stopper"].tokens.feed.read_at = -1e9
        return self.http.get(path, headers={"Authorization": f"Bearer {token}"})


def _caller(example: ModuleType, app: Flask) -> Caller:
    """Add two confidential clients and log Alice in."""
    app.secret_key = "only for this test"
    clients = app.extensions["accounts"].clients
    for client_id, granted in ((SHOP, ("authorization_code", "refresh_token", "client_credentials")), (OTHER, ())):
        secret = example.digest(f"secret of {client_id}")
        clients[client_id] = example.Client(
            client_id, (CALLBACK,), ("orders", "stock"), granted or ("refresh_token",), secret, client_id == SHOP
        )
    caller = Caller(app, app.test_client())
    assert caller.http.post("/login", data={"name": "alice", "password": "correct horse"}).status_code == 204
    return caller


@pytest.fixture(scope="module")
def shop(example: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Caller:
    """The example."""
    app = example.create_app(str(tmp_path_factory.mktemp("shop")))
    app.config["STOPPER_REFRESH_GRACE"] = 0
    return _caller(example, app)


# --------------------------------------------------------------------------- the flow, end to end


def test_the_flow_from_code_to_revocation(shop: Caller) -> None:
    """A public client gets a code with PKCE, exchanges it, calls, refreshes and revokes; then nothing works."""
    page = shop.http.get(
        "/authorize",
        query_string={
            "response_type": "code",
            "client_id": PUBLIC,
            "redirect_uri": CALLBACK,
            "scope": "orders stock",
            "code_challenge": create_s256_code_challenge(VERIFIER),
            "code_challenge_method": "S256",
        },
    )
    assert "asks for orders stock" in page.text
    answer = shop.authorize(scope="orders stock")
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert answer.headers["Location"].endswith("&state=xyz")
    issued = shop.token(code=parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0])
    assert issued.headers["Cache-Control"] == "no-store"
    first = issued.json
    assert first is not None
    assert {name: first[name] for name in first if "token" not in name} == {
        "expires_in": 3600,
        "scope": "orders stock",
    }
    assert first["token_type"] == "Bearer"
    assert shop.get("/orders", first["access_token"]).json == {"user": "alice"}
    assert shop.get("/stock", first["access_token"]).json == {"user": "alice"}

    second = shop.token(grant_type="refresh_token", refresh_token=first["refresh_token"], scope="orders").json
    assert second is not None
    assert second["scope"] == "orders"
    assert second["refresh_token"] != first["refresh_token"]
    assert shop.get("/orders", second["access_token"]).status_code == 200
    assert shop.get("/stock", second["access_token"]).status_code == 403

    assert shop.ask("/revoke", token=second["refresh_token"]).status_code == 200
    for token in (first["access_token"], second["access_token"]):
        assert shop.get("/orders", token).status_code == 401
    assert _error(shop.token(grant_type="refresh_token", refresh_token=second["refresh_token"])) == "invalid_grant"


def _error(answer: TestResponse) -> str:
    assert answer.status_code in (400, 401)
    error: str = answer.json["error"]  # type: ignore[index]
    return error


def test_codes_and_refresh_tokens_work_once(shop: Caller) -> None:
    """A code that comes again ends what it gave, and a refresh token that does ends its family."""
    code = shop.code()
    stolen = shop.token(code=code).json
    assert stolen is not None
    assert _error(shop.token(code=code)) == "invalid_grant"
    pair = shop.pair()
    renewed = shop.token(grant_type="refresh_token", refresh_token=pair["refresh_token"]).json
    assert renewed is not None
    assert _error(shop.token(grant_type="refresh_token", refresh_token=pair["refresh_token"])) == "invalid_grant"
    for answer in (stolen, renewed):
        assert shop.get("/orders", answer["access_token"]).status_code == 401
        again = shop.token(grant_type="refresh_token", refresh_token=answer["refresh_token"])
        assert _error(again) == "invalid_grant"


def test_a_client_gets_a_token_of_its_own(shop: Caller) -> None:
    """Client credentials give the client's own token without a refresh token, and introspection tells what it is."""
    answer = shop.ask("/token", SHOP, grant_type="client_credentials", scope="stock").json
    assert answer is not None
    assert "refresh_token" not in answer
    told = shop.ask("/introspect", SHOP, token=answer["access_token"]).json
    assert told is not None
    assert (told["active"], told["sub"], told["client_id"], told["scope"]) == (True, SHOP, SHOP, "stock")
    pair = shop.pair()
    assert shop.ask("/introspect", OTHER, token=pair["access_token"]).json == {"active": False}
    assert shop.ask("/introspect", SHOP, token=pair["refresh_token"]).json == {"active": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    ],
    ids=["no challenge", "no method", "plain"],
)
@pytest.mark.parametrize("client", [PUBLIC, SHOP])
def test_a_code_needs_pkce_with_s256(shop: Caller, client: str, changes: dict[str, str | None]) -> None:
    """S21: no code without a challenge by S256, for a confidential client either."""
    answer = shop.authorize(client, **changes)
    told = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert told["error"] == ["invalid_request"]
    assert "code" not in told


def test_nothing_is_kept_or_logged_in_clear(shop: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """The database of the guard has no token, no secret and no code, and neither has Authlib's debugging log."""
    written: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("authlib")
    logger.addHandler(handler)
    caplog.set_level(logging.DEBUG, "authlib")
    try:
        pair = shop.pair(SHOP)
    finally:
        logger.removeHandler(handler)
    assert any("Issue token" in line for line in written)
    database = sqlite3.connect(Path(shop.app.instance_path) / "stopper.db")
    kept = "\n".join(database.iterdump())
    database.close()
    for credential in (pair["access_token"], pair["refresh_token"], f"secret of {SHOP}"):
        assert credential not in kept
        assert credential not in "\n".join(written)


def test_refusals_are_told_to_the_audit(shop: Caller) -> None:
    """What Authlib refuses of tokens is in the audit: unknown, too narrow, another client's."""
    events: list[audit.Event] = []

    def keep(app: Flask, event: audit.Event) -> None:
        events.append(event)

    pair = shop.pair(scope="stock")
    with audit.happened.connected_to(keep, shop.app):
        shop.get("/orders", "unheard-of")
        shop.get("/orders", pair["access_token"])
        shop.ask("/token", SHOP, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert [event.kind for event in events] == [audit.Kind.REFUSED] * 3
    assert [event.reason for event in events] == [
        "not a token of this API",
        "The token does not reach so far.",
        "refresh token of another client",
    ]
    assert [event.subject for event in events] == ["", "alice", "alice"]


def test_plain_http_stays_refused(shop: Caller) -> None:
    """HTTPS is demanded of Authlib's views as of any other."""
    assert shop.http.get("/orders", base_url="http://shop.test").status_code == 403


def test_a_bound_token_is_no_bearer_token(shop: Caller) -> None:
    """S19: a token that is bound to its sender's key is refused under Authlib's protector, which knows no proofs."""
    now = time.time()
    with shop.app.app_context():
        tokens = shop.app.extensions["stopper"].tokens
        scopes, bound_to = frozenset(("orders",)), {"cnf": {"jkt": "thumbprint"}}
        bound, _ = tokens.issue(Token("", "alice", scopes, now, now + 60, claims=bound_to))
        free, _ = tokens.issue(Token("", "alice", scopes, now, now + 60))
    assert shop.get("/orders", free).status_code == 200
    assert _error(shop.get("/orders", bound)) == "invalid_token"


def test_whom_the_subject_loader_refuses_is_out(example: ModuleType, tmp_path: Path) -> None:
    """A user who is disabled has no good token, no introspection and no refresh any more."""
    app = example.create_app(str(tmp_path))
    caller = _caller(example, app)
    pair = caller.pair()
    gate = app.extensions["stopper"]
    gate.loaders[""] = lambda subject: subject if subject == SHOP else None
    assert _error(caller.get("/orders", pair["access_token"])) == "invalid_token"
    assert caller.ask("/introspect", SHOP, token=pair["access_token"]).json == {"active": False}
    renewed = caller.token(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert _error(renewed) == "invalid_grant"


def test_a_token_of_another_issuer_is_not_ended_here(shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a trusted issuer gave a client of the same name is none of ours, whoever wants it revoked."""
    now = time.time()
    foreign = Token("id", "alice", frozenset(), now, now + 60, issuer="https://id.test/", client=PUBLIC)
    monkeypatch.setattr("stopper.guard.endpoints.found", lambda gate, credential: foreign)
    events: list[audit.Event] = []

    def keep(app: Flask, event: audit.Event) -> None:
        events.append(event)

    with audit.happened.connected_to(keep, shop.app):
        assert shop.ask("/revoke", token="anything").status_code == 200
    assert events == []


def test_nobody_may_ask_about_tokens_unless_the_application_says_so() -> None:
    """An introspection endpoint without a rule of its own tells nobody anything."""
    now = time.time()
    token = authlib.IssuedToken(Token("id", "alice", frozenset(), now, now + 60, client=PUBLIC))
    assert not authlib.IntrospectionEndpoint().check_permission(token, object(), object())


@pytest.mark.parametrize("path", ["/orders", "/introspect", "/revoke"])
def test_no_token_is_taken_while_the_store_is_away(shop: Caller, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tokens cannot be looked up, the answer is 503 and not that they are wrong."""
    pair = shop.pair()

    def fail(*arguments: object) -> object:
        raise StoreError("the store is away")

    for method in ("find", "find_refresh"):
        monkeypatch.setattr(type(shop.app.extensions["stopper"].tokens.store), method, fail)
    form = {"token": pair["access_token"]}
    answer = shop.get(path, pair["access_token"]) if path == "/orders" else shop.ask(path, SHOP, **form)
    assert answer.status_code == 503


# --------------------------------------------------------------------------- errors as Authlib's own tokens have them


@dataclass
class Row(TokenMixin):
    """A token as Authlib's documentation keeps one."""

    access_token: str
    refresh_token: str
    client_id: str
    user: Any
    scope: str
    revoked: bool = False
    expires_at: float = field(default_factory=lambda: time.time() + 3600)

    def check_client(self, client: Any) -> bool:
        return bool(self.client_id == client.id)

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return self.expires_at <= time.time()

    def is_revoked(self) -> bool:
        return self.revoked


class Rows:
    """A server of Authlib's own, without the guard's tokens: as its documentation builds one."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def save(self, token: dict[str, Any], request: Any) -> None:
        refresh = token.get("refresh_token", "")
        self._rows.append(Row(token["access_token"], refresh, request.client.id, request.user, token.get("scope", "")))

    def find(self, credential: str) -> Row | None:
        return next((row for row in self._rows if credential in (row.access_token, row.refresh_token)), None)

    def parts(self, server: AuthorizationServer) -> ResourceProtector:
        """Register all that the bridge replaces, and return the protector."""
        rows = self

        class Refresh(grants.RefreshTokenGrant):  # type: ignore[misc]
            INCLUDE_NEW_REFRESH_TOKEN = True
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

            def authenticate_refresh_token(self, refresh_token: str) -> Row | None:
                row = rows.find(refresh_token)
                return row if row and not row.revoked else None

            def authenticate_user(self, refresh_token: Row) -> Any:
                return refresh_token.user

            def revoke_old_credential(self, refresh_token: Row) -> None:
                refresh_token.revoked = True

        class Revocation(RevocationEndpoint):  # type: ignore[misc]
            CLIENT_AUTH_METHODS = ("client_secret_basic", "none")

            def query_token(self, token_string: str, token_type_hint: str | None) -> Row | None:
                return rows.find(token_string)

            def revoke_token(self, token: Row, request: Any) -> None:
                token.revoked = True

        class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
            def query_token(self, token_string: str, token_type_hint: str | None) -> Row | None:
                return rows.find(token_string)

            def check_permission(self, token: Row, client: Any, request: Any) -> bool:
                return bool(client.introspects)

            def introspect_token(self, token: Row) -> dict[str, Any]:
                return {"active": True}

        class Validator(BearerTokenValidator):  # type: ignore[misc]
            def authenticate_token(self, token_string: str) -> Row | None:
                return rows.find(token_string)

        server.register_token_generator("default", BearerTokenGenerator(_random, _random))
        server.register_grant(Refresh)
        server.register_endpoint(Revocation)
        server.register_endpoint(Introspection)
        protector = ResourceProtector()
        protector.register_token_validator(Validator())
        return protector


def _random(**about: Any) -> str:
    return f"random{time.perf_counter_ns()}"


@pytest.fixture(scope="module")
def plain(example: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Caller:
    """The same server with tokens of Authlib's own."""
    app = Flask("plain", instance_path=str(tmp_path_factory.mktemp("plain")))
    app.config["OAUTH2_SCOPES_SUPPORTED"] = ["orders", "stock"]
    guard, accounts, rows = Guard(app), example.Accounts(), Rows()
    accounts.add_user("alice", "correct horse")
    accounts.clients[PUBLIC] = example.Client(PUBLIC, (CALLBACK,), ("orders", "stock"))
    server = AuthorizationServer(app, accounts.clients.get, rows.save)
    server.register_grant(example.code_grant(accounts, guard), [authlib.CodeChallenge()])
    server.register_grant(grants.ClientCredentialsGrant)
    example.add_views(app, guard, accounts, server, rows.parts(server))
    app.extensions["accounts"] = accounts
    return _caller(example, app)


def _another_redirect(caller: Caller) -> TestResponse:
    return caller.token(code=caller.code(), redirect_uri="https://app.test/other")


def _used_refresh_token(caller: Caller) -> TestResponse:
    form = {"grant_type": "refresh_token", "refresh_token": caller.pair()["refresh_token"]}
    assert caller.token(**form).status_code == 200
    return caller.token(**form)


def _revoked(caller: Caller) -> TestResponse:
    pair = caller.pair()
    assert caller.ask("/revoke", token=pair["access_token"]).status_code == 200
    return caller.get("/orders", pair["access_token"])


def _code_again(caller: Caller) -> TestResponse:
    code = caller.code()
    assert caller.token(code=code).status_code == 200
    return caller.token(code=code)


def _code_too_late(caller: Caller) -> TestResponse:
    code = caller.code()
    with time_machine.travel(time.time() + 61, tick=False):
        return caller.token(code=code)


def _refresh_after_revocation(caller: Caller) -> TestResponse:
    pair = caller.pair()
    assert caller.ask("/revoke", token=pair["refresh_token"]).status_code == 200
    return caller.token(grant_type="refresh_token", refresh_token=pair["refresh_token"])


def _expired(caller: Caller) -> TestResponse:
    pair = caller.pair()
    with time_machine.travel(time.time() + 3601, tick=False):
        return caller.get("/orders", pair["access_token"])


ERRORS: dict[str, Callable[[Caller], TestResponse]] = {
    "code used again": _code_again,
    "expired code": _code_too_late,
    "no redirect": lambda caller: caller.token(code=caller.code(), redirect_uri=None),
    "short verifier": lambda caller: caller.token(code=caller.code(), code_verifier=VERIFIER[:42]),
    "verifier of other characters": lambda caller: caller.token(code=caller.code(), code_verifier="\u00fc" * 43),
    "no challenge": lambda caller: caller.authorize(code_challenge=None, code_challenge_method=None),
    "no method of a challenge": lambda caller: caller.authorize(code_challenge_method=None),
    "malformed challenge": lambda caller: caller.authorize(code_challenge="short"),
    "unknown scope": lambda caller: caller.authorize(scope="everything"),
    "the user says no": lambda caller: caller.authorize(answer="no"),
    "no client of a code": lambda caller: caller.http.post("/authorize", query_string={"response_type": "code"}),
    "scope of no client": lambda caller: caller.token(SHOP, grant_type="client_credentials", scope="everything"),
    "client credentials of a public client": lambda caller: caller.token(grant_type="client_credentials"),
    "revoked refresh token": _refresh_after_revocation,
    "expired token": _expired,
    "unknown client": lambda caller: caller.http.post("/token", data={"grant_type": "client_credentials"}),
    "wrong secret": lambda caller: caller.http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=(SHOP, "wrong")
    ),
    "unknown grant": lambda caller: caller.token(grant_type="password"),
    "grant not allowed": lambda caller: caller.token(OTHER, code="any"),
    "no code": lambda caller: caller.token(),
    "unknown code": lambda caller: caller.token(code="unheard-of"),
    "code of another client": lambda caller: caller.token(SHOP, code=caller.code()),
    "another redirect": _another_redirect,
    "no verifier": lambda caller: caller.token(code=caller.code(), code_verifier=None),
    "wrong verifier": lambda caller: caller.token(code=caller.code(), code_verifier=VERIFIER[::-1]),
    "no refresh token": lambda caller: caller.token(grant_type="refresh_token"),
    "unknown refresh token": lambda caller: caller.token(grant_type="refresh_token", refresh_token="unheard-of"),
    "refresh token of another client": lambda caller: caller.token(
        SHOP, grant_type="refresh_token", refresh_token=caller.pair()["refresh_token"]
    ),
    "used refresh token": _used_refresh_token,
    "more scopes than before": lambda caller: caller.token(
        grant_type="refresh_token", refresh_token=caller.pair()["refresh_token"], scope="orders stock"
    ),
    "unknown response type": lambda caller: caller.authorize(response_type="token"),
    "unknown client of a code": lambda caller: caller.authorize("client-ffffffffffffffff"),
    "unregistered redirect": lambda caller: caller.authorize(redirect_uri="https://app.test/callback/"),
    "plain challenge": lambda caller: caller.authorize(code_challenge_method="plain"),
    "revoke nothing": lambda caller: caller.ask("/revoke"),
    "revoke with an unknown hint": lambda caller: caller.ask("/revoke", token="t", token_type_hint="id_token"),
    "revoke what is unknown": lambda caller: caller.ask("/revoke", token="unheard-of"),
    "revoke a token of another client": lambda caller: caller.ask("/revoke", SHOP, token=caller.pair()["access_token"]),
    "introspect nothing": lambda caller: caller.ask("/introspect", SHOP),
    "introspect what is unknown": lambda caller: caller.ask("/introspect", SHOP, token="unheard-of"),
    "introspect without a secret": lambda caller: caller.ask("/introspect", token="any"),
    "introspect without permission": lambda caller: caller.ask(
        "/introspect", OTHER, token=caller.pair()["access_token"]
    ),
    "no token": lambda caller: caller.http.get("/orders"),
    "another scheme": lambda caller: caller.http.get("/orders", auth=("alice", "correct horse")),
    "scheme alone": lambda caller: caller.http.get("/orders", headers={"Authorization": "Bearer"}),
    "malformed token": lambda caller: caller.get("/orders", "two words"),
    "token not of ASCII": lambda caller: caller.get("/orders", "t\u00f6ken"),
    "unknown token": lambda caller: caller.get("/orders", "unheard-of"),
    "too narrow a token": lambda caller: caller.get("/orders", caller.pair(scope="stock")["access_token"]),
    "revoked token": _revoked,
}


# What clients are told by the standards (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2, RFC 7636 §4.4.1,
# §4.6, RFC 7662 §2.2), and Authlib's documentation where they leave it open: an unknown hint, no credentials.
PUBLISHED: dict[str, tuple[int, str]] = {
    "code used again": (400, "invalid_grant"),
    "expired code": (400, "invalid_grant"),
    "no redirect": (400, "invalid_grant"),
    "short verifier": (400, "invalid_request"),
    "verifier of other characters": (400, "invalid_request"),
    "no challenge": (302, "invalid_request"),
    "no method of a challenge": (302, "invalid_request"),
    "malformed challenge": (302, "invalid_request"),
    "unknown scope": (302, "invalid_scope"),
    "the user says no": (302, "access_denied"),
    "no client of a code": (400, "invalid_client"),
    "scope of no client": (400, "invalid_scope"),
    "client credentials of a public client": (401, "invalid_client"),
    "revoked refresh token": (400, "invalid_grant"),
    "expired token": (401, "invalid_token"),
    "unknown client": (401, "invalid_client"),
    "wrong secret": (401, "invalid_client"),
    "unknown grant": (400, "unsupported_grant_type"),
    "grant not allowed": (400, "unauthorized_client"),
    "no code": (400, "invalid_request"),
    "unknown code": (400, "invalid_grant"),
    "code of another client": (400, "invalid_grant"),
    "another redirect": (400, "invalid_grant"),
    "no verifier": (400, "invalid_request"),
    "wrong verifier": (400, "invalid_grant"),
    "no refresh token": (400, "invalid_request"),
    "unknown refresh token": (400, "invalid_grant"),
    "refresh token of another client": (400, "invalid_grant"),
    "used refresh token": (400, "invalid_grant"),
    "more scopes than before": (400, "invalid_scope"),
    "unknown response type": (302, "unsupported_response_type"),
    "unknown client of a code": (400, "invalid_client"),
    "unregistered redirect": (400, "invalid_request"),
    "plain challenge": (302, "invalid_request"),
    "revoke nothing": (400, "invalid_request"),
    "revoke with an unknown hint": (401, "unsupported_token_type"),
    "revoke what is unknown": (200, ""),
    "revoke a token of another client": (400, "invalid_grant"),
    "introspect nothing": (400, "invalid_request"),
    "introspect what is unknown": (200, ""),
    "introspect without a secret": (401, "invalid_client"),
    "introspect without permission": (200, ""),
    "no token": (401, "missing_authorization"),
    "another scheme": (401, "unsupported_token_type"),
    "scheme alone": (401, "unsupported_token_type"),
    "malformed token": (401, "invalid_token"),
    "token not of ASCII": (401, "invalid_token"),
    "unknown token": (401, "invalid_token"),
    "too narrow a token": (403, "insufficient_scope"),
    "revoked token": (401, "invalid_token"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_as_authlib_publishes_it(error: str, shop: Caller, plain: Caller) -> None:
    """Each error has its published status and code, and all else of it is as where Authlib's own tokens are at work."""
    ours, theirs = (ERRORS[error](caller) for caller in (shop, plain))
    assert _told(ours) == _told(theirs)
    query = parse_qs(urlsplit(ours.headers.get("Location", "")).query)
    told = query["error"][0] if "error" in query else (ours.get_json(silent=True) or {}).get("error", "")
    assert (ours.status_code, told) == PUBLISHED[error]
    assert "code" not in query
    assert "access_token" not in ours.text


def test_an_answer_has_the_form_of_authlibs_own(shop: Caller, plain: Caller) -> None:
    """Whoever gets tokens finds the same members and headers, with and without a scope, and a working refresh."""
    for scope in ("orders", ""):
        ours, theirs = (caller.token(code=caller.code(scope=scope)) for caller in (shop, plain))
        assert sorted(ours.json or ()) == sorted(theirs.json or ())
        names = ("Content-Type", "Cache-Control", "Pragma")
        assert [ours.headers.get(name) for name in names] == [theirs.headers.get(name) for name in names]


def _told(answer: TestResponse) -> tuple[object, ...]:
    names = ("WWW-Authenticate", "Location", "Content-Type", "Cache-Control")
    return answer.status_code, answer.get_json(silent=True), *(answer.headers.get(name) for name in names)
