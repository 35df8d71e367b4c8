"""Guessing the key of an HMAC offline: what frameworks and tutorials put there, words of the API's name, short numbers.

Nothing is sent. What was tried is told in numbers; that no guess was right says no more than that.
"""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from stopper.observe.wire.jwt import DIGESTS, parse

_PLACEHOLDERS = (
    "secret key password changeme change-me change_me changethis change-this please-change-me change-me-in-production "
    "dev development test testing debug default admin root demo example sample local localhost prod production "
    "secret-key secret_key secretkey super-secret super_secret supersecret super-secret-key super_secret_key "
    "supersecretkey top-secret topsecret very-secret very-secret-key my-secret my_secret mysecret my-secret-key "
    "my_secret_key mysecretkey your-secret your_secret your-secret-key your_secret_key yoursecretkey some-secret "
    "some-secret-key some_secret_key jwt jwt-secret jwt_secret jwtsecret jwt-secret-key jwt_secret_key JWT_SECRET "
    "JWT_SECRET_KEY SECRET SECRET_KEY Secret app-secret app_secret flask flask-secret flask-secret-key flasksecret "
    "session-secret token token-secret token_secret hard-to-guess hard-to-guess-string thisisasecret this-is-a-secret "
    "thisismysecret thisisthesecretkey this-is-secret this_should_be_configured replace-me replaceme todo fixme "
    "placeholder insecure not-secret notsecret unsafe foo bar foobar baz qwerty letmein welcome abc abc123 iloveyou "
    "passw0rd P@ssw0rd password1 password123 secret1 secret12 secret123 secret1234 admin123 test123 s3cr3t s3cret "
    "dev-secret dev-secret-key dev_secret dev-key dev_key devkey development-secret development-key test-secret "
    "test-key test_key testkey testing-key local-secret none null undefined None true false string value xxx "
    "your-256-bit-secret your-384-bit-secret your-512-bit-secret a-string-secret-at-least-256-bits-long "
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"
).split()
_SENTENCES = (
    "",
    "super secret",
    "super secret key",
    "secret key",
    "my secret key",
    "very secret key",
    "your secret key",
    "hard to guess string",
    "you-will-never-guess",
    "this is a secret",
    "this is a secret key",
    "this is my secret key",
    "this is the secret key",
    "the quick brown fox",
    "change me",
    "do not tell anyone",
    "\\x00",
)
_ENDINGS = (
    "",
    "1",
    "12",
    "123",
    "1234",
    "!",
    "2024",
    "2025",
    "2026",
    "-secret",
    "_secret",
    "secret",
    "-key",
    "_key",
    "key",
)
_MOST_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Guess:
    """What came of guessing: how many keys were tried, and the one that verifies, with the kind of guess it was."""

    tried: int
    key: bytes | None = None
    kind: str = ""


def guess(token: str, names: Iterable[str]) -> Guess:
    """Return the first guess under which a token's HMAC verifies; `names` are words of the host and the title.

    Shorter kinds of guesses come first; at most some 120,000 keys are tried, which takes a fraction of a second.
    """
    parsed = parse(token)
    digest = DIGESTS.get(str(parsed.header.get("alg"))) if parsed else None
    if parsed is None or digest is None:
        return Guess(0)
    signed, signature = token.rpartition(".")[0].encode("ascii"), parsed.signature
    return _first(names, lambda key: hmac.digest(key, signed, digest) == signature)


def guess_key(key: bytes, names: Iterable[str]) -> Guess:
    """Return the guess that a key at hand is, as `guess` would find it from a token."""
    return _first(names, lambda candidate: candidate == key)


def _first(names: Iterable[str], fits: Callable[[bytes], bool]) -> Guess:
    tried = 0
    for kind, keys in (("a placeholder", _placeholders()), ("a name of the API", _named(names)), ("digits", _digits())):
        for key in keys:
            tried += 1
            if fits(key):
                return Guess(tried, key, kind)
    return Guess(tried)


def _placeholders() -> Iterator[bytes]:
    for word in (*_PLACEHOLDERS, *_SENTENCES):
        yield word.encode()
        if word and word != word.upper():
            yield word.upper().encode()
            yield word.capitalize().encode()


def _named(names: Iterable[str]) -> Iterator[bytes]:
    for name, ending in itertools.product(dict.fromkeys(names), _ENDINGS):
        for word in dict.fromkeys((name, name.lower(), name.upper(), name.capitalize())):
            yield f"{word}{ending}".encode()


def _digits() -> Iterator[bytes]:
    for length in range(1, _MOST_DIGITS + 1):
        for number in range(10**length):
            yield b"%0*d" % (length, number)
