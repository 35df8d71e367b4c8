"""Run the table of faults: each row on its own, under a limit of wall-clock time and of memory.

    python scripts/faults.py [ROW…]

A row is as wanted where all of its tests pass, none is left out, and neither limit is met. The last line is
`faults: N of N as wanted`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTES = 300
"""What any process of a row may use at most."""


@dataclass(frozen=True)
class Row:
    """One fault: its number in the table, what happens, which tests show it, and how long they may take in seconds."""

    number: int
    happens: str
    tests: tuple[str, ...]
    seconds: float = 60.0


def guard_row(number: int, happens: str, *more: str, seconds: float = 60.0) -> Row:
    """Return a row of the guard, whose own tests are named after it."""
    return Row(number, happens, (f"tests/guard/test_faults.py::fault_{number}_", *more), seconds)


def source_row(number: int, happens: str, seconds: float = 60.0) -> Row:
    """Return a row of the source witness: the command itself on a hostile folder."""
    return Row(number, happens, (f"tests/cli/test_source_faults.py::fault_{number}_",), seconds)


def specification_row(number: int, happens: str, *more: str, seconds: float = 90.0) -> Row:
    """Return a row of the specification's reader; its tests, or their cases, are numbered after it."""
    return Row(number, happens, (f"tests/observe/spec/test_spec_faults.py::{number}", *more), seconds)


ROWS = (
    specification_row(33, "aliases that multiply"),
    specification_row(34, "an alias inside its own anchor"),
    specification_row(35, "a hundred thousand brackets"),
    specification_row(36, "a tag that asks for a Python object"),
    specification_row(37, "keys that are given twice"),
    specification_row(38, "words that YAML 1.1 takes for booleans, a version that is no number"),
    specification_row(39, "a reference to a file outside"),
    specification_row(40, "a reference to a metadata address"),
    specification_row(41, "references to themselves, chains of a thousand"),
    specification_row(42, "references that multiply"),
    specification_row(43, "a pattern that never ends"),
    specification_row(44, "a schema four hundred levels deep"),
    specification_row(45, "five thousand paths"),
    specification_row(46, "files too large, in other encodings, or of another kind"),
    specification_row(47, "versions that lie"),
    specification_row(48, "servers made of templates"),
    specification_row(49, "paths that would break a request"),
    source_row(50, "NUL bytes, UTF-16, a wrong cookie, Latin-1, a byte order mark"),
    source_row(51, "thousands of brackets or signs around one another", seconds=90),
    source_row(52, "sums, attributes, calls and branches of twenty thousand parts"),
    source_row(53, "a line of 5 MB, a table of a million values, 90,000 lines", seconds=90),
    source_row(54, "syntax of a Python to come"),
    source_row(55, "Python 2, Cython, notebooks, stubs, templates"),
    source_row(56, "links, loops, pipes, sockets and devices"),
    source_row(57, "a million files, names of every kind", seconds=300),
    source_row(58, "archives that leave their folder, unfold to too much or are broken", seconds=120),
    source_row(59, "text that turns its direction, names of two alphabets"),
    source_row(60, "modules, plugins, hooks and settings that want to be run"),
    guard_row(80, "the database is down, full, read-only or half migrated", seconds=90),
    guard_row(81, "the store is away while tokens are checked", "tests/guard/test_lifetime.py::store"),
    guard_row(82, "Redis evicts entries", "tests/guard/test_store.py::evicting"),
    guard_row(83, "a fork after everything is open", "tests/guard/test_promises.py::forked"),
    guard_row(84, "ids of tokens clash", "tests/guard/test_guard.py::taken_id"),
    guard_row(85, "a log handler raises, a record holds a token anywhere", "tests/guard/test_leaks.py::", seconds=180),
    guard_row(86, "a token in another encoding or inside an object", "tests/guard/test_redact.py::"),
    guard_row(87, "thousands of bad tokens a second"),
    guard_row(88, "probes for the reason of a refusal"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a row: how many tests passed, the time and memory it took, and what was wrong, if anything."""

    passed: int
    seconds: float
    mebibytes: float
    wrong: str


def run(row: Row) -> Outcome:
    """Run the tests of a row, ending them at its limit."""
    passed, began, largest, wrong = 0, time.monotonic(), 0.0, ""
    for selection in row.tests:
        path, _, word = selection.partition("::")
        left = row.seconds - (time.monotonic() - began)
        part = _run_part(path, word, left)
        passed += part.passed
        largest = max(largest, part.mebibytes)
        wrong = wrong or part.wrong
    if not wrong and largest > MEBIBYTES:
        wrong = f"more than {MEBIBYTES} MiB"
    return Outcome(passed, time.monotonic() - began, largest, wrong)


def _run_part(path: str, word: str, seconds: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="stopper-faults-") as folder:
        report = Path(folder) / "report.xml"
        words = [
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            str(ROOT / path),
            *(["-k", word] if word else []),
        ]
        command = [sys.executable, "-m", "pytest", *words]
        with (Path(folder) / "output").open("w+") as output:
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
            ended, largest = _waited(process.pid, seconds)
            process.returncode = 0  # it was waited for above
            output.seek(0)
            said = output.read()
        if not ended:
            return Outcome(0, seconds, largest, f"not at its end after {seconds:.0f} s")
        return _judged(report, largest, said)


def _waited(process: int, seconds: float) -> tuple[bool, float]:
    """Wait for a process, killing its whole session at the limit; tell whether it ended, and its memory in MiB."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, _, usage = os.wait4(process, os.WNOHANG)
        if ended:
            return True, usage.ru_maxrss / 1024
        time.sleep(0.05)
    os.killpg(process, signal.SIGKILL)
    return False, os.wait4(process, 0)[2].ru_maxrss / 1024


def _judged(report: Path, mebibytes: float, said: str) -> Outcome:
    if not report.exists():
        return Outcome(0, 0.0, mebibytes, "the tests did not run: " + " ".join(said.split())[-200:])
    (suite,) = ElementTree.parse(report).getroot().iter("testsuite")
    ran, failed, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "skipped"))
    failed += int(suite.get("errors", 0))
    if failed:
        return Outcome(ran - failed - skipped, 0.0, mebibytes, f"{failed} of {ran} tests failed")
    if skipped or not ran:
        return Outcome(ran - skipped, 0.0, mebibytes, f"{skipped} of {ran} tests were left out" if ran else "no test")
    return Outcome(ran, 0.0, mebibytes, "")


def main() -> int:
    """Run all rows, or those that are named, and return 1 where one is not as wanted."""
    named = set(map(int, sys.argv[1:]))
    rows = [row for row in ROWS if not named or row.number in named]
    wanted = 0
    for row in rows:
        outcome = run(row)
        wanted += not outcome.wrong
        verdict = outcome.wrong or "as wanted"
        figures = f"{outcome.passed} tests, {outcome.seconds:.0f} s, {outcome.mebibytes:.0f} MiB"
        print(f"{row.number}  {row.happens}: {verdict} ({figures})", flush=True)
    print(f"faults: {wanted} of {len(rows)} as wanted")
    return 0 if rows and wanted == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
