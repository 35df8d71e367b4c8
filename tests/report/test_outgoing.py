"""No format lets a credential out, and no text that it shows is obeyed by a terminal."""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stopper.model import Report
from stopper.report import html, junit, markdown, matrix_csv, sarif, terminal, terminal_matrix
from stopper.report import json as json_reporter
from stopper.report.outgoing import encodable, redacted, visible
from stopper.secret import base62, opaque_checksum
from tests.report.samples import leaky


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


SIGNATURE = "fT9qZ0c1rXyKp3LwEo7UuBhGd2NvSaJm8Ii5tQxY4Rk"
JWT = f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment({'sub': 'canary'})}.{SIGNATURE}"
BODY = f"shop_{base62(3**150 % 2**256, 43)}"
OPAQUE = f"{BODY}_{opaque_checksum(BODY)}"

FORMATS: dict[str, Callable[[Report], str]] = {
    "json": json_reporter.render,
    "sarif": sarif.render,
    "terminal": terminal.render,
    "narrow terminal": lambda report: terminal.render(report, 40),
    "html": html.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "matrix json": json_reporter.render_matrix,
    "matrix html": html.render_matrix,
    "matrix csv": matrix_csv.render,
    "matrix terminal": terminal_matrix.render,
    "narrow matrix": lambda report: terminal_matrix.render(report, 40),
    "coloured terminal": lambda report: terminal.coloured(report, 400),
}


def _poisoned(value: Any, canary: str) -> Any:
    """Return the same value with the canary added to every text in it, and to the keys of its mappings."""
    if isinstance(value, str):
        return f"{value} {canary}"
    if isinstance(value, tuple):
        return tuple(_poisoned(member, canary) for member in value)
    if isinstance(value, Mapping):
        keys = {key: f"{key} {canary}" if isinstance(key, str) else key for key in value}
        return {keys[key]: _poisoned(member, canary) for key, member in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type | enum.Enum):
        members = {f.name: _poisoned(getattr(value, f.name), canary) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **members)
    return value


@pytest.mark.parametrize("canary", [JWT, OPAQUE], ids=["jwt", "opaque"])
@pytest.mark.parametrize("form", FORMATS)
def test_no_format_lets_a_token_out(form: str, canary: str) -> None:
    """With a token in every text of a report, no part of it stands in any output, line breaks or none."""
    report = _poisoned(leaky(), canary)
    assert canary in report.findings[0].observations[0].verdict.evidence[0].command
    assert canary in next(iter(report.pages.values()))
    text = re.sub(r"\x1b\[[0-9;]*m|\s", "", FORMATS[form](report))
    assert "[redacted" in text
    secret_parts = [part for part in re.split(r"[._]", canary) if len(part) >= 6]
    assert len(secret_parts) >= 2
    for part in secret_parts:
        assert part not in text


def test_redaction_changes_nothing_else() -> None:
    """A report without credentials goes out as it came, fingerprints included."""
    report = dataclasses.replace(leaky(), findings=leaky().findings[:1], observations=())
    assert redacted(report) == report


def test_visible_writes_out_what_cannot_be_seen() -> None:
    """Controls, bidirectional and zero-width characters are written out; letters of any script stay."""
    assert visible("a\x1b[2J\r\n\x9b\u202e\u200b\udcff") == "a\\x1b[2J\\r\\n\\x9b\\u202e\\u200b\\udcff"
    assert visible("日本語 é €\t|") == "日本語 é €    |"


def test_encodable_keeps_all_but_lone_surrogates() -> None:
    """A lone surrogate is written out; an astral character is none."""
    assert encodable("\ud800 \U0001f600 \x1b") == "\\ud800 \U0001f600 \x1b"
