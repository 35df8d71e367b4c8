"""Plain HTTP is refused, and nobody but a configured proxy can say that it was TLS."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix

from stopper.guard.settings import Settings
from stopper.guard.transport import Channel, channel
from tests.guard.conftest import MakeApp

CLEAR = "http://localhost"
SPOOFS = [
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Protocol", "ssl"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Url-Scheme", "https"),
    ("X-Scheme", "https"),
    ("X-Forwarded-Https", "on"),
    ("X-Https", "on"),
    ("X-Arr-Ssl", "2048|256|CN=root"),
    ("CloudFront-Forwarded-Proto", "https"),
    ("CF-Visitor", '{"scheme":"https"}'),
    ("Front-End-Https", "on"),
    ("Forwarded", "proto=https"),
    ("Forwarded", "for=1.2.3.4;proto=https;by=_x"),
    ("X-Forwarded-For", "127.0.0.1"),
]


def test_plain_http_is_refused_and_not_redirected(client: FlaskClient, token: str) -> None:
    """T01 T02: every route refuses plain HTTP with 403, without a Location, whether or not a token came along."""
    for path in ("/me", "/greeting", "/nowhere", "/static/x"):
        answer = client.get(path, base_url=CLEAR)
        assert answer.status_code == 403
        assert "Location" not in answer.headers
    assert client.post("/login", base_url=CLEAR).status_code == 403


def test_a_token_in_clear_is_refused_and_said_so(client: FlaskClient, token: str) -> None:
    """T03: a good token over plain HTTP does not work, and the answer says that it must be replaced."""
    answer = client.get("/me", base_url=CLEAR, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "replace it" in answer.text
    assert token not in answer.text


def test_plain_http_can_be_declared_for_public_routes(client: FlaskClient, token: str) -> None:
    """`public(plain_http=True)` serves in clear, but not to a caller who sends a credential along."""
    assert client.get("/health", base_url=CLEAR).status_code == 200
    assert client.get("/health", base_url=CLEAR, headers={"Authorization": f"Bearer {token}"}).status_code == 403
    assert client.get("/health?access_token=x", base_url=CLEAR).status_code == 403


@pytest.mark.parametrize(("name", "value"), SPOOFS)
def test_no_header_of_a_client_makes_plain_http_secure(client: FlaskClient, name: str, value: str) -> None:
    """T06: a forwarding header from a peer that is not configured does not help."""
    assert client.post("/login", base_url=CLEAR, headers={name: value}).status_code == 403


@pytest.mark.parametrize(("name", "value"), SPOOFS)
def test_a_server_that_believes_the_header_does_not_help(client: FlaskClient, name: str, value: str) -> None:
    """T06: where the server has set the scheme to https because of such a header, the request still counts as clear."""
    assert client.post("/login", base_url="https://localhost", headers={name: value}).status_code == 403


def test_hsts_on_secure_answers_only(client: FlaskClient) -> None:
    """T04 T05: HSTS of two years on answers over TLS, 404 and 401 included, and on none in clear."""
    for path in ("/me", "/health", "/nowhere"):
        value = client.get(path).headers.getlist("Strict-Transport-Security")
        assert value == ["max-age=63072000; includeSubDomains"]
    for path in ("/me", "/health"):
        assert "Strict-Transport-Security" not in client.get(path, base_url=CLEAR).headers


def test_a_configured_proxy_is_believed(make_app: MakeApp) -> None:
    """T06: the configured peer's header decides, in both directions."""
    client = make_app(trusted_proxies=["127.0.0.0/8"]).test_client()
    assert client.post("/login", base_url=CLEAR, headers={"X-Forwarded-Proto": "https"}).status_code == 200
    assert client.post("/login", base_url=CLEAR, headers={"X-Forwarded-Proto": "http"}).status_code == 403
    assert client.post("/login", base_url=CLEAR).status_code == 403
    other = {"REMOTE_ADDR": "192.0.2.1"}
    spoofed = client.post("/login", base_url=CLEAR, headers={"X-Forwarded-Proto": "https"}, environ_overrides=other)
    assert spoofed.status_code == 403


@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ({"X-Forwarded-Proto": "https,https"}, True),
        ({"X-Forwarded-Proto": "HTTPS , https"}, True),
        ({"X-Forwarded-Proto": "https, http"}, False),
        ({"X-Forwarded-Proto": "http, https"}, False),
        ({"X-Forwarded-Proto": "https,"}, False),
        ({"X-Forwarded-Proto": ""}, False),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"}, False),
        ({"X-Forwarded-Proto": "https", "Forwarded": "proto=http"}, False),
        ({"X-Forwarded-Proto": "https", "Forwarded": "for=192.0.2.1"}, True),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Scheme": "http"}, False),
        ({"X-Forwarded-Ssl": "on"}, False),
        ({"Forwarded": "proto=https"}, False),
        ({"X-Forwarded-For": "192.0.2.1"}, False),
    ],
)
def test_lists_and_contradictions_of_x_forwarded_proto(
    make_app: MakeApp, headers: dict[str, str], secure: bool
) -> None:
    """T06: from a configured proxy every hop must say https and no other header may contradict."""
    client = make_app(trusted_proxies=["127.0.0.1"]).test_client()
    assert client.post("/login", base_url=CLEAR, headers=headers).status_code == (200 if secure else 403)


@pytest.mark.parametrize(
    ("value", "secure"),
    [
        ("proto=https", True),
        ('for="[2001:db8::1]";proto="https";by=_gate', True),
        ("for=1.2.3.4;Proto=HTTPS, for=10.0.0.1;proto=https", True),
        ("proto=https, proto=http", False),
        ("proto=http, proto=https", False),
        ("for=1.2.3.4", False),
        ("proto=https, for=10.0.0.1", False),
        ('for="a,proto=https"', False),
        ("", False),
        ("proto=https,", False),
        ("proto=https garbage", False),
        ('proto=https;x=", proto=http;for="[::1]"', False),
    ],
)
def test_the_forwarded_header(make_app: MakeApp, value: str, secure: bool) -> None:
    """T06: RFC 7239 with quoted values and lists, where it is the configured header."""
    client = make_app(trusted_proxies=["127.0.0.1"], proxy_header="Forwarded").test_client()
    assert client.post("/login", base_url=CLEAR, headers={"Forwarded": value}).status_code == (200 if secure else 403)


def test_a_unix_socket_is_a_peer_of_its_own(make_app: MakeApp) -> None:
    """A proxy on a Unix socket has no address and is configured as `unix`."""
    headers, no_address = {"X-Forwarded-Proto": "https"}, {"REMOTE_ADDR": ""}
    refused = make_app(trusted_proxies=["127.0.0.1"]).test_client()
    believed = make_app(trusted_proxies=["unix"]).test_client()
    assert refused.post("/login", base_url=CLEAR, headers=headers, environ_overrides=no_address).status_code == 403
    assert believed.post("/login", base_url=CLEAR, headers=headers, environ_overrides=no_address).status_code == 200


def test_mapped_addresses_are_the_same_peer(make_app: MakeApp) -> None:
    """An IPv4 peer seen through an IPv6 socket is the same peer."""
    client = make_app(trusted_proxies=["127.0.0.1"]).test_client()
    mapped = {"REMOTE_ADDR": "::ffff:127.0.0.1"}
    answer = client.post("/login", base_url=CLEAR, headers={"X-Forwarded-Proto": "https"}, environ_overrides=mapped)
    assert answer.status_code == 200


@pytest.mark.parametrize("outside", [True, False])
def test_proxy_fix_alone_is_fooled_and_with_the_guard_is_not(make_app: MakeApp, outside: bool) -> None:
    """T06: ProxyFix turns a spoofed header into https, and the guard refuses it all the same."""
    app = make_app()
    plain = Flask("plain")
    plain.add_url_rule("/", view_func=lambda: __import__("flask").request.scheme)
    plain.wsgi_app = ProxyFix(plain.wsgi_app)  # type: ignore[method-assign]
    spoof = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    assert plain.test_client().get("/", base_url=CLEAR, headers=spoof).text == "https"
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    assert app.test_client().post("/login", base_url=CLEAR, headers=spoof).status_code == 403


def test_proxy_fix_does_not_hide_the_configured_peer(make_app: MakeApp) -> None:
    """Behind ProxyFix the address of the connection decides, not the one that the header names."""
    app = make_app(trusted_proxies=["127.0.0.1"])
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    assert app.test_client().post("/login", base_url=CLEAR, headers=headers).status_code == 200
    spoof = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    answer = app.test_client().post(
        "/login", base_url=CLEAR, headers=spoof, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("how", ["environment", "configuration"])
def test_development_over_http(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """STOPPER_DEV_HTTP works from loopback, without forwarding headers, and from nowhere else; no HSTS then."""
    if how == "environment":
        monkeypatch.setenv("STOPPER_DEV_HTTP", "1")
    client = (make_app() if how == "environment" else make_app(dev_http=True)).test_client()
    answer = client.post("/login", base_url=CLEAR)
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers
    assert client.post("/login", base_url=CLEAR, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403
    elsewhere = client.post("/login", base_url=CLEAR, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert elsewhere.status_code == 403


def test_debug_mode_serves_loopback_only(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """L09: in debug mode a remote peer gets 503 and the log says why."""
    app.debug = True
    client = app.test_client()
    assert client.post("/login").status_code == 200
    assert client.post("/login", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 503
    assert "STOPPER_DEBUG_REMOTE" in caplog.text


def test_the_first_refusal_on_loopback_says_how_to_develop(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The first `flask run` is no riddle: the log names the setting, once."""
    client.get("/me", base_url=CLEAR)
    client.get("/me", base_url=CLEAR)
    assert caplog.text.count("STOPPER_DEV_HTTP=1") == 1


@given(
    st.dictionaries(
        st.sampled_from(["HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED", "HTTP_X_FORWARDED_SSL", "HTTP_X_FORWARDED_FOR"]),
        st.text(alphabet=st.sampled_from(list('https=prot,;" \\')), max_size=40),
        min_size=1,
    )
)
def test_nothing_that_a_stranger_sends_is_believed(headers: dict[str, str]) -> None:
    """T06: whatever the forwarding headers hold, a peer that is not configured gets no TLS by them, nor an error."""
    for scheme in ("http", "https"):
        environ = {"wsgi.url_scheme": scheme, "REMOTE_ADDR": "127.0.0.1", **headers}
        assert channel(environ, Settings()) is Channel.CLEAR


# --------------------------------------------------------------------------- over a real server

_APPLICATION = """
from flask import Flask
from stopper.guard import Guard
import os
app = Flask("shop", instance_path=os.environ["INSTANCE"])
app.config["STOPPER_TRUSTED_PROXIES"] = [p for p in os.environ.get("PROXIES", "").split() if p]
guard = Guard(app)

@app.post("/login")
@guard.public
def login():
    return guard.issue("alice")
"""


@pytest.fixture(params=["", "127.0.0.1"])
def gunicorn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, bool]]:
    """Run the application under gunicorn, without and with a configured proxy; give its port and whether."""
    (tmp_path / "shop.py").write_text(_APPLICATION)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = Path(__file__).parents[2] / "src"
    environment = dict(os.environ, INSTANCE=str(tmp_path), PROXIES=request.param, PYTHONPATH=f"{source}:{tmp_path}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "shop:app"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, bool(request.param)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_gunicorn_believes_loopback_and_the_guard_does_not(gunicorn: tuple[int, bool]) -> None:
    """T06: under gunicorn, which trusts loopback peers, the header works only with a configured proxy."""
    port, configured = gunicorn

    def login(headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/login", headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert login({}) == 403
    assert login({"X-Forwarded-Proto": "https"}) == (200 if configured else 403)
    assert login({"X-Forwarded-Ssl": "on"}) == 403
    assert login({"X-Forwarded-Proto": "https, http"}) in (400, 403)
