"""Many repairs of one project: what goes together, what goes one after the other, what does not come to an end."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

import pytest

from stopper.controls import Entry, find
from stopper.fix.planning import Kind, plan
from stopper.fix.rounds import Repaired, Sources, Wanted, repaired
from stopper.model import Control, Finding, Place, Severity, Status, Verdict
from stopper.observe.source import Module, read_project
from stopper.observe.source.rewriting import at, replaced, written
from stopper.rewrite import ByHand, Import, Replace, Rewrite, Risk, Span

CONTROL = Control("BT999", "made_up", Severity.LOW, "Made up for these tests", "S")


def entry(fix: object, source: object = None) -> Entry:
    """Return a control with a repair of its own."""
    hooks = {"fix": fix} | ({"source": source} if source else {})
    return Entry(CONTROL, "What.\n\n## Good\n\n    do = right\n\n## References\n\nnone", hooks)  # type: ignore[arg-type]


def eval_calls(module: Module) -> Iterable[Verdict]:
    """Say of each call of `bad` that it is broken."""
    for call in module.nodes(ast.Call):
        if written(module, call.func) == "bad":
            yield Verdict(False, "bad", module.place(call))


def run(text: str, made: Entry) -> Repaired:
    """Repair every place of the only file that the control sees broken."""
    module = read_project([("shop.py", text.encode())]).at("shop.py")
    assert module is not None
    wanted = [Wanted("BT999", verdict.place) for verdict in made.hooks["source"](module) if verdict.place]
    return repaired(Sources({"shop.py": text.encode()}), wanted, {"BT999": made})


@pytest.mark.usefixtures("here")
def test_one_inside_the_other() -> None:
    """Two repairs at one place are made one after the other; all are made, and the second run has nothing to do."""

    def fix(module: Module, place: Place) -> Rewrite | None:
        for call in at(module, place, ast.Call):
            assert isinstance(call, ast.Call)
            if written(module, call.func) == "bad":
                inside = written(module, call.args[0])
                return Rewrite("why", (replaced(module, call, f"good({inside})"),))
        return None

    text = "password = bad(bad(1) + bad(2))\nx = 1; y = bad(3)\n"
    made = run(text, entry(fix, eval_calls))
    assert made.after.get("shop.py") == b"password = good(good(1) + good(2))\nx = 1; y = good(3)\n"
    assert all(isinstance(told, Rewrite) for told in made.told.values()) and len(made.told) == 4
    assert not run(made.after.get("shop.py").decode(), entry(fix, eval_calls)).changed


@pytest.mark.usefixtures("here")
def test_two_controls_at_one_place() -> None:
    """Of two repairs of the same text the first is made; the second is asked again, and has nothing to do then."""

    def renamed(module: Module, place: Place) -> Rewrite:
        (call,) = at(module, place, ast.Call)
        assert isinstance(call, ast.Call)
        return Rewrite("why", (replaced(module, call.func, "good"),))

    def checked(module: Module, place: Place) -> Rewrite:
        (call,) = at(module, place, ast.Call)
        return Rewrite("why", (replaced(module, call, f"checked({written(module, call)})"),))  # type: ignore[arg-type]

    entries = {"BT998": entry(renamed, eval_calls), "BT999": entry(checked, eval_calls)}
    wanted = [Wanted(control, Place("shop.py", 1, 12)) for control in entries]
    made = repaired(Sources({"shop.py": b"password = bad(1)\n"}), wanted, entries)
    assert made.after.get("shop.py") == b"password = good(1)\n"


@pytest.mark.usefixtures("here")
def test_endless_repair_is_none() -> None:
    """A repair after which the fault is there as before is refused, and the file is as it was."""

    def fix(module: Module, place: Place) -> Rewrite:
        (call,) = at(module, place, ast.Call)
        return Rewrite("why", (replaced(module, call, f"bad({written(module, call)[4:-1]} + 1)"),))  # type: ignore[arg-type]

    made = run("password = bad(1)\n", entry(fix, eval_calls))
    assert not made.changed
    assert [type(told) for told in made.told.values()] == [ByHand]


@pytest.mark.usefixtures("here")
def test_several_files_or_none() -> None:
    """A rewrite that cannot be made in one of its files is made in none of them."""

    def fix(module: Module, place: Place) -> Rewrite:
        elsewhere = Replace(Span("b.py", 1, 0, 1, 3), "nothing stands there")
        return Rewrite("why", (Import("a.py", "import hmac"), elsewhere))

    sources = Sources({"a.py": b"password = 1\n", "b.py": b"x = 1\n"})
    made = repaired(sources, [Wanted("BT999", Place("a.py", 1, 1))], {"BT999": entry(fix)})
    assert not made.changed


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("path", ["../outside.py", "notes.txt", "/etc/passwd"])
def test_only_files_of_the_folder(path: str) -> None:
    """A hook that names another file than those that were given changes nothing."""
    made = repaired(
        Sources({"a.py": b"password = 1\n", "notes.txt": b""}),
        [Wanted("BT999", Place("a.py", 1, 1))],
        {"BT999": entry(lambda module, place: Rewrite("why", (Import(path, "import hmac"),)))},
    )
    assert not made.changed


@pytest.mark.usefixtures("here")
def test_crash_of_one_repair_is_told() -> None:
    """A hook that crashes is told by the kind of its error, and takes nothing else along."""

    def fix(module: Module, place: Place) -> Rewrite:
        if place.line == 1:
            raise KeyError("a secret of the file")
        return Rewrite("why", (Import("a.py", "import hmac"),))

    wanted = [Wanted("BT999", Place("a.py", line, 1)) for line in (1, 2)]
    made = repaired(Sources({"a.py": b"password = 1\nx = 2\n"}), wanted, {"BT999": entry(fix)})
    assert "KeyError" in made.told[wanted[0]].why and "secret" not in made.told[wanted[0]].why
    assert made.changed == ("a.py",)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b"\xef\xbb\xbfpassword = 1\r\nx = bad(1)\r\n",
            b"\xef\xbb\xbfimport hmac\r\n\r\npassword = 1\r\nx = bad(1)\r\n",
        ),
        ("# coding: latin-1\npassword = 'é'\n".encode("latin-1"),) * 1
        + ("# coding: latin-1\nimport hmac\n\npassword = 'é'\n".encode("latin-1"),),
        (b"password = '''a\r\nb'''\nx = 1\r\n", b"import hmac\r\n\r\npassword = '''a\r\nb'''\nx = 1\r\n"),
        (b"password = 1", b"import hmac\n\npassword = 1"),
    ],
    ids=["mark and CR LF", "latin-1", "mixed", "no last line end"],
)
def test_bytes_that_no_change_is_about(before: bytes, after: bytes) -> None:
    """Byte order mark, encoding and line ends stay."""
    made = repaired(
        Sources({"a.py": before}),
        [Wanted("BT999", Place("a.py", 1, 1))],
        {"BT999": entry(lambda module, place: Rewrite("why", (Import("a.py", "import hmac"),)))},
    )
    assert made.after.get("a.py") == after


def finding(control: str, place: Place | None) -> Finding:
    """Return a finding at a place."""
    return Finding(control, "name", "title", Severity.HIGH, Status.SINGLE_WITNESS, "message", place, (), ())


@pytest.mark.usefixtures("here")
def test_kinds_of_repairs() -> None:
    """Each finding is automatic, needs the guard, or is by hand with the lines that the control's page shows."""
    brings = Rewrite("why", (Import("a.py", "import hmac"),), Risk.STRICTER, ("decide",), guard=True)
    answers = {1: brings, 2: replace(brings, guard=False, risk=Risk.SETTING), 3: ByHand("no"), 4: None}
    made = entry(lambda module, place: answers[place.line])
    places = [*(Place("a.py", line, 1) for line in answers), None]
    planned = plan(
        [finding("BT999", place) for place in places], Sources({"a.py": b"password = 1\n" * 4}), {"BT999": made}
    )
    kinds = [Kind.GUARD, Kind.AUTOMATIC, Kind.BY_HAND, Kind.BY_HAND, Kind.BY_HAND]
    assert [repair.kind for repair in planned.repairs] == kinds
    assert [repair.risk for repair in planned.repairs[:2]] == [Risk.STRICTER, Risk.SETTING]
    assert all(repair.left[0].told.lines == ("do = right",) for repair in planned.repairs[2:])  # type: ignore[union-attr]


def test_catalogue_has_what_it_promises() -> None:
    """The first controls with a repair have one."""
    assert all("fix" in find(name).hooks for name in ("BT104", "BT201", "BT206", "BT419"))
