"""The last gate before text leaves: credentials taken out once more, and nothing that a terminal or parser obeys.

What reaches a report is redacted already; this is the second lock. The escapes are for names and bodies that an
attacker chose: a file called `\\x1b[2J`, a path with a bidirectional override, a body with an OSC 52 sequence.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from stopper.model import Report
from stopper.secret import redact

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Frozen = TypeVar("_Frozen", bound="DataclassInstance")

_SURROGATE = re.compile("[\ud800-\udfff]")
# Controls, formats (bidirectional overrides, zero-width, tags), surrogates, private use, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def redacted(report: Report) -> Report:
    """Return the report with every text in it redacted, however deep it lies."""
    # a report says the same paths and titles many times; what was hidden is forgotten with this call
    return _members_redacted(report, functools.cache(redact))


def _members_redacted(value: _Frozen, hide: Callable[[str], str]) -> _Frozen:
    members = {member.name: _redacted(getattr(value, member.name), hide) for member in dataclasses.fields(value)}
    return dataclasses.replace(value, **members)


def _redacted(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, tuple):
        return tuple(_redacted(member, hide) for member in value)
    if isinstance(value, Mapping):
        return {_redacted(key, hide): _redacted(member, hide) for key, member in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _members_redacted(value, hide)
    return value


def encodable(text: str) -> str:
    """Return the text with lone surrogates written out (`\\udc80`): parsers differ on them (RFC 8259, section 8.2)."""
    return _SURROGATE.sub(_escape, text)


def visible(text: str) -> str:
    """Return one line in which every character that cannot be seen is written out, and a tab is four blanks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(character) for character in text.replace("\t", "    "))


def _seen(character: str) -> str:
    return repr(character)[1:-1] if unicodedata.category(character) in _UNSEEN else character


def _escape(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]
