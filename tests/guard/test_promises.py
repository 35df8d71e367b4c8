"""Promises that no single module of the guard keeps alone."""

from __future__ import annotations

import ast
import base64
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, make_response
from flask.testing import FlaskClient

from stopper.guard import ConfigurationError, Guard, opaque
from stopper.guard.claims import ClaimError, Expectation, check
from stopper.guard.jose import JoseError, json_object, parse, sign, verified
from stopper.guard.kept_keys import new_key
from stopper.guard.keys import RefusedKeyError, from_jwk
from stopper.guard.remote import RemoteKeys, RemoteKeysError
from stopper.guard.settings import Settings
from tests.guard.conftest import MakeApp

SOURCE = Path(__file__).parents[2] / "src" / "stopper"
ISSUER = "https://shop.test"


def bearer(token: str) -> dict[str, str]:
    """Return the headers that present a token."""
    return {"Authorization": f"Bearer {token}"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules of the guard."""
    for path in (SOURCE / "guard").rglob("*.py"):
        yield path.name, ast.parse(path.read_text())


# --------------------------------------------------------------------------- answers


def test_a_cache_keeps_answers_apart_by_credential(app: Flask) -> None:
    """B09: an answer that depends on the credential is not stored or says that it varies by Authorization."""
    client = app.test_client()

    def chosen() -> Any:
        answer = make_response("mine")
        answer.headers["Cache-Control"] = "public, max-age=60"
        return answer

    app.add_url_rule("/chosen", view_func=Guard().require("read")(chosen))
    token = client.post("/login").get_json()["access_token"]
    assert client.get("/me", headers=bearer(token)).headers["Cache-Control"] == "no-store"
    assert client.get("/greeting", headers=bearer(token)).headers["Cache-Control"] == "no-store"
    assert "Authorization" in client.get("/greeting").headers["Vary"]
    assert "Authorization" in client.get("/chosen", headers=bearer(token)).headers["Vary"]
    assert "Vary" not in client.get("/health").headers


def test_the_guard_sets_and_reads_no_cookie(app: Flask, client: FlaskClient, token: str) -> None:
    """B12: no answer sets a cookie, and a token in a cookie is no token."""
    for answer in (client.post("/login"), client.get("/me", headers=bearer(token)), client.get("/me")):
        assert "Set-Cookie" not in answer.headers
    for name in ("access_token", "token", "Authorization", "__Host-token", "access_token_cookie"):
        client.set_cookie(name, token, domain="localhost", secure=True)
    assert client.get("/me").status_code == 401


def test_the_guard_opens_nothing_to_other_origins(client: FlaskClient, token: str) -> None:
    """B13: no answer of the guard lets another origin read it, neither a token's, a refusal's nor a preflight's."""
    origin = {"Origin": "https://evil.test", "Access-Control-Request-Method": "GET"}
    for answer in (
        client.post("/login", headers=origin),
        client.get("/me", headers=origin),
        client.get("/me", headers=origin | bearer(token)),
        client.options("/me", headers=origin),
    ):
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_no_token_is_ever_put_into_an_address(client: FlaskClient, token: str) -> None:
    """B15 T17: no answer of the guard redirects, so that no token comes into a Location, nor names a clear address."""
    for answer in (
        client.post("/login"),
        client.post("/login", base_url="http://localhost"),
        client.get("/me", headers=bearer(token)),
        client.get(f"/me?access_token={token}"),
        client.get("/me", headers=bearer(token), base_url="http://localhost"),
    ):
        assert "Location" not in answer.headers
        assert "http://" not in answer.text


def test_every_answer_of_the_guard_says_what_it_is(client: FlaskClient, token: str) -> None:
    """T15: refusals are application/problem+json and tokens application/json, both UTF-8 by definition (RFC 8259)."""
    refusals = [
        client.get("/me"),
        client.get("/me", headers=bearer("wrong")),
        client.get("/admin", headers=bearer(token)),
        client.get("/me?access_token=x"),
        client.get("/me", base_url="http://localhost"),
    ]
    assert {answer.content_type for answer in refusals} == {"application/problem+json"}
    assert all(json.loads(answer.data.decode("utf-8"))["status"] == answer.status_code for answer in refusals)
    assert client.post("/login").content_type == "application/json"


# --------------------------------------------------------------------------- tokens and keys


def test_forked_processes_make_different_tokens() -> None:
    """G03, fault 83: four processes forked from one that has made tokens already make four thousand different ones."""
    opaque.generate("stop")
    made: list[str] = []
    for _ in range(4):
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(writable, "w") as out:
                out.write("\n".join(opaque.generate("stop") for _ in range(1000)))
            os._exit(0)
        os.close(writable)
        with os.fdopen(readable) as lines:
            made += lines.read().splitlines()
        os.waitpid(child, 0)
    assert len(made) == len(set(made)) == 4000


@pytest.mark.parametrize("password", ["correct horse battery staple", "hunter2", "change-me", ""])
def test_a_password_is_no_key(password: str) -> None:
    """G06: no setting takes a text as an HMAC key, and a password is refused as a key and for the key file."""
    assert not [field.name for field in fields(Settings) if "hmac" in field.name or field.name == "secret_key"]
    encoded = base64.urlsafe_b64encode(password.encode()).rstrip(b"=").decode()
    with pytest.raises(RefusedKeyError):
        from_jwk({"kty": "oct", "k": encoded, "alg": "HS256"})
    app = Flask("shop")
    app.config.update(STOPPER_KEY_ENCRYPTION_KEY=password or " ", STOPPER_TOKEN_FORMAT="jwt", STOPPER_ISSUER=ISSUER)
    with pytest.raises(ConfigurationError), app.app_context():
        Guard(app).issue("alice")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("known", ["secret", "dev", "change-me", "your-256-bit-secret", "a" * 32])
def test_the_application_s_secret_key_signs_nothing(make_app: MakeApp, known: str) -> None:
    """G07: our keys are random and not made from SECRET_KEY, so that a known one forges no token of either format."""
    import jwt

    now = int(time.time())
    claims = {"iss": ISSUER, "aud": ISSUER, "sub": "admin", "client_id": "c", "jti": "j", "scope": "read"}
    forged = jwt.encode({**claims, "iat": now, "exp": now + 60}, known, "HS256", {"typ": "at+jwt"})
    for settings in ({}, {"token_format": "jwt", "issuer": ISSUER, "algorithm": "HS256"}):
        app = make_app(**settings)
        app.config["SECRET_KEY"] = known
        assert app.test_client().get("/me", headers=bearer(forged)).status_code == 401


def test_without_the_variable_an_encrypted_key_file_stays_shut(make_app: MakeApp, monkeypatch: Any) -> None:
    """G15: where the key of the key file is not set there is no default, and the application does not start."""
    signing = {"token_format": "jwt", "issuer": ISSUER}
    monkeypatch.setenv("STOPPER_KEY_ENCRYPTION_KEY", base64.urlsafe_b64encode(os.urandom(32)).decode())
    assert make_app(**signing).test_client().post("/login").status_code == 200
    monkeypatch.delenv("STOPPER_KEY_ENCRYPTION_KEY")
    with pytest.raises(ConfigurationError, match="STOPPER_KEY_ENCRYPTION_KEY"):
        make_app(**signing)


def test_no_two_ecdsa_signatures_share_a_nonce() -> None:
    """G18: two hundred signatures by one key have two hundred different first halves."""
    key = new_key("ES256")
    nonces = {parse(sign({"sub": str(number)}, key, "at+jwt")).signature[:32] for number in range(200)}
    assert len(nonces) == 200


def test_only_current_hashes_are_used() -> None:
    """G19: neither MD5 nor SHA-1 is named anywhere in the guard."""
    for name, tree in trees():
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not {"md5", "sha1", "MD5", "SHA1"} & named, name


def test_nothing_secret_is_compared_byte_by_byte() -> None:
    """V34: no `==` compares a digest, signature, secret or credential: they are looked up or compared safely."""
    risky = ("digest", "signature", "secret", "credential", "pepper", "password")
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                shown = [side for side in sides if side.rpartition(".")[2].lower() in risky]
                assert not shown or any(".c." in side for side in sides), f"{name}:{node.lineno} {sides}"


def test_a_signed_token_says_whom_it_is_for_and_no_more(make_app: MakeApp) -> None:
    """V11 L14: own signed tokens always have an audience, and hold the claims of RFC 9068 and those given at issue."""
    app = make_app(token_format="jwt", issuer=ISSUER)
    token = app.test_client().post("/login").get_json()["access_token"]
    claims = json_object(parse(token).payload)
    assert claims["aud"] == ISSUER
    standard = {"iss", "sub", "aud", "iat", "exp", "auth_time", "jti", "client_id", "scope"}
    assert claims.keys() - standard == {"shop"}


def test_a_token_within_a_token_is_refused() -> None:
    """V28: a nested token, whose outer layer alone would be verified, is none."""
    key = new_key("EdDSA")
    inner = sign({"sub": "admin"}, new_key("EdDSA"), "at+jwt")
    parsed = parse(sign({"sub": "alice"}, key, "at+jwt"))
    head = base64.urlsafe_b64encode(b'{"alg":"EdDSA","cty":"JWT","typ":"at+jwt"}').rstrip(b"=").decode()
    text = f"{head}.{base64.urlsafe_b64encode(inner.encode()).rstrip(b'=').decode()}"
    private: Any = key.material.private_key
    signature = private.sign(text.encode())
    nested = f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert verified(parsed, key)
    with pytest.raises(JoseError):
        json_object(verified(parse(nested), key))


@pytest.mark.parametrize(
    "confirmation",
    [
        *({"jkt": "x"}, {"x5t#S256": "x"}, {"jkt": 7}, {"jkt": "+" * 43}, {}, None, [], "x"),
        *({"jwk": {"kty": "oct"}}, {"kid": "x"}, {"jkt": "x" * 43, "kid": "x"}, {"jkt": "x" * 43, "x5t#S256": ""}),
    ],
)
def test_a_token_that_is_bound_to_what_nobody_can_show(confirmation: object) -> None:
    """S19: a token with a `cnf` that is malformed, or that names more than a sender can show here, is refused."""
    now = time.time()
    claims: dict[str, Any] = {"iss": ISSUER, "aud": ISSUER, "sub": "alice", "client_id": "c", "jti": "j"}
    claims |= {"iat": now, "exp": now + 60}
    expected = Expectation(ISSUER, frozenset((ISSUER,)))
    assert check({"typ": "at+jwt"}, claims, expected, now).subject == "alice"
    both = {"jkt": "x" * 43, "x5t#S256": "x" * 43}
    assert check({"typ": "at+jwt"}, {**claims, "cnf": both}, expected, now).confirmation == both
    with pytest.raises(ClaimError, match="confirmation"):
        check({"typ": "at+jwt"}, {**claims, "cnf": confirmation}, expected, now)


# --------------------------------------------------------------------------- failures


def test_failures_of_controls_are_logged(
    app: Flask, client: FlaskClient, token: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """L04: plain HTTP, a key set that cannot be had and a store that fails each leave a line that names the cause."""
    caplog.set_level(logging.INFO)
    client.get("/me", headers=bearer(token), base_url="http://localhost")
    assert "plain HTTP with a credential" in caplog.text

    def unreachable(url: str) -> bytes:
        raise OSError("no route to host")

    with pytest.raises(RemoteKeysError):
        RemoteKeys("https://id.test/keys", "RS256", unreachable).find("k")
    assert "keys of id.test could not be fetched: no route to host" in caplog.text
    for path in tmp_path.glob("stopper.db*"):
        path.unlink()
    (tmp_path / "stopper.db").write_bytes(b"no database" * 100)
    broken = Flask("other", instance_path=str(tmp_path))
    Guard(broken)
    broken.add_url_rule("/me", view_func=lambda: "me")
    assert broken.test_client().get("/me", headers=bearer(token)).status_code == 503
    assert "the token store failed" in caplog.text
    assert token not in caplog.text
