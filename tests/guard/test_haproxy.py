"""Client certificates behind a real HAProxy, with the lines of configuration that the page gives (RFC 9440).

Without HAProxy all of it is skipped; `make haproxy` installs it from Debian's packages and runs this file.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.guard.servers import Answer, Headers, Server, gunicorn
from tests.guard.test_mtls import named, showing, thumbprint

PAGE = Path(__file__).parents[2] / "docs" / "guard" / "mtls.md"
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")

pytestmark = pytest.mark.skipif(
    HAPROXY is None,
    reason="haproxy is not installed, so no real proxy names certificates here; `make haproxy` does both",
)

APPLICATION = """
import os

from flask import Flask, request

from stopper.guard import Guard, current_token

app = Flask("served", instance_path=os.environ["INSTANCE"])
app.config.update(STOPPER_MTLS="Client-Cert", STOPPER_TRUSTED_PROXIES=["127.0.0.1"])
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


@app.get("/named")
@guard.public
def named():
    return {name: value for name, value in request.headers if name.startswith("Client")}
"""


@dataclass(frozen=True)
class Site:
    """A proxy that ends TLS, the application behind it, and the authority of both and of their clients."""

    proxy: Server
    behind: Server
    authority: trustme.CA

    def ask(self, leaf: trustme.LeafCert | None, path: str, headers: Headers = (), method: str = "GET") -> Answer:
        """Ask through the proxy with a certificate, or with none."""
        return showing(self.proxy, self.authority, leaf).ask(path, headers, method)

    def bearer(self, leaf: trustme.LeafCert | None) -> dict[str, str]:
        """Log in through the proxy and return the header with the token."""
        token = json.loads(self.ask(leaf, "/login", method="POST").body)["access_token"]
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return the authority that the proxy and its clients trust."""
    return trustme.CA()


@pytest.fixture(scope="module")
def alice(authority: trustme.CA) -> trustme.LeafCert:
    """Return the certificate of the client that tokens are given to."""
    return authority.issue_cert("alice@client.test")


@pytest.fixture(scope="module")
def mallory(authority: trustme.CA) -> trustme.LeafCert:
    """Return a good certificate of somebody else."""
    return authority.issue_cert("mallory@client.test")


@pytest.fixture(scope="module")
def site(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run the page's proxy before gunicorn, which is told to let any header through: the proxy has to stop them."""
    folder = tmp_path_factory.mktemp("haproxy")
    with (
        gunicorn(folder / "behind", APPLICATION, "--header-map", "dangerous") as behind,
        haproxy(folder, authority, behind.port) as proxy,
    ):
        yield Site(proxy, behind, authority)


def _configuration(folder: Path, port: int, behind: int) -> str:
    """Return the configuration of the page, with this test's ports and files in place of the page's."""
    found: list[str] = re.findall(r"^```haproxy\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (block,) = found
    replaced = {
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/haproxy/": f"{folder}/",
        "10.0.0.8:8000": f"127.0.0.1:{behind}",
    }
    for shown, used in replaced.items():
        assert shown in block
        block = block.replace(shown, used)
    return block


@contextmanager
def haproxy(folder: Path, authority: trustme.CA, behind: int) -> Iterator[Server]:
    """Run HAProxy before a port of loopback."""
    leaf = authority.issue_cert("localhost")
    leaf.private_key_and_cert_chain_pem.write_to_path(folder / "shop.pem")
    authority.cert_pem.write_to_path(folder / "clients.pem")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration, log = folder / "haproxy.cfg", folder / "haproxy.log"
    configuration.write_text(_configuration(folder, port, behind))
    with log.open("w") as written:
        process = subprocess.Popen(
            [str(HAPROXY), "-db", "-f", str(configuration)], stdout=written, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"HAProxy did not start: {log.read_text()[-2000:]}")
        yield Server(port, log)
    finally:
        process.terminate()
        process.wait(20)


def test_the_proxy_names_the_certificate(site: Site, alice: trustme.LeafCert, mallory: trustme.LeafCert) -> None:
    """S20: a token is bound to what the proxy was shown, and works through it with the same certificate only."""
    bearer = site.bearer(alice)
    for _ in range(2):
        assert json.loads(site.ask(alice, "/me", bearer).body) == {"bound to": {"x5t#S256": thumbprint(alice)}}
        assert site.ask(alice, "/vault", bearer).status == 200
        for thief in (mallory, None):
            answer = site.ask(thief, "/me", bearer)
            assert answer.status == 401
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_header_is_rfc_9440_s(site: Site, alice: trustme.LeafCert) -> None:
    """RFC 9440 §2.1: one byte sequence in base64 of the certificate in DER, and no header without a certificate."""
    assert json.loads(site.ask(alice, "/named").body) == {"Client-Cert": named(alice)}
    assert json.loads(site.ask(None, "/named").body) == {}
    assert json.loads(site.ask(None, "/me", site.bearer(None)).body) == {"bound to": {}}


@pytest.mark.parametrize(
    "name", ["Client-Cert", "client-cert", "CLIENT_CERT", "Client_Cert", "Client-Cert-Chain", "Client_Cert-Chain"]
)
def test_a_client_names_none_through_the_proxy(
    site: Site, alice: trustme.LeafCert, mallory: trustme.LeafCert, name: str
) -> None:
    """RFC 9440 §4: what a client writes itself is gone behind the proxy, however it spells the header."""
    sent = {name: named(alice)}
    assert json.loads(site.ask(None, "/named", sent).body) == {}
    assert json.loads(site.ask(mallory, "/named", sent).body) == {"Client-Cert": named(mallory)}
    bearer = site.bearer(alice)
    for thief in (mallory, None):
        assert site.ask(thief, "/me", {**bearer, **sent}).status == 401


@pytest.mark.parametrize("name", ["Client-Cert", "Client-Cert-Chain"])
def test_nobody_names_one_past_the_proxy(site: Site, alice: trustme.LeafCert, name: str) -> None:
    """S20: who reaches the application without the proxy and names a certificate is refused, whatever he forwards."""
    bearer = site.bearer(alice)
    forwarded = {"X-Forwarded-Proto": "https"}
    answer = site.behind.ask("/me", {**bearer, **forwarded, name: named(alice)}, peer="127.0.0.2")
    assert (answer.status, "gold" in answer.body) == (400, False)
    assert site.behind.ask("/named", {name: named(alice)}, peer="127.0.0.2").status == 400
    assert site.behind.ask("/me", {**bearer, **forwarded}, peer="127.0.0.2").status == 403
    same = site.behind.ask("/me", {**bearer, **forwarded, "Client-Cert": named(alice)}, peer="127.0.0.1")
    assert same.status == 200  # the address of the proxy is what decides


def test_the_proxy_turns_strangers_away(site: Site) -> None:
    """T12: a certificate of another authority ends the handshake at the proxy."""
    stranger = trustme.CA().issue_cert("alice@client.test")
    with pytest.raises((ssl.SSLError, OSError)):
        site.ask(stranger, "/login", method="POST")
