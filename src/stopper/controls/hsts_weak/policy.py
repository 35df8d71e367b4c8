"""The Strict-Transport-Security header, read as a browser reads it (RFC 6797 section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

LEAST = 31_536_000
"""Seconds of a year: ASVS 5.0.0 3.4.1."""

_DIRECTIVE = re.compile(r"""\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*("[^"]*"|[^\s;"]+)\s*)?""", re.ASCII)


def weakness(value: str) -> str:
    """Return why a header's value protects nothing, or not for long; "" where it does."""
    found: dict[str, str] = {}
    for part in value.split(";"):
        directive = _DIRECTIVE.fullmatch(part)
        if directive is None:
            if part.strip():
                return "is malformed, so that browsers pass over it"
            continue
        name = directive[1].lower()
        if name in found:
            return f"has {name} twice, so that browsers pass over it"
        found[name] = (directive[2] or "").strip('"')
    if not re.fullmatch(r"\d+", found.get("max-age", ""), re.ASCII):
        return "has no max-age, so that browsers pass over it"
    return short(int(found["max-age"]))


def short(seconds: float) -> str:
    """Return why a max-age is too little, "" where it is enough."""
    if seconds <= 0:
        return "has a max-age of 0, which makes browsers forget what they knew"
    return f"holds for {seconds / 86_400:.0f} days only, less than a year" if seconds < LEAST else ""


def weakness_of_all(values: Sequence[str]) -> str:
    """Return what is weak about all such headers of one answer."""
    return "is sent twice: browsers take the first and pass over the other" if len(values) > 1 else weakness(values[0])
