"""Signed tokens in an application: claims, issuers, rotation, first run, remote keys."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
import trustme
from flask import Flask

from stopper.guard import ConfigurationError, Guard
from stopper.guard.claims import PROFILES, ClaimError, Expectation, check
from stopper.guard.gate import Gate
from stopper.guard.jose import parse, sign
from stopper.guard.kept_keys import new_key
from stopper.guard.keys import RefusedKeyError
from stopper.guard.remote import RemoteKeys, RemoteKeysError, fetch
from tests.guard.conftest import MakeApp

ISSUER = "https://shop.test"
NOW = 1_800_000_000
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": "shop",
    "iat": NOW - 10,
    "exp": NOW + 600,
    "jti": "t1",
    "client_id": "web",
    "scope": "read write",
}
COMPLETE = {"jwks": "https://id.test/k", "audiences": ["shop"]}
EXPECTED = Expectation(ISSUER, frozenset(("shop",)))


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a token."""
    return {"Authorization": f"Bearer {token}"}


def test_good_claims_make_a_token() -> None:
    """V10 V12 V15 V32: claims of RFC 9068 become a token with scopes and client."""
    token = check({"typ": "at+jwt"}, {**GOOD, "shop": 7}, EXPECTED, NOW)
    assert token.subject == "alice"
    assert token.scopes == {"read", "write"}
    assert token.client == "web"
    assert token.claims == {"shop": 7, "aud": "shop"}
    assert token.audiences == {"shop"}


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_with_and_without_its_prefix(kind: str) -> None:
    """V15 V16: `typ` is compared without case and with `application/` left out or written."""
    assert check({"typ": kind}, GOOD, EXPECTED, NOW).subject == "alice"


WRONG: list[dict[str, Any]] = [
    {"iss": "https://shop.test/"},
    {"iss": "https://shop"},
    {"iss": "https://shop.test.evil.test"},
    {"iss": ["https://shop.test"]},
    {"iss": None},
    {"aud": "other"},
    {"aud": ["other", "another"]},
    {"aud": ["shop", 5]},
    {"aud": {"shop": 1}},
    {"aud": None},
    {"aud": "shop2"},
    {"exp": NOW - 31},
    {"exp": str(NOW + 600)},
    {"exp": True},
    {"exp": None},
    {"exp": float("inf")},
    {"exp": 1e300},
    {"exp": -1},
    {"exp": [NOW + 600]},
    {"exp": NOW + 4000},
    {"exp": NOW - 10},
    {"iat": NOW + 31},
    {"iat": "yesterday"},
    {"nbf": NOW + 31},
    {"nbf": "now"},
    {"sub": ""},
    {"sub": 5},
    {"sub": "a\nb"},
    {"sub": "a" * 256},
    {"jti": 5},
]


@pytest.mark.parametrize("change", WRONG, ids=repr)
def test_a_claim_that_does_not_hold_is_refused(change: dict[str, Any]) -> None:
    """V09 V10 V12 V13 V14 V30: issuer, audience, times and subject are each checked exactly."""
    with pytest.raises(ClaimError):
        check({"typ": "at+jwt"}, {**GOOD, **change}, EXPECTED, NOW)


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"])
def test_a_missing_claim_is_refused(name: str) -> None:
    """V10 V13 V15: every claim that RFC 9068 demands must be there."""
    with pytest.raises(ClaimError):
        check({"typ": "at+jwt"}, {key: value for key, value in GOOD.items() if key != name}, EXPECTED, NOW)


@pytest.mark.parametrize("kind", ["", "JWT", "jwt", "dpop+jwt", "logout+jwt", "at+jwt;x", "text/at+jwt"])
def test_other_types_of_token_are_refused(kind: str) -> None:
    """V15: ID, refresh, logout and proof tokens are no access tokens."""
    with pytest.raises(ClaimError):
        check({"typ": kind}, GOOD, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("profile", "access", "other"),
    [
        ("auth0", {"azp": "c", "scope": "read write"}, {"nonce": "n"}),
        ("keycloak", {"typ": "Bearer", "azp": "c", "scope": "read write"}, {"typ": "ID"}),
        ("keycloak", {"typ": "Bearer", "azp": "c", "scope": "read write"}, {"typ": "Refresh"}),
        ("entra", {"ver": "2.0", "scp": "read write", "azp": "c"}, {"scp": None, "ver": "2.0"}),
        ("cognito", {"token_use": "access", "client_id": "shop"}, {"token_use": "id"}),
    ],
)
def test_profiles_keep_other_tokens_out(profile: str, access: dict[str, Any], other: dict[str, Any]) -> None:
    """V15: each profile takes its issuer's access tokens and refuses its ID and refresh tokens, and says how."""
    expected = replace(EXPECTED, profile=PROFILES[profile])
    good = {**GOOD, **access}
    assert check({"typ": "JWT"}, good, expected, NOW).scopes == {"read", "write"}
    with pytest.raises(ClaimError):
        check({"typ": "JWT"}, {**good, **other}, expected, NOW)
    assert PROFILES[profile].keeps_out.endswith(".")


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """Return the application issuing signed tokens."""
    return make_app(token_format="jwt", issuer=ISSUER)


def test_signed_tokens_work_as_opaque_ones_do(app: Flask) -> None:
    """V01 V14: a signed token opens the door for its lifetime and not longer, remembered or not."""
    client = app.test_client()
    token = client.post("/login").json["access_token"]  # type: ignore[index]
    parsed = parse(token)
    assert parsed.header["typ"] == "at+jwt"
    assert client.get("/me", headers=bearer(token)).json == {"user": "alice", "shop": 7}
    assert client.get("/admin", headers=bearer(token)).status_code == 403
    with time_machine.travel(time.time() + 3600 + 31):
        assert client.get("/me", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("form", ["{}x", "x{}", "{}.", "eyJhbGciOiJub25lIn0.e30.", "a.b.c"])
def test_wrong_signed_tokens_are_401_without_detail(app: Flask, form: str) -> None:
    """V23 L07: a malformed token is 401 and its answer holds nothing of the parser's words."""
    client = app.test_client()
    token = client.post("/login").json["access_token"]  # type: ignore[index]
    answer = client.get("/me", headers=bearer(form.replace("{}", token)))
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["detail"] == "The access token is not valid."


def test_a_token_of_another_issuer_with_our_key_is_refused(app: Flask) -> None:
    """V08: the key must be that of the issuer that the token names."""
    gate = app.extensions["stopper"]
    assert isinstance(gate, Gate)
    key = next(iter(gate.tokens.keys.ring()))
    now = int(time.time())
    for issuer in ("https://other.test", 5, None):
        token = sign({**GOOD, "iss": issuer, "aud": ISSUER, "iat": now, "exp": now + 60}, key, "at+jwt")
        assert app.test_client().get("/me", headers=bearer(token)).status_code == 401


def test_rotation_signs_new_and_verifies_old(app: Flask) -> None:
    """G12 G13: after a rotation new tokens have the new key, old ones still work; retiring ends them at once."""
    client = app.test_client()
    gate = app.extensions["stopper"]
    assert isinstance(gate, Gate)
    old = client.post("/login").json["access_token"]  # type: ignore[index]
    new_id = gate.tokens.keys.rotate().id
    new = client.post("/login").json["access_token"]  # type: ignore[index]
    assert parse(new).key_id == new_id != parse(old).key_id
    assert client.get("/me", headers=bearer(old)).status_code == 200
    with pytest.raises(RefusedKeyError):
        gate.tokens.keys.retire(new_id)
    gate.tokens.keys.retire(str(parse(old).key_id))
    assert client.get("/me", headers=bearer(old)).status_code == 401
    assert client.get("/me", headers=bearer(new)).status_code == 200


def test_another_process_learns_of_a_rotation(app: Flask, make_app: MakeApp) -> None:
    """G13: a worker that has read the file a moment before takes what another one signs with a new key at once."""
    client = app.test_client()
    client.get("/me", headers=bearer(client.post("/login").json["access_token"]))  # type: ignore[index]
    other = make_app(token_format="jwt", issuer=ISSUER)
    other.extensions["stopper"].tokens.keys.rotate()
    token = other.test_client().post("/login").json["access_token"]  # type: ignore[index]
    assert client.get("/me", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("STOPPER_ISSUER", "http://shop.test"),
        ("STOPPER_ISSUER", "https://shop.test/?x=1"),
        ("STOPPER_TOKEN_FORMAT", "JWT"),
        ("STOPPER_TOKEN_FORMAT", "jwt"),
        ("STOPPER_ALGORITHM", "none"),
        ("STOPPER_LEEWAY", 500),
        ("STOPPER_AUDIENCES", "shop"),
        ("STOPPER_TRUSTED_ISSUERS", ["https://id.test"]),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"profile": "auth0"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"jwks": "http://id.test/k"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"jwks": "file:///etc/passwd"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"jwks": None}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"jwks": "https://id.test/k", "profil": "x"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"jwks": "https://id.test/k", "profile": "okta"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {"jwks": "https://id.test/k"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"": {"jwks": "https://id.test/k", "audiences": ["shop"]}}),
        ("STOPPER_TRUSTED_ISSUERS", {7: {"jwks": "https://id.test/k", "audiences": ["shop"]}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {**COMPLETE, "longest_lifetime": "day"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {**COMPLETE, "longest_lifetime": 0}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {**COMPLETE, "algorithm": "none"}}),
        ("STOPPER_TRUSTED_ISSUERS", {"https://id.test": {**COMPLETE, "algorithm": "HS256"}}),
    ],
)
def test_wrong_settings_of_signed_tokens(key: str, value: object) -> None:
    """V12: a setting that would weaken or break verification stops the application at start."""
    app = Flask("shop")
    app.config[key] = value
    with pytest.raises(ConfigurationError, match="STOPPER_"):
        Guard(app)


# --------------------------------------------------------------------------- remote issuers

REMOTE = "https://id.test/"
Answer = Callable[[BaseHTTPRequestHandler], None]


def test_tokens_of_a_trusted_issuer(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """V08 V10 V35: a remote issuer's token is taken under its profile, with its keys and our audience only."""
    key = new_key("RS256")
    source = _Source(json.dumps({"keys": [key.public()]}).encode())
    monkeypatch.setattr("stopper.guard.tokens.RemoteKeys", lambda url, algorithm: RemoteKeys(url, algorithm, source))
    trusted = {REMOTE: {"jwks": "https://id.test/keys", "profile": "keycloak"}}
    client = make_app(trusted_issuers=trusted, audiences=["shop"]).test_client()
    now = int(time.time())
    claims = {**GOOD, "iss": REMOTE, "typ": "Bearer", "iat": now, "exp": now + 300}
    assert client.get("/greeting", headers=bearer(sign(claims, key, "JWT"))).json == {"user": "alice"}
    for change in ({"typ": "ID"}, {"aud": "x"}, {"iss": ISSUER}, {"exp": now + 100_000}):
        assert client.get("/greeting", headers=bearer(sign({**claims, **change}, key, "JWT"))).status_code == 401
    forged = sign(claims, new_key("RS256"), "JWT")
    assert client.get("/greeting", headers=bearer(forged)).status_code == 401


@pytest.mark.parametrize("url", ["http://id.test/k", "file:///etc/passwd", "https:///k", "https://u:p@id.test/k"])
def test_key_sets_come_over_https_only(url: str) -> None:
    """V35: no other scheme, no credentials in the address."""
    with pytest.raises(ConfigurationError):
        RemoteKeys(url, "RS256")


class _Source:
    """A fetcher that counts and can fail."""

    def __init__(self, answer: bytes) -> None:
        self.answer: bytes | Exception = answer
        self.asked = 0

    def __call__(self, url: str) -> bytes:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_unknown_ids_do_not_flood_the_issuer() -> None:
    """V36: five hundred unknown key ids cause no second fetch."""
    key = new_key("ES256")
    source = _Source(json.dumps({"keys": [key.public()]}).encode())
    keys = RemoteKeys("https://id.test/keys", "RS256", source)
    assert keys.find(key.id) is not None
    assert all(keys.find(f"unknown{number}") is None for number in range(500))
    assert source.asked == 1


def test_the_last_good_set_outlives_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """V35 V36: what happens after 31 seconds, after an hour, in an outage and before anything was fetched."""
    now = [1000.0]
    monkeypatch.setattr("stopper.guard.remote.time.monotonic", lambda: now[0])
    key = new_key("ES256")
    source = _Source(json.dumps({"keys": [key.public()]}).encode())
    keys = RemoteKeys("https://id.test/keys", "RS256", source)
    assert keys.find(key.id) is not None
    now[0] += 31
    assert keys.find("unknown") is None
    assert source.asked == 2
    source.answer = OSError("away")
    now[0] += 3601
    assert keys.find(key.id) is not None
    assert source.asked == 3
    assert keys.find(key.id) is not None
    assert source.asked == 3
    fresh = RemoteKeys("https://id.test/keys", "RS256", source)
    with pytest.raises(RemoteKeysError):
        fresh.find(key.id)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b'{"keys": 5}',
        b"[]",
        json.dumps({"keys": [{"kty": "oct", "k": "A" * 43, "alg": "HS256"}]}).encode(),
        json.dumps({"keys": [{**new_key("ES256").public(), "d": "AAAA"}]}).encode(),
    ],
)
def test_a_bad_set_is_no_set(answer: bytes) -> None:
    """V35 G21: a set that is none, or that holds what nobody publishes, is not used."""
    with pytest.raises(RemoteKeysError):
        RemoteKeys("https://id.test/keys", "RS256", _Source(answer)).find("x")


@pytest.fixture
def https_server(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[Callable[[BaseHTTPRequestHandler], None]], str]]:
    """Run a TLS server on loopback that a private authority vouches for; give its address for a handler."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr("stopper.guard.remote.ssl.create_default_context", lambda: trusting)
    servers: list[HTTPServer] = []

    def serve(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"https://localhost:{server.server_address[1]}/keys"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def _answer(status: int, body: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(body)

    return answer


def test_fetching_over_tls(https_server: Any) -> None:
    """V35 T10 L16: a good answer is returned; redirects and errors are not followed or taken, floods not read."""
    assert fetch(https_server(_answer(200, b"{}"))) == b"{}"
    for bad in (
        _answer(302, b"", Location="https://localhost/"),
        _answer(500, b""),
        _answer(200, b"x" * 1_000_000),
    ):
        with pytest.raises(OSError):
            fetch(https_server(bad))


def test_a_certificate_of_nobody_is_refused(https_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """T10: the server's certificate is checked."""
    url = https_server(_answer(200, b"{}"))
    monkeypatch.undo()
    with pytest.raises(OSError):
        fetch(url)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_given_up(https_server: Any, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """L17: an answer that comes byte by byte ends at the deadline, in its headers as in its body."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: " if part == "headers" else b"HTTP/1.0 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(60):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)

    url = https_server(drip)
    monkeypatch.setattr("stopper.guard.remote.FETCH_SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(OSError):
        fetch(url)
    assert time.monotonic() - start < 3
