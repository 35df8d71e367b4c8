"""A token is short enough to be guessed.

## What is wrong

A token, key or session id holds fewer than 128 random bits: it is made of too few bytes, cut to a few characters, or so
short that its alphabet allows no more.

## Why it matters

Nobody needs to steal what can be tried out: each guess hits any of all live tokens, so that a million users take twenty
bits off. A digest of a short token in a leaked table is searched at home in seconds (ASVS 5.0.0 11.5.1, CWE-331). Fewer
than 96 bits count as medium, the rest as low.

## Bad

    token = secrets.token_hex(8)

    user.api_key = uuid.uuid4().hex[:8]

## Good

    token = secrets.token_urlsafe(32)

    guard.issue(subject=user.id)        # 256 bits

## References

RFC 6749 section 10.10; RFC 6819 section 5.1.4.2.2; ASVS 5.0.0 11.5.1; CWE-331, CWE-334.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from stopper.controls.short_token import lengthening, made
from stopper.controls.short_token.entropy import UUID, entropy
from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import place
from stopper.observe.views import Exchange
from stopper.observe.wire.answers import issued
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import parse
from stopper.rewrite import ByHand, Rewrite

CONTROL = Control(
    id="BT202",
    name="short_token",
    severity=Severity.MEDIUM,
    title="A token is short enough to be guessed",
    witnesses="W S",
    requirements=("G02",),
    labels=("weak_token_gen",),
    cwe=(331, 334),
    guard="Guard.issue",
)

_ENOUGH = 128
_GUESSABLE = 96
"""Bits below which a finding is medium: with a million live tokens, 76 are left to guess."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at what every token and key is made of, where all of it can be told."""
    for name, value in made.credentials(module):
        found = entropy(module, value)
        if found is None or found.bits == UUID:  # of which BT201 speaks
            continue
        if found.bits >= _ENOUGH:
            yield Verdict(True, f"{name} holds {found.bits:.0f} random bits", place=place(module, value))
        else:
            message = f"{name} holds {found.bits:.0f} random bits at most"
            where, weight = place(module, value), _weight(found.bits)
            yield Verdict(False, message, where, module.endpoints(value), severity=weight)


def _weight(bits: float) -> Severity:
    return CONTROL.severity if bits < _GUESSABLE else Severity.LOW


# --------------------------------------------------------------------------- the wire

_ALPHABETS = (
    (re.compile(r"\d+"), math.log2(10)),
    (re.compile(r"[0-9a-f]+|[0-9A-F]+"), 4.0),
    (re.compile(r"[0-9a-z]+|[0-9A-Z]+"), math.log2(36)),
    (re.compile(r"[0-9a-zA-Z]+"), math.log2(62)),
)
"""Alphabets that a token's characters may all come from, smallest first, with the bits of each character."""


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the length and alphabet of every opaque token that an answer hands out: it can hold no more than that."""
    if not exchange.endpoint:
        return
    for token in issued(exchange):
        if parse(token) is not None:
            continue
        bits = _most(token)
        short = bits < _ENOUGH
        yield Verdict(
            kept=not short,
            message=f"{exchange.endpoint} issues a token with room for {'only ' if short else ''}{bits:.0f} bits",
            endpoints=(exchange.endpoint,),
            evidence=(evidence("a short token", exchange),) if short else (),
            strength=Strength.PROVEN,
            severity=_weight(bits) if short else None,
        )


def _most(token: str) -> float:
    """Return the bits that a text of this length and alphabet can hold."""
    text = token.rstrip("=").replace("-", "") if re.fullmatch(r"[0-9a-fA-F-]+", token) else token.rstrip("=")
    each = next((bits for alphabet, bits in _ALPHABETS if alphabet.fullmatch(text)), 6.0)
    return len(text) * each


# --------------------------------------------------------------------------- the repair

_ROOM = "see that columns, forms and patterns that hold it have room for {} letters"


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Ask for as many random units of the same kind as make 128 bits; alphabet and prefix stay as they are."""
    for name, value in made.credentials(module):
        if place(module, value) != where:
            continue
        found = entropy(module, value)
        changes = lengthening.lengthened(module, value, _ENOUGH) if found is not None else ()
        if found is None or not changes:
            return ByHand(f"how {name} is made leaves no length to change", (f"{name} = secrets.token_urlsafe(32)",))
        letters = math.ceil(_ENOUGH / found.each) if found.each else 0
        if (room := lengthening.room(module, name)) is not None and room < letters:
            return ByHand(f"its column holds {room} letters, and {letters} are needed: widen it first")
        decide = (_ROOM.format(letters),) if letters else ()
        return Rewrite(f"nobody guesses {_ENOUGH} random bits", changes, decide=decide)
    return None
