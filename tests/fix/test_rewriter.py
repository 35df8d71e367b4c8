"""One file rewritten: each kind of change, with everything else as it was."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from stopper.fix.jobs import Job, run
from stopper.fix.rewriter import rewritten
from stopper.observe.source import Module, read_project
from stopper.observe.source.rewriting import (
    after,
    argument,
    before,
    decorated,
    guarded,
    named,
    removed,
    replaced,
    span,
    without_argument,
    written,
)
from stopper.rewrite import CannotRewriteError, Change, Import, Replace, Span


def module_of(text: str) -> Module:
    """Return the text as the only module of a project; `password` in it keeps it from being left out."""
    module = read_project([("shop.py", text.encode())]).at("shop.py")
    assert module is not None
    return module


def changed(text: str, hook: Callable[[Module], list[Change]]) -> str:
    """Return the text after the changes that a hook asks for, none of which may be refused."""
    answer = rewritten(Job(text, (tuple(hook(module_of(text))),)))
    assert not answer.refused
    return answer.text


def first(module: Module, kind: type[ast.AST]) -> ast.AST:
    """Return the first node of a kind."""
    return next(module.nodes(kind))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = a == b  # why\n", "x = not c  # why\n"),
        ("x = (a == b)\n", "x = (not c)\n"),
        ("x = (\n    a  # one\n    == b\n)\n", "x = (\n    not c\n)\n"),
        ("x = d and a == b\n", "x = d and not c\n"),
        ("x = f(a == b, d)\n", "x = f(not c, d)\n"),
        ("x = d | (a == b)\n", "x = d | (not c)\n"),
        ("x = [a == b for a in y if a]\n", "x = [not c for a in y if a]\n"),
        ("x = 'é' if a == b else d\n", "x = 'é' if (not c) else d\n"),
    ],
)
def test_expression(text: str, expected: str) -> None:
    """An expression is replaced where it stands, in parentheses where its neighbours would pull it apart."""
    made = changed(text, lambda module: [replaced(module, first(module, ast.Compare), "not c")])  # type: ignore[arg-type]
    assert made == expected


def test_replacement_keeps_its_meaning() -> None:
    """A loose expression in the place of a tight one is parenthesised: the tree is that of the whole."""
    made = changed("x = 2 * y.z\n", lambda module: [replaced(module, first(module, ast.Attribute), "a + b")])  # type: ignore[arg-type]
    assert ast.dump(ast.parse(made)) == ast.dump(ast.parse("x = 2 * (a + b)"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f()\n", "f(k=1)\n"),
        ("f(a)\n", "f(a, k=1)\n"),
        ("f(a, )\n", "f(a, k=1, )\n"),
        ("f(\n    a,  # one\n    b,  # two\n)\n", "f(\n    a,  # one\n    b,  # two\n    k=1,\n)\n"),
        ("f(\n    a,\n    b\n)\n", "f(\n    a,\n    b,\n    k=1\n)\n"),
        ("f(a, k=False, b=2)  # c\n", "f(a, k=1, b=2)  # c\n"),
        ("f(*a, **b)\n", "f(*a, **b, k=1)\n"),
    ],
)
def test_argument(text: str, expected: str) -> None:
    """A keyword argument is set, or added as the others are written."""
    assert changed(text, lambda module: [argument(module, first(module, ast.Call), "k", "1")]) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(k=1)\n", "f()\n"),
        ("f(a, k=1)\n", "f(a)\n"),
        ("f(k=1, b=2)\n", "f(b=2)\n"),
        ("f(\n    a,\n    k=1,  # gone\n)\n", "f(\n    a,  # gone\n)\n"),
        ("f(a)\n", "f(a)\n"),
    ],
)
def test_argument_taken_out(text: str, expected: str) -> None:
    """A keyword argument goes with its comma."""
    assert changed(text, lambda module: [without_argument(module, first(module, ast.Call), "k")]) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if x: return_ = 1  # c\n", "if x:\n    log(1)\n    return_ = 1  # c\n    log(2)\n"),
        ("a = 0; b = 1; c = 2  # d\n", "log(1)\na = 0\nlog(2)\nb = 1\nc = 2  # d\n"),
        ("def f():\n\t# why\n\ta = 1\n", "def f():\n\t# why\n\tlog(1)\n\ta = 1\n\tlog(2)\n"),
    ],
)
def test_statements_beside(text: str, expected: str) -> None:
    """Statements come before and after one, in its block and with its indentation, wherever it is written."""

    def hook(module: Module) -> list[Change]:
        statement = first(module, ast.Assign)
        return [before(module, statement, "log(1)"), after(module, statement, "log(2)")]  # type: ignore[arg-type]

    assert changed(text, hook) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if x:\n    a = 1\nb = 2\n", "if x:\n    pass\nb = 2\n"),
        ("if x: a = 1\n", "if x:\n    pass\n"),
        ("# about all\n\n# about a\na = 1\nb = 2\n", "# about all\n\n# about a\nb = 2\n"),
        ("c()\n\n# about all\n\n# about a\na = 1\nb = 2\n", "c()\n\n# about all\nb = 2\n"),
        ("a = 1; b = 2\n", "b = 2\n"),
    ],
)
def test_statement_taken_out(text: str, expected: str) -> None:
    """A statement goes with the comment that touches it; what an empty line keeps apart stays."""
    assert changed(text, lambda module: [removed(module, first(module, ast.Assign))]) == expected  # type: ignore[arg-type]


def test_decorator() -> None:
    """A decorator comes below those that are there, so that a route is made of what it guards."""
    text = '@app.get("/")  # all\ndef f():\n    pass\n'
    made = changed(text, lambda module: [decorated(module, first(module, ast.FunctionDef), "guard.require()")])  # type: ignore[arg-type]
    assert made == '@app.get("/")  # all\n@guard.require()\ndef f():\n    pass\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", "import hmac\n\nx = 1\n"),
        ('"""Page."""\n\nx = 1\n', '"""Page."""\n\nimport hmac\n\nx = 1\n'),
        ("#!/usr/bin/python\n\nimport os\n", "#!/usr/bin/python\n\nimport hmac\nimport os\n"),
        ("from __future__ import annotations\nx = 1\n", "from __future__ import annotations\n\nimport hmac\n\nx = 1\n"),
        ("import abc\n\nimport flask\n", "import abc\nimport hmac\n\nimport flask\n"),
        ("import flask\n", "import hmac\n\nimport flask\n"),
        ("import hmac, os\n", "import hmac, os\n"),
    ],
)
def test_import(text: str, expected: str) -> None:
    """An import is put once where a sorted list has it, apart from other sections."""
    added = Import("shop.py", "import hmac")
    made = rewritten(Job(text, ((added,), (added,)))).text
    assert made == expected
    assert rewritten(Job(made, ((added,),))).text == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from hmac import new\n", "from hmac import compare_digest, new\n"),
        ("from hmac import HMAC, digest\n", "from hmac import HMAC, compare_digest, digest\n"),
        ("from hmac import (\n    a,  # a\n)\n", "from hmac import (\n    a,  # a\n    compare_digest,\n)\n"),
        ("from hmac import *\n", "from hmac import *\nfrom hmac import compare_digest\n"),
    ],
)
def test_import_of_a_name(text: str, expected: str) -> None:
    """A name joins the others that are imported from there, in its place, and brackets stay as they are."""
    assert rewritten(Job(text, ((Import("shop.py", "from hmac import compare_digest"),),))).text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\nimport random\n\nx = random.a\n", "import os\n\nx = b\n"),
        ("import random\n\nimport flask\n\nx = random.a\n", "import flask\n\nx = b\n"),
        ("from m import (\n    a,\n    random,\n)\nx = random.a\n", "from m import (\n    a,\n)\nx = b\n"),
        ("import os\nimport random\n\nimport m\nx = random.a\n", "import os\n\nimport m\nx = b\n"),
        ("import random as r, os\nx = r.a\n", "import os\nx = b\n"),
        ('import random\n__all__ = ["random"]\nx = random.a\n', 'import random\n__all__ = ["random"]\nx = b\n'),
        ("import random\nx = random.a\ny = random.c\n", "import random\nx = b\ny = random.c\n"),
        ("import random, unused\nx = y.a\n", "import random, unused\nx = b\n"),
    ],
)
def test_import_that_nothing_uses_any_more(text: str, expected: str) -> None:
    """An import goes with the last use of it; one that was not used before is none of ours."""
    made = changed(text, lambda module: [replaced(module, first(module, ast.Attribute), "b")])  # type: ignore[arg-type]
    assert made == expected


@pytest.mark.parametrize(
    ("text", "name", "imports"),
    [
        ("x = 1\n", "hmac.compare_digest", 1),
        ("import hmac as h\n", "h.compare_digest", 0),
        ("from hmac import compare_digest as same\n", "same", 0),
        ("from hmac import new\n", "compare_digest", 1),
        ("hmac = 1\n", "compare_digest", 1),
        ("def f(hmac): return hmac\n", "compare_digest", 1),
        ("def f():\n    import hmac\n", "compare_digest", 1),
        ("import hmac\nimport hmac\n", "hmac.compare_digest", 0),
        ("import hmac\nimport hmac.sub\n", "hmac.compare_digest", 0),
        ("import hmac\ndef f():\n    hmac = 1\n", "compare_digest", 1),
    ],
)
def test_name(text: str, name: str, imports: int) -> None:
    """A library's name is written as the file calls it already, and never by a name that means something else."""
    found, added = named(module_of("password = 1\n" + text), "hmac.compare_digest")
    assert (found, len(added)) == (name, imports)


def test_import_below_the_use_is_no_help() -> None:
    """Outside of functions only what is imported above can be used; a function runs when all is imported."""
    module = module_of("password = 1\ndef f():\n    return 2\nimport os\n")
    above, within = (next(each for each in module.nodes(ast.Constant) if each.value == number) for number in (1, 2))
    assert named(module, "os.environ", above) == ("environ", (Import("shop.py", "from os import environ"),))
    assert named(module, "os.environ", within) == ("os.environ", ())


def test_no_name_is_left() -> None:
    """Where every name is taken there is no rewrite."""
    with pytest.raises(CannotRewriteError):
        named(module_of("password = hmac = compare_digest = 1\n"), "hmac.compare_digest")


def test_guard_is_brought_in_once() -> None:
    """The guard is made beside the application, and not where it is there already."""
    text = 'from flask import Flask\n\napp = Flask(__name__)  # ours\n\n\n@app.get("/")\ndef index():\n    return ""\n'
    made = changed(text, lambda module: list(guarded(module)))
    head = "from flask import Flask\nfrom stopper.guard import Guard\n\n"
    assert made.startswith(head + 'app = Flask(__name__)  # ours\nguard = Guard(app, default="open")\n\n\n@app')
    assert guarded(module_of(made)) == ()


def test_guard_in_a_factory() -> None:
    """Where a factory makes the application the guard is given it there, and no name is left unused."""
    text = "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    return app\n"
    made = changed(text, lambda module: list(guarded(module)))
    assert '    app = Flask(__name__)\n    Guard(app, default="open")\n    return app\n' in made
    assert guarded(module_of(made)) == ()


def test_guard_of_an_unknown_application() -> None:
    """Where it cannot be told which application is meant no guard is put anywhere."""
    for text in ("x = 1\n", "from flask import Flask\na = Flask('a')\nb = Flask('b')\n"):
        with pytest.raises(CannotRewriteError):
            guarded(module_of("password = 1\n" + text))


def test_groups_are_made_or_refused_whole() -> None:
    """A group that cannot be made is told, and nothing of it is in the text; the others are made."""
    text = "x = a == b\ny = 1\n"
    module = module_of("password = 0\n" + text)
    good = replaced(module, first(module, ast.Compare), "c")  # type: ignore[arg-type]
    elsewhere = Replace(Span("shop.py", 1, 2, 1, 9), "d")
    broken = Replace(span(module, list(module.nodes(ast.Constant))[1]), "d e")
    answer = rewritten(Job("password = 0\n" + text, ((good,), (elsewhere, Import("shop.py", "import os")), (broken,))))
    assert answer.text == "password = 0\nx = c\ny = 1\n"
    assert set(answer.refused) == {1, 2}


def test_what_is_no_python_afterwards_is_refused() -> None:
    """A change that makes a file that Python refuses is not made."""
    text = "x = f'{a == b}'\n"
    module = module_of(text)
    change = Replace(span(module, first(module, ast.Compare)), "d['e']")
    answer = rewritten(Job(text, ((change,),)))
    assert answer.text == text and answer.refused


def test_process_that_dies_costs_its_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep nesting ends libcst's process: that file is told and left as it was, those around it are rewritten."""
    monkeypatch.setattr("stopper.fix.jobs.DEEPEST", 1 << 30)
    added = ((Import("a.py", "import hmac"),),)
    deep = "x = " + "[" * 60_000 + "]" * 60_000 + "\n"
    answers = run([Job("x = 1\n", added), Job(deep, added), Job("y = 1\n", added)])
    assert [answer.text for answer in answers] == ["import hmac\n\nx = 1\n", deep, "import hmac\n\ny = 1\n"]
    assert list(answers[1].refused) == [0] and not answers[0].refused and not answers[2].refused


def test_without_libcst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra that brings libcst each repair is told as not made, and why."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (answer,) = run([Job("x = 1\n", ((Import("a.py", "import hmac"),),))])
    assert answer.text == "x = 1\n" and "stopper[fix]" in answer.refused[0]


def test_nesting_is_checked_before() -> None:
    """No process is started for a file that would end it."""
    deep = "x = " + "[" * 101 + "]" * 101 + "\n"
    (answer,) = run([Job(deep, ((Import("a.py", "import hmac"),),))])
    assert answer.text == deep and "nested" in answer.refused[0]


def test_written_text_is_what_stands_there() -> None:
    """The text of an expression is that of the file, its comments too, whatever letters stand before it."""
    module = module_of("password = 'é', (a[0]  # one\n  + b)\n")
    assert written(module, first(module, ast.BinOp)) == "a[0]  # one\n  + b"
