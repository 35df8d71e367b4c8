"""Guessing an HMAC key: placeholders, names and digits are found, and what was tried is counted."""

from __future__ import annotations

import secrets

import pytest

from stopper.observe.wire.guess import guess
from stopper.observe.wire.jwt import foreign, hmac_signer


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("super-secret", "a placeholder"),
        ("SECRET_KEY", "a placeholder"),
        ("shop2026", "a name of the API"),
        ("0042", "digits"),
    ],
)
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_weak_key_is_found(key: str, kind: str, algorithm: str) -> None:
    """A key of a usual kind is found under each algorithm, and the kind is told."""
    token = hmac_signer(key.encode())({"alg": algorithm}, {"sub": "ada"}).reveal()
    found = guess(token, ["shop"])
    assert (found.key, found.kind) == (key.encode(), kind)
    assert found.tried > 0


def test_a_strong_key_is_not_found() -> None:
    """All guesses are tried on a token with a random key, and none is right."""
    token = hmac_signer(secrets.token_bytes(32))({"alg": "HS256"}, {"sub": "ada"}).reveal()
    found = guess(token, ["shop"])
    assert found.key is None
    assert found.tried > 100_000


@pytest.mark.parametrize("token", ["opaque", foreign().replace("eyJhbGciOiJIUzI1NiIs", "eyJhbGciOiJub25lIiws"), ""])
def test_nothing_to_guess(token: str) -> None:
    """A token without an HMAC is tried with no key."""
    assert guess(token, ["shop"]).tried == 0
