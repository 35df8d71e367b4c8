"""Python's `random` from what it gave: the state of its Mersenne Twister, and with it what comes next.

MT19937 keeps 624 words; each output is one word, tempered by a function that can be undone (Matsumoto and Nishimura,
1998). The 625th word follows from three earlier ones, so that words that are known whole are enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORDS, MIDDLE = 624, 397
_MATRIX = 0x9908B0DF
_HIGH, _LOW = 0x80000000, 0x7FFFFFFF
_ALL = 0xFFFFFFFF


def untempered(output: int) -> int:
    """Return the word of the state that an output was made of."""
    word = output ^ output >> 18
    word ^= word << 15 & 0xEFC60000
    seven = word
    for _ in range(4):
        seven = word ^ seven << 7 & 0x9D2C5680
    eleven = seven
    for _ in range(2):
        eleven = seven ^ eleven >> 11
    return eleven & _ALL


def tempered(word: int) -> int:
    """Return the output that a word of the state gives."""
    word ^= word >> 11
    word ^= word << 7 & 0x9D2C5680
    word ^= word << 15 & 0xEFC60000
    return word ^ word >> 18


def _next(outputs: Sequence[int | None], position: int) -> int | None:
    """Return the output at a position from those before it; None where one that it takes is not known."""
    first, second, middle = (outputs[position - each] for each in (WORDS, WORDS - 1, WORDS - MIDDLE))
    if first is None or second is None or middle is None:
        return None
    mixed = (untempered(first) & _HIGH) | (untempered(second) & _LOW)
    return tempered(untempered(middle) ^ mixed >> 1 ^ (_MATRIX if mixed & 1 else 0))


@dataclass(frozen=True, slots=True)
class Form:
    """A way in which a token shows the generator's words, in the order in which they were made.

    `words(token)` gives them, None for one that is not shown whole; `name` is the call that makes such a token.
    """

    name: str
    words: Callable[[str], tuple[int | None, ...] | None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was foretold: of the last `tokens` tokens, `bits` bits each, and every one came as foretold."""

    name: str
    tokens: int
    bits: int


def forms() -> tuple[Form, ...]:
    """Return the ways that are looked for."""
    return (
        Form("random.getrandbits", _hexadecimal),
        Form("random.randbytes", _bytes),
        Form("random.getrandbits, in decimal", _decimal),
        Form("uuid.UUID(int=random.getrandbits(128), version=4)", _uuid),
        Form("uuid.UUID(bytes=random.randbytes(16), version=4)", _uuid_bytes),
        Form("uuid.UUID(int=random.getrandbits(128))", _whole_uuid),
        Form("uuid.UUID(bytes=random.randbytes(16))", _whole_uuid_bytes),
    )


def predicted(tokens: Sequence[str]) -> Prediction | None:
    """Return how many of the last tokens follow from those before them; None where none does, or too few are known.

    Every word that can be foretold must come as foretold, and at least two tokens must be: chance does not do that.
    """
    for form in forms():
        shown = [form.words(token) for token in tokens]
        if all(shown):
            found = _foretold(form.name, [each for each in shown if each])
            if found:
                return found
    return None


def needed(token: str) -> int:
    """Return how many tokens of this kind it takes to foretell the two that follow, 0 where none would be enough."""
    sizes = [len(words) for form in forms() if (words := form.words(token))]
    return -(-WORDS // max(sizes)) + 2 if sizes else 0


def _foretold(name: str, shown: Sequence[tuple[int | None, ...]]) -> Prediction | None:
    size = len(shown[0])
    if any(len(each) != size for each in shown):
        return None
    outputs = [word for each in shown for word in each]
    tokens: set[int] = set()
    right = 0
    for position in range(WORDS, len(outputs)):
        wanted, foretold = outputs[position], _next(outputs, position)
        if wanted is None or foretold is None:
            continue
        if wanted != foretold:
            return None
        tokens.add(position // size)
        right += 1
    return Prediction(name, len(tokens), 32 * right // len(tokens)) if len(tokens) >= 2 else None


# --------------------------------------------------------------------------- how tokens show the words

_HEX = re.compile(r"(?:[0-9a-f]{8})+|(?:[0-9A-F]{8})+")


def _hexadecimal(token: str) -> tuple[int, ...] | None:
    """Read the hexadecimal form of an integer: CPython puts the first word lowest."""
    return _integer(int(token, 16), len(token) // 8) if _HEX.fullmatch(token) else None


def _bytes(token: str) -> tuple[int, ...] | None:
    """Read the hexadecimal form of bytes, which are those of the same integer, lowest first."""
    if not _HEX.fullmatch(token):
        return None
    data = bytes.fromhex(token)
    return _integer(int.from_bytes(data, "little"), len(data) // 4)


def _decimal(token: str) -> tuple[int, ...] | None:
    """Read an integer of 64 or 128 bits; shorter ones of so many digits are as long but for leading zeros."""
    if not re.fullmatch(r"[0-9]{15,39}", token):
        return None
    number, words = int(token), 2 if len(token) <= 20 else 4
    return _integer(number, words) if number < 1 << 32 * words else None


def _integer(number: int, words: int) -> tuple[int, ...]:
    return tuple(number >> 32 * each & _ALL for each in range(words))


_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def _uuid(token: str) -> tuple[int | None, ...] | None:
    """Read a UUID of version 4: the version stands in the third word, the variant in the second (RFC 9562, 5.4)."""
    if not _UUID4.fullmatch(token):
        return None
    first, _, _, last = _integer(int(token.replace("-", ""), 16), 4)
    return first, None, None, last


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _whole_uuid(token: str) -> tuple[int, ...] | None:
    """Read a UUID into which no version was put: it shows all that was drawn."""
    return _integer(int(token.replace("-", ""), 16), 4) if _UUID.fullmatch(token) else None


def _whole_uuid_bytes(token: str) -> tuple[int, ...] | None:
    if not _UUID.fullmatch(token):
        return None
    return _integer(int.from_bytes(bytes.fromhex(token.replace("-", "")), "little"), 4)


def _uuid_bytes(token: str) -> tuple[int | None, ...] | None:
    if not _UUID4.fullmatch(token):
        return None
    first, _, _, last = _integer(int.from_bytes(bytes.fromhex(token.replace("-", "")), "little"), 4)
    return first, None, None, last
