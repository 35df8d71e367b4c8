"""Every control of the catalogue: its form, its page, and each of its cases through the one harness."""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
import re
from pathlib import Path

import pytest

import stopper.guard
from stopper import controls
from stopper.controls import HOOKS, Entry, catalogue
from stopper.fix import jobs
from stopper.fix.rewriter import rewritten
from stopper.rewrite import Rewrite
from tests import cases
from tests.fix import cases as fix_cases

FOLDER = Path(controls.__file__).parent
HEADINGS = ["What is wrong", "Why it matters", "Bad", "Good", "References"]
CASES = [
    pytest.param(entry, case, id=f"{entry.control.id}-{case.name}")
    for entry in catalogue().values()
    for case in sorted((FOLDER / entry.control.name / "cases").iterdir())
    if not case.name.startswith(("_", "."))
]
FIX_CASES = [each for each in CASES if each.values[1].name.startswith("fix")]  # type: ignore[union-attr]
CASES = [each for each in CASES if each not in FIX_CASES]
ENTRIES = [pytest.param(entry, id=entry.control.id) for entry in catalogue().values()]


HANDLE = logging.Handler.handle
"""As Python has it: the guard of another test puts its redaction into every handler of the process."""


@pytest.fixture(autouse=True)
def own_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no other test's guard redact what a case's application writes."""
    monkeypatch.setattr(logging.Handler, "handle", HANDLE)


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_case(entry: Entry, case: Path) -> None:
    """A control says broken exactly where its case is marked bad, and kept wherever it is marked ok."""
    judged = cases.run(entry, case)
    assert not judged.crashed
    assert sorted(judged.broken) == sorted(judged.bad), "broken lines differ from the lines marked bad"
    assert judged.ok <= judged.kept, f"no kept verdict at {sorted(judged.ok - judged.kept)}"


@pytest.mark.parametrize(("entry", "case"), FIX_CASES)
def test_fix_case(entry: Entry, case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repair makes exactly `after` of `before`, leaves `after` as it is, and the control has nothing to say of it."""
    # The cases are our own and end no process: starting one for each would take most of the time.
    monkeypatch.setattr(jobs, "run", lambda given: list(map(rewritten, given)))
    before, after = fix_cases.sides(case)
    made = fix_cases.run(entry, before)
    assert fix_cases.difference(after, made) == ""
    assert any(isinstance(told, Rewrite) for told in made.told.values()), "the case repairs nothing"
    assert not [told.why for told in made.told.values() if "a defect in" in told.why], "the hook crashed"
    assert not fix_cases.run(entry, after).changed, "a second run changes something"
    if {"source", "spec"} & set(entry.hooks):
        still, by_hand = fix_cases.left(entry, after)
        assert still == by_hand


@pytest.mark.parametrize("entry", ENTRIES)
def test_folder_is_the_control(entry: Entry) -> None:
    """A control lives in the folder of its name, and its id and witnesses have the catalogue's form."""
    assert (FOLDER / entry.control.name / "__init__.py").is_file()
    assert re.fullmatch(r"BT[1-6]\d\d", entry.control.id)
    assert set(entry.control.witnesses.split()) <= set("PWMCSAJR")
    assert set(entry.control.implied_by) <= set(catalogue()) | {"BT402", "BT403"}


@pytest.mark.parametrize("entry", ENTRIES)
def test_page(entry: Entry) -> None:
    """A control's docstring is a page: one sentence, then the five headings in order, each with something under it."""
    first, *sections = re.split(r"^## ", entry.page, flags=re.MULTILINE)
    assert first.strip().endswith(".") and "\n\n" not in first.strip()
    assert [section.partition("\n")[0].strip() for section in sections] == HEADINGS
    assert all(section.partition("\n")[2].strip() for section in sections)


@pytest.mark.parametrize("entry", ENTRIES)
def test_hooks_are_the_only_public_functions(entry: Entry) -> None:
    """A misspelt hook cannot sleep: a public function that is no hook is refused, and every hook has a case."""
    module = importlib.import_module(f"stopper.controls.{entry.control.name}")
    own = [n for n, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__]
    assert not [name for name in own if not name.startswith("_") and name not in HOOKS]
    assert entry.hooks, "a control without hooks looks at nothing"
    kinds = {re.match(r"[a-z]+", p.name).group() for p in (FOLDER / entry.control.name / "cases").iterdir()}  # type: ignore[union-attr]
    for hook in entry.hooks:
        driven = {"app", "joint"}
        wanted = {"fix": {"fix"}, "mutate": driven, "probe": driven, "wire": {"wire", *driven}}.get(
            hook, {hook, "joint"}
        )
        assert kinds & wanted, f"{hook} has no case"


@pytest.mark.parametrize("entry", ENTRIES)
def test_cases_can_fail(entry: Entry) -> None:
    """Each control has at least one case in which something is broken: a control that never speaks would not pass."""
    texts = [p.read_text() for p in (FOLDER / entry.control.name / "cases").rglob("*") if p.is_file()]
    assert any(re.search(r"(#|//)+\s*bad\b", text) for text in texts)


def test_guard_functions_exist() -> None:
    """Where a control names the guard's function that keeps the promise, the guard has it."""
    for entry in catalogue().values():
        first, *names = entry.control.guard.split(".") if entry.control.guard else ["Guard"]
        holder = stopper.guard if first == "Guard" else importlib.import_module(f"stopper.guard.{first}")
        for name in ([first] if first == "Guard" else []) + names:
            assert hasattr(holder, name), f"{entry.control.id}: the guard has no {entry.control.guard}"
            holder = getattr(holder, name)


def test_controls_import_nothing_that_acts() -> None:
    """Controls read views: no control imports Flask, the io layer, the engine or the guard."""
    for path in FOLDER.glob("*/__init__.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not re.match(r"(flask|stopper\.(io|guard|engine|cli|report))\b", node.module or "")
