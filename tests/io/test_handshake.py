"""What handshakes show of servers that are well and badly set up, all of them real and on loopback."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme

from stopper.io.handshake import examined

AUTHORITY = trustme.CA()


def careful() -> ssl.SSLContext:
    """Return what a client verifies with."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@contextlib.contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """Shake hands with whoever comes; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as secure:
                    secure.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return a server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def test_a_good_server() -> None:
    """A server with a right certificate and today's versions is refused by nobody."""
    with serving(server(AUTHORITY.issue_cert("127.0.0.1"))) as port:
        found = examined("127.0.0.1", port, "127.0.0.1", careful(), 5)
    assert found is not None
    assert (found.old_versions, found.refusal, found.key) == ((), "", ("EC", 256))
    assert found.signature_hash == "sha256"


def test_an_old_version_is_seen() -> None:
    """A server that speaks TLS 1.1 is seen to do so."""
    context = server(AUTHORITY.issue_cert("127.0.0.1"))
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with serving(context) as port:
        found = examined("127.0.0.1", port, "127.0.0.1", careful(), 5)
    assert found is not None
    assert found.old_versions == ("TLS 1.1",)


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (AUTHORITY.issue_cert("shop.test"), "IP address mismatch"),
        (trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer"),
        (AUTHORITY.issue_cert("127.0.0.1", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)), "expired"),
    ],
)
def test_a_wrong_certificate_is_refused(certificate: trustme.LeafCert, said: str) -> None:
    """A certificate of another name, of an unknown authority or of another time is refused, and why is told."""
    with serving(server(certificate)) as port:
        found = examined("127.0.0.1", port, "127.0.0.1", careful(), 5)
    assert found is not None
    assert said in found.refusal


def test_a_server_without_tls() -> None:
    """Where nobody shakes hands there is nothing to tell."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert examined("127.0.0.1", port, "127.0.0.1", careful(), 0.2) is None
    assert examined("127.0.0.1", port, "127.0.0.1", careful(), 0.2) is None
