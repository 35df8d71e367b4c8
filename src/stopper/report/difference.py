"""Two reports compared by fingerprint: what is new, what is gone, what stayed, and what was not looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stopper.model import Severity, Status
from stopper.report.layout import cut
from stopper.report.outgoing import visible
from stopper.report.reading import KeptFinding, KeptReport
from stopper.secret import redact


@dataclass(frozen=True, slots=True)
class Difference:
    """Each finding of two reports in one place.

    `unseen` stood in the old report, and the new scan could not have seen it: its control was asked of nothing, or a
    witness that saw it took no part. Only what could have been seen and was not is `gone`.
    """

    new: tuple[KeptFinding, ...]
    gone: tuple[KeptFinding, ...]
    unchanged: tuple[KeptFinding, ...]
    suppressed: tuple[KeptFinding, ...]
    unseen: tuple[KeptFinding, ...]
    old_unfinished: str
    new_unfinished: str


def compare(old: KeptReport, new: KeptReport) -> Difference:
    """Return what changed from the old report to the new one; `suppressed` counted before and does not any more."""
    before = {finding.fingerprint for finding in old.findings}
    after = {finding.fingerprint for finding in new.findings}
    silenced = {finding.fingerprint for finding in new.suppressed}
    left = [finding for finding in old.findings if finding.fingerprint not in after]
    missing = [finding for finding in left if finding.fingerprint not in silenced]
    return Difference(
        new=tuple(finding for finding in new.findings if finding.fingerprint not in before),
        gone=tuple(finding for finding in missing if _looked(finding, new)),
        unchanged=tuple(finding for finding in new.findings if finding.fingerprint in before),
        suppressed=tuple(finding for finding in left if finding.fingerprint in silenced),
        unseen=tuple(finding for finding in missing if not _looked(finding, new)),
        old_unfinished=old.unfinished,
        new_unfinished=new.unfinished,
    )


def _looked(finding: KeptFinding, report: KeptReport) -> bool:
    """Tell whether a scan could have seen the finding."""
    there = finding.control in report.controls_asked and report.witnesses.issuperset(finding.witnesses)
    return there and not report.unfinished


def failing(findings: Iterable[KeptFinding], least: Severity) -> bool:
    """Tell whether one of the findings fails a pipeline; what witnesses contradict does not."""
    return any(each.severity.rank >= least.rank and each.status is not Status.CONTRADICTED for each in findings)


def render(difference: Difference) -> str:
    """Return the comparison for people, a line per finding, unchanged ones only counted."""
    return "\n".join(_lines(difference)) + "\n"


def _lines(difference: Difference) -> Iterator[str]:
    for name, why in (("old", difference.old_unfinished), ("new", difference.new_unfinished)):
        if why:
            yield f"the {name} scan is not whole: {_shown(why)}"
    parts = (
        ("+", "new", difference.new),
        ("-", "gone", difference.gone),
        ("~", "suppressed since", difference.suppressed),
        ("?", "not looked at again", difference.unseen),
    )
    for sign, _, findings in parts:
        yield from (f"{sign} {_line(finding)}" for finding in findings)
    counts = ", ".join(f"{len(findings)} {name}" for _, name, findings in parts)
    yield f"{counts}, {len(difference.unchanged)} unchanged"


def _line(finding: KeptFinding) -> str:
    where = f" ({finding.where})" if finding.where else ""
    return _shown(f"{finding.severity.value:<8} {finding.control} {finding.name}: {finding.message}{where}")


def _shown(text: str) -> str:
    return cut(visible(redact(text)))
