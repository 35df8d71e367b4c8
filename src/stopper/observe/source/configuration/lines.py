"""Settings a line each: .env files, INI files, and the `.cfg` files of Python assignments that Flask reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ASSIGNED = re.compile(r"^(?:export[ \t]+)?([A-Za-z_][\w.-]{0,199})[ \t]*[=:][ \t]*(.*)$")
_QUOTED = re.compile(r"""^[bru]{0,2}(?:"((?:[^"\\]|\\.)*)"|'([^']*)')[ \t]*(?:[#;].*)?$""")
_COMMENT = re.compile(r"(?:^|[ \t])[#;].*$")

Found = tuple[str, str, int]
"""A name, its value, and its line, counted from 1."""


def entries(text: str) -> Iterator[Found]:
    """Yield what is assigned at the beginning of a line; values that go on over several lines end with the first."""
    for number, line in enumerate(text.split("\n"), 1):
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            yield assigned[1], _value(assigned[2].strip()), number


def _value(written: str) -> str:
    quoted = _QUOTED.match(written)
    if quoted is not None:
        return quoted[1] if quoted[1] is not None else quoted[2]
    return _COMMENT.sub("", written).strip()
