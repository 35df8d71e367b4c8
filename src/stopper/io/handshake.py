"""Looks at how a server speaks TLS: a few handshakes of its own, no request and no credential in any of them."""

from __future__ import annotations

import socket
import ssl
import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from stopper.observe.views import Tls

_OLD = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}


def examined(address: str, port: int, name: str, careful: ssl.SSLContext, seconds: float) -> Tls | None:
    """Return what handshakes with an address show, None where there is none at all; blocks for at most four of them.

    `name` is the host that the certificate must be for, `careful` what a client verifies with. Where our own library
    speaks no old version, none is found.
    """
    certificate = _certificate(address, port, name, seconds)
    if certificate is None:
        return None
    parsed = _parsed(certificate)
    return Tls(
        old_versions=tuple(said for said, version in _OLD.items() if _speaks(address, port, name, version, seconds)),
        refusal=_refusal(address, port, name, careful, seconds),
        expires=parsed.not_valid_after_utc.timestamp() if parsed else None,
        key=_key(parsed) if parsed else ("", 0),
        signature_hash=_signature_hash(parsed) if parsed else "",
    )


def _connected(address: str, port: int, name: str, context: ssl.SSLContext, seconds: float) -> ssl.SSLSocket:
    plain = socket.create_connection((address, port), timeout=seconds)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def _unverified() -> ssl.SSLContext:
    """Return a context that looks and believes nothing: no request follows the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(address: str, port: int, name: str, seconds: float) -> bytes | None:
    try:
        with _connected(address, port, name, _unverified(), seconds) as connection:
            return connection.getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None


def _speaks(address: str, port: int, name: str, version: ssl.TLSVersion, seconds: float) -> bool:
    context = _unverified()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        with _connected(address, port, name, context, seconds):
            return True
    except (OSError, ValueError):
        return False


def _refusal(address: str, port: int, name: str, careful: ssl.SSLContext, seconds: float) -> str:
    """Return why a careful client refuses the server, an empty text where it does not."""
    try:
        with _connected(address, port, name, careful, seconds):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message or "certificate not verified"
    except (OSError, ValueError) as error:
        return type(error).__name__


def _parsed(certificate: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(certificate)
    except ValueError:
        return None


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    try:
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "", 0
    if isinstance(public, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return ("RSA" if isinstance(public, rsa.RSAPublicKey) else "DSA"), public.key_size
    return ("EC", public.curve.key_size) if isinstance(public, ec.EllipticCurvePublicKey) else ("", 0)


def _signature_hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return algorithm.name if algorithm else ""
