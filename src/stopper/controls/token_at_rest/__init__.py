"""A token lies where it outlives the request: in a log, a dump, a database, a recording, a history.

## What is wrong

A credential stands readable in a file or a column. A bearer token is good for whoever reads it, and logs, dumps and
repositories are read by more people, and kept longer, than the API that the token opens. `stopper sweep` finds it by
its form; with the guard's store at hand it says whether it still works, and ends it.

## Why it matters

Whoever may read the log may act as the user (CWE-532); who finds the dump has every session in it (CWE-312). ASVS 5.0.0
asks that logs hold no credentials (16.2.5) and that access tokens are not kept where they need not be. What was leaked
must be revoked: to delete the line is not enough, for there are copies.

## Bad

    192.0.2.7 - - [23/Nov/2026:21:03:16 +0000] "GET /me?access_token=eyJhbGciOi... HTTP/1.1" 200

## Good

    192.0.2.7 - - [23/Nov/2026:21:03:16 +0000] "GET /me?access_token=[redacted 1a2b3c4d5e6f] HTTP/1.1" 200

The guard's redaction keeps tokens out of the application's own logs, its stores hold digests only.

    $ stopper sweep /var/log/shop backup.sql.gz --store env:STOPPER_STORE --revoke

## References

RFC 6750 section 5.3; RFC 9700 section 4.3.2; ASVS 5.0.0 16.2.5; CWE-312, CWE-532.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.sweep.listing import place_of
from stopper.sweep.sighting import Life
from stopper.sweep.tally import Row

CONTROL = Control(
    id="BT315",
    name="token_at_rest",
    severity=Severity.HIGH,
    title="A token lies readable in a log, a dump, a database, a recording or a history",
    witnesses="R",
    requirements=("L01", "S01"),
    cwe=(312, 532),
    guard="redact.clean",
)

_DEAD = (Life.EXPIRED, Life.REVOKED, Life.REVOKED_NOW)


def rest(row: Row) -> Iterable[Verdict]:
    """Look at one credential that a sweep found; one that is known not to work any more is low."""
    first = row.spots[0]
    shown = f"{row.form} [redacted {row.fingerprint}]"
    times = "once" if row.count == 1 else f"{row.count} times"
    where = "; ".join(map(place_of, row.spots)) + (" and more" if row.count > len(row.spots) else "")
    yield Verdict(
        kept=False,
        message=f"{shown} lies readable, seen {times}, {row.life.value}: {where}",
        place=Place(first.source, first.line, text=f"{first.item} {shown}".strip()),
        strength=Strength.PROVEN,
        cause=shown,
        severity=Severity.LOW if row.life in _DEAD else None,
    )
