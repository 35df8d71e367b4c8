"""Guessing an HMAC key: placeholders, names and digits are found, and what was tried is counted."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer

from stopper.observe.wire.guess import Digits, Lines, attempt, guess, guess_key, numbers
from stopper.observe.wire.jwt import foreign, hmac_signer
from stopper.observe.wire.lock import locks


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("super-secret", "a placeholder"),
        ("SECRET_KEY", "a placeholder"),
        ("change-me-jwt-secret", "a placeholder"),
        ("your_flask_secret_key", "a placeholder"),
        ("shop2026", "a name of the API"),
        ("0042", "digits"),
    ],
)
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_weak_key_is_found(key: str, kind: str, algorithm: str) -> None:
    """A key of a usual kind is found under each algorithm, and the kind is told."""
    token = hmac_signer(key.encode())({"alg": algorithm}, {"sub": "ada"}).reveal()
    found = guess(locks(token), ["shop"])
    assert (found.key, found.kind) == (key.encode(), kind)
    assert found.lock is not None
    assert found.lock.name == algorithm
    assert found.tried > 0


def test_a_strong_key_is_not_found() -> None:
    """All guesses are tried on a token with a random key, and none is right."""
    token = hmac_signer(secrets.token_bytes(32))({"alg": "HS256"}, {"sub": "ada"}).reveal()
    found = guess(locks(token), ["shop"])
    assert found.key is None
    assert found.tried > 10_000


@pytest.mark.parametrize("token", ["opaque", foreign().replace("eyJhbGciOiJIUzI1NiIs", "eyJhbGciOiJub25lIiws"), ""])
def test_nothing_to_guess(token: str) -> None:
    """A token without an HMAC is tried with no key."""
    assert guess(locks(token), ["shop"]).tried == 0


def session(key: str) -> str:
    """Return a session as Flask signs it."""
    app = Flask("shop")
    app.secret_key = key
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return str(serializer.dumps({"user": "ada"}))


SIGNED = [
    ("Flask session", session("dev")),
    ("'itsdangerous'", URLSafeTimedSerializer("dev").dumps({"user": "ada"})),
    ("'itsdangerous'", URLSafeSerializer("dev").dumps([1, 2])),
    ("'auth'", URLSafeSerializer("dev", salt="auth").dumps({"user": "ada"})),
    ("'own'", URLSafeSerializer("dev", salt="own").dumps({"user": "ada"})),
    (
        "'itsdangerous'",
        URLSafeSerializer("dev", signer_kwargs={"digest_method": hashlib.sha512}).dumps({"user": "ada"}),
    ),
]


@pytest.mark.parametrize(("name", "token"), SIGNED, ids=range(len(SIGNED)))
def test_what_itsdangerous_signed_is_opened(name: str, token: str) -> None:
    """A guessable key is found behind the derivations and salts of itsdangerous and of Flask's sessions."""
    found = guess(locks(token, ["own"]), ["shop"])
    assert (found.key, found.kind) == (b"dev", "a placeholder")
    assert found.lock is not None
    assert name in found.lock.name


def test_a_signed_value_is_made_again_as_of_another_time() -> None:
    """A found key makes the token anew with another time: the library takes it, and tells that time."""
    serializer = URLSafeTimedSerializer("dev")
    found = guess(locks(str(serializer.dumps({"user": "ada"}))), [])
    assert found.lock is not None
    assert found.key is not None
    remade = found.lock.remade(found.key)
    assert remade is not None
    content, moment = serializer.loads(remade(1_400_000_000.0).reveal(), return_timestamp=True)
    assert content == {"user": "ada"}
    assert moment.timestamp() == 1_400_000_000


def test_what_carries_no_time_is_not_made_again() -> None:
    """A value without a time has none to change."""
    for lock in locks(str(URLSafeSerializer("dev").dumps({"user": "ada"}))):
        assert lock.remade(b"dev") is None


@pytest.mark.parametrize("signer", [Signer, TimestampSigner])
def test_a_foreign_key_opens_nothing(signer: Any) -> None:
    """A value signed with a random key is opened by no guess."""
    token = signer(secrets.token_bytes(32), salt="auth").sign("eyJ1c2VyIjoiYWRhIn0").decode()
    found = guess(locks(token), ["shop"])
    assert found.key is None
    assert found.tried > 10_000


def test_lines_are_told_by_their_number() -> None:
    """A line of a list is named with its number in the whole list, with Windows' line ends too."""
    token = hmac_signer(b"correct horse")({"alg": "HS256"}, {"sub": "ada"}).reveal()
    for ends in (b"\n", b"\r\n"):
        found = attempt(locks(token), Lines("words.txt", 1001, ends.join([b"one", b"", b"correct horse", b"two"])))
        assert (found.key, found.kind, found.tried) == (b"correct horse", "line 1,003 of words.txt", 3)


def test_every_number_of_up_to_six_digits_is_there_once() -> None:
    """The blocks hold what the quick guesses leave out, leading zeros included."""
    blocks = list(numbers())
    assert sum(map(len, blocks)) == 10**5 + 10**6
    assert next(iter(blocks[0].secrets())) == b"00000"
    assert list(blocks[-1].secrets())[-1] == b"999999"
    assert list(Digits(3, 8, 11).secrets()) == [b"008", b"009", b"010"]


@pytest.mark.parametrize("key", ["dev", "shop", "0042", "000000", "999999", "38211"])
def test_a_key_at_hand_is_known_as_a_guess(key: str) -> None:
    """A key at hand is told to be guessable where guessing from a token would find it."""
    assert guess_key(key.encode(), ["shop"]).key == key.encode()


@pytest.mark.parametrize("key", ["0000000", "correct horse", "\u0663"])
def test_another_key_at_hand_is_none(key: str) -> None:
    """A key that is no guess is not said to be one."""
    assert guess_key(key.encode(), ["shop"]).key is None
