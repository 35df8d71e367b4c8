"""Guessing the key of an HMAC offline: what frameworks and tutorials put there, words of the API's name, short numbers.

Nothing is sent. What was tried is told in numbers; that no guess was right says no more than that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stopper.observe.wire.lock import Lock

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
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7 temporary_key thisISaSECRET_1234 "
    "CHANGE_ME_SECRET_KEY CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET YOUR_OWN_RANDOM_GENERATED_SECRET_KEY TEST_NON_DEV_SECRET"
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
    "\2\1thisismyscretkey\1\2\\e\\y\\y\\h",
)
_BEGUN = (
    "change-me changeme change-this replace-me replace-this your my some the dev development test testing default demo "
    "example insecure local super-secret very-secret please-change"
).split()
_USED_FOR = ("", *"jwt token access refresh session sessions cookie csrf flask app application api auth dev".split())
_CALLED = "secret key secret-key password signing-key".split()
"""What placeholders are put together from: `change-me-jwt-secret`, `your_flask_secret_key`, `devsessionkey`."""

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
MOST_DIGITS = 6
_QUICK_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Guess:
    """What came of guessing: how many keys were tried, and the one that fits, with the kind of guess it was.

    `lock` is the way of signing that the key fits.
    """

    tried: int
    key: bytes | None = field(default=None, repr=False)
    kind: str = ""
    lock: Lock | None = field(default=None, repr=False)


def guess(locks: Iterable[Lock], names: Iterable[str]) -> Guess:
    """Return the first of the quick guesses that fits; `names` are words of the host, the title and the like.

    They are a few ten thousand: placeholders, names with usual endings, and digits up to four.
    """
    tried = 0
    words = [(kind, tuple(dict.fromkeys(keys))) for kind, keys in _quick(names)]
    for lock in locks:
        for kind, keys in words:
            fitting = lock.first(keys)
            tried += len(keys) if fitting is None else fitting[0] + 1
            if fitting:
                return Guess(tried, fitting[1], kind, lock)
    return Guess(tried)


def guess_key(key: bytes, names: Iterable[str]) -> Guess:
    """Return the guess that a key at hand is, as a scan would find it from a token."""
    tried = 0
    for kind, keys in _quick(names):
        for candidate in keys:
            tried += 1
            if candidate == key:
                return Guess(tried, key, kind)
    for block in numbers():
        if len(key) == block.length and key.isdigit() and block.start <= int(key) < block.stop:
            return Guess(tried + int(key) - block.start + 1, key, "digits")
        tried += len(block)
    return Guess(tried)


def _quick(names: Iterable[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "a placeholder", _placeholders()
    yield "a name of the API", _named(names)
    yield (
        "digits",
        itertools.chain.from_iterable(
            Digits(length, 0, 10**length).secrets() for length in range(1, _QUICK_DIGITS + 1)
        ),
    )


# --------------------------------------------------------------------------- guesses by the block


@dataclass(frozen=True, slots=True)
class Digits:
    """Numbers of one length, leading zeros included, from `start` up to but not including `stop`."""

    length: int
    start: int
    stop: int

    def __len__(self) -> int:
        """Return how many they are."""
        return self.stop - self.start

    def secrets(self) -> Iterator[bytes]:
        """Yield the numbers."""
        form = b"%%0%dd" % self.length
        return (form % number for number in range(self.start, self.stop))

    def origin(self, number: int) -> str:
        """Say what kind of guess the one at this position is."""
        return "digits"


@dataclass(frozen=True, slots=True)
class Lines:
    """A piece of a list, whole lines of it; `name` is the list's, `first` the number of its first line, from 1."""

    name: str
    first: int
    data: bytes = field(repr=False)

    def __len__(self) -> int:
        """Return how many lines they are."""
        return self.data.count(b"\n") + 1

    def secrets(self) -> list[bytes]:
        """Return the lines without their ends."""
        lines = self.data.split(b"\n")
        return [line.removesuffix(b"\r") for line in lines] if b"\r" in self.data else lines

    def origin(self, number: int) -> str:
        """Say what kind of guess the one at this position is."""
        return f"line {self.first + number:,} of {self.name}"


Block = Digits | Lines
_BLOCK = 100_000


def numbers() -> Iterator[Digits]:
    """Yield the digits that are no quick guess, in blocks."""
    for length in range(_QUICK_DIGITS + 1, MOST_DIGITS + 1):
        for start in range(0, 10**length, _BLOCK):
            yield Digits(length, start, min(start + _BLOCK, 10**length))


def attempt(locks: Sequence[Lock], block: Block) -> Guess:
    """Try every guess of a block on every lock."""
    for number, lock in enumerate(locks):
        fitting = lock.first(block.secrets())
        if fitting:
            return Guess(number * len(block) + fitting[0] + 1, fitting[1], block.origin(fitting[0]), lock)
    return Guess(len(locks) * len(block))


def _placeholders() -> Iterator[bytes]:
    for word in (*_PLACEHOLDERS, *_SENTENCES):
        yield word.encode()
        if word and word != word.upper():
            yield word.upper().encode()
            yield word.capitalize().encode()
    for parts in itertools.product(_BEGUN, _USED_FOR, _CALLED):
        phrase = "-".join(filter(None, parts))
        for joined in dict.fromkeys((phrase, phrase.replace("-", "_"), phrase.replace("-", ""))):
            yield joined.encode()


def _named(names: Iterable[str]) -> Iterator[bytes]:
    for name, ending in itertools.product(dict.fromkeys(names), _ENDINGS):
        for word in dict.fromkeys((name, name.lower(), name.upper(), name.capitalize())):
            yield f"{word}{ending}".encode()
