"""The baseline file: findings that a team knows and lives with, each for a reason and, if it says so, until a day.

    {
      "stopper_baseline": 1,
      "entries": [
        {
          "fingerprint": "0123456789abcdef0123456789abcdef",
          "control": "BT205",
          "where": "shop/config.py",
          "reason": "the key of the demo, which holds no data",
          "expires": "2027-02-21"
        }
      ]
    }

The fingerprint decides; `control` and `where` say to a reader what it stands for.
"""

from __future__ import annotations

import datetime
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from stopper.model import Accepted, Finding, Report, Silencer
from stopper.report.outgoing import encodable
from stopper.secret import redact

VERSION = 1
DAYS = 90
"""Days for which a new entry holds: time enough to judge it, and no licence to forget it."""

_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_KEYS = {"fingerprint", "control", "where", "reason", "expires"}


class BaselineError(ValueError):
    """A text that is no baseline; the message says in one line what is wrong, without any value of it."""


def parse(data: bytes) -> tuple[Accepted, ...]:
    """Return the entries of a baseline file. Raises BaselineError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise BaselineError("is not JSON") from None
    if not isinstance(document, dict) or "stopper_baseline" not in document:
        raise BaselineError("is no baseline: it has no stopper_baseline")
    if document["stopper_baseline"] != VERSION:
        raise BaselineError(f"is a baseline of another version: this one reads version {VERSION}")
    entries = document.get("entries")
    if not isinstance(entries, list):
        raise BaselineError("entries must be a list")
    read = tuple(_entry(number, entry) for number, entry in enumerate(entries, 1))
    twice = [name for name, count in Counter(entry.fingerprint for entry in read).items() if count > 1]
    if twice:
        raise BaselineError(f"holds the fingerprint {twice[0]} more than once")
    return read


def _entry(number: int, entry: Any) -> Accepted:
    where = f"entry {number}"
    if not isinstance(entry, dict) or not set(entry) <= _KEYS:
        raise BaselineError(f"{where} must be an object of {', '.join(sorted(_KEYS))}")
    texts = {key: entry.get(key, "") for key in ("fingerprint", "control", "where", "reason")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise BaselineError(f"{where}: {key} must be a text")
    if not _FINGERPRINT.fullmatch(texts["fingerprint"]):
        raise BaselineError(f"{where}: fingerprint must be 32 hexadecimal digits, as the JSON report shows them")
    if not texts["reason"].strip():
        raise BaselineError(f"{where}: gives no reason")
    return Accepted(**texts, expires=_day(where, entry.get("expires")))


def _day(where: str, value: Any) -> datetime.date | None:
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    raise BaselineError(f"{where}: expires must be a day as YYYY-MM-DD, or null")


def render(report: Report, known: Iterable[Accepted], today: datetime.date) -> str:
    """Return a baseline of all that the report's scan found, but for what comments in the source suppress.

    An entry of the baseline that the scan was given keeps its reason, and its day unless that is over; entries that
    match nothing are gone.
    """
    before = {entry.fingerprint: entry for entry in known}
    suppressed = (f for f in report.suppressed if f.suppression and f.suppression.by is Silencer.BASELINE)
    entries = [_written(finding, before.get(finding.fingerprint), today) for finding in (*report.findings, *suppressed)]
    entries.sort(key=lambda entry: (str(entry["control"]), str(entry["where"]), str(entry["fingerprint"])))
    return json.dumps({"stopper_baseline": VERSION, "entries": entries}, indent=2) + "\n"


def _written(finding: Finding, old: Accepted | None, today: datetime.date) -> dict[str, str | None]:
    expires: datetime.date | None = today + datetime.timedelta(days=DAYS)
    if old and (old.expires is None or old.expires >= today):
        expires = old.expires
    return {
        "fingerprint": finding.fingerprint,
        "control": finding.control,
        "where": encodable(redact(_where(finding))),
        "reason": encodable(redact(old.reason)) if old else f"found on {today}, not judged yet",
        "expires": expires.isoformat() if expires else None,
    }


def _where(finding: Finding) -> str:
    """Return the file and the operations in words; the line is left out, because it moves."""
    parts = [finding.place.uri] if finding.place else []
    if finding.endpoints:
        more = f" and {len(finding.endpoints) - 1} more" if len(finding.endpoints) > 1 else ""
        parts.append(f"{finding.endpoints[0]}{more}")
    return ", ".join(parts) or finding.title
