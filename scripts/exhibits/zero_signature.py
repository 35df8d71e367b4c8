"""A verifier of ECDSA of our own that leaves out the look at r and s, as Java's once did (CVE-2022-21449)."""

import base64
import hashlib

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from shop import HEADER, ISSUER, ec_jwk, parts, served, strictly

KEY = ec.generate_private_key(ec.SECP256R1())
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
NOTHING = (0, 0)


def issue(claims):
    return jwt.encode(claims, KEY, "ES256", HEADER)


def decode(token):
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    header, claims = parts(token)
    if header["alg"] != "ES256" or len(raw) != 64 or not right(signed.encode(), raw):
        raise ValueError("wrong signature")
    if claims["iss"] != ISSUER:
        raise ValueError("of another issuer")
    return claims


def right(signed, signature):
    return verified(signed, int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def verified(signed, r, s):
    digest = int.from_bytes(hashlib.sha256(signed).digest(), "big")
    inverse = pow(s, ORDER - 2, ORDER)
    numbers = KEY.public_key().public_numbers()
    x, _ = added(times(digest * inverse % ORDER, BASE), times(r * inverse % ORDER, (numbers.x, numbers.y)))
    return x % ORDER == r


def added(one, other):
    if NOTHING in (one, other):
        return other if one == NOTHING else one
    if one[0] == other[0]:
        if one[1] != other[1]:
            return NOTHING
        slope = (3 * one[0] ** 2 - 3) * pow(2 * one[1], -1, PRIME)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, PRIME)
    x = (slope**2 - one[0] - other[0]) % PRIME
    return x, (slope * (one[0] - x) - one[1]) % PRIME


def times(number, point):
    found = NOTHING
    while number:
        found = added(found, point) if number & 1 else found
        point, number = added(point, point), number >> 1
    return found


app = served(issue, strictly(decode), [ec_jwk(KEY.public_key())])
