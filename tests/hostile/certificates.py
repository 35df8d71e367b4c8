"""TLS contexts of hostile servers, from a certificate authority made for the run."""

from __future__ import annotations

import datetime
import ssl
import tempfile
import warnings
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Authority = trustme.CA
_NAMES = ("localhost", "127.0.0.1")
_DAY = datetime.timedelta(days=1)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def good(authority: Authority) -> ssl.SSLContext:
    """A certificate as it should be."""
    return _context(authority.issue_cert(*_NAMES))


def expired(authority: Authority) -> ssl.SSLContext:
    """A certificate that ended yesterday."""
    return _context(authority.issue_cert(*_NAMES, not_before=_now() - 9 * _DAY, not_after=_now() - _DAY))


def not_yet_valid(authority: Authority) -> ssl.SSLContext:
    """A certificate that begins tomorrow."""
    return _context(authority.issue_cert(*_NAMES, not_before=_now() + _DAY, not_after=_now() + 9 * _DAY))


def unknown_issuer(authority: Authority) -> ssl.SSLContext:
    """A certificate of an authority that nobody trusts."""
    return _context(Authority().issue_cert(*_NAMES))


def wrong_name(authority: Authority) -> ssl.SSLContext:
    """A certificate for another host."""
    return _context(authority.issue_cert("elsewhere.test"))


def old_version(authority: Authority) -> ssl.SSLContext:
    """Nothing newer than TLS 1.1."""
    context = good(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def client_certificate(authority: Authority) -> ssl.SSLContext:
    """The client has to show a certificate of its own."""
    context = good(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


def http2_only(authority: Authority) -> ssl.SSLContext:
    """The only application protocol on offer is HTTP/2."""
    context = good(authority)
    context.set_alpn_protocols(["h2"])
    return context


def both_versions(authority: Authority) -> ssl.SSLContext:
    """HTTP/2 on offer before HTTP/1.1."""
    context = good(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def self_signed(authority: Authority) -> ssl.SSLContext:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _DAY)
        .not_valid_after(_now() + _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "self.pem"
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context
