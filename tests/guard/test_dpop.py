"""DPoP through a whole application: tokens that work with their key alone, and proofs that work once."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from stopper.guard import ConfigurationError, Guard, InvalidProof, current_token
from stopper.guard.audit import Event, happened
from stopper.guard.dpop import ALGORITHMS, ProofError, read
from stopper.guard.endpoints import clients_of
from stopper.guard.nonces import Nonces
from tests.guard.proving import ORIGIN, Prover, encoded

ISSUER = "https://localhost/"


def shop(folder: Path, **settings: object) -> tuple[Flask, Guard]:
    """Return an application with DPoP and its guard; keywords are more of its configuration."""
    app = Flask("shop", instance_path=str(folder))
    app.config.update({f"STOPPER_{name.upper()}": value for name, value in {"dpop": [ORIGIN], **settings}.items()})
    guard = Guard(app)
    app.register_blueprint(guard.endpoints())

    @app.post("/login")
    @guard.public
    def login() -> object:
        return guard.issue_with_refresh("alice", ("read",))

    @app.get("/me")
    @guard.require("read")
    def me() -> object:
        return {"user": current_token.subject, **current_token.confirmation}

    @app.get("/vault")
    @guard.require("read", bound=True)
    def vault() -> object:
        return {"gold": 7}

    @app.get("/both")
    @guard.require("read", bound=True)
    def both() -> object:
        return app.view_functions["vault"]()

    @app.get("/caf\u00e9/<name>")
    @guard.require("read")
    def cafe(name: str) -> object:
        return {"name": name}

    @app.get("/greeting")
    @guard.optional
    def greeting() -> object:
        return {"user": current_token.subject if current_token else None}

    @app.post("/exchange")
    @guard.require("read", bound=True)
    def exchange() -> object:
        return guard.issue("alice", ("less",))

    return app, guard


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return the application with DPoP on and nothing else configured."""
    return shop(tmp_path)[0]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


@pytest.fixture
def prover() -> Prover:
    """Return a client with a key on P-256."""
    return Prover()


@pytest.fixture
def reasons(app: Flask) -> Iterator[list[str]]:
    """Return the reasons of all refusals, as they come."""
    found: list[str] = []

    def keep(sender: Flask, event: Event) -> None:
        if event.reason:
            found.append(event.reason)

    with happened.connected_to(keep, sender=app):
        yield found


def login(client: FlaskClient, prover: Prover | None, **claims: Any) -> dict[str, Any]:
    """Return the answer of a login, with a proof where there is a prover."""
    headers = {"DPoP": prover.proof("/login", method="POST", **claims)} if prover else {}
    answer = client.post("/login", headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json  # type: ignore[assignment]
    return body


def renew(client: FlaskClient, refresh: str, prover: Prover | None = None, **more: Any) -> TestResponse:
    """Exchange a refresh token, with a proof where there is a prover."""
    headers = {"DPoP": prover.proof("/oauth/token", method="POST")} if prover else {}
    return client.post(
        "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": refresh}, headers=headers, **more
    )


def challenges(answer: TestResponse) -> list[str]:
    """Return the challenges of an answer."""
    return answer.headers.getlist("WWW-Authenticate")


# --------------------------------------------------------------------------- what works


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
def test_a_token_is_bound_where_it_is_issued(tmp_path: Path, prover: Prover, token_format: str) -> None:
    """S17 S18: a login with a proof gives a token of type DPoP, which opens the door with proofs of its key."""
    client = shop(tmp_path, token_format=token_format, issuer=ISSUER)[0].test_client()
    issued = login(client, prover)
    assert issued["token_type"] == "DPoP"
    for _ in range(2):  # at first sight and remembered
        answer = client.get("/me", headers=prover.headers("/me", issued["access_token"]))
        assert (answer.status_code, answer.json) == (200, {"user": "alice", "jkt": prover.thumbprint})
    assert client.get("/vault", headers=prover.headers("/vault", issued["access_token"])).status_code == 200
    if token_format == "jwt":
        claims = jwt.decode(issued["access_token"], options={"verify_signature": False})
        assert claims["cnf"] == {"jkt": prover.thumbprint}


def test_without_a_proof_a_token_is_a_bearer_token(client: FlaskClient) -> None:
    """DPoP is offered and not forced: who brings no proof gets a token of type Bearer, which works as ever."""
    issued = login(client, None)
    assert issued["token_type"] == "Bearer"
    assert client.get("/me", headers={"Authorization": f"Bearer {issued['access_token']}"}).status_code == 200


MAKERS: dict[str, Callable[[], Prover]] = {
    "ES256": Prover,
    "ES384": lambda: Prover(ec.generate_private_key(ec.SECP384R1()), "ES384"),
    "ES512": lambda: Prover(ec.generate_private_key(ec.SECP521R1()), "ES512"),
    "EdDSA": lambda: Prover(ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    "PS256": lambda: Prover(rsa.generate_private_key(65537, 2048), "PS256"),
    "RS256": lambda: Prover(rsa.generate_private_key(65537, 2048), "RS256"),
}


@pytest.mark.parametrize("algorithm", MAKERS)
def test_algorithms(client: FlaskClient, algorithm: str) -> None:
    """S18: each kind of key that is announced is taken."""
    prover = MAKERS[algorithm]()
    token = login(client, prover)["access_token"]
    assert algorithm in ALGORITHMS
    assert client.get("/vault", headers=prover.headers("/vault", token)).status_code == 200


def test_the_newer_name_of_an_algorithm(client: FlaskClient) -> None:
    """S18: a proof may call EdDSA with Ed25519 by its name of RFC 9864."""
    prover = MAKERS["EdDSA"]()
    token = login(client, prover)["access_token"]
    signed, _ = unsigned(prover.proof("/me", token), alg="Ed25519")
    headers = {"Authorization": f"DPoP {token}", "DPoP": f"{signed}.{encoded(prover.key.sign(signed.encode()))}"}
    assert client.get("/me", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://LOCALHOST/me",
        "https://localhost:443/me",
        "HTTPS://localhost/me",
        "https://localhost/%6de",
    ],
)
def test_the_url_is_normalised(client: FlaskClient, prover: Prover, url: str) -> None:
    """S18: case of scheme and host, the default port and needless percent-encoding make no other URL (RFC 3986)."""
    token = login(client, prover)["access_token"]
    assert client.get("/me", headers=prover.headers("/me", token, htu=url)).status_code == 200


def test_a_path_beyond_ascii(client: FlaskClient, prover: Prover) -> None:
    """S18: a path is compared as what its percent-encoding stands for, and the query is no part of it."""
    token = login(client, prover)["access_token"]
    headers = prover.headers("/caf%C3%A9/a%20b", token)
    assert client.get("/caf%C3%A9/a%20b?page=2", headers=headers).json == {"name": "a b"}


def test_one_proof_does_for_one_request(client: FlaskClient, prover: Prover) -> None:
    """S18: a view that calls another guarded view, or issues a token, uses the proof of its request once."""
    token = login(client, prover)["access_token"]
    assert client.get("/both", headers=prover.headers("/both", token)).json == {"gold": 7}
    answer = client.post("/exchange", headers=prover.headers("/exchange", token, "POST"))
    assert answer.json is not None
    assert answer.json["token_type"] == "DPoP"


# --------------------------------------------------------------------------- tokens in the wrong hands


def test_a_bound_token_is_no_bearer_token(client: FlaskClient, prover: Prover, reasons: list[str]) -> None:
    """S19: a stolen token without its key is worth nothing, alone or with the scheme of a bearer token and a proof."""
    token = login(client, prover)["access_token"]
    for _ in range(2):
        answer = client.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in challenges(answer)[0]
    both = {"Authorization": f"Bearer {token}", "DPoP": prover.proof("/me", token)}
    assert client.get("/me", headers=both).status_code == 401
    assert set(reasons) == {"presented without a proof, and bound to jkt"}


def test_a_bearer_token_is_no_bound_token(client: FlaskClient, prover: Prover, reasons: list[str]) -> None:
    """S18: a proof with a token that is bound to nothing proves nothing."""
    token = login(client, None)["access_token"]
    assert client.get("/me", headers=prover.headers("/me", token)).status_code == 401
    assert client.get("/vault", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert reasons == ["presented with a proof, and bound to nothing", "bound to no key"]


def test_a_stolen_token_with_the_thief_s_own_key(client: FlaskClient, prover: Prover, reasons: list[str]) -> None:
    """S18: a good proof of another key is refused as RFC 9449 §7.1 has it, and is not noted as used."""
    token = login(client, prover)["access_token"]
    thief = Prover()
    answer = client.get("/me", headers=thief.headers("/me", token))
    assert answer.status_code == 401
    (named,) = [text for text in challenges(answer) if text.startswith("DPoP")]
    assert 'error="invalid_token"' in named
    assert reasons == ["bound to another key than the proof's"]


def test_a_proof_works_once(client: FlaskClient, prover: Prover, reasons: list[str]) -> None:
    """S18: the same proof again is refused, and another proof with its jti too."""
    token = login(client, prover)["access_token"]
    headers = prover.headers("/me", token)
    assert client.get("/me", headers=headers).status_code == 200
    assert client.get("/me", headers=headers).status_code == 401
    again = prover.headers("/vault", token, jti="one")
    assert client.get("/vault", headers=again).status_code == 200
    assert client.get("/me", headers=prover.headers("/me", token, jti="one")).status_code == 401
    assert reasons == ["proof: used before"] * 2
    other = Prover()  # whose jti is its own affair
    headers = other.headers("/me", login(client, other)["access_token"], jti="one")
    assert client.get("/me", headers=headers).status_code == 200


def test_a_proof_made_for_a_site_of_the_thief_s(client: FlaskClient, prover: Prover, reasons: list[str]) -> None:
    """S18: a proof for another site is refused, also where the Host header of the request names that site."""
    token = login(client, prover)["access_token"]
    headers = prover.headers("/me", token, htu="https://evil.test/me")
    assert client.get("/me", headers={**headers, "Host": "evil.test"}).status_code == 401
    assert reasons == ["proof: htu is of another origin"]


def test_several_origins(tmp_path: Path, prover: Prover) -> None:
    """S18: of several configured origins the one counts that the request was sent to, and no other host ever."""
    app = shop(tmp_path, dpop=[ORIGIN, "https://api.test:8443/"])[0]
    client = app.test_client()
    token = login(client, prover)["access_token"]
    other = "https://api.test:8443"
    good = prover.headers("/me", token, htu=f"{other}/me")
    assert client.get("/me", headers={**good, "Host": "localhost"}).status_code == 401
    assert client.get("/me", headers={**good, "Host": "API.test:8443"}).status_code == 200
    evil = prover.headers("/me", token, htu="https://evil.test/me")
    assert client.get("/me", headers={**evil, "Host": "evil.test"}).status_code == 401


def test_behind_a_proxy_that_rewrites_the_host(tmp_path: Path, prover: Prover) -> None:
    """S18: behind a configured proxy the public origin counts, whatever host and scheme the proxy itself asks for."""
    app = shop(tmp_path, dpop=["https://api.test"], trusted_proxies=["10.0.0.7"])[0]
    client = app.test_client()
    proxied: dict[str, Any] = {"base_url": "http://internal:8000", "environ_base": {"REMOTE_ADDR": "10.0.0.7"}}
    forwarded = {"X-Forwarded-Proto": "https"}
    proof = prover.proof("/login", method="POST", origin="https://api.test")
    issued = client.post("/login", headers={"DPoP": proof, **forwarded}, **proxied).json
    assert issued is not None
    headers = prover.headers("/me", issued["access_token"], htu="https://api.test/me")
    assert client.get("/me", headers={**headers, **forwarded}, **proxied).status_code == 200
    stranger = {**proxied, "environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    headers = prover.headers("/me", issued["access_token"], htu="https://api.test/me")
    assert client.get("/me", headers={**headers, **forwarded}, **stranger).status_code == 403


# --------------------------------------------------------------------------- wrong proofs

CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "another method": ({"htm": "POST"}, "htm is not the method"),
    "the method in lower case": ({"htm": "get"}, "htm is not the method"),
    "no method": ({"htm": None}, "htm is missing"),
    "another path": ({"htu": f"{ORIGIN}/vault"}, "htu has another path"),
    "another host": ({"htu": "https://localhost.evil.test/me"}, "another origin"),
    "another port": ({"htu": "https://localhost:8443/me"}, "another origin"),
    "another scheme": ({"htu": "http://localhost/me"}, "another origin"),
    "a user": ({"htu": "https://localhost@localhost/me"}, "another origin"),
    "a query": ({"htu": f"{ORIGIN}/me?x=1"}, "without query and fragment"),
    "a fragment": ({"htu": f"{ORIGIN}/me#x"}, "without query and fragment"),
    "a line break": ({"htu": f"{ORIGIN}/m\ne"}, "htu is missing"),
    "a backslash": ({"htu": "https:\\\\localhost/me"}, "without query and fragment"),
    "a wrong port": ({"htu": "https://localhost:x/me"}, "another origin"),
    "half an address": ({"htu": "https://[::1/me"}, "another origin"),
    "no url": ({"htu": None}, "htu is missing"),
    "a url of another type": ({"htu": [f"{ORIGIN}/me"]}, "htu is missing"),
    "too old": ({"iat": time.time() - 3600}, "iat is not about now"),
    "of the future": ({"iat": time.time() + 3600}, "iat is not about now"),
    "no time": ({"iat": None}, "iat is missing"),
    "a time in text": ({"iat": "1700000000"}, "iat is missing"),
    "a time that is true": ({"iat": True}, "iat is missing"),
    "a time beyond all": ({"iat": 1e300}, "iat is missing"),
    "no id": ({"jti": None}, "jti is missing"),
    "an empty id": ({"jti": ""}, "jti is missing"),
    "an id that is too long": ({"jti": "x" * 256}, "jti is missing"),
    "half a surrogate pair as id": ({"jti": "\ud800"}, "jti is missing"),
    "half a surrogate pair as token hash": ({"ath": "\ud800" * 43}, "ath is missing"),
    "half a surrogate pair as nonce": ({"nonce": "\udfff"}, "nonce is missing"),
    "no token hash": ({"ath": None}, "ath is not of the token"),
    "the hash of another token": ({"ath": encoded(b"x" * 32)}, "ath is not of the token"),
    "a token hash beyond ASCII": ({"ath": "\u00e9" * 43}, "ath is not of the token"),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_claims_that_do_not_hold(client: FlaskClient, prover: Prover, reasons: list[str], case: str) -> None:
    """S18: each claim of a proof is held against the request, and what is refused is not noted as used."""
    claims, reason = CLAIMS[case]
    token = login(client, prover)["access_token"]
    answer = client.get("/me", headers=prover.headers("/me", token, **claims))
    assert answer.status_code == 401
    (named,) = [text for text in challenges(answer) if text.startswith("DPoP")]
    assert 'error="invalid_dpop_proof"' in named
    assert reason in reasons[-1]
    assert client.get("/me", headers=prover.headers("/me", token)).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(58, 200), (62, 401), (-28, 200), (-33, 401)])
def test_the_window_of_time(client: FlaskClient, prover: Prover, age: int, status: int) -> None:
    """S18: a proof is taken for a minute, and as far ahead as clocks may differ."""
    token = login(client, prover)["access_token"]
    assert client.get("/me", headers=prover.headers("/me", token, iat=time.time() - age)).status_code == status


SECRET = b"a secret that the client shares with nobody at all, long enough for any HMAC"
HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "another type": ({"typ": "JWT"}, "typ is not dpop+jwt"),
    "the type of an access token": ({"typ": "at+jwt"}, "typ is not dpop+jwt"),
    "no key": ({"jwk": None}, "no jwk"),
    "a key in text": ({"jwk": "x"}, "jwk is malformed"),
    "a critical extension": ({"crit": ["jwk"]}, "critical"),
    "a key for encryption": ({"jwk": {"use": "enc"}}, "not a key for signatures"),
    "a private key": ({"jwk": {"d": "AA"}}, "a private key"),
    "a point off the curve": ({"jwk": {"x": encoded(b"\1" * 32)}}, "malformed or weak"),
    "a key for another algorithm": ({"jwk": {"alg": "RS256"}}, "do not belong together"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_that_do_not_hold(client: FlaskClient, prover: Prover, reasons: list[str], case: str) -> None:
    """S18: type, algorithm and key of a proof are what they must be."""
    changes, reason = HEADERS[case]
    if isinstance(changes.get("jwk"), dict):
        changes = {**changes, "jwk": {**prover.jwk, **changes["jwk"]}}
    token = login(client, prover)["access_token"]
    headers = {"Authorization": f"DPoP {token}", "DPoP": prover.proof("/me", token, header=changes)}
    assert client.get("/me", headers=headers).status_code == 401
    assert reason in reasons[-1]


def unsigned(proof: str, **header: Any) -> tuple[str, str]:
    """Return the two signed segments of a proof, the header changed, and the signature."""
    first, second, third = proof.split(".")
    members = json.loads(base64.urlsafe_b64decode(first + "=="))
    return f"{encoded(json.dumps({**members, **header}).encode())}.{second}", third


def hmac_with_shared_key(prover: Prover, token: str) -> str:
    """Return a proof whose key is symmetric and stands in its header."""
    claims = jwt.decode(prover.proof("/me", token), options={"verify_signature": False})
    jwk = {"kty": "oct", "k": encoded(SECRET)}
    return jwt.encode(claims, SECRET, "HS256", {"typ": "dpop+jwt", "jwk": jwk})


def hmac_with_public_key(prover: Prover, token: str) -> str:
    """Return a proof that is keyed with the client's public key, which everybody knows."""
    import hashlib
    import hmac

    pem = prover.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed, _ = unsigned(prover.proof("/me", token), alg="HS256")
    return f"{signed}.{encoded(hmac.digest(pem, signed.encode(), hashlib.sha256))}"


def unsecured(prover: Prover, token: str) -> str:
    """Return a proof of the algorithm none."""
    return f"{unsigned(prover.proof('/me', token), alg='none')[0]}."


def unsecured_with_signature(prover: Prover, token: str) -> str:
    """Return a proof of the algorithm none with some signature."""
    signed, signature = unsigned(prover.proof("/me", token), alg="none")
    return f"{signed}.{signature}"


def of_another_key(prover: Prover, token: str) -> str:
    """Return a proof that shows the client's key and is signed by the thief's."""
    return Prover().proof("/me", token, header={"jwk": prover.jwk})


def two(prover: Prover, token: str) -> str:
    """Return two good proofs as servers join repeated headers."""
    return f"{prover.proof('/me', token)},{prover.proof('/me', token)}"


def huge(prover: Prover, token: str) -> str:
    """Return a good proof that is too long."""
    return prover.proof("/me", token, padding="x" * 20_000)


def weak_rsa(prover: Prover, token: str) -> str:
    """Return a proof of an RSA key that is too short."""
    key = rsa.generate_private_key(65537, 1024)
    return Prover(key, "RS256").proof("/me", token)


def with_duplicate_member(prover: Prover, token: str) -> str:
    """Return a proof, well signed, whose claims name `htm` twice."""
    claims = jwt.decode(prover.proof("/me", token), options={"verify_signature": False})
    payload = json.dumps(claims)[:-1] + ', "htm": "GET"}'
    return jwt.api_jws.encode(payload.encode(), prover.key, "ES256", headers={"typ": "dpop+jwt", "jwk": prover.jwk})


FORGERIES: dict[Callable[[Prover, str], str], str] = {
    hmac_with_shared_key: "an algorithm that is not allowed",
    hmac_with_public_key: "an algorithm that is not allowed",
    unsecured: "not a canonical compact JWS",
    unsecured_with_signature: "an algorithm that is not allowed",
    of_another_key: "the signature does not match",
    two: "more than one proof",
    huge: "proof too long",
    weak_rsa: "malformed or weak key",
    with_duplicate_member: "duplicate member",
    lambda prover, token: "": "not a canonical compact JWS",
    lambda prover, token: "\u00e9": "not a canonical compact JWS",
    lambda prover, token: token: "not a canonical compact JWS",
}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
@pytest.mark.parametrize("forge", FORGERIES)
def test_forged_proofs(
    client: FlaskClient, prover: Prover, reasons: list[str], forge: Callable[[Prover, str], str]
) -> None:
    """S18: no proof that the client's key has not signed, and none in a form that leaves room for two readings."""
    token = login(client, prover)["access_token"]
    headers = {"Authorization": f"DPoP {token}", "DPoP": forge(prover, token)}
    assert client.get("/me", headers=headers).status_code == 401
    assert reasons[-1] == f"proof: {FORGERIES[forge]}"


def test_no_character_of_a_proof_may_change(prover: Prover) -> None:
    """S18: whichever character of a proof is another, it is no proof."""
    proof = prover.proof("/me", "token")
    read(proof)
    for at in range(0, len(proof), 5):
        changed = proof[:at] + ("A" if proof[at] != "A" else "B") + proof[at + 1 :]
        with pytest.raises(ProofError):
            read(changed)


def test_keys_that_cost_too_much_to_verify_with(prover: Prover) -> None:
    """S18: an RSA key of a size or exponent that is chosen to keep us busy is refused before it is used."""
    numbers = {"kty": "RSA", "e": encoded((65537).to_bytes(3, "big"))}
    large = {**numbers, "n": encoded(((1 << 4200) + 12345 * 2 + 1).to_bytes(526, "big"))}
    slow = {**numbers, "n": encoded(((1 << 2048) - 159).to_bytes(256, "big")), "e": encoded(b"\1" * 100)}
    for jwk in (large, slow):
        signed, signature = unsigned(prover.proof("/me", "token"), alg="RS256", jwk=jwk)
        with pytest.raises(ProofError, match=r"too large|weak"):
            read(f"{signed}.{signature}")


def test_a_request_with_the_scheme_and_no_proof(client: FlaskClient, prover: Prover) -> None:
    """S18: the scheme DPoP alone gets 401 and is told which algorithms to prove with."""
    token = login(client, prover)["access_token"]
    answer = client.get("/me", headers={"Authorization": f"DPoP {token}"})
    assert answer.status_code == 401
    (named,) = [text for text in challenges(answer) if text.startswith("DPoP")]
    assert 'error="invalid_dpop_proof"' in named
    assert f'algs="{" ".join(ALGORITHMS)}"' in named
    assert client.get("/me", headers={"Authorization": f"DPoP {token}, DPoP {token}"}).status_code == 400


# --------------------------------------------------------------------------- challenges


def test_both_schemes_are_offered(client: FlaskClient) -> None:
    """S17: without a token the answer names both schemes, and where tokens must be bound only DPoP (RFC 9449 §7.1)."""
    bearer, dpop = challenges(client.get("/me"))
    assert bearer.startswith('Bearer realm="api", scope="read"')
    assert dpop.startswith('DPoP realm="api"')
    assert 'algs="ES256' in dpop
    (only,) = challenges(client.get("/vault"))
    assert only.startswith("DPoP ")
    assert "error" not in only


def test_a_scope_that_is_missing(client: FlaskClient, app: Flask, prover: Prover) -> None:
    """A bound token that does not reach so far is told so in its own scheme."""
    token = client.post("/exchange", headers=prover.headers("/exchange", login(client, prover)["access_token"], "POST"))
    assert token.json is not None
    answer = client.get("/me", headers=prover.headers("/me", token.json["access_token"]))
    assert answer.status_code == 403
    (named,) = [text for text in challenges(answer) if "insufficient_scope" in text]
    assert named.startswith("DPoP ")


def test_an_optional_route(client: FlaskClient, prover: Prover) -> None:
    """Nobody is asked for a proof where no token is needed, and a bad one is refused all the same."""
    token = login(client, prover)["access_token"]
    assert client.get("/greeting").json == {"user": None}
    assert client.get("/greeting", headers=prover.headers("/greeting", token)).json == {"user": "alice"}
    assert client.get("/greeting", headers=prover.headers("/me", token)).status_code == 401


# --------------------------------------------------------------------------- issuing and refreshing


def test_a_wrong_proof_issues_nothing(client: FlaskClient, prover: Prover) -> None:
    """S18: a login with a proof that does not hold fails with the error of RFC 9449 §5, and is no bearer token."""
    proof = prover.proof("/login", method="POST")
    assert client.post("/login", headers={"DPoP": proof}).status_code == 200
    for header in (proof, prover.proof("/me", method="POST"), "x"):
        answer = client.post("/login", headers={"DPoP": header})
        assert answer.status_code == 400
        assert answer.json is not None
        assert answer.json["error"] == "invalid_dpop_proof"
        assert "access_token" not in answer.text


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
def test_a_refresh_token_is_bound_to_its_key(tmp_path: Path, prover: Prover, token_format: str) -> None:
    """S08 S17: a client without a secret renews with the key of its login only; what is refused is not used up."""
    client = shop(tmp_path, token_format=token_format, issuer=ISSUER)[0].test_client()
    refresh = login(client, prover)["refresh_token"]
    for thief in (None, Prover()):
        answer = renew(client, refresh, thief)
        assert answer.status_code == 400
        assert answer.json is not None
        assert answer.json["error"] == "invalid_grant"
    for _ in range(2):
        answer = renew(client, refresh, prover)
        assert answer.json is not None
        assert answer.json["token_type"] == "DPoP"
        refresh, token = answer.json["refresh_token"], answer.json["access_token"]
        assert client.get("/vault", headers=prover.headers("/vault", token)).status_code == 200
    assert renew(client, refresh, Prover()).status_code == 400


def test_a_refresh_token_gets_bound(client: FlaskClient, prover: Prover) -> None:
    """S17: a client that brings its first proof when it refreshes is bound from then on."""
    answer = renew(client, login(client, None)["refresh_token"], prover)
    assert answer.json is not None
    assert answer.json["token_type"] == "DPoP"
    assert renew(client, answer.json["refresh_token"]).status_code == 400
    assert renew(client, answer.json["refresh_token"], prover).status_code == 200


def test_a_client_with_a_secret_may_change_its_key(tmp_path: Path, prover: Prover) -> None:
    """S17: an authenticated client renews with another key, to which its new token is bound, but not without any."""
    app, guard = shop(tmp_path)
    with app.app_context():
        registered, secret = clients_of(app.extensions["stopper"]).add("web", time.time(), grants=("refresh_token",))

    @app.post("/web")
    @guard.public
    def web() -> object:
        return guard.issue_with_refresh("alice", ("read",), client=registered.id)

    client = app.test_client()
    answer = client.post("/web", headers={"DPoP": prover.proof("/web", method="POST")})
    assert answer.json is not None
    refresh = answer.json["refresh_token"]
    assert renew(client, refresh, auth=(registered.id, secret)).status_code == 400
    other = Prover()
    answer = renew(client, refresh, other, auth=(registered.id, secret))
    assert answer.json is not None
    token = answer.json["access_token"]
    assert client.get("/vault", headers=other.headers("/vault", token)).status_code == 200
    assert client.get("/vault", headers=prover.headers("/vault", token)).status_code == 401


def test_a_client_s_own_token_is_bound(tmp_path: Path, prover: Prover) -> None:
    """S17: the grant client_credentials with a proof gives a bound token, and introspection shows to what."""
    app, _ = shop(tmp_path)
    with app.app_context():
        clients = clients_of(app.extensions["stopper"])
        registered, secret = clients.add("job", time.time(), scopes=("read",), introspects=True)
    client = app.test_client()
    proof = prover.proof("/oauth/token", method="POST")
    form = {"grant_type": "client_credentials"}
    answer = client.post("/oauth/token", data=form, headers={"DPoP": proof}, auth=(registered.id, secret))
    assert answer.json is not None
    assert answer.json["token_type"] == "DPoP"
    form = {"token": answer.json["access_token"]}
    told = client.post("/oauth/introspect", data=form, auth=(registered.id, secret)).json
    assert told is not None
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": prover.thumbprint})


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
def test_switched_off_again(tmp_path: Path, prover: Prover, token_format: str) -> None:
    """S19: without the setting, tokens that were bound are no bearer tokens and cannot be refreshed."""
    signed = {"token_format": token_format, "issuer": ISSUER}
    issued = login(shop(tmp_path, **signed)[0].test_client(), prover)
    client = shop(tmp_path, dpop=[], **signed)[0].test_client()
    for scheme in ("Bearer", "DPoP"):
        headers = {"Authorization": f"{scheme} {issued['access_token']}", "DPoP": prover.proof("/me")}
        assert client.get("/me", headers=headers).status_code == 401
    assert renew(client, issued["refresh_token"], prover).status_code == 400
    assert login(client, None)["token_type"] == "Bearer"


def test_outside_of_a_request(tmp_path: Path) -> None:
    """What is issued where nobody shows a key is bound to nothing, and opens no route that asks for a bound token."""
    app, guard = shop(tmp_path, bound=True)
    with app.app_context():
        token = guard.issue("alice", ("read",))
    with app.test_request_context():
        assert guard.issue("alice")["token_type"] == "Bearer"
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert app.test_client().get("/me", headers=bearer).status_code == 401


def test_a_revoked_bound_token(client: FlaskClient, prover: Prover) -> None:
    """S11: a bound token ends like any other."""
    issued = login(client, prover)
    assert client.get("/me", headers=prover.headers("/me", issued["access_token"])).status_code == 200
    assert client.post("/oauth/revoke", data={"token": issued["access_token"]}).status_code == 200
    client.application.extensions["stopper"].tokens.feed.read_at = -1e9
    assert client.get("/me", headers=prover.headers("/me", issued["access_token"])).status_code == 401


def test_the_store_is_away(app: Flask, client: FlaskClient, prover: Prover, monkeypatch: pytest.MonkeyPatch) -> None:
    """S14: where nobody knows whether a proof was used, nobody gets in or gets a token."""
    from stopper.guard.store import StoreError

    token = login(client, prover)["access_token"]
    assert client.get("/me", headers=prover.headers("/me", token)).status_code == 200

    def fail(digest: bytes, until: float) -> bool:
        raise StoreError("the token store failed: OperationalError")

    monkeypatch.setattr(app.extensions["stopper"].tokens.store, "first_use", fail)
    assert client.get("/me", headers=prover.headers("/me", token)).status_code == 503
    assert client.post("/login", headers={"DPoP": prover.proof("/login", method="POST")}).status_code == 503


# --------------------------------------------------------------------------- everywhere


def test_bound_everywhere(tmp_path: Path, prover: Prover) -> None:
    """S17: with one key of the configuration no token is given out unbound, and none is taken."""
    unbound = login(shop(tmp_path)[0].test_client(), None)
    client = shop(tmp_path, bound=True)[0].test_client()
    answer = client.post("/login")
    assert (answer.status_code, answer.json and answer.json["error"]) == (400, "invalid_dpop_proof")
    assert renew(client, unbound["refresh_token"]).status_code == 400
    for path in ("/me", "/greeting"):
        bearer = {"Authorization": f"Bearer {unbound['access_token']}"}
        assert client.get(path, headers=bearer).status_code == 401
    token = login(client, prover)["access_token"]
    for path in ("/me", "/both", "/greeting"):
        assert client.get(path, headers=prover.headers(path, token)).status_code == 200
    assert client.get("/greeting").status_code == 200
    (only,) = challenges(client.get("/me"))
    assert only.startswith("DPoP ")


def test_a_blueprint_asks_for_bound_tokens(tmp_path: Path) -> None:
    """S17: a view that asks for scopes of its own still asks for its blueprint's bound tokens."""
    from flask import Blueprint

    app, guard = shop(tmp_path)
    bank = Blueprint("bank", __name__)
    guard.require(bound=True)(bank)
    bank.add_url_rule("/balance", "balance", guard.require("read")(lambda: {"balance": 7}))
    bank.add_url_rule("/terms", "terms", guard.public(lambda: {"terms": 1}))
    app.register_blueprint(bank)
    client = app.test_client()
    bearer = {"Authorization": f"Bearer {login(client, None)['access_token']}"}
    assert client.get("/balance", headers=bearer).status_code == 401
    assert client.get("/terms").status_code == 200


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"bound": True, "dpop": []}, "STOPPER_BOUND needs"),
        ({"dpop": "https://shop.test"}, "list of origins"),
        ({"dpop": ["https://shop.test/path"]}, "no origin"),
        ({"dpop": ["shop.test"]}, "no origin"),
        ({"dpop": ["http://shop.test"]}, "loopback only"),
        ({"dpop_window": 0}, "STOPPER_DPOP_WINDOW"),
        ({"mtls": "nginx"}, "STOPPER_MTLS must be one of"),
        ({"mtls": "Client-Cert"}, "needs STOPPER_TRUSTED_PROXIES"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, settings: dict[str, object], named: str) -> None:
    """G16: a configuration that would not do what it says stops the application, with the key in one line."""
    with pytest.raises(ConfigurationError, match=named):
        shop(tmp_path, **settings)


def test_a_route_that_nobody_could_call(tmp_path: Path) -> None:
    """G16: a route that asks for bound tokens where none are given out is an error of the server, said in one line."""
    app, _ = shop(tmp_path, dpop=[])
    app.testing = True
    with pytest.raises(ConfigurationError, match="STOPPER_DPOP or STOPPER_MTLS"):
        app.test_client().get("/vault")


# --------------------------------------------------------------------------- nonces


def test_a_nonce_is_asked_for_and_changes(tmp_path: Path, prover: Prover) -> None:
    """S18: proofs need the nonce of an answer; one period later the answer brings the next, two later it is stale."""
    client = shop(tmp_path, dpop_nonce=60, dpop_window=600)[0].test_client()
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        answer = client.post("/login", headers={"DPoP": prover.proof("/login", method="POST")})
        assert (answer.status_code, answer.json and answer.json["error"]) == (400, "use_dpop_nonce")
        nonce = answer.headers["DPoP-Nonce"]
        token = login(client, prover, nonce=nonce)["access_token"]
        answer = client.get("/me", headers=prover.headers("/me", token, nonce=nonce))
        assert answer.status_code == 200
        assert "DPoP-Nonce" not in answer.headers
        clock.shift(60)
        answer = client.get("/me", headers=prover.headers("/me", token, nonce=nonce))
        assert answer.status_code == 200
        assert answer.headers["DPoP-Nonce"] != nonce
        clock.shift(60)
        for stale in (nonce, "", None, "x" * 24, "\u00e9"):
            refused = client.get("/me", headers=prover.headers("/me", token, nonce=stale))
            assert refused.status_code == 401
            if stale != "":  # which is no nonce at all
                assert any('error="use_dpop_nonce"' in text for text in challenges(refused))
                assert refused.headers["DPoP-Nonce"]
        form = {"grant_type": "refresh_token", "refresh_token": "x"}
        proof = prover.proof("/oauth/token", method="POST")
        assert client.post("/oauth/token", data=form, headers={"DPoP": proof}).status_code == 400


def test_the_token_endpoint_asks_for_a_nonce(tmp_path: Path, prover: Prover) -> None:
    """S18: the guard's own endpoint tells the nonce with its refusal, as RFC 9449 §8 has it."""
    client = shop(tmp_path, dpop_nonce=60)[0].test_client()
    refresh = login(client, None)["refresh_token"]
    answer = renew(client, refresh, prover)
    assert (answer.status_code, answer.json and answer.json["error"]) == (400, "use_dpop_nonce")
    proof = prover.proof("/oauth/token", method="POST", nonce=answer.headers["DPoP-Nonce"])
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    assert client.post("/oauth/token", data=form, headers={"DPoP": proof}).status_code == 200


def test_processes_share_their_nonces(store_url: str) -> None:
    """S18: what one process hands out another takes, and a nonce of another deployment nobody."""
    from stopper.guard.store import open_store

    one, other = (Nonces(lambda: open_store(store_url).secret("dpop nonce"), 60) for _ in range(2))
    assert other.admits(one.current(0), 0)
    assert not other.admits(Nonces(lambda: b"x" * 32, 60).current(0), 0)


# --------------------------------------------------------------------------- what is told


def test_the_metadata_tells(tmp_path: Path) -> None:
    """S25 S26: both documents say which algorithms proofs may have, and whether tokens must be bound."""
    for bound, folder in ((False, tmp_path / "a"), (True, tmp_path / "b")):
        client = shop(folder, issuer="https://localhost", bound=bound)[0].test_client()
        server = client.get("/.well-known/oauth-authorization-server").json
        resource = client.get("/.well-known/oauth-protected-resource").json
        assert server is not None
        assert resource is not None
        assert server["dpop_signing_alg_values_supported"] == list(ALGORITHMS)
        assert resource["dpop_signing_alg_values_supported"] == list(ALGORITHMS)
        assert resource["dpop_bound_access_tokens_required"] is bound
        assert not any(name.startswith(("HS", "none")) for name in ALGORITHMS)


def test_the_document_tells(tmp_path: Path) -> None:
    """B17: the OpenAPI document names the scheme dpop beside bearer, and alone where tokens must be bound."""
    app, guard = shop(tmp_path, mtls="server")
    with app.app_context():
        document = guard.openapi()
        old = guard.openapi({"openapi": "3.0.3", "paths": {"/vault": {"get": {"responses": {}}}}})
    assert document["components"]["securitySchemes"]["dpop"] == {"type": "http", "scheme": "dpop"}
    assert document["paths"]["/me"]["get"]["security"] == [{"bearer": ["read"]}, {"dpop": ["read"]}]
    certificate = {"bearer": ["read"], "clientCertificate": []}
    assert document["paths"]["/vault"]["get"]["security"] == [certificate, {"dpop": ["read"]}]
    assert old["paths"]["/vault"]["get"]["security"] == [{"bearer": []}, {"dpop": []}]
    assert old["paths"]["/vault"]["get"]["x-required-scopes"] == ["read"]
    assert "clientCertificate" not in old["components"]["securitySchemes"]


def test_no_proof_in_any_log(client: FlaskClient, app: Flask, prover: Prover, caplog: pytest.LogCaptureFixture) -> None:
    """L01: neither the token nor its proof is in the log, whatever became of them."""
    token = login(client, prover)["access_token"]
    headers = prover.headers("/me", token)
    for _ in range(2):
        client.get("/me", headers=headers)
    app.logger.error("%s", headers)
    assert token not in caplog.text
    assert headers["DPoP"] not in caplog.text


def test_an_application_renders_the_refusal_itself(tmp_path: Path, prover: Prover) -> None:
    """S18: whatever a handler of the application answers, status, challenge and nonce stay as they are."""
    app = shop(tmp_path, dpop_nonce=60)[0]
    app.register_error_handler(InvalidProof, lambda refusal: ("never mind", 200, {"DPoP-Nonce": "mine"}))
    client = app.test_client()
    nonce = client.post("/login", headers={"DPoP": prover.proof("/login", method="POST")}).headers["DPoP-Nonce"]
    assert nonce != "mine"
    token = login(client, prover, nonce=nonce)["access_token"]
    answer = client.get("/me", headers=prover.headers("/me", token))
    assert (answer.status_code, answer.text) == (401, "never mind")
    assert answer.headers.getlist("DPoP-Nonce") == [nonce]
    assert any('error="use_dpop_nonce"' in text for text in challenges(answer))


def test_the_store_forgets(app: Flask, client: FlaskClient, prover: Prover) -> None:
    """S15: proofs that are too old to be used are forgotten as new ones come, so that two windows are kept at most."""
    import sqlalchemy as sa

    from stopper.guard.store.sql import proofs

    store = app.extensions["stopper"].tokens.store
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        token = login(client, prover)["access_token"]
        for _ in range(30):
            assert client.get("/me", headers=prover.headers("/me", token)).status_code == 200
            clock.shift(30)
    with store._engine.connect() as connection:
        kept = connection.scalar(sa.select(sa.func.count()).select_from(proofs))
    assert kept <= 1 + (2 * 60 + 2 * 30) // 30
