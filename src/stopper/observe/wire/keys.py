"""Keys of signatures: which one verifies a token, in which forms a public one may be taken, and keys of our own.

The cryptographic libraries are imported where they are used: the list of controls must be there at once.
"""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from stopper.observe.views import Credential, Seal
from stopper.observe.wire import jwt

_LARGEST_SET = 1 << 20
_MOST_KEYS = 50
_FAMILIES = frozenset({"RS", "PS", "ES", "Ed"})
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}


# --------------------------------------------------------------------------- the key of a token


def asymmetric(algorithm: str) -> bool:
    """Tell whether an algorithm signs with a private key that this module can work with (RFC 7518, 3.1; RFC 8037)."""
    from joserfc.jws import JWSRegistry

    return algorithm[:2] in _FAMILIES and algorithm in JWSRegistry.algorithms


def imported(text: str, algorithm: str) -> Any:
    """Return the key of an algorithm's type that a PEM or a JWK holds, None where it holds none."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    types: dict[str, type[Any]] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}
    try:
        return types[algorithm[:2]].import_key(json.loads(text) if text.lstrip().startswith("{") else text)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None


def verifies(algorithm: str, key: Any, signed: bytes, signature: bytes) -> bool:
    """Tell whether a key verifies a signature over these bytes."""
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry

    try:
        return JWSRegistry.algorithms[algorithm].verify(signed, signature, key)
    except (JoseError, ValueError, TypeError):
        return False


def seal(algorithm: str, key: Any) -> Seal:
    """Return what signs bytes with a private key."""
    from joserfc.jws import JWSRegistry

    method = JWSRegistry.algorithms[algorithm]
    return lambda signed: method.sign(signed, key)


def with_public_keys(found: Credential, candidates: Iterable[str]) -> Credential:
    """Return the credential with the keys among the candidates (PEM or JWK) that verify it, the private part left out.

    A JWK stays as it was published, because an API may have taken its very text for a secret.
    """
    algorithm = str(found.jwt.header.get("alg")) if found.jwt else ""
    if found.jwt is None or not asymmetric(algorithm):
        return found
    signed = found.token.reveal().rpartition(".")[0].encode()
    verifying: list[str] = []
    for text in candidates:
        key = imported(text, algorithm)
        if key is not None and verifies(algorithm, key, signed, found.jwt.signature):
            public = text.lstrip().startswith("{") and not key.is_private
            verifying.append(text if public else key.as_pem(private=False).decode())
    return replace(found, public_keys=tuple(dict.fromkeys((*found.public_keys, *verifying))))


def members(document: bytes) -> tuple[str, ...]:
    """Return the keys of a JSON Web Key Set (RFC 7517, 5) or of a single JWK, each as JSON; empty where it is none."""
    if len(document) > _LARGEST_SET:
        return ()
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(parsed, dict):
        return ()
    found = parsed.get("keys") if isinstance(parsed.get("keys"), list) else [parsed]
    keys = [each for each in found or () if isinstance(each, dict) and isinstance(each.get("kty"), str)]
    return tuple(json.dumps(each) for each in keys[:_MOST_KEYS])


# --------------------------------------------------------------------------- a public key from what it signed

_EXPONENTS = (3, 5, 17, 257)
"""Public exponents whose powers can be reckoned with at once; 65537 would take numbers of a hundred million bits."""

_HASHES = {"RS256": hashlib.sha256, "RS384": hashlib.sha384, "RS512": hashlib.sha512}
_DIGEST_PREFIXES = {
    "RS256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "RS384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "RS512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
"""What stands before the hash in a signature's padding (RFC 8017, 9.2, note 1)."""

_SMALL_FACTORS = 1000


def recovered(tokens: Iterable[str]) -> tuple[str, ...]:
    """Return the RSA key, in PEM, that signed two of the tokens; empty where it cannot be told from them.

    Its modulus divides s^e - m for every signature s of a padded message m (RFC 8017, 5.2.2), and so their greatest
    common divisor.
    """
    parsed = [(token, found) for token in dict.fromkeys(tokens) if (found := jwt.parse(token))]
    signed = [(token, found) for token, found in parsed if found.header.get("alg") in _HASHES]
    for (one, first), (other, second) in itertools.combinations(signed[:4], 2):
        if first.header["alg"] == second.header["alg"] and len(first.signature) == len(second.signature):
            for exponent in _EXPONENTS:
                modulus = math.gcd(*(_multiple(token, exponent) for token in (one, other)))
                pem = _with_modulus(modulus, exponent, len(first.signature))
                if pem:
                    return (pem,)
    return ()


def _multiple(token: str, exponent: int) -> int:
    """Return a multiple of the modulus that signed a token."""
    signed, _, signature = token.rpartition(".")
    raw, algorithm = jwt.decode(signature) or b"", str(_algorithm(token))
    digest = _DIGEST_PREFIXES[algorithm] + _HASHES[algorithm](signed.encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (len(raw) - len(digest) - 3) + b"\x00" + digest
    return int(int.from_bytes(raw, "big") ** exponent - int.from_bytes(padded, "big"))


def _algorithm(token: str) -> object:
    parsed = jwt.parse(token)
    return parsed.header.get("alg") if parsed else None


def _with_modulus(multiple: int, exponent: int, size: int) -> str:
    """Return the public key whose modulus a number is, small factors aside, in PEM; empty where it has another size."""
    for factor in range(2, _SMALL_FACTORS):
        while multiple and multiple.bit_length() > size * 8 - 7 and multiple % factor == 0:
            multiple //= factor
    if not size * 8 - 7 <= multiple.bit_length() <= size * 8 or size < 64:
        return ""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = rsa.RSAPublicNumbers(exponent, multiple).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


# --------------------------------------------------------------------------- a public key as a secret


def as_secrets(public: str, algorithm: str) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes that a careless verifier may take for an HMAC secret, each with its name, likeliest first."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = imported(public, algorithm)
    if key is None:
        return
    pem = key.as_pem(private=False)
    yield "its PEM text", pem
    yield "its PEM text without the last line break", pem.rstrip(b"\n")
    if public.lstrip().startswith("{"):
        yield "its JWK as published", public.encode()
        yield "its JWK in compact JSON", json.dumps(json.loads(public), separators=(",", ":")).encode()
    yield "its bare JWK", json.dumps(key.as_dict(private=False), separators=(",", ":"), sort_keys=True).encode()
    yield "its PEM text with CRLF", pem.replace(b"\n", b"\r\n")
    yield "its DER bytes", key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key.public_key, rsa.RSAPublicKey):
        yield "its PKCS#1 PEM text", key.public_key.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    if _has_ssh_form(key.public_key):
        yield "its OpenSSH line", key.public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def _has_ssh_form(public: object) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.curve.name != "secp256k1"
    return isinstance(public, rsa.RSAPublicKey | ed25519.Ed25519PublicKey)


# --------------------------------------------------------------------------- keys that nobody trusts


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key pair made here: the public part as a JWK and as a certificate chain (RFC 7515, 4.1.6), and its signature.

    `certificates` is empty where the algorithm has none that a verifier would take.
    """

    algorithm: str
    jwk: dict[str, Any]
    certificates: tuple[str, ...]
    seal: Seal = field(repr=False)


@functools.cache
def own(algorithm: str) -> OwnKey:
    """Return this run's own key for an asymmetric algorithm; for others one for RS256."""
    name = algorithm if asymmetric(algorithm) else "RS256"
    key = _made(name)
    public = key.as_dict(private=False)
    return OwnKey(name, {member: public[member] for member in public if member != "kid"}, _chain(key), seal(name, key))


def _made(algorithm: str) -> Any:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    if algorithm[:2] == "ES":
        return ECKey.generate_key(_CURVES[algorithm])
    if algorithm[:2] == "Ed":
        return OKPKey.generate_key("Ed448" if algorithm == "Ed448" else "Ed25519")
    return RSAKey.generate_key(2048)


def _chain(key: Any) -> tuple[str, ...]:
    """Return a self-signed certificate for a key in the base64 of DER, as `x5c` wants it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    private = key.private_key
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return ()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stopper")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(private, hashes.SHA256())
    )
    return (base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),)
