"""Tokens bound to client certificates: over real TLS with gunicorn and Werkzeug, and behind a proxy that names them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from stopper.guard import Guard, Refusal, current_token
from tests.guard.proving import ORIGIN, Prover, encoded
from tests.guard.servers import Server, gunicorn
from tests.guard.test_dpop import shop

PROXY: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "10.0.0.7"}}
FORWARDED = {"X-Forwarded-Proto": "https"}


def der(leaf: trustme.LeafCert) -> bytes:
    """Return a certificate in DER."""
    return load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()).public_bytes(Encoding.DER)


def thumbprint(leaf: trustme.LeafCert) -> str:
    """Return `x5t#S256` of a certificate."""
    return encoded(hashlib.sha256(der(leaf)).digest())


def named(leaf: trustme.LeafCert) -> str:
    """Return a certificate as a proxy names it (RFC 9440 §2.1)."""
    return f":{base64.b64encode(der(leaf)).decode()}:"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return the authority that the server and its clients trust."""
    return trustme.CA()


@pytest.fixture(scope="module")
def alice(authority: trustme.CA) -> trustme.LeafCert:
    """Return the certificate of the client that tokens are given to."""
    return authority.issue_cert("alice@client.test")


@pytest.fixture(scope="module")
def mallory(authority: trustme.CA) -> trustme.LeafCert:
    """Return a good certificate of somebody else."""
    return authority.issue_cert("mallory@client.test")


# --------------------------------------------------------------------------- over real TLS

APPLICATION = """
import os

from flask import Flask

from stopper.guard import Guard, Refusal, current_token

app = Flask("served", instance_path=os.environ["INSTANCE"])
app.config.update(STOPPER_MTLS="server")
guard = Guard(app)


@app.post("/login")
@guard.public
def login():
    return guard.issue_with_refresh("alice", ("read",))


@app.get("/me")
@guard.require("read")
def me():
    return {"bound to": dict(current_token.confirmation)}


@app.get("/vault")
@guard.require("read", bound=True)
def vault():
    return {"gold": 7}
"""


def showing(server: Server, authority: trustme.CA, leaf: trustme.LeafCert | None) -> Server:
    """Return a server as a client sees it that shows a certificate in its handshake."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if leaf is not None:
        leaf.configure_cert(context)
    return replace(server, tls=context)


@pytest.fixture(scope="module", params=["sync", "gthread", "werkzeug"])
def server(request: pytest.FixtureRequest, authority: trustme.CA, tmp_path_factory: Any) -> Iterator[Server]:
    """Serve the application over TLS, where a client may show a certificate of the authority."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    trusted = folder / "clients.pem"
    authority.cert_pem.write_to_path(trusted)
    if request.param == "werkzeug":
        with werkzeug_server(folder, authority) as running:
            yield running
        return
    options = ("--ca-certs", str(trusted), "--cert-reqs", "1", "--worker-class", request.param)
    with gunicorn(folder, APPLICATION, *options, authority=authority) as running:
        yield running


@contextmanager
def werkzeug_server(folder: Path, authority: trustme.CA) -> Iterator[Server]:
    """Run Werkzeug's own server with the same application."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.configure_trust(context)
    authority.issue_cert("localhost").configure_cert(context)
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTANCE", str(folder))
        exec(APPLICATION, names)
    log = folder / "server.log"
    log.touch()
    serving = make_server("127.0.0.1", 0, names["app"], request_handler=Quiet, ssl_context=context)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield Server(serving.server_port, log)
    serving.shutdown()
    thread.join(10)
    serving.server_close()


class Quiet(WSGIRequestHandler):
    """Write no line for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write nothing."""


def test_a_token_works_with_its_certificate_only(
    server: Server, authority: trustme.CA, alice: trustme.LeafCert, mallory: trustme.LeafCert
) -> None:
    """S17 S20: a token that is given out over a connection with a certificate works over such connections only."""
    own, other, none = (showing(server, authority, leaf) for leaf in (alice, mallory, None))
    issued = json.loads(own.ask("/login", method="POST").body)
    assert issued["token_type"] == "Bearer"  # RFC 8705 §3
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    for _ in range(2):
        assert json.loads(own.ask("/me", bearer).body) == {"bound to": {"x5t#S256": thumbprint(alice)}}
        assert own.ask("/vault", bearer).status == 200
        for thief in (other, none):
            answer = thief.ask("/me", bearer)
            assert answer.status == 401
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_without_a_certificate_a_token_is_bound_to_nothing(
    server: Server, authority: trustme.CA, alice: trustme.LeafCert
) -> None:
    """S17: who shows none gets a plain token, which a route that asks for bound ones refuses from anybody."""
    issued = json.loads(showing(server, authority, None).ask("/login", method="POST").body)
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    for leaf in (None, alice):
        assert json.loads(showing(server, authority, leaf).ask("/me", bearer).body) == {"bound to": {}}
        assert showing(server, authority, leaf).ask("/vault", bearer).status == 401


def test_a_certificate_of_a_stranger_s_authority(server: Server, authority: trustme.CA) -> None:
    """T12: a certificate that the server cannot validate ends the handshake, so that nothing is bound to it."""
    stranger = showing(server, authority, trustme.CA().issue_cert("alice@client.test"))
    with pytest.raises((OSError, http.client.HTTPException)):
        stranger.ask("/login", method="POST")


def test_a_header_is_no_handshake(server: Server, authority: trustme.CA, alice: trustme.LeafCert) -> None:
    """S20: a client that names a certificate in a header has shown none: it is refused."""
    issued = json.loads(showing(server, authority, alice).ask("/login", method="POST").body)
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    for header in ("Client-Cert", "Client-Cert-Chain"):
        assert showing(server, authority, None).ask("/me", {**bearer, header: named(alice)}).status == 400
    assert "Traceback" not in server.log.read_text()


# --------------------------------------------------------------------------- behind a proxy


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return an application behind one proxy that names the certificates."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(STOPPER_MTLS="Client-Cert", STOPPER_TRUSTED_PROXIES=["10.0.0.7"])
    guard = Guard(app)
    app.register_blueprint(guard.endpoints())

    @app.post("/login")
    @guard.public
    def login() -> object:
        return guard.issue_with_refresh("alice", ("read",))

    @app.get("/me")
    @guard.require("read")
    def me() -> object:
        return {"bound to": dict(current_token.confirmation)}

    @app.get("/shown")
    @guard.public
    def shown() -> object:
        return {"certificate": request.headers.get("Client-Cert")}

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return its test client."""
    return app.test_client()


def login(client: FlaskClient, leaf: trustme.LeafCert | None) -> dict[str, Any]:
    """Return the answer of a login through the proxy."""
    shown = {"Client-Cert": named(leaf)} if leaf else {}
    answer: dict[str, Any] = client.post("/login", headers={**FORWARDED, **shown}, **PROXY).json  # type: ignore[assignment]
    return answer


def test_a_proxy_names_the_certificate(client: FlaskClient, alice: trustme.LeafCert, mallory: trustme.LeafCert) -> None:
    """S20: what a configured proxy was shown counts as if the client had shown it here (RFC 9440)."""
    bearer = {"Authorization": f"Bearer {login(client, alice)['access_token']}", **FORWARDED}
    answer = client.get("/me", headers={**bearer, "Client-Cert": named(alice)}, **PROXY)
    assert answer.json == {"bound to": {"x5t#S256": thumbprint(alice)}}
    assert client.get("/me", headers={**bearer, "Client-Cert": named(mallory)}, **PROXY).status_code == 401
    assert client.get("/me", headers=bearer, **PROXY).status_code == 401


def test_nobody_else_names_one(client: FlaskClient, alice: trustme.LeafCert) -> None:
    """S20: from any other peer the header is refused on every route, and no handler of a refusal finds it."""
    seen: list[object] = []
    client.application.register_error_handler(Refusal, lambda error: (seen.append(dict(request.headers)), 400))
    bearer = {"Authorization": f"Bearer {login(client, alice)['access_token']}"}
    for path in ("/me", "/shown", "/nowhere"):
        for header in ("Client-Cert", "Client-Cert-Chain"):
            assert client.get(path, headers={**bearer, header: named(alice)}).status_code == 400
    assert client.post("/login", headers={"Client-Cert": named(alice)}).status_code == 400
    assert seen
    assert not any(name.startswith("Client-Cert") for headers in seen for name in headers)  # type: ignore[attr-defined]
    assert client.get("/shown", headers={**FORWARDED, "Client-Cert": named(alice)}, **PROXY).json == {
        "certificate": named(alice)
    }


@pytest.mark.parametrize(
    "value", ["", ":", "::", ":AA", ":A:", ":A===:", ":AA==:, :AA==:", "AA==", ":QQ==:;x=1", ":é:"]
)
def test_a_header_that_is_malformed(client: FlaskClient, value: str) -> None:
    """S20: what is not exactly one byte sequence is refused, whoever sends it, and binds nothing."""
    answer = client.post("/login", headers={**FORWARDED, "Client-Cert": value}, **PROXY)
    assert answer.status_code == 400
    assert "access_token" not in answer.text


def test_in_clear_no_certificate_counts(app: Flask, client: FlaskClient, alice: trustme.LeafCert) -> None:
    """S20: where the proxy itself was spoken to in clear, nothing is given out at all."""
    headers = {"X-Forwarded-Proto": "http", "Client-Cert": named(alice)}
    assert client.post("/login", headers=headers, **PROXY).status_code == 403


def test_in_development_no_certificate_counts(tmp_path: Path, alice: trustme.LeafCert) -> None:
    """S20: over plain HTTP, which development may allow, nobody has shown a certificate to anybody."""
    settings: dict[str, object] = {"mtls": "Client-Cert", "trusted_proxies": ["127.0.0.1"], "dev_http": True}
    client = shop(tmp_path, dpop=[], **settings)[0].test_client()
    answer = client.post("/login", headers={"Client-Cert": named(alice)}, base_url="http://localhost")
    assert answer.json is not None
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/me", headers=bearer, base_url="http://localhost").json == {"user": "alice"}


def test_a_refresh_token_is_bound_too(client: FlaskClient, alice: trustme.LeafCert, mallory: trustme.LeafCert) -> None:
    """S08 S20: a client without a secret renews with its certificate only, and what is refused is not used up."""
    form = {"grant_type": "refresh_token", "refresh_token": login(client, alice)["refresh_token"]}
    for shown in ({}, {"Client-Cert": named(mallory)}):
        assert client.post("/oauth/token", data=form, headers={**FORWARDED, **shown}, **PROXY).status_code == 400
    headers = {**FORWARDED, "Client-Cert": named(alice)}
    answer = client.post("/oauth/token", data=form, headers=headers, **PROXY)
    assert answer.status_code == 200
    assert answer.json is not None
    headers["Authorization"] = f"Bearer {answer.json['access_token']}"
    assert client.get("/me", headers=headers, **PROXY).status_code == 200


def test_a_proxy_s_own_certificate_is_not_its_client_s(tmp_path: Path, alice: trustme.LeafCert) -> None:
    """S20: with `server`, what a configured proxy shows for itself binds the tokens of none of its clients."""
    client = shop(tmp_path, dpop=[ORIGIN], mtls="server", trusted_proxies=["10.0.0.7"])[0].test_client()
    certificate = {"SSL_CLIENT_CERT": ssl.DER_cert_to_PEM_cert(der(alice))}
    for peer, bound_to in (("10.0.0.7", None), ("10.0.0.8", thumbprint(alice))):
        headers = FORWARDED if peer == "10.0.0.7" else {}
        base = {"REMOTE_ADDR": peer, **certificate}
        issued = client.post("/login", headers=headers, environ_base=base).json
        assert issued is not None
        bearer = {**headers, "Authorization": f"Bearer {issued['access_token']}"}
        answer = client.get("/me", headers=bearer, environ_base=base)
        assert answer.json is not None
        assert answer.json.get("x5t#S256") == bound_to


@pytest.mark.parametrize(
    ("environ", "counts"),
    [
        ({"SSL_CLIENT_VERIFY": "SUCCESS"}, True),
        ({"SSL_CLIENT_VERIFY": "GENEROUS"}, False),
        ({"SSL_CLIENT_VERIFY": "FAILED:expired"}, False),
        ({"SSL_CLIENT_CERT": "no certificate"}, False),
        ({"SSL_CLIENT_CERT": ""}, False),
    ],
)
def test_what_apache_says(tmp_path: Path, alice: trustme.LeafCert, environ: dict[str, str], counts: bool) -> None:
    """T12: a certificate that Apache has not validated counts as none."""
    client = shop(tmp_path, dpop=[], mtls="server")[0].test_client()
    base = {"SSL_CLIENT_CERT": ssl.DER_cert_to_PEM_cert(der(alice)), **environ}
    token = client.post("/login", environ_base=base).json["access_token"]  # type: ignore[index]
    answer = client.get("/me", headers={"Authorization": f"Bearer {token}"}, environ_base=base)
    assert answer.json is not None
    assert ("x5t#S256" in answer.json) == counts


# --------------------------------------------------------------------------- with DPoP, and everywhere


def test_bound_to_both(tmp_path: Path, alice: trustme.LeafCert, mallory: trustme.LeafCert) -> None:
    """S17: where both are shown the token is bound to both, and each has to be shown again."""
    client = shop(tmp_path, mtls="server")[0].test_client()
    prover = Prover()
    own, other = ({"SSL_CLIENT_CERT": ssl.DER_cert_to_PEM_cert(der(leaf))} for leaf in (alice, mallory))
    issued = client.post("/login", headers={"DPoP": prover.proof("/login", method="POST")}, environ_base=own).json
    assert issued is not None
    token = issued["access_token"]
    assert issued["token_type"] == "DPoP"
    assert client.get("/vault", headers=prover.headers("/vault", token), environ_base=own).status_code == 200
    assert client.get("/vault", headers=prover.headers("/vault", token), environ_base=other).status_code == 401
    assert client.get("/vault", headers=prover.headers("/vault", token)).status_code == 401
    assert client.get("/vault", headers={"Authorization": f"Bearer {token}"}, environ_base=own).status_code == 401


def test_bound_everywhere(tmp_path: Path, alice: trustme.LeafCert) -> None:
    """S17: where all tokens must be bound, none is given out to a client without a certificate."""
    client = shop(tmp_path, dpop=[], mtls="server", bound=True)[0].test_client()
    assert client.post("/login").status_code == 400
    base = {"SSL_CLIENT_CERT": ssl.DER_cert_to_PEM_cert(der(alice))}
    token = client.post("/login", environ_base=base).json["access_token"]  # type: ignore[index]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/greeting", headers=bearer, environ_base=base).json == {"user": "alice"}
    assert client.get("/greeting", headers=bearer).status_code == 401


def test_the_metadata_tells(tmp_path: Path) -> None:
    """S25 S26: both documents say that tokens can be bound to certificates (RFC 8705 §3.3)."""
    client = shop(tmp_path, issuer="https://localhost", dpop=[], mtls="server")[0].test_client()
    for document in ("authorization-server", "protected-resource"):
        told = client.get(f"/.well-known/oauth-{document}").json
        assert told is not None
        assert told["tls_client_certificate_bound_access_tokens"] is True
        assert "dpop_signing_alg_values_supported" not in told
