"""The report as JUnit XML, for pipelines that show test results.

A control that was asked and whose promise nobody saw broken is a passed test; a finding is a failed one, a suppressed
finding or a control that had nothing to look at a skipped one, a crashed check or an unfinished scan an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from stopper.model import Control, Failure, Finding, Report, Severity, Status
from stopper.report.layout import cut
from stopper.report.outgoing import redacted, visible
from stopper.report.proofs import pieces
from stopper.report.summary import summary

EVIDENCE = 5
LINES = 40

# XML 1.0, section 2.2: neither surrogates nor these two are characters; `visible` writes out the others.
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")


def render(report: Report) -> str:
    """Return one test suite as an XML document in ASCII."""
    shown = redacted(report)
    suite = Element("testsuite", name="stopper")
    suite.extend(_cases(shown))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("time", f"{shown.coverage.seconds:.3f}")
    output = SubElement(suite, "system-out")
    grade = f"grade {shown.grade}, {shown.score} of 100" if shown.grade else f"no grade: {shown.ungraded}"
    output.text = _text(f"{grade}; {summary(shown)}")
    suites = Element("testsuites", {name: suite.attrib[name] for name in ("tests", "failures", "errors", "time")})
    suites.append(suite)
    ElementTree.indent(suites)
    document: bytes = ElementTree.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _cases(report: Report) -> Iterator[Element]:
    yield _completeness(report)
    for finding in report.findings:
        yield _finding(finding)
    for finding in report.suppressed:
        yield _suppressed(finding)
    for failure in report.failures:
        yield _crash(failure)
    broken = {finding.control for finding in (*report.findings, *report.suppressed)}
    crashed = {failure.control for failure in report.failures}
    asked = set(report.coverage.controls_asked)
    for identity, control in sorted(report.controls.items()):
        if identity not in broken | crashed:
            yield _promise(control, identity in asked)


def _completeness(report: Report) -> Element:
    case = _case("stopper", "the scan is complete")
    why = report.partial or report.incomplete
    if why:
        SubElement(case, "error", message=_text(why), type="partial" if report.partial else "incomplete")
    return case


def _finding(finding: Finding) -> Element:
    """Return a failed test; advice, and what the witnesses deny, fails nothing and is told in the output."""
    case = _case(f"{finding.control} {finding.name}", f"{finding.message} ({finding.fingerprint[:8]})", finding)
    told = "\n".join(_told(finding))
    if finding.severity is Severity.ADVICE or finding.status is Status.CONTRADICTED:
        SubElement(case, "system-out").text = told
    else:
        kind = _text(f"{finding.severity.value}, {finding.status.value}")
        SubElement(case, "failure", message=_text(finding.message), type=kind).text = told
    return case


def _suppressed(finding: Finding) -> Element:
    case = _case(f"{finding.control} {finding.name}", f"{finding.message} ({finding.fingerprint[:8]})", finding)
    why = finding.suppression
    until = f", until {why.expires}" if why and why.expires else ""
    SubElement(
        case, "skipped", message=_text(f"suppressed by {why.by.value}{until}: {why.reason}" if why else "suppressed")
    )
    return case


def _crash(failure: Failure) -> Element:
    case = _case(failure.control, failure.subject)
    SubElement(case, "error", message="the check crashed", type=_text(failure.error))
    return case


def _promise(control: Control, asked: bool) -> Element:
    case = _case(f"{control.id} {control.name}", control.title or control.name)
    if not asked:
        SubElement(case, "skipped", message="not looked at: nothing there that this control could be asked of")
    return case


def _case(group: str, name: str, finding: Finding | None = None) -> Element:
    case = Element("testcase", classname=_text(group), name=_text(name))
    if finding and finding.place and finding.place.uri:
        case.set("file", _text(finding.place.uri))
        case.set("line", str(max(finding.place.line, 1)))
    return case


def _told(finding: Finding) -> Iterator[str]:
    """Yield what a pipeline shows of a finding: where, on which operations, seen by whom, and the proof."""
    if finding.place:
        yield _text(f"at {finding.place} {finding.place.text.strip()}")
    if finding.endpoints:
        more = f" and {len(finding.endpoints) - 20} more" if len(finding.endpoints) > 20 else ""
        yield _text(f"on {', '.join(map(str, finding.endpoints[:20]))}{more}")
    yield _text(f"status: {finding.status.value}, seen by {', '.join(each.value for each in finding.witnesses)}")
    for piece in pieces(finding)[:EVIDENCE]:
        steps = [f"{place} {message}" for place, message in piece.path]
        lines = [piece.title, *steps, *piece.detail.split("\n"), *piece.command.split("\n")]
        yield from (_text(line) for line in lines[:LINES] if line)


def _text(text: str) -> str:
    return _NO_CHARACTERS.sub(lambda found: repr(found[0])[1:-1], cut(visible(text)))
