"""The terminal report shows all that a person needs, and nothing that the terminal would obey."""

from __future__ import annotations

import io
import re
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given, settings
from rich.cells import cell_len

from stopper.model import Coverage, Evidence, Observation, Report, Severity, Status, Strength, Verdict, Witness
from stopper.report import terminal
from tests.report.samples import (
    bare_refusal,
    cacheable_login,
    disputed_expiry,
    leaky,
    literal_key,
    open_orders,
    refused_expiry,
    silenced,
    unlooked,
)
from tests.report.strategies import HOSTILE, reports

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_all_is_told(width: int) -> None:
    """Grade, findings worst first with place, proof and flow, what was looked at, what was not, and what crashed."""
    text = terminal.render(leaky(), width)
    said = _words(text)
    for part in (
        "F 8 of 100 · 1 critical, 2 high, 1 medium, 1 low",
        "CRITICAL BT601 declared_not_enforced",
        "confirmed the specification protects GET /api/orders/{id}, and it answers a caller who sends no credential",
        'at shop/api.py:41 │ @app.get("/api/orders/<int:id>")',
        "seen by spec, wire, source, app",
        "takes in BT401 authentication_missing at shop/api.py:41 (source, app)",
        "-> 200 | content-type: application/json |",
        "HIGH BT205 hardcoded_secret",
        "single witness JWT_SECRET_KEY is written in the code",
        "1 shop/settings.py:7",
        "→ a literal 2 shop/tokens.py:19",
        "contradicted exp is not verified here",
        "denied by app: an expired token is refused",
        "GET /api/page/6 and 4 more",
        "13 of 14 eligible reached (20 known, 18 of the specification)",
        "operation 9 × POST may change state POST /api/thing/0",
        "controls 3 had nothing to look at BT307 token_answer_cacheable",
        "Crashed checks: 1",
        "BT307 ZeroDivisionError on POST /api/login",
        "note: the specification's base path /v2 is not part of the application's own paths",
    ):
        assert part in said, part
    places = [text.index(control) for control in ("BT601", "BT205", "BT411 ", "BT307 ", "BT418 ")]
    assert places == sorted(places)


def test_no_grade_says_why_and_what_is_missing() -> None:
    """A scan that asked the source alone gives no grade, says why, and names each witness that was not asked."""
    said = _words(terminal.render(unlooked()))
    for part in (
        "no grade neither the wire nor the application was asked no finding, because no control had anything to look",
        "PARTIAL interrupted",
        "spec no OpenAPI or Swagger document was given",
        "wire no base URL and no recorded traffic was given",
        "app no application was named to be run",
        "identity no working credential",
        "operations none called (0 known, 0 of the specification)",
        "files 2 not analysed",
        "controls 6 had nothing to look at",
    ):
        assert part in said, part
    assert "source no folder" not in said
    assert "of 100" not in said


def test_suppressed_findings_are_counted_and_listed() -> None:
    """They are no part of the findings' count, and each is a row that says who suppresses it and why."""
    text = _words(terminal.render(silenced()))
    assert "1 critical, 1 medium, 1 low, 2 suppressed" in text
    assert "Findings: 3" in text and "Suppressed: 2, not counted" in text
    assert "BT205 hardcoded_secret shop/settings.py:7 comment: the demo holds no data" in text
    assert "baseline, until 2027-02-21: waits for the new gateway" in text
    many = replace(silenced(), suppressed=silenced().suppressed * 30)
    assert "and 20 more" in _words(terminal.render(many))


def test_only_what_speaks_against_a_finding_denies_it() -> None:
    """Another control, another endpoint, a promise only read to be kept or broken: none of them denies a finding."""
    denial = refused_expiry()
    verdict = denial.verdict
    others = (
        replace(denial, control="BT412"),
        replace(denial, verdict=replace(verdict, endpoints=())),
        replace(denial, verdict=replace(verdict, strength=Strength.CLAIMED)),
        replace(denial, verdict=replace(verdict, kept=False)),
    )
    report = Report((), (disputed_expiry(),), others, Coverage())
    assert "denied by" not in terminal.render(report)
    assert "denied by" in terminal.render(replace(report, observations=(*others, denial)))
    confirmed = replace(disputed_expiry(), status=Status.CONFIRMED)
    assert "denied by" not in terminal.render(replace(report, findings=(confirmed,), observations=(denial,)))


def test_an_interruption_is_told_once() -> None:
    """Where the interruption is the reason for no grade, it is said in one place."""
    said = _words(terminal.render(replace(unlooked(), ungraded="interrupted")))
    assert said.count("interrupted") == 1
    assert "no grade no finding" in said
    asked = replace(unlooked(), coverage=replace(unlooked().coverage, controls_asked=("BT205",)))
    assert "because no control" not in terminal.render(asked)


def test_nothing_left_out_is_said_only_when_true() -> None:
    """Only a scan with all witnesses, an identity, every operation and every control says that it left out nothing."""
    whole = Report((), (), (), Coverage(witnesses=tuple(Witness), identity=True, eligible=3, reached=3))
    clean = "nothing that Stopper knows of"
    assert clean in terminal.render(whole)
    for less in (
        replace(whole.coverage, identity=False),
        replace(whole.coverage, reached=2),
        replace(whole.coverage, files=1),
        replace(whole.coverage, witnesses=tuple(Witness)[:3]),
    ):
        assert clean not in terminal.render(replace(whole, coverage=less))


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_lines_keep_to_the_width(width: int) -> None:
    """No line is wider than asked, commands excepted: they are broken between words and never inside one."""
    for line in terminal.render(leaky(), width).split("\n"):
        assert cell_len(line) <= width or line.lstrip().startswith(("curl", "-H", "https://"))


def _arguments(command: str) -> list[str]:
    """Return what a shell gives to curl."""
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}\nTOKEN=abc\n{command}\n"
    done = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, timeout=10)
    return done.stdout.splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_commands_can_be_copied(width: int) -> None:
    """The lines of a command, pasted into a shell, run as the command itself does."""
    command = open_orders().observations[0].verdict.evidence[0].command.split("\n")[1]
    lines = terminal.render(leaky(), width).split("\n")
    start = [number for number, line in enumerate(lines) if line.startswith("    curl")][1]
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    pasted = _arguments("\n".join(lines[start : end + 1]))
    assert pasted == _arguments(command)
    assert pasted[-2:] == ["Authorization: Bearer abc", "https://127.0.0.1:8443/api/orders/1"]


def test_low_findings_are_short() -> None:
    """A finding below medium shows no evidence, so that it does not drown the rest."""
    seen = replace(bare_refusal().observations[0].verdict, evidence=(Evidence("the answer", "HTTP/1.1 401"),))
    found = replace(bare_refusal(), observations=(Observation("BT418", Witness.WIRE, seen),))
    report = Report((), (found,), (), Coverage())
    assert "HTTP/1.1 401" not in terminal.render(report)
    assert "HTTP/1.1 401" in terminal.render(replace(report, findings=(replace(found, severity=Severity.MEDIUM),)))


def test_long_evidence_is_cut_and_says_so() -> None:
    """Of a long answer the first lines are shown, and how many are not."""
    proof = tuple(Evidence(f"piece {number}", "line\n" * 30) for number in range(5))
    seen = Observation("BT307", Witness.WIRE, Verdict(False, "broken", evidence=proof))
    text = terminal.render(Report((), (replace(cacheable_login(), observations=(seen,)),), (), Coverage()))
    assert "… and 19 more lines" in text
    assert "2 more in the JSON report" in text


def test_colours_change_no_word() -> None:
    """Without its colours the coloured report is the plain one."""
    coloured = COLOUR.sub("", terminal.coloured(leaky(), 80))
    assert [line.rstrip() for line in coloured.split("\n")] == terminal.render(leaky(), 80).split("\n")
    assert COLOUR.search(terminal.coloured(leaky(), 80))
    assert not COLOUR.search(terminal.render(leaky(), 80))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_not_obeyed(text: str) -> None:
    """Escape sequences, markup and bidirectional overrides in a name reach the terminal as letters."""
    found = replace(literal_key(), control=text, name=text, message=text)
    report = Report((text,), (found,), (), Coverage(), notes=(text,), partial=text)
    assert not OBEYED.search(terminal.render(report))
    assert not OBEYED.search(COLOUR.sub("", terminal.coloured(report, 80)))


def test_markup_stays_text() -> None:
    """Rich's own markup and emoji names in a message are shown letter by letter."""
    report = Report((), (replace(literal_key(), message="[bold]x[/bold] :skull:"),), (), Coverage())
    assert "[bold]x[/bold] :skull:" in terminal.coloured(report, 80)


@given(reports())
@settings(max_examples=40, deadline=None)
def test_any_report_can_be_shown(report: Report) -> None:
    """Whatever names and bodies hold, nothing is obeyed, everything can be encoded, and the gaps are told."""
    text = terminal.render(report, 80)
    assert not OBEYED.search(text)
    text.encode("utf-8")
    assert "NOT looked at" in text


class _Stream(io.StringIO):
    def __init__(self, encoding: str, terminal: bool) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def test_for_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours go to a terminal only, NO_COLOR and TERM=dumb forbid them, and an ASCII stream gets ASCII."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    assert terminal.for_terminal(leaky(), _Stream("utf-8", True)) == terminal.coloured(leaky(), 80)
    assert terminal.for_terminal(leaky(), _Stream("utf-8", False)) == terminal.render(leaky())
    assert terminal.for_terminal(leaky(), _Stream("ascii", False)).isascii()
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.for_terminal(leaky(), _Stream("utf-8", True)) == terminal.render(leaky(), 80)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.for_terminal(leaky(), _Stream("utf-8", True)) == terminal.render(leaky(), 80)
