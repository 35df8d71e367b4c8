"""Run the table of faults: each row on its own, under a limit of wall-clock time and of memory.

    python scripts/faults.py [ROW…]

Row 14 speaks of scans that one asks for and another runs: that is `stopper mcp`, and there is no other service. A row
is as wanted where all of its tests pass, none is left out, and neither limit is met. The last line is
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


CLIENT = "tests/hostile/test_client.py"
COMMAND = "tests/cli/test_hostile_targets.py"
ADDRESSES = "tests/io/test_policy.py"
SENDING = "tests/io/test_http.py"


def wire_row(number: int, happens: str, *tests: str, seconds: float = 60.0) -> Row:
    """Return a row of the scan client: addresses that it must not go to, and servers that mean it ill."""
    return Row(number, happens, tests, seconds)


def source_row(number: int, happens: str, seconds: float = 60.0) -> Row:
    """Return a row of the source witness: the command itself on a hostile folder."""
    return Row(number, happens, (f"tests/cli/test_source_faults.py::fault_{number}_",), seconds)


def specification_row(number: int, happens: str, *more: str, seconds: float = 90.0) -> Row:
    """Return a row of the specification's reader; its tests, or their cases, are numbered after it."""
    return Row(number, happens, (f"tests/observe/spec/test_spec_faults.py::{number}", *more), seconds)


def report_row(number: int, happens: str, *more: str) -> Row:
    """Return a row of the reports: hostile names and bodies in every text of every format."""
    return Row(number, happens, (f"tests/report/test_faults.py::fault_{number}_", *more), 90)


ROWS = (
    wire_row(
        1,
        "a name that leads to this machine or inside",
        f"{ADDRESSES}::judged_by_where_it_leads or leads_nowhere_inside or typing_a_host",
        f"{SENDING}::only_typed_hosts",
    ),
    wire_row(
        2,
        "a name that leads to a cloud's metadata",
        f"{ADDRESSES}::METADATA or metadata",
        f"{SENDING}::typed_as_metadata",
        f"{CLIENT}::redirect-metadata",
    ),
    wire_row(
        3, "a name that leads elsewhere the second time", f"{SENDING}::second_resolution or resolved_once or no_socket"
    ),
    wire_row(4, "a name with public and private addresses", f"{ADDRESSES}::nowhere_inside", f"{SENDING}::all_its_addr"),
    wire_row(5, "IPv4 addresses inside IPv6 ones, zones", f"{ADDRESSES}::ffff or 64 or 2002 or eth0"),
    wire_row(6, "decimal, octal and hexadecimal addresses", f"{ADDRESSES}::one_form"),
    wire_row(7, "addresses of nobody and of everybody", f"{ADDRESSES}::UNUSABLE or nowhere_inside"),
    wire_row(8, "a redirect to a cloud's metadata", f"{CLIENT}::leads_nowhere or redirect_is_an_answer"),
    wire_row(9, "a redirect from https to http", f"{CLIENT}::from_https_to_http"),
    wire_row(
        10,
        "a redirect to another origin",
        f"{CLIENT}::does_not_follow_a_redirect or redirect_is_an_answer",
        f"{COMMAND}::another_origin",
    ),
    wire_row(11, "redirects in a circle", f"{CLIENT}::redirect_loop or redirect-loop", f"{COMMAND}::redirect-loop"),
    wire_row(
        12,
        "addresses with credentials, control characters, look-alikes",
        f"{ADDRESSES}::two_ways or agree or one_form",
        f"{SENDING}::could_split",
    ),
    wire_row(13, "addresses that are not of the web", f"{ADDRESSES}::two_ways", f"{CLIENT}::redirect-file"),
    wire_row(
        14,
        "ports of shells, mail and databases, asked for by an agent or a redirect",
        "tests/cli/test_mcp.py::reaches_the_ports",
        f"{ADDRESSES}::beside_the_web",
        f"{CLIENT}::redirect-port",
    ),
    wire_row(15, "a body byte by byte", f"{CLIENT}::drip-body", f"{COMMAND}::drip-body"),
    wire_row(16, "headers byte by byte", f"{CLIENT}::drip-headers", f"{COMMAND}::drip-headers"),
    wire_row(17, "a body without an end", f"{CLIENT}::endless", f"{COMMAND}::endless"),
    wire_row(18, "a small body that unpacks to a huge one", f"{CLIENT}::bomb", f"{COMMAND}::bomb"),
    wire_row(19, "packings in packings, and unknown ones", f"{CLIENT}::nested-gzip or brotli or broken-gzip"),
    wire_row(
        20,
        "headers by the thousand, or of megabytes",
        f"{CLIENT}::header-flood or long-header",
        f"{COMMAND}::header-flood",
    ),
    wire_row(21, "interim answers without an end", f"{CLIENT}::continue-flood or hints", f"{COMMAND}::continue-flood"),
    wire_row(
        22,
        "lengths that contradict or are negative",
        f"{CLIENT}::two-lengths or negative-length or bad-chunk",
        f"{COMMAND}::two-lengths",
    ),
    wire_row(
        23,
        "garbage, old HTTP, TLS where there is none",
        f"{CLIENT}::garbage or old-http or plain_port",
        f"{COMMAND}::garbage",
    ),
    wire_row(
        24,
        "connections that close too early",
        f"{CLIENT}::close or reset or repeated_once or survives",
        f"{COMMAND}::close-in-body or reset",
    ),
    wire_row(
        25, "odd bytes in headers", f"{CLIENT}::odd_header or nul-in-header", "tests/report/test_faults.py::fault_62_"
    ),
    wire_row(26, "an unknown charset", f"{CLIENT}::unknown_charset"),
    wire_row(27, "cookies by the hundred", f"{CLIENT}::cookie-flood", f"{COMMAND}::cookie-flood"),
    wire_row(
        28,
        "certificates and handshakes that are wrong",
        f"{CLIENT}::tls",
        "tests/io/test_handshake.py::",
        f"{COMMAND}::tls",
    ),
    wire_row(29, "a server of HTTP/2 alone", f"{CLIENT}::http2 or http_1_1", f"{COMMAND}::http2"),
    wire_row(30, "refusals in a storm", f"{CLIENT}::storm", f"{COMMAND}::limits_its_callers"),
    wire_row(
        31,
        "a server that goes down halfway",
        f"{CLIENT}::goes_down",
        f"{COMMAND}::goes_down",
        "tests/engine/test_adversarial.py::down",
    ),
    wire_row(
        32,
        "success for whatever is asked",
        f"{CLIENT}::soft-404",
        f"{COMMAND}::soft-404",
        "tests/engine/test_adversarial.py::catch_all",
    ),
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
    report_row(61, "markup in a path, title, header or body", "tests/report/test_html.py::hostile or inert or policy"),
    report_row(62, "control sequences and markup for the terminal"),
    report_row(63, "URIs, Markdown and sizes in SARIF", "tests/report/test_sarif.py::"),
    report_row(64, "formulas in CSV", "tests/report/test_terminal_matrix.py::csv"),
    report_row(65, "line breaks in what is logged", "tests/report/test_progress.py::"),
    report_row(66, "control characters and the end of a section in XML", "tests/report/test_junit.py::well_formed"),
    report_row(67, "tokens and secrets in what was found", "tests/report/test_outgoing.py::"),
    report_row(68, "a report or baseline that was changed, cut or is of another version"),
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
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, "STOPPER_FAULTS": "1"},  # the tests that are too long for every change
            )
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
