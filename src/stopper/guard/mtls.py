"""Client certificates (RFC 8705 §3): whoever uses a token has the key of the certificate that it is bound to.

Whether the connection proved that key is for the TLS server to see, and whose certificates it takes is for its
configuration to say. Here only the certificate's digest is looked at, never a name in it.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from base64 import b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

from stopper.guard import transport
from stopper.guard.respond import InvalidRequest
from stopper.guard.settings import Settings
from stopper.guard.transport import Channel

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HEADER = "HTTP_CLIENT_CERT"
_HEADERS = (_HEADER, "HTTP_CLIENT_CERT_CHAIN")
LONGEST_HEADER = 16_384

# RFC 9440 §2.1: a byte sequence of RFC 8941 §3.3.5. Servers join repeated headers with a comma, which it does not have.
_BYTES = re.compile(r":([A-Za-z0-9+/]+={0,2}):", re.ASCII)


def channel(environ: WSGIEnvironment, settings: Settings) -> Channel:
    """Tell how a request came, as `transport.channel` does.

    Raises InvalidRequest where anybody but a configured proxy names a client certificate (RFC 9440 §4); what was named
    is gone then, so that no handler of the application can take it for true.
    """
    if not transport.is_trusted_proxy(transport.peer(environ), settings):
        named = [environ.pop(name) for name in _HEADERS if name in environ]
        if named:
            raise InvalidRequest(
                "A client certificate is shown in the TLS handshake.", "Client-Cert from a peer that is no proxy"
            )
    return transport.channel(environ, settings)


def thumbprint(environ: WSGIEnvironment, came: Channel, settings: Settings) -> str:
    """Return `x5t#S256` of the certificate that the client has shown, empty where it has shown none (RFC 8705 §3.1).

    Raises InvalidRequest for a header that is malformed.
    """
    if came is not Channel.TLS:
        return ""
    certificate = _of_proxy(environ) if settings.mtls == "Client-Cert" else _of_server(environ, settings)
    return urlsafe_b64encode(hashlib.sha256(certificate).digest()).rstrip(b"=").decode() if certificate else ""


def _of_proxy(environ: WSGIEnvironment) -> bytes:
    """Return the certificate in DER that a configured proxy was shown, empty where it names none.

    From anybody else, `channel` has refused the request.
    """
    if _HEADER not in environ:
        return b""
    value = environ[_HEADER].strip()
    found = _BYTES.fullmatch(value) if len(value) <= LONGEST_HEADER else None
    try:
        return b64decode(found[1], validate=True) if found else _malformed()
    except ValueError:
        return _malformed()


def _of_server(environ: WSGIEnvironment, settings: Settings) -> bytes:
    """Return the certificate in DER that the WSGI server was shown; a proxy's own says nothing of its clients.

    gunicorn hands over the connection itself, Werkzeug and Apache's mod_ssl the certificate in PEM.
    """
    if transport.is_trusted_proxy(transport.peer(environ), settings):
        return b""
    shown = getattr(environ.get("gunicorn.socket"), "getpeercert", None)
    if shown is not None:
        return shown(binary_form=True) or b""
    text = environ.get("SSL_CLIENT_CERT") or ""
    if not text or environ.get("SSL_CLIENT_VERIFY", "SUCCESS") != "SUCCESS":
        return b""
    try:
        return ssl.PEM_cert_to_DER_cert(text)
    except ValueError:
        return b""


def _malformed() -> bytes:
    raise InvalidRequest("The client certificate is malformed.", "malformed Client-Cert")
