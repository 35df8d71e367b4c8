"""A report in which every text is an attack on somebody who opens it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from stopper.model import Report
from tests.report.samples import silenced

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><script>alert(1)</script>",
    "</code></pre></details><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "@everyone closes #1, see https://evil.test and www.evil.test",
    "[x](javascript:alert(1)) ![y](https://evil.test/p.png) | `code` | ``` <!-- -->",
    "]]><evil/>&evil;&#x1b;",
    '=HYPERLINK("https://evil.test","x")',
    "+1+cmd|' /C calc'!A0",
    "\x1b[2J\x1b]52;c;cm0gLXJm\x07\x1b]8;;https://evil.test\x1b\\click\x1b]8;;\x1b\\\x9b31m",
    "[bold red]markup[/bold red] [/] [link=x]",
    "\u202egnp.exe\u2066\u200b\U000e0041",
    "a\r\nFAKE CLEAN RESULT\r\n::error::x\n##[error]x",
    "\udcff\ud800\ufffe\uffff\x00\x85\u2028",
)
ALL = " ".join(ATTACKS)


def hostile() -> Report:
    """Return a whole report with all attacks in every text that comes from what was scanned."""
    return poisoned(silenced(), ALL)


def poisoned(value: Any, attack: str) -> Any:
    """Return the same value with an attack in front of and behind every text in it; keys of mappings stay."""
    if isinstance(value, str):
        return f"{attack} {value} {attack}"
    if isinstance(value, tuple):
        return tuple(poisoned(member, attack) for member in value)
    if isinstance(value, Mapping):
        return {key: poisoned(member, attack) for key, member in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type | enum.Enum):
        members = {f.name: poisoned(getattr(value, f.name), attack) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **members)
    return value
