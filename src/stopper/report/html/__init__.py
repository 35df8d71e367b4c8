"""The report as one HTML file for people: nothing is fetched from anywhere, and nothing in it is a script.

Its Content Security Policy allows the one style sheet, by its hash, and no more. Every text is escaped by the template
engine, after the characters that cannot be seen are written out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from markupsafe import Markup, escape

from stopper.model import Agreement, Door, Evidence, Finding, Observation, Report, Severity, Witness
from stopper.report.html.picture import drawn
from stopper.report.layout import cut, first_lines, shortened
from stopper.report.looked import gaps, looked_at
from stopper.report.matrix_words import COLUMNS, counted, worst_first
from stopper.report.outgoing import redacted, visible
from stopper.report.pages import Block, sections
from stopper.report.proofs import denials, pieces, samples
from stopper.report.summary import summary

if TYPE_CHECKING:
    from jinja2 import Environment

Renderer: TypeAlias = Callable[[Report], str]

FINDINGS = 1_000
ROWS = 2_000
ENDPOINTS = 50
EVIDENCE = 10

# A sign beside the word: colour alone tells a reader nothing who cannot tell colours apart.
_SIGNS = {
    Door.PUBLIC: "○",
    Door.UNGUARDED: "◌",
    Door.ANY_TOKEN: "◐",
    Door.BEARER: "●",
    Door.OTHER: "◆",
    Door.CLOSED: "■",
    Door.UNCLEAR: "?",
    Door.ABSENT: "∅",
    Door.NOT_ASKED: "–",
}
_MEANINGS = {
    Door.PUBLIC: "everybody may come in",
    Door.UNGUARDED: "nothing that asks for a credential was recognised",
    Door.ANY_TOKEN: "any token opens, whatever stands in it",
    Door.BEARER: "a bearer token opens",
    Door.OTHER: "another credential opens: Basic, an API key, a session",
    Door.CLOSED: "a credential is asked for, of a kind that is not known",
    Door.UNCLEAR: "no statement",
    Door.ABSENT: "does not know the endpoint",
    Door.NOT_ASKED: "took no part in the scan",
}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding with what its part of the page needs; its control's page stands at the first finding of it."""

    finding: Finding
    number: int
    pieces: tuple[Evidence, ...]
    more_pieces: int
    denials: tuple[Observation, ...]
    sections: dict[str, tuple[Block, ...]]
    explained_at: int


def render(report: Report) -> str:
    """Return the whole report as one HTML document."""
    shown = redacted(report)
    return _rendered(
        "report.html",
        shown,
        findings=tuple(_findings(shown)),
        hidden_findings=max(0, len(shown.findings) - FINDINGS),
        gaps=tuple(gaps(shown)),
        looked=looked_at(shown.coverage),
        samples=samples(shown.observations),
        counts={severity: sum(f.severity is severity for f in shown.findings) for severity in Severity},
    )


def render_matrix(report: Report) -> str:
    """Return the auth matrix alone as one HTML document."""
    return _rendered("matrix.html", redacted(report))


def _rendered(template: str, report: Report, **more: Any) -> str:
    style, policy = _style()
    rows = worst_first(report.matrix)
    text = (
        _environment()
        .get_template(template)
        .render(
            report=report,
            style=style,
            policy=policy,
            summary=summary(report),
            rows=rows[:ROWS],
            hidden_rows=max(0, len(rows) - ROWS),
            drifts=sum(row.agreement is Agreement.DRIFT for row in rows),
            counted_rows=counted(rows),
            **more,
        )
    )
    return f"{text}\n"


def _findings(report: Report) -> Iterator[_Shown]:
    explained: dict[str, int] = {}
    for number, finding in enumerate(report.findings[:FINDINGS], 1):
        at = explained.setdefault(finding.control, number)
        found = pieces(finding)
        yield _Shown(
            finding,
            number,
            found[:EVIDENCE],
            max(0, len(found) - EVIDENCE),
            denials(finding, report.observations),
            sections(report.pages.get(finding.control, "")) if at == number else {},
            at,
        )


# --------------------------------------------------------------------------- the template engine


@cache
def _environment() -> Environment:
    # Only here: the other formats, which most scans write, do without the template engine.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("stopper.report", "html"),
        autoescape=True,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(
        columns=COLUMNS, signs=_SIGNS, meanings=_MEANINGS, Door=Door, Severity=Severity, Witness=Witness
    )
    environment.globals["endpoints_shown"] = ENDPOINTS
    environment.filters.update(drawn=drawn, lines=_lines, whole=_whole, names=_names, slug=_slug)
    return environment


def _final(value: Any) -> Any:
    """Write out what cannot be seen in all that a template shows, places too; what is markup was made here."""
    return value if isinstance(value, Markup) else cut(visible(str(value)))


def _lines(text: str) -> Markup:
    """Return the first lines of a text for a `pre`."""
    return Markup("\n").join(escape(cut(visible(line))) for line in first_lines(text))


def _whole(text: str) -> Markup:
    """Return all lines of a text for a `pre`: a command that is cut does not run, an example does not teach."""
    return Markup("\n").join(escape(visible(line)) for line in text.split("\n"))


def _names(names: Sequence[str]) -> str:
    return shortened(list(map(visible, names)))


def _slug(text: str) -> str:
    """Return a fixed word of ours as the name of a style: `any token` is `any-token`."""
    return text.replace(" ", "-")


@cache
def _style() -> tuple[Markup, Markup]:
    """Return the style sheet, and the policy that allows it alone."""
    sheet = (files("stopper.report") / "html" / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Markup(sheet), Markup(policy)
