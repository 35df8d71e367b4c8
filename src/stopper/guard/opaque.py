"""Opaque tokens: `prefix_body_checksum`, 256 random bits in base 62, kept only as a digest.

The prefix lets secret scanners find a leaked token, the checksum lets the guard refuse noise without its store.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from stopper.secret import Secret, base62, opaque_checksum

NO_PEPPER = Secret("")

_FORM = re.compile(r"([a-z][a-z0-9_]{1,31}_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})")


def generate(prefix: str) -> str:
    """Return a new token of 256 bits from the operating system's generator."""
    body = f"{prefix}_{base62(int.from_bytes(secrets.token_bytes(32), 'big'), 43)}"
    return f"{body}_{opaque_checksum(body)}"


def is_well_formed(token: str) -> bool:
    """Tell whether a text is an opaque token by form and checksum; that says nothing of its validity."""
    found = _FORM.fullmatch(token)
    return found is not None and opaque_checksum(found[1]) == found[2]


def digest(token: str) -> bytes:
    """Return the 32 bytes under which a token is kept: its SHA-256, enough for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def peppered(token: str, pepper: Secret) -> bytes:
    """Return the 32 bytes under which a token is kept with a pepper: HMAC-SHA-256, or `digest` for an empty one.

    Whoever reads the store without the pepper cannot tell whether a token that they found elsewhere is in it.
    """
    if not pepper:
        return digest(token)
    return hmac.digest(pepper.reveal().encode(), token.encode("ascii"), "sha256")
