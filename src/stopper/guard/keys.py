"""Keys: one key, one algorithm. Strict import of JWKs and sets, and the ring that signs with the newest.

A key that is weak, ambiguous or meant for something else is refused when it is imported, not when it is used.
"""

from __future__ import annotations

import hmac
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc.errors import JoseError as LibraryError
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OctKey, OKPKey, RSAKey
from joserfc.jwk import Key as Material
from joserfc.jws import JWSRegistry


class RefusedKeyError(Exception):
    """A key that is not taken; the text says why and holds nothing of the key."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A key with its one algorithm. `material` holds the secret where there is one.

    `names` are the `alg` values that mean its algorithm: Ed25519 has two (RFC 8037 §3.1, RFC 9864 §2.2). `verify` tells
    of a signing input and a signature whether they belong together; it may raise what joserfc and cryptography raise.
    """

    id: str
    algorithm: str
    material: Material
    names: tuple[str, ...] = field(init=False, compare=False)
    verify: Callable[[bytes, bytes], bool] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare once what every signature needs."""
        object.__setattr__(self, "names", _ED25519 if self.algorithm in _ED25519 else (self.algorithm,))
        object.__setattr__(self, "verify", _verifier(self.algorithm, self.material))

    def __repr__(self) -> str:
        """Return id and algorithm, and nothing of the key."""
        return f"Key({self.id!r}, {self.algorithm!r})"

    @property
    def is_private(self) -> bool:
        """Tell whether the key can sign."""
        return bool(self.material.is_private)

    @property
    def is_symmetric(self) -> bool:
        """Tell whether whoever verifies with this key can also sign."""
        return isinstance(self.material, OctKey)

    def public(self) -> dict[str, Any]:
        """Return the public JWK; raise RefusedKeyError for a symmetric key, which has no public part."""
        if self.is_symmetric:
            raise RefusedKeyError("a symmetric key is not published")
        members = self.material.as_dict(private=False)
        return {**members, "kid": self.id, "alg": self.algorithm, "use": "sig"}


_ED25519 = ("EdDSA", "Ed25519")
_HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
SMALLEST_RSA = 2048

# What each key type may be used for where nobody says more; RSA is left out because RS256 and PS256 both fit.
_ONLY_ALGORITHM = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "Ed25519"}


def _verifier(algorithm: str, material: Material) -> Callable[[bytes, bytes], bool]:
    """Return what verifies signatures with a key: joserfc, or for HMAC and Ed25519 what it would ask.

    For these two its way there is some 150 steps of the interpreter, at each signature the same.
    """

    def by_library(signing_input: bytes, signature: bytes) -> bool:
        return JWSRegistry.algorithms[algorithm].verify(signing_input, signature, material)

    try:
        usable: object = material.get_op_key("verify")
    except LibraryError:  # not a key for that (RFC 7517 §4.3), which joserfc says at each signature
        return by_library
    if isinstance(usable, bytes) and usable and algorithm in _HASHES:
        secret, name = usable, _HASHES[algorithm]
        return lambda signing_input, signature: hmac.compare_digest(signature, hmac.digest(secret, signing_input, name))
    if isinstance(usable, Ed25519PublicKey) and algorithm in _ED25519:
        check = usable.verify

        def by_key(signing_input: bytes, signature: bytes) -> bool:
            try:
                check(signature, signing_input)
            except InvalidSignature:
                return False
            return True

        return by_key
    return by_library


def from_jwk(jwk: Mapping[str, Any], algorithm: str = "") -> Key:
    """Import a JWK (RFC 7517). `algorithm` is what it is for where the JWK names none.

    Raises RefusedKeyError for a key that is weak (RFC 7518 §3.2, §3.3), malformed, of another use or for no algorithm.
    """
    _check_members(jwk)
    named = jwk.get("alg") or algorithm or _ONLY_ALGORITHM.get(str(jwk.get("crv")), "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            material = JWKRegistry.import_key(dict(jwk))
    except (ValueError, TypeError, KeyError, LibraryError, UnsupportedAlgorithm, SecurityWarning):
        raise RefusedKeyError("malformed or weak key") from None
    key = Key(str(jwk.get("kid") or material.thumbprint()), str(named), material)
    _check_strength(key)
    return key


def _check_members(jwk: Mapping[str, Any]) -> None:
    if any(
        not isinstance(jwk.get(name, ""), str) for name in ("kty", "alg", "use", "kid", "crv", "k", "n", "e", "x", "y")
    ):
        raise RefusedKeyError("malformed key")
    if jwk.get("use", "sig") != "sig":  # RFC 7517 §4.2
        raise RefusedKeyError("not a key for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or not {"sign", "verify"} & set(map(str, operations)):  # RFC 7517 §4.3
        raise RefusedKeyError("not a key for signatures")


def _check_strength(key: Key) -> None:
    """Refuse what the algorithm does not fit or what is too weak for it."""
    material, algorithm = key.material, key.algorithm
    if isinstance(material, OctKey) and algorithm in _HASH_BYTES:
        _check_secret(bytes(material.raw_value), _HASH_BYTES[algorithm])
    elif isinstance(material, RSAKey) and algorithm in _RSA:
        _check_rsa(material.public_key.public_numbers())
    elif isinstance(material, ECKey) and _CURVES.get(algorithm) == material.curve_name:
        pass  # joserfc and cryptography have checked that the point is on the curve
    elif isinstance(material, OKPKey) and algorithm in _ED25519 and material.curve_name == "Ed25519":
        pass
    else:
        raise RefusedKeyError("key type and algorithm do not belong together")


def _check_secret(secret: bytes, shortest: int) -> None:
    if len(secret) < shortest:  # RFC 7518 §3.2
        raise RefusedKeyError(f"an HMAC key for this algorithm has at least {shortest} bytes")
    if _is_asymmetric(secret):
        raise RefusedKeyError("an asymmetric key is no HMAC key")


def _is_asymmetric(secret: bytes) -> bool:
    """Tell whether bytes are a key of public-key cryptography in any dress: what may be public is no secret."""
    stripped = secret.strip()
    if b"-----BEGIN" in secret or stripped.startswith((b"ssh-", b"ecdsa-sha2-", b"---- BEGIN")):
        return True
    if stripped.startswith(b"{"):
        try:
            return "kty" in json.loads(stripped) or "keys" in json.loads(stripped)
        except ValueError:
            return False
    try:
        load_der_private_key(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False  # public DER and certificates are refused by joserfc already
    return True


def _check_rsa(numbers: rsa.RSAPublicNumbers) -> None:
    if numbers.n.bit_length() < SMALLEST_RSA:  # RFC 7518 §3.3
        raise RefusedKeyError(f"an RSA key has at least {SMALLEST_RSA} bits")
    if numbers.e < 65537 or numbers.e % 2 == 0:  # NIST SP 800-56B §6.4.1
        raise RefusedKeyError("an RSA exponent is odd and at least 65537")
    if _has_weak_structure(numbers.n):
        raise RefusedKeyError("an RSA key made by a generator known to be weak")


_SMALL_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


def _has_weak_structure(modulus: int) -> bool:
    """Tell whether a modulus bears the marks of the ROCA generator (CVE-2017-15361).

    Its primes are powers of 65537 modulo a product of small primes, so the modulus is one modulo each of them; a random
    modulus is that by chance once in 2^27 or less.
    """
    return all(modulus % prime in _powers_of_65537(prime) for prime in _SMALL_PRIMES)


def _powers_of_65537(prime: int) -> frozenset[int]:
    return frozenset(pow(65537, exponent, prime) for exponent in range(prime))


# --------------------------------------------------------------------------- sets


class KeyRing:
    """Keys by id. The first signs, all verify; a token chooses by `kid` and can choose nothing else."""

    __slots__ = ("_by_id", "_keys")

    def __init__(self, keys: Iterable[Key]) -> None:
        """Take the keys, the signing one first; raise RefusedKeyError where two have the same id."""
        self._keys = tuple(keys)
        self._by_id = {key.id: key for key in self._keys}
        if len(self._by_id) != len(self._keys):
            raise RefusedKeyError("two keys have the same kid")

    def __iter__(self) -> Iterator[Key]:
        """Iterate over the keys, the signing one first."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._keys)

    def find(self, key_id: str | None) -> Key | None:
        """Return the key of an id; without an id, the only key there is, or None."""
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return self._by_id.get(key_id)

    def public(self) -> dict[str, Any]:
        """Return the JWKS to publish: public members of asymmetric keys (RFC 7517 §5)."""
        return {"keys": [key.public() for key in self._keys if not key.is_symmetric]}


def from_jwks(document: Mapping[str, Any], algorithm: str = "") -> KeyRing:
    """Import a JWKS (RFC 7517 §5).

    Raises RefusedKeyError for a set with duplicate ids, and for one that mixes symmetric or private keys with others:
    whoever wrote it did not mean to publish it. A key of a kind that is not known is left out, as §5 says.
    """
    listed = document.get("keys")
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise RefusedKeyError("not a JWK set")
    kinds = {_kind(item) for item in listed}
    if len(kinds) > 1:
        raise RefusedKeyError("the set mixes public with private or symmetric keys")
    ids = [item["kid"] for item in listed if "kid" in item]
    if len(ids) != len(set(map(str, ids))):
        raise RefusedKeyError("two keys have the same kid")
    keys = []
    for item in listed:
        try:
            keys.append(from_jwk(item, algorithm))
        except RefusedKeyError:
            continue
    if listed and not keys:
        raise RefusedKeyError("no usable key in the set")
    return KeyRing(keys)


def _kind(jwk: Mapping[str, Any]) -> str:
    if jwk.get("kty") == "oct":
        return "symmetric"
    return "private" if "d" in jwk else "public"
