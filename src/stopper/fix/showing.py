"""A plan and what came of it as text: for people, and as JSON. Secrets that the source holds are blotted out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stopper.fix.comparing import Comparison, Fate
from stopper.fix.copying import Tests
from stopper.fix.planning import Kind, Plan, Repair, Step
from stopper.fix.rounds import Sources
from stopper.model import Finding, Report
from stopper.observe.source import Module
from stopper.observe.source.flows import literals
from stopper.report.outgoing import visible
from stopper.secret import redact

VERSION = "1.0"
"""Version of the JSON form."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a second scan and the project's tests say of a plan; `tests_before` is known where they failed after it."""

    after: Report
    comparison: Comparison
    tests: Tests | None = None
    tests_before: Tests | None = None
    failed: tuple[Finding, ...] = ()

    @property
    def came_true(self) -> bool:
        """Tell whether all that was asked for is so: the repaired findings gone, none new, the tests passing."""
        passing = self.tests is None or self.tests.status == 0
        return passing and not self.failed and not self.comparison.new


@dataclass(frozen=True, slots=True)
class Shown:
    """What a run of `stopper fix` has to say. `written` says whether the files were changed; `partial` as in Report."""

    plan: Plan
    verified: Verified | None = None
    written: bool = False
    unfinished: str = ""


def terminal(shown: Shown) -> str:
    """Return the plan for people, the differences, what the verification says, and one line that sums it up."""
    return "\n".join(_lines(shown)) + "\n"


def to_json(shown: Shown) -> str:
    """Return the plan as JSON, with one member for each finding and one for each changed file."""
    plan, verified = shown.plan, shown.verified
    document: dict[str, Any] = {
        "format": VERSION,
        "repairs": [_repair(repair, verified) for repair in plan.repairs],
        "files": [{"path": path, "diff": diff} for path, diff in differences(plan)],
        "written": shown.written,
        "unfinished": shown.unfinished,
    }
    if verified is not None:
        document["verification"] = {
            "came_true": verified.came_true,
            "new": [_finding(each) for each in verified.comparison.new],
            "tests": None if verified.tests is None else {"status": verified.tests.status},
        }
    return json.dumps(document, indent=2) + "\n"


# --------------------------------------------------------------------------- for people


def _lines(shown: Shown) -> Iterator[str]:
    for repair in shown.plan.repairs:
        yield from _of_repair(repair, shown.verified)
        yield ""
    for _, diff in differences(shown.plan):
        yield from (visible(line) for line in diff.splitlines())
        yield ""
    if shown.verified is not None:
        yield from _of_verification(shown.verified)
    if shown.unfinished:
        yield f"the scan is not whole: {visible(shown.unfinished)}"
    yield _sum(shown)


def _of_repair(repair: Repair, verified: Verified | None) -> Iterator[str]:
    finding = repair.finding
    where = visible(str(finding.place)) if finding.place else ", ".join(map(str, finding.endpoints[:3]))
    yield f"{finding.control} {finding.severity.value:8} {visible(finding.title)} · {visible(where)}"
    fate = f" · {verified.comparison.of(finding).value}" if verified else ""
    yield f"  {repair.kind.value}{fate}"
    for rewrite in repair.rewrites:
        yield f"  {visible(rewrite.why)}"
        yield from (f"  to decide: {visible(each)}" for each in rewrite.decide)
    if repair.risk is not None:
        yield f"  risk: {repair.risk.value}"
    for step in repair.left:
        yield f"  {_place(step)}by hand: {visible(step.told.why)}"
    lines = next((step.told.lines for step in repair.left if hasattr(step.told, "lines")), ())
    if lines:
        yield "  for example:"
        yield from (f"    {visible(line)}" for line in lines)


def _place(step: Step) -> str:
    return f"{visible(str(step.place))}: " if step.place else ""


def _of_verification(verified: Verified) -> Iterator[str]:
    for finding in verified.comparison.new:
        yield f"new: {finding.control} {visible(finding.message)} · {visible(str(finding.place or ''))}"
    tests, before = verified.tests, verified.tests_before
    if tests is not None and tests.status == 0:
        yield "the project's tests pass"
    elif tests is not None:
        told = " before the repairs too" if before is not None and before.status else ""
        yield f"the project's tests fail{told} (status {tests.status}):"
        yield from (f"  {visible(redact(line))}" for line in tests.tail.splitlines())


def _sum(shown: Shown) -> str:
    plan, verified = shown.plan, shown.verified
    counts = ", ".join(f"{plan.count(kind)} {kind.value}" for kind in Kind)
    files = f"{len(plan.changed)} file{'' if len(plan.changed) == 1 else 's'}"
    done = f"{files} written" if shown.written else f"{files} would change, nothing is written"
    if verified is None:
        return f"fix: {counts}; {done}"
    fates = [verified.comparison.of(repair.finding) for repair in plan.repairs]
    told = ", ".join(f"{fates.count(fate)} {fate.value}" for fate in Fate)
    return f"fix: {counts}; {told}, {len(verified.comparison.new)} new; {done}"


# --------------------------------------------------------------------------- both


def _repair(repair: Repair, verified: Verified | None) -> dict[str, Any]:
    return {
        **_finding(repair.finding),
        "kind": repair.kind.value,
        "whole": repair.whole,
        "risk": repair.risk.value if repair.risk else None,
        "why": [rewrite.why for rewrite in repair.rewrites],
        "decide": [each for rewrite in repair.rewrites for each in rewrite.decide],
        "by_hand": [
            {"place": str(step.place or ""), "why": step.told.why, "lines": list(getattr(step.told, "lines", ()))}
            for step in repair.left
        ],
        "fate": verified.comparison.of(repair.finding).value if verified else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "control": finding.control,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "place": str(finding.place or ""),
        "fingerprint": finding.fingerprint,
    }


def differences(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each changed file with its unified diff, in which the secrets that the file holds are blotted out."""
    project = plan.before.project
    for path in plan.changed:
        before, after = _lines_of(plan.before, path), _lines_of(plan.after, path)
        lines = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm="")
        yield path, "\n".join(_blotted(lines, _secrets(project.at(path))))


def _lines_of(sources: Sources, path: str) -> list[str]:
    return sources.get(path).decode("utf-8", "replace").splitlines()


def _secrets(module: Module | None) -> Sequence[str]:
    return [each.value.reveal() for each in literals(module) if each.value.reveal()] if module else []


def _blotted(lines: Iterable[str], held: Sequence[str]) -> Iterator[str]:
    """Yield lines without secrets: telling ones wherever they stand, a mere word (`dev`) where it is a literal."""
    telling = [value for value in held if len(value) >= 8 and not value.isalpha()]
    for line in lines:
        for value in held:
            for quote in ('"', "'"):
                line = line.replace(f"{quote}{value}{quote}", f"{quote}…{quote}")
        yield redact(line, telling)
