"""What a sample of tokens gives away: repeats, counters, order, positions that hardly change, seeds and hashed trifles.

Nothing here shows that tokens are random: what was looked for is all that can be told.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import random
import re
import string
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from stopper.observe.wire import mersenne, mersenne_floats
from stopper.observe.wire.seeds import suspects
from stopper.observe.wire.token import Form, read

ENOUGH_BITS = 64.0
"""What a token must hold at least, for nobody to try them all."""

FEWEST = 12
"""Tokens from which on their order says something: so many fall into order by chance once in 480 million times."""

SIGNED = frozenset({Form.JWS, Form.JWE, Form.SIGNED, Form.SESSION, Form.PASETO})
"""Tokens that are guarded by their signature or encryption, whatever they hold."""

_WINDOW = 10
_CONSTANT_SEEDS = 100
_DRAWS = 60
_BEFORE = 20
"""Draws that others may have had from a generator since it was seeded, a moment before the sample."""
_PROCESSES = 32_768
"""Process ids below which all are tried as a seed: the default bound of Linux, and far more than a container has."""
_RUNNING = 7_200
"""Seconds before the sample at which the process may have been started and have seeded its generator."""
_NEAR, _FIRST_DRAWS = 300, 1
"""Milliseconds before the answer to a login that are each tried as a seed, and the draws that are looked at of each."""
_COUNT = 100_000
"""Counters and process ids below which all are tried."""
_STRAY = 3.0
"""Standard deviations by which a frequency may be too high for chance."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One token with the Unix time at which its login was answered."""

    token: str = field(repr=False)
    moment: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking: the `fault`, empty where none was found, and what was `tried`, in words."""

    fault: str
    tried: tuple[str, ...]


def look(samples: Sequence[Sample], words: Sequence[str], seconds: float = 20.0) -> Looked:
    """Look for what gives the next token away; `words` are what the caller sent, `seconds` bound the searches."""
    tokens = [sample.token for sample in samples]
    deadline = time.monotonic() + seconds
    needed = mersenne_floats.needed(tokens[0]) or mersenne.needed(tokens[0])
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("repeats", lambda: _repeats(tokens)),
        ("counters", lambda: _counts(tokens)),
        (_twister(len(tokens), needed), lambda: _foretold(tokens)),
        ("positions that hardly change", lambda: _few_bits(tokens)),
        ("the order of time", lambda: _ordered(tokens)),
        ("md5, sha1 and sha256 of time, process id, counter and user", lambda: _hashed(samples, words, deadline)),
        ("random.seed of the time of the login or of a small number", lambda: _seeded(samples, deadline)),
        ("random.seed of a process id or of the time of a start", lambda: _started(samples, deadline)),
    )
    tried: list[str] = []
    for name, step in steps:
        fault = step()
        tried.append(name)
        if fault:
            return Looked(fault, tuple(tried))
    if time.monotonic() > deadline:
        tried.append(f"not all of them in the {seconds:g} s that there were")
    return Looked("", tuple(tried))


def _twister(number: int, needed: int) -> str:
    if not needed:
        return "the state of Python's random (MT19937), which such tokens do not show whole"
    had = "" if number >= needed else f", for which {needed} tokens are needed"
    return f"the state of Python's random (MT19937){had}"


def _repeats(tokens: Sequence[str]) -> str:
    seen = len(set(tokens))
    return f"{len(tokens)} logins gave {seen} different tokens" if seen < len(tokens) else ""


# --------------------------------------------------------------------------- numbers and order


def _numbers(tokens: Sequence[str]) -> list[int] | None:
    """Return the tokens as numbers, what all begin with left out; None where what differs is none."""
    start = len(_shared(tokens))
    rest = [token[start:] for token in tokens]
    for digits, base in ((string.digits, 10), (string.hexdigits, 16)):
        if all(each and set(each) <= set(digits) for each in rest):
            return [int(each, base) for each in rest]
    return None


def _shared(tokens: Sequence[str]) -> str:
    """Return what all tokens begin with, up to the last thing in it that is no digit: digits may belong to a number."""
    first, last = min(tokens), max(tokens)
    same = next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    found = re.match(r".*[^0-9a-fA-F]", first[:same])
    return found[0] if found else ""


def _counts(tokens: Sequence[str]) -> str:
    numbers = _numbers(tokens) if len(tokens) >= 4 else None
    if numbers is None:
        return ""
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    if all(0 < step <= 1000 for step in steps):
        return f"tokens count up, by {min(steps)} to {max(steps)} from one login to the next"
    return ""


def _ordered(tokens: Sequence[str]) -> str:
    """Tell that tokens grow with time, where what is left of them beside the order is too little."""
    if len(tokens) < FEWEST or any(after <= before for before, after in itertools.pairwise(tokens)):
        return ""
    # Each token begins as the one before does, up to the first place that grew: time itself stands there.
    tails = [_after_growth(before, after) for before, after in itertools.pairwise(tokens)]
    bits = min(len(tail) for tail in tails) * math.log2(max(2, len(set("".join(tails)))))
    if bits >= ENOUGH_BITS:
        return ""
    return f"tokens grow with time, and at most {bits:.0f} bits of them do not follow from it"


def _after_growth(before: str, after: str) -> str:
    same = next((i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), 0)
    return after[same + 1 :]


# --------------------------------------------------------------------------- positions


def bits(tokens: Sequence[str]) -> float:
    """Return the bits that the positions can hold at most, each for itself, by what was seen of them.

    A character counts as likelier than others only by what chance does not explain.
    """
    length = min(map(len, tokens))
    alphabet = max(2, len(set("".join(tokens))))
    return sum(_bits_at([token[place] for token in tokens], alphabet) for place in range(length))


def _bits_at(characters: Sequence[str], alphabet: int) -> float:
    number = len(characters)
    share = Counter(characters).most_common(1)[0][1] / number
    sure = share if share == 1 else share - _STRAY * math.sqrt(share * (1 - share) / number)
    return -math.log2(max(sure, 1 / alphabet))


def _few_bits(tokens: Sequence[str]) -> str:
    if len(tokens) < FEWEST:
        return ""
    most = bits(tokens)
    if most >= ENOUGH_BITS:
        return ""
    length = min(map(len, tokens))
    fixed = sum(len({token[place] for token in tokens}) == 1 for place in range(length))
    return f"{fixed} of {length} positions never change, and the others hold at most {most:.0f} bits"


# --------------------------------------------------------------------------- Python's random


def _foretold(tokens: Sequence[str]) -> str:
    found = mersenne.predicted(tokens) or mersenne_floats.predicted(tokens)
    if not found:
        return ""
    return (
        f"tokens come from {found.name}: of each of the last {found.tokens} tokens {found.bits} bits were computed "
        "from those before it, and all came so"
    )


_ALPHABETS = (
    string.ascii_letters + string.digits,
    string.digits + string.ascii_letters,
    string.ascii_lowercase + string.digits,
    string.ascii_uppercase + string.digits,
    string.ascii_letters,
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.hexdigits[:16],
    string.digits,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_Maker = Callable[[random.Random], str]


def _seeded(samples: Sequence[Sample], deadline: float) -> str:
    """Search the seeds that are a time or a small number, under which the last token is among the first draws."""
    last = samples[-1]
    second = int(last.moment)
    thousandth = int(last.moment * 1000)
    kinds = (
        ("the time in seconds", range(second - _WINDOW, second + _WINDOW + 1), len(samples) + _BEFORE),
        ("a small number", range(_CONSTANT_SEEDS), _DRAWS),
        # Whoever seeds by the millisecond does so for each token: a process that has just started is met by chance.
        ("the time in milliseconds", range(thousandth - _NEAR, thousandth + 1), _FIRST_DRAWS),
    )
    for what, seeds, draws in kinds:
        for seed in seeds:
            if time.monotonic() > deadline:
                return ""
            found = _drawn(last.token, seed, draws)
            if found:
                return f"random.seed was given {what}: {found}"
    return ""


def _started(samples: Sequence[Sample], deadline: float) -> str:
    """Search the seeds that a process may have given itself when it was started, some draws before the sample."""
    token, draws = samples[0].token, _BEFORE + 1
    second = int(samples[0].moment)
    kinds = (
        ("the time of a start, in seconds", range(second - _WINDOW, second - _RUNNING, -1)),
        ("a process id", range(_CONSTANT_SEEDS, _PROCESSES)),
    )
    for what, seeds in kinds:
        for seed in suspects(token, _ALPHABETS, seeds, draws, deadline):
            found = _drawn(token, seed, draws)
            if found:
                return f"random.seed was given {what}: {found}"
    return ""


def _drawn(token: str, seed: int, draws: int) -> str:
    """Return which call makes a token at which draw under a seed; an empty text where none does."""
    for name, make in _makers(token):
        generator = random.Random(seed)
        for draw in range(draws):
            if make(generator) == token:
                return f"{name} makes one of the tokens at draw {draw + 1}"
    return ""


def _makers(token: str) -> Iterator[tuple[str, _Maker]]:
    """Yield the calls that could make a token of this look."""
    size = len(token)
    if re.fullmatch(r"[0-9a-f]+", token):
        yield "getrandbits", lambda generator: f"{generator.getrandbits(4 * size):0{size}x}"
        if size % 2 == 0:
            yield "randbytes", lambda generator: generator.randbytes(size // 2).hex()
    if _UUID.fullmatch(token):
        version = 4 if read(token).form is Form.UUID and token[14] == "4" else None
        yield "a UUID of getrandbits", lambda generator: str(uuid.UUID(int=generator.getrandbits(128), version=version))
        yield "a UUID of randbytes", lambda generator: str(uuid.UUID(bytes=generator.randbytes(16), version=version))
    if re.fullmatch(r"0\.[0-9]+(?:e-[0-9]+)?", token):
        yield "random", lambda generator: str(generator.random())
    if token.isdecimal() and token.isascii():
        yield "randint", lambda generator: str(generator.randint(10 ** (size - 1), 10**size - 1))
    for alphabet in _ALPHABETS:
        if set(token) <= set(alphabet):
            yield "choices", partial(_choices, alphabet, size)
            yield "choice", partial(_choice, alphabet, size)


def _choices(letters: str, size: int, generator: random.Random) -> str:
    return "".join(generator.choices(letters, k=size))


def _choice(letters: str, size: int, generator: random.Random) -> str:
    return "".join(generator.choice(letters) for _ in range(size))


# --------------------------------------------------------------------------- hashed trifles

_HASHES = {32: (hashlib.md5,), 40: (hashlib.sha1,), 64: (hashlib.sha256,)}


def _hashed(samples: Sequence[Sample], words: Sequence[str], deadline: float) -> str:
    last = samples[-1]
    token = last.token.lower()
    if not re.fullmatch(r"[0-9a-f]+", token):
        return ""
    digest = bytes.fromhex(token) if len(token) % 2 == 0 else b""
    for hashed in _HASHES.get(len(token), ()):
        for number, (kind, trifle) in enumerate(_trifles(last.moment, words)):
            if hashed(trifle.encode()).digest() == digest:
                return f"tokens are the {hashed.__name__.removeprefix('openssl_')} of {kind}"
            if number % 1000 == 0 and time.monotonic() > deadline:
                return ""
    return ""


def _trifles(moment: float, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what a careless maker hashes, each with its kind."""
    for word in words:
        yield "a value that the caller sent", word
    second = int(moment)
    for each in range(second - _WINDOW, second + _WINDOW + 1):
        yield "the time in seconds", str(each)
        for word in words:
            for joined in (f"{word}{each}", f"{word}:{each}", f"{word}-{each}", f"{word}_{each}", f"{each}{word}"):
                yield "a value that the caller sent and the time in seconds", joined
    for number in range(_COUNT):
        yield "a small number", str(number)
    for word, number in itertools.product(words[:3], range(1000)):
        yield "a value that the caller sent and a small number", f"{word}{number}"
    for each in range((second - _WINDOW) * 1000, (second + _WINDOW + 1) * 1000):
        yield "the time in milliseconds", str(each)
