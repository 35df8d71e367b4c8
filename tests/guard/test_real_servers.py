"""The guard's transport over real servers, beside the layers that a spoofed header fools.

One gunicorn with its own defaults, which believe loopback peers, serves each layer alone and under the guard; peers are
other addresses of loopback, so that a peer that nobody configured is a real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.guard.servers import Server, gunicorn

pytest.importorskip("flask_talisman", reason="Flask-Talisman is of the dev extra: run make setup")

PROXY = "127.0.0.1"
"""The peer that the proxied applications name, and that gunicorn believes by default."""
STRANGER = "127.0.0.2"
"""A peer that neither gunicorn nor any configuration names."""

APPLICATION = '''
import os
import re

from flask import Flask, request
from flask_talisman import Talisman
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from stopper.guard import Guard


class ForwardedFix:
    """A middleware as people write it for RFC 7239: the last proto of the header is the scheme."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        found = re.findall(r"proto=(\\w+)", environ.get("HTTP_FORWARDED", ""))
        if found:
            environ["wsgi.url_scheme"] = found[-1]
        return self.app(environ, start_response)


def believing(app, layer):
    if layer == "talisman":
        Talisman(app, content_security_policy=None)
    if layer == "proxy_fix":
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)
    if layer == "forwarded_fix":
        app.wsgi_app = ForwardedFix(app.wsgi_app)
    return app


def alone(layer):
    app = Flask(layer)

    @app.route("/", methods=["GET", "POST"])
    def served():
        return "served over " + request.scheme

    return believing(app, layer)


def guarded(layer, folder, **settings):
    app = Flask(layer, instance_path=os.path.join(os.environ["INSTANCE"], layer, folder))
    app.config.update({"STOPPER_" + key.upper(): value for key, value in settings.items()})
    if layer == "talisman_after":
        guard = Guard(app)
        believing(app, "talisman")
    else:
        believing(app, layer)
        guard = Guard(app)

    @app.post("/")
    @guard.public
    def login():
        return guard.issue("alice")

    @app.get("/")
    @guard.require
    def home():
        return "home"

    return app


app = DispatcherMiddleware(NotFound())
for name in ("bare", "talisman", "talisman_after", "proxy_fix", "forwarded_fix"):
    app.mounts["/alone/" + name] = alone(name)
    app.mounts["/guarded/" + name] = guarded(name, "none")
    app.mounts["/proxied/" + name] = guarded(name, "one", trusted_proxies=["127.0.0.1"])
    app.mounts["/rfc7239/" + name] = guarded(name, "rfc", trusted_proxies=["127.0.0.1"], proxy_header="Forwarded")
    app.mounts["/socket/" + name] = guarded(name, "unix", trusted_proxies=["unix"])
'''
LAYERS = ("bare", "talisman", "talisman_after", "proxy_fix", "forwarded_fix")

SPOOFS: dict[str, list[tuple[str, str]]] = {
    "proto": [("X-Forwarded-Proto", "https")],
    "proto list, https last": [("X-Forwarded-Proto", "http, https")],
    "proto list, https first": [("X-Forwarded-Proto", "https, http")],
    "proto twice": [("X-Forwarded-Proto", "http"), ("X-Forwarded-Proto", "https")],
    "protocol": [("X-Forwarded-Protocol", "ssl")],
    "ssl": [("X-Forwarded-Ssl", "on")],
    "proto with for": [("X-Forwarded-Proto", "https"), ("X-Forwarded-For", PROXY)],
    "proto with underscore": [("X_Forwarded_Proto", "https")],
    "forwarded": [("Forwarded", "proto=https")],
    "forwarded list": [("Forwarded", "for=192.0.2.1;proto=http, for=192.0.2.2;proto=https")],
    "forwarded, quoted": [("Forwarded", 'for="[2001:db8::1]";proto="https"')],
    "forwarded, open quote": [("Forwarded", 'for="x, proto=https')],
    "ssl and forwarded": [("X-Forwarded-Ssl", "on"), ("Forwarded", "proto=https")],
}

FOOLED = [
    ("bare", "proto", PROXY),
    ("bare", "protocol", PROXY),
    ("bare", "ssl", PROXY),
    ("bare", "ssl and forwarded", PROXY),
    ("talisman", "proto", PROXY),
    ("talisman", "ssl", PROXY),
    ("talisman", "proto", STRANGER),
    ("talisman", "proto with for", STRANGER),
    ("proxy_fix", "proto", PROXY),
    ("proxy_fix", "proto list, https last", PROXY),
    ("proxy_fix", "ssl", PROXY),
    ("proxy_fix", "proto", STRANGER),
    ("proxy_fix", "proto list, https last", STRANGER),
    ("proxy_fix", "proto twice", STRANGER),
    ("forwarded_fix", "forwarded", PROXY),
    ("forwarded_fix", "forwarded", STRANGER),
    ("forwarded_fix", "forwarded list", STRANGER),
    ("forwarded_fix", "forwarded, open quote", STRANGER),
]
"""Which spoof makes which layer, alone, serve plain HTTP as if it were TLS, and from which peer."""


@pytest.fixture(scope="module")
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the server's Unix socket is."""
    return tmp_path_factory.mktemp("socket") / "s"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, socket_path: Path) -> Iterator[Server]:
    """Serve every layer over plain HTTP."""
    with gunicorn(tmp_path_factory.mktemp("clear"), APPLICATION, "--bind", f"unix:{socket_path}") as running:
        yield running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve every layer over TLS."""
    with gunicorn(tmp_path_factory.mktemp("tls"), APPLICATION, authority=trustme.CA()) as running:
        yield running


@pytest.mark.parametrize(("layer", "spoof", "peer"), FOOLED)
def test_alone_each_layer_is_fooled(server: Server, layer: str, spoof: str, peer: str) -> None:
    """T06: the attack is real: without the guard this header makes plain HTTP count as TLS."""
    answer = server.ask(f"/alone/{layer}/", SPOOFS[spoof], peer=peer)
    assert answer.status == 200
    if layer != "talisman":  # which only leaves out its redirect
        assert answer.body == "served over https"


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("spoof", SPOOFS)
@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_with_the_guard_none_is(server: Server, layer: str, spoof: str, peer: str) -> None:
    """T01 T02 T06: the guard refuses every spoof in front of every layer, without redirect, token or HSTS."""
    answer = server.ask(f"/guarded/{layer}/", SPOOFS[spoof], "POST", peer)
    assert answer.status in (400, 403)  # 400: gunicorn itself refuses headers that contradict each other
    assert "Location" not in answer.headers
    assert "access_token" not in answer.body
    assert "Strict-Transport-Security" not in answer.headers  # T05


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("spoof", SPOOFS)
def test_a_configured_proxy_lends_its_trust_to_nobody(server: Server, layer: str, spoof: str) -> None:
    """T06: with a proxy configured, the same headers from another peer are refused."""
    assert server.ask(f"/proxied/{layer}/", SPOOFS[spoof], "POST", STRANGER).status in (400, 403)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_configured_proxy_is_believed_in_one_header_only(server: Server, layer: str) -> None:
    """T06: from the configured peer `X-Forwarded-Proto: https` is TLS, and no list with http or other header is."""
    good = {"proto", "proto with for"}
    answers = {
        spoof: server.ask(f"/proxied/{layer}/", headers, "POST").status
        for spoof, headers in SPOOFS.items()
        if spoof != "proto with underscore"
    }
    assert {spoof for spoof, status in answers.items() if status == 200} == good
    assert {status for spoof, status in answers.items() if spoof not in good} <= {400, 403}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_proxy_that_speaks_rfc_7239(server: Server, layer: str) -> None:
    """T06: with `Forwarded` configured, only an element list that says https throughout is TLS."""
    path = f"/rfc7239/{layer}/"
    # Talisman reads no Forwarded header: it redirects what the guard has let through, with or without the guard.
    served = 302 if layer.startswith("talisman") else 200
    assert server.ask(path, {"Forwarded": "for=192.0.2.1;proto=https"}, "POST").status == served
    assert server.ask(path, {"Forwarded": "proto=https, proto=https"}, "POST").status == served
    for refused in ("proto=http", "proto=https, proto=http", "for=192.0.2.1", 'for="x, proto=https', "", "proto"):
        assert server.ask(path, {"Forwarded": refused}, "POST").status == 403
    assert server.ask(path, {"X-Forwarded-Proto": "https"}, "POST").status == 403
    assert server.ask(path, {"Forwarded": "proto=https"}, "POST", STRANGER).status == 403


def test_a_unix_socket_is_a_peer_of_its_own(server: Server, socket_path: Path) -> None:
    """T06: through a Unix socket the header counts where `unix` is configured, and an address is no such word."""
    proto = {"X-Forwarded-Proto": "https"}
    assert server.ask("/socket/bare/", proto, "POST", unix=socket_path).status == 200
    assert server.ask("/socket/bare/", method="POST", unix=socket_path).status == 403
    assert server.ask("/guarded/bare/", proto, "POST", unix=socket_path).status == 403
    assert server.ask("/proxied/bare/", proto, "POST", unix=socket_path).status == 403
    assert server.ask("/socket/bare/", proto, "POST").status == 403


@pytest.mark.parametrize("layer", LAYERS)
def test_plain_http_without_any_header(server: Server, layer: str) -> None:
    """T01 T02: plain HTTP is refused where no header says anything, also where Talisman would redirect."""
    for application in ("guarded", "proxied", "rfc7239"):
        answer = server.ask(f"/{application}/{layer}/", method="POST")
        assert answer.status == 403
        assert "Location" not in answer.headers


@pytest.mark.parametrize("layer", LAYERS)
def test_tls_itself_is_served(secure: Server, layer: str) -> None:
    """T01 T04: over TLS a token is issued and opens the door, with one HSTS header beside every layer."""
    issued = secure.ask(f"/guarded/{layer}/", method="POST")
    assert issued.status == 200
    token = issued.body.split('"access_token":"')[1].split('"')[0]
    answer = secure.ask(f"/guarded/{layer}/", {"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.body) == (200, "home")
    for one in (issued, answer):
        (hsts,) = one.headers.get_all("Strict-Transport-Security") or []
        assert int(hsts.split("max-age=")[1].split(";")[0]) >= 31_536_000
        assert "includeSubDomains" in hsts


@pytest.mark.parametrize("layer", LAYERS)
def test_an_unknown_proxy_before_tls_is_not_believed(secure: Server, layer: str) -> None:
    """T06: over TLS a forwarding header from a peer that is not configured still means that nobody knows."""
    assert secure.ask(f"/guarded/{layer}/", SPOOFS["proto"], "POST", STRANGER).status == 403
    assert secure.ask(f"/guarded/{layer}/", {"X-Forwarded-For": "192.0.2.1"}, "POST").status == 403


def test_nothing_went_wrong_inside(server: Server, secure: Server) -> None:
    """L08: after all this neither server has written a traceback."""
    assert "Traceback" not in server.log.read_text()
    assert "Traceback" not in secure.log.read_text()
