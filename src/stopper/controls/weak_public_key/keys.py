"""What is weak about a public key, told from its numbers alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stopper.observe.wire.jwt import decode

SMALLEST_RSA = 2048
"""Bits of a modulus that RFC 7518 section 3.3 demands."""

SMALLEST_EXPONENT = 65537
"""FIPS 186-5 appendix A.1.1: greater than 2^16."""

SMALLEST_CURVE = 224
"""Bits of a curve's field below which no standard has allowed signatures since 2014 (NIST SP 800-131A)."""

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
"""RFC 7518 section 3.4, RFC 8812 section 3.2: each algorithm has its curve."""

_ROUNDS = 64
_LARGEST = 16_384
_SMALL_PRIMES = tuple(n for n in range(3, 168) if all(n % d for d in range(2, math.isqrt(n) + 1)))


def weakness_of_rsa(modulus: int, exponent: int) -> str:
    """Return what is weak about an RSA key, "" where nothing is."""
    bits = modulus.bit_length()
    if bits < SMALLEST_RSA:
        return f"an RSA key of {bits} bits"
    if exponent < SMALLEST_EXPONENT or exponent % 2 == 0:
        return f"an RSA key with the public exponent {exponent}"
    if bits > _LARGEST:
        return ""
    if _of_infineon(modulus):
        return "an RSA key made by the library whose keys can be factored (ROCA, CVE-2017-15361)"
    return "an RSA key whose two primes lie next to each other" if _close_primes(modulus) else ""


def _of_infineon(modulus: int) -> bool:
    """Tell whether a modulus is a power of 65537 modulo every small prime, as only the flawed generator's are."""
    return all(modulus % prime in _powers(prime) for prime in _SMALL_PRIMES)


def _powers(prime: int) -> frozenset[int]:
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * 65537 % prime
    return frozenset(found)


def _close_primes(modulus: int) -> bool:
    """Tell whether Fermat's method factors a modulus in a few rounds."""
    middle = math.isqrt(modulus - 1) + 1
    for near in range(middle, middle + _ROUNDS):
        square = near * near - modulus
        if math.isqrt(square) ** 2 == square:
            return True
    return False


def weaknesses_of_set(members: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is weak about the keys of a JWKS (RFC 7517 section 5)."""
    moduli: list[int] = []
    for member in members:
        if member.get("kty") == "RSA":
            modulus, exponent = _number(member.get("n")), _number(member.get("e"))
            if modulus and exponent:
                moduli.append(modulus)
                yield from filter(None, (weakness_of_rsa(modulus, exponent),))
        elif member.get("kty") == "EC":
            yield from filter(None, (_weakness_of_curve(member),))
    if any(1 < math.gcd(one, other) < one for n, one in enumerate(moduli) for other in moduli[:n]):
        yield "two RSA keys that share a prime"


def _weakness_of_curve(member: Mapping[str, Any]) -> str:
    wanted = _CURVES.get(str(member.get("alg")))
    if wanted is not None and member.get("crv") != wanted:
        return f"a key for {member['alg']} on another curve than {wanted}"
    return ""


def is_key(value: Any) -> bool:
    """Tell whether a JSON value is a public key as RFC 7517 section 4 writes it."""
    return isinstance(value, dict) and value.get("kty") in ("RSA", "EC")


def _number(text: Any) -> int:
    """Return a Base64urlUInt (RFC 7518 section 2), 0 where it is none."""
    data = decode(text) if isinstance(text, str) else None
    return int.from_bytes(data, "big") if data else 0
