"""The report as a comment on a pull request: short, in GitHub's and GitLab's Markdown, below the size that they take.

Every text of the scan's is escaped: it can neither be markup, nor call a person or an issue by name, nor be a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stopper.model import Agreement, Evidence, Finding, MatrixRow, Report, Severity
from stopper.report.layout import cut, first_lines, shortened
from stopper.report.looked import gaps
from stopper.report.matrix_words import COLUMNS, counted, doors, worst_first
from stopper.report.outgoing import redacted, visible
from stopper.report.proofs import pieces
from stopper.report.summary import summary

LARGEST = 32_000
"""Characters of a comment: Bitbucket takes 32,768, GitHub 65,536, GitLab more."""

FINDINGS = 30
PROOFS = 5
ROWS = 30
TEXT = 300

_MARKUP = re.compile(r"[\\`*_\[\]()<>#|~&$]")
# What code hosts turn into a link to a person, an issue or a page, wherever it stands in a text.
_CALLS = re.compile(r"@|#(?=\d)|:(?=//)|(?i:www)(?=\.)|(?i:mailto|xmpp|javascript)(?=:)")
_PARTED = "<!-- -->"


def render(report: Report) -> str:
    """Return the comment; what does not fit is left out at a line's end, and that is said."""
    lines: list[str] = []
    room = LARGEST
    for part in _parts(redacted(report)):
        room -= len(part) + 1
        if room < 0:
            lines.append("\nThe rest is in the JSON and HTML reports: a comment holds no more.")
            break
        lines.append(part)
    return "\n".join(lines) + "\n"


def _parts(report: Report) -> Iterator[str]:
    """Yield pieces that are whole by themselves: a cut between any two leaves nothing open."""
    grade = f"grade {report.grade}, {report.score} of 100" if report.grade else "no grade"
    yield f"## Stopper: {_escaped(grade)}\n\n{_escaped(summary(report))}."
    for label, why in (("Partial", report.partial), ("Incomplete", report.incomplete), ("No grade", report.ungraded)):
        if why:
            yield f"\n**{label}:** {_escaped(why)}"
    if report.failures:
        yield f"\n**Checks crashed: {len(report.failures)}**, so this scan is not clean."
    yield from _findings(report)
    yield from _proofs(report)
    yield from _drift(report)
    yield "\n### Not looked at\n"
    yield "\n".join(_not_looked_at(report)) or "Nothing that Stopper knows of."
    if report.suppressed:
        yield f"\n### Suppressed, not counted: {len(report.suppressed)}\n"
        yield "\n".join(map(_suppressed, report.suppressed[:FINDINGS]))
        yield from _rest(len(report.suppressed), FINDINGS)


def _findings(report: Report) -> Iterator[str]:
    if report.findings:
        yield "\n### Findings\n\n| severity | finding | where | what |\n|---|---|---|---|"
    for finding in report.findings[:FINDINGS]:
        cells = (finding.severity.value, f"{finding.control} {finding.name}", _where(finding), finding.message)
        yield f"| {' | '.join(map(_escaped, cells))} |"
    yield from _rest(len(report.findings), FINDINGS)


def _rest(number: int, shown: int) -> Iterator[str]:
    if number > shown:
        yield f"\nand {number - shown} more"


def _where(finding: Finding) -> str:
    more = f" and {len(finding.endpoints) - 1} more" if len(finding.endpoints) > 1 else ""
    parts = [str(finding.place)] if finding.place else []
    return ", ".join([*parts, *([f"{finding.endpoints[0]}{more}"] if finding.endpoints else [])])


def _proofs(report: Report) -> Iterator[str]:
    """Yield the first proof of each of the worst findings."""
    serious = [finding for finding in report.findings if finding.severity.rank >= Severity.HIGH.rank]
    proofs = [(finding, found[0]) for finding in serious if (found := pieces(finding))]
    for finding, piece in proofs[:PROOFS]:
        name = _escaped(f"{finding.control} {finding.name}: {piece.title}")
        yield f"\n<details><summary>{name}</summary>\n\n{_fenced(piece)}\n\n</details>"


def _fenced(piece: Evidence) -> str:
    steps = [f"{place} {message}" for place, message in piece.path]
    lines = [cut(visible(line)) for line in (*steps, *first_lines(piece.detail), *piece.command.split("\n")) if line]
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _drift(report: Report) -> Iterator[str]:
    rows = [row for row in worst_first(report.matrix) if row.agreement is Agreement.DRIFT]
    if report.matrix:
        yield f"\n### Auth matrix\n\n{_escaped(counted(report.matrix))}."
    if rows:
        names = " | ".join(name for _, name in COLUMNS)
        yield f"\n| endpoint | {names} | why |\n|{'---|' * (len(COLUMNS) + 2)}"
    for row in rows[:ROWS]:
        yield f"| {' | '.join(map(_escaped, _cells(row)))} |"
    yield from _rest(len(rows), ROWS)


def _cells(row: MatrixRow) -> list[str]:
    return [str(row.endpoint), *(doors(row.sayings.get(witness)) for witness, _ in COLUMNS), row.why]


def _not_looked_at(report: Report) -> Iterator[str]:
    for gap in gaps(report):
        names = f" ({shortened(list(gap.names[:5]))}{', …' if len(gap.names) > 5 else ''})" if gap.names else ""
        yield f"* **{_escaped(gap.kind)}**: {_escaped(gap.why + names)}"


def _suppressed(finding: Finding) -> str:
    why = finding.suppression
    until = f", until {why.expires}" if why and why.expires else ""
    said = f" ({why.by.value}{until}: {why.reason})" if why else ""
    return f"* {_escaped(f'{finding.control} {finding.name} {_where(finding)}{said}')}"


def _escaped(text: str) -> str:
    """Return a text on one line that is no markup: punctuation as character references, calls parted."""
    shown = visible(text)
    shown = shown if len(shown) <= TEXT else shown[: TEXT - 1] + "…"
    parts: list[str] = []
    position = 0
    for call in _CALLS.finditer(shown):
        parts += (_plain(shown[position : call.start()]), _plain(call[0]), _PARTED)
        position = call.end()
    return "".join((*parts, _plain(shown[position:])))


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)
