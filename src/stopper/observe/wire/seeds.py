"""Many seeds of Python's random, sifted by the words that its generator begins with.

Making tokens from each of tens of thousands of seeds takes minutes. Here the first words of a seed's generator are
drawn at once, and searched for what the calls of `random` would have made of them to give the token. What is left has
to be tried in earnest: a word in common is no proof.
"""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence

Sieve = Callable[[bytes], bool]
"""Tells whether a stream of 32-bit words, lowest byte first, may hold the draws of a token."""

_AT_ONCE = 64
"""Seeds between two looks at the clock."""


def suspects(token: str, alphabets: Sequence[str], seeds: Iterable[int], draws: int, deadline: float) -> Iterator[int]:
    """Yield the seeds under which the token may be among the first `draws`, until the clock reaches the deadline."""
    fitting = [letters for letters in alphabets if set(token) <= set(letters)]
    # Hexadecimal digits alone are not what somebody drew from an alphabet of more than twice as many letters.
    smallest = min(map(len, fitting), default=0)
    likely = (letters for letters in fitting if len(letters) <= 2 * smallest)
    sieves = [*_of_bits(token), *(sieve for letters in likely for sieve in _of_letters(token, letters))]
    if not sieves:
        return
    words = 2 * draws * max(len(token), 8)
    generator = random.Random()
    for number, seed in enumerate(seeds):
        if number % _AT_ONCE == 0 and time.monotonic() > deadline:
            return
        generator.seed(seed)
        stream = generator.getrandbits(32 * words).to_bytes(4 * words, "little")
        if any(sieve(stream) for sieve in sieves):
            yield seed


def _of_bits(token: str) -> Iterator[Sieve]:
    """Yield what finds hex digits or a UUID; `getrandbits` fills the lowest word first, `randbytes` the first."""
    if re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", token):
        data = uuid.UUID(token).bytes
        # The version and its variant overwrite bits of the words between: the first word of each is whole.
        for needle in (data[:-5:-1], data[:4]):
            yield lambda stream, needle=needle: needle in stream  # type: ignore[misc]
    elif re.fullmatch(r"[0-9a-f]{16,}", token):
        value = int(token, 16).to_bytes((len(token) + 1) // 2, "little")
        for data in (value, value[::-1]):
            whole = data[: len(data) // 4 * 4]
            yield lambda stream, needle=whole: needle in stream  # type: ignore[misc]


def _of_letters(token: str, letters: str) -> Iterator[Sieve]:
    """Yield what finds the letters of an alphabet, by the highest byte of each word."""
    places = [letters.index(letter) for letter in token]
    yield _by_choice(bytes(places), len(letters))
    yield _by_choices(places, len(letters))


def _by_choice(places: bytes, size: int) -> Sieve:
    """`choice` takes as many bits of a word as the size has, and another word where they are too large."""
    shift = 8 - size.bit_length()
    table = bytes(byte >> shift for byte in range(256))
    refused = bytes(byte for byte in range(256) if byte >> shift >= size)
    return lambda stream: places in stream[3::4].translate(table, refused)


def _by_choices(places: Sequence[int], size: int) -> Sieve:
    """`choices` multiplies the size by `random()`, the first of whose two words nearly tells the place."""
    nearly = re.compile(b"".join(_bytes_of(place, size) for place in places), re.DOTALL)
    return lambda stream: nearly.search(stream[3::8]) is not None


def _bytes_of(place: int, size: int) -> bytes:
    fitting = bytes(byte for byte in range(256) if byte * size // 256 <= place <= ((byte + 1) * size - 1) // 256)
    return b"[" + b"".join(re.escape(fitting[i : i + 1]) for i in range(len(fitting))) + b"]"
