"""`stopper fix`: what a scan finds, repaired where that is safe, told where it is not."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from stopper.cli.inputs import LARGEST_SPEC, Options
from stopper.cli.scan import (
    CLEAN,
    FOUND,
    INCOMPLETE,
    INTERRUPTED,
    asking,
    ending_in_words,
    prepared,
    report_of,
)
from stopper.cli.targets import TargetError, Targets, told_apart
from stopper.controls import Entry, UnknownControlError, catalogue, find
from stopper.fix.comparing import Fate, compare
from stopper.fix.copying import Tests, copied, project_root, tested
from stopper.fix.planning import Plan, flat, plan
from stopper.fix.rounds import Sources
from stopper.fix.showing import Shown, Verified, terminal, to_json
from stopper.fix.writing import Replacement, put
from stopper.io import files
from stopper.model import Report
from stopper.observe.source import reads

_FORMS = {"terminal": terminal, "json": to_json}


@dataclass(frozen=True, slots=True)
class _Homes:
    """The folder in which each file lies that may be changed: the scanned one, or that of a specification."""

    sources: Sources
    folders: Mapping[str, Path]
    folder: Path

    def of(self, path: str) -> Path:
        return self.folders.get(path, self.folder)


@click.command("fix")
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@click.option("--control", "chosen", multiple=True, metavar="ID", help="Repair this control alone; may be repeated.")
@click.option("--write", is_flag=True, help="Change the files; without it the plan and the differences are shown.")
@click.option("--verify", is_flag=True, help="Try it in a copy: scan that again, and say what is gone.")
@click.option("--tests", metavar="COMMAND", help="With --verify: the project's own tests, run in the copy.")
@click.option("--format", "form", type=click.Choice(tuple(_FORMS)), default="terminal", help="What is written.")
@asking
def command(
    targets: tuple[str, ...],
    chosen: tuple[str, ...],
    write: bool,
    verify: bool,
    tests: str | None,
    form: str,
    **asked: Any,
) -> None:
    """Plan the repair of what a scan finds, and show it as a diff; --write changes the files.

    TARGETs are those of `stopper scan`; what is repaired lies in the folder or the specification among them. With
    --verify the repairs are made in a copy first, the project's tests run there, and the copy is scanned again by the
    same witnesses, all but the wire; the original is written only if what was repaired is gone and nothing is new.
    """
    with ending_in_words():
        entries = _chosen(chosen)
        if tests is not None and not verify:
            raise TargetError("--tests: only with --verify, for they run in a copy")
        named, options = prepared(targets, **asked)
        homes = _homes(named)
        report = report_of(named, options)
        findings = [finding for finding in flat(report.findings) if finding.control in entries]
        planned = plan(findings, homes.sources, entries)
        verified = _verified(planned, report, named, options, homes, tests) if verify else None
        may = write and not report.partial and (verified is None or verified.came_true)
        if may:
            put([_replacement(planned, homes, path) for path in planned.changed])
        shown = Shown(planned, verified, may, _unfinished(report) or (_unfinished(verified.after) if verified else ""))
        click.echo(_FORMS[form](shown), nl=False)
    sys.exit(exit_code(shown, report))


def exit_code(shown: Shown, report: Report) -> int:
    """Return the process's status: 0 where nothing of what was looked for is left to do, 1 where something is.

    Verified repairs count as done in the copy, other ones when they are written.
    """
    if report.partial:
        return INTERRUPTED
    if shown.unfinished:
        return INCOMPLETE
    repairs = shown.plan.repairs
    done = shown.written if shown.verified is None else shown.verified.came_true
    return CLEAN if all(repair.whole for repair in repairs) and (done or not repairs) else FOUND


def _chosen(words: Sequence[str]) -> Mapping[str, Entry]:
    """Return the controls that are repaired, all without a choice."""
    try:
        return {entry.control.id: entry for entry in map(find, words)} or catalogue()
    except UnknownControlError as error:
        raise TargetError(str(error)) from None


def _unfinished(report: Report) -> str:
    crashed = f"{len(report.failures)} checks crashed" if report.failures else ""
    return report.partial or report.incomplete or crashed


# --------------------------------------------------------------------------- files


def _homes(named: Targets) -> _Homes:
    """Read what may be changed, before it is scanned: what is changed in between is refused when it is written."""
    if named.folder is None and not named.specs:
        raise TargetError("nothing that could be repaired: name a folder or a specification")
    folder = named.folder or Path()
    walked = files.walk(folder, reads) if named.folder else iter(())
    source = {entry.path: entry.data for entry in walked if isinstance(entry, files.SourceFile)}
    specs, folders = {}, {}
    for path in named.specs:
        base = folder if path.resolve().is_relative_to(folder.resolve()) else path.parent
        uri = path.resolve().relative_to(base.resolve()).as_posix()
        specs[uri], folders[uri] = files.read(path, LARGEST_SPEC), base
    return _Homes(Sources(source, specs, folder.resolve().name if named.folder else ""), folders, folder)


def _replacement(planned: Plan, homes: _Homes, path: str) -> Replacement:
    return Replacement(homes.of(path), path, planned.before.get(path), planned.after.get(path))


# --------------------------------------------------------------------------- the copy


def _verified(
    planned: Plan, report: Report, named: Targets, options: Options, homes: _Homes, tests: str | None
) -> Verified:
    """Make the repairs in a copy, run the tests there, and scan it again."""
    root = project_root(named.folder, named.specs)
    outside = [path for path in named.specs if not path.resolve().is_relative_to(root)]
    if outside:
        raise TargetError(f"--verify: {files.escape(str(outside[0]))} lies outside of what is copied, {root.name}")
    with copied(root) as copy:
        for path in planned.changed:
            there = copy / (homes.of(path).resolve() / path).relative_to(root)
            there.write_bytes(planned.after.get(path))
        ended = tested(tests, copy) if tests else None
        after = _scanned_again(named, options, root, copy)
    before = _tested_before(tests, root) if tests and ended and ended.status else None
    comparison = compare(report, after)
    asked = [repair.finding for repair in planned.repairs if repair.whole]
    failed = tuple(finding for finding in asked if comparison.of(finding) is not Fate.GONE)
    return Verified(after, comparison, ended, before, failed)


def _tested_before(tests: str, root: Path) -> Tests:
    with copied(root) as untouched:
        return tested(tests, untouched)


def _scanned_again(named: Targets, options: Options, root: Path, copy: Path) -> Report:
    """Scan the copy as the original was scanned, from the same place in it; the wire shows what is served, no copy."""
    absolute = replace(
        options,
        # Environments are not copied. Not resolved: the link makes an interpreter that of its environment.
        python=_absolute(options.python) if options.python else None,
        guessing=replace(options.guessing, lists=tuple(path.absolute() for path in options.guessing.lists)),
    )
    start = copy if root == Path.cwd() else copy.parent
    given = (*((named.folder,) if named.folder else ()), *named.specs)
    words = [str((copy / path.resolve().relative_to(root)).relative_to(start)) for path in given]
    with contextlib.chdir(start):
        return report_of(told_apart([*words, *((named.application,) if named.application else ())]), absolute)


def _absolute(python: Path) -> Path:
    """Return an interpreter that is given by its path; one that is given by name alone is looked up as before."""
    return python.absolute() if len(python.parts) > 1 else python
