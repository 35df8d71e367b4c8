"""What came instead of an answer, in stable words."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from stopper.io.errors import ClosedEarlyError, TransportError

_CERTIFICATE = {
    9: "certificate not yet valid",
    10: "certificate expired",
    18: "certificate self-signed",
    19: "certificate of an unknown issuer",
    20: "certificate of an unknown issuer",
    21: "certificate of an unknown issuer",
    62: "certificate for another name",
    64: "certificate for another name",
    66: "certificate key too weak",
    67: "certificate key too weak",
    68: "certificate signed with a weak digest",
}
_HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "server does not speak TLS",
    "HTTP_REQUEST": "server does not speak TLS",
    "RECORD_LAYER_FAILURE": "server does not speak TLS",
    "PACKET_LENGTH_TOO_LONG": "server does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "no TLS version of 1.2 or above",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no TLS version of 1.2 or above",
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "server does not speak HTTP/1.1",
    "NO_APPLICATION_PROTOCOL": "server does not speak HTTP/1.1",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "client certificate demanded",
    "TLSV1_UNRECOGNIZED_NAME": "certificate for another name",
    "UNEXPECTED_EOF_WHILE_READING": "connection closed during the handshake",
    "DH_KEY_TOO_SMALL": "key exchange too weak",
    "EE_KEY_TOO_SMALL": "certificate key too weak",
}


class BrokenConnectionError(Exception):
    """A connection that broke, kept from the session, which would repeat the request uncounted.

    The session repeats PUT and DELETE too, and takes only its own errors and OSErrors as a reason.
    """


class InterimFloodError(Exception):
    """More interim answers than any server has a use for."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the library raises into TransportError. Its own texts quote the server and are dropped."""
    try:
        yield
    except (aiohttp.ClientError, BrokenConnectionError, InterimFloodError, TimeoutError, ValueError) as error:
        causes = tuple(_causes(error))
        words = _words(error, causes)
        raise (ClosedEarlyError if words == "closed early" else TransportError)(words) from None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _words(error: BaseException, causes: tuple[BaseException, ...]) -> str:
    # The library's own errors are SSLErrors too, but only the last one in the chain knows the reason.
    tls = [cause for cause in causes if isinstance(cause, ssl.SSLError)]
    if tls:
        return f"tls: {_tls_words(tls[-1])}"
    match error:
        case TimeoutError():
            return "timeout"
        case InterimFloodError():
            return "too many interim answers"
        case aiohttp.ClientConnectorDNSError():
            return "name not found"
        case aiohttp.ClientConnectorError():
            return _connection_words(error.os_error)
        case aiohttp.ClientResponseError():
            flooded = "Too many headers" in error.message or any(isinstance(c, LineTooLong) for c in causes)
            return "header flood" if flooded else "malformed answer"
        case aiohttp.ClientPayloadError():
            return _payload_words(causes)
        case BrokenConnectionError():
            return "closed early"
        case ValueError():
            return "not sendable: refused by the HTTP library"
    return "network error"


def _connection_words(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "refused"
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return "closed early"
    return "unreachable"


def _payload_words(causes: tuple[BaseException, ...]) -> str:
    # The parser has one class for "broken" and "not all there"; only its text tells them apart.
    unfinished = any("Not enough data" in str(cause) or isinstance(cause, OSError) for cause in causes)
    return "closed early" if unfinished else "malformed answer"


def _tls_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, "certificate not trusted")
    reason = str(error.reason or "").upper().replace(" ", "_")
    return _HANDSHAKE.get(reason, reason.lower().replace("_", " ") or "handshake failed")
