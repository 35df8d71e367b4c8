"""Makes the files: one for each finding beside a `conftest.py`, or one for all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stopper.model import Control, Finding
from stopper.regression.recipes import RECIPES, Case, Written, words
from stopper.regression.subject import Subject, literal

_WIDTH = 120
_STANDARD = frozenset(
    "ast base64 collections hashlib hmac json logging os pathlib random re secrets sqlite3 time typing".split()
)
_KNOWN = {
    "client": "client: FlaskClient",
    "token": "token: str",
    "written": "written: str",
    "statements": "statements: list[str]",
}


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: texts by file name, and the findings for which there is no test, each with the reason.

    `needs` are distributions that the tests import beside Flask and pytest.
    """

    files: dict[str, str] = field(default_factory=dict)
    untested: tuple[tuple[Finding, str], ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Test:
    """A test of one finding, and the file's name that belongs to it."""

    finding: Finding
    control: Control
    written: Written
    name: str


def folder(findings: Sequence[tuple[Finding, Control]], subject: Subject, with_stopper: bool) -> Made:
    """Return a file for each finding, and `conftest.py` with what they share."""
    tests, untested = _tests(findings, subject, with_stopper)
    files = {f"{test.name}.py": _module(_about(test), [test], ()) for test in tests}
    if tests:
        files = {"conftest.py": _module(_SHARED, (), _fixtures(subject, with_stopper)), **files}
    return Made(files, untested, _needs(tests))


def one_file(name: str, findings: Sequence[tuple[Finding, Control]], subject: Subject, with_stopper: bool) -> Made:
    """Return one file with all tests and the fixtures that they share."""
    tests, untested = _tests(findings, subject, with_stopper)
    about = "The API keeps its bearer tokens: each test failed once, and holds what was mended."
    files = {name: _module(about, tests, _fixtures(subject, with_stopper))} if tests else {}
    return Made(files, untested, _needs(tests))


def _tests(
    findings: Sequence[tuple[Finding, Control]], subject: Subject, with_stopper: bool
) -> tuple[list[_Test], tuple[tuple[Finding, str], ...]]:
    tests: list[_Test] = []
    untested: list[tuple[Finding, str]] = []
    names: Counter[str] = Counter()
    for finding, control in findings:
        said = _asking_stopper(finding) if with_stopper else _recipe(finding, subject)
        if isinstance(said, str):
            untested.append((finding, said))
            continue
        name = f"test_{finding.control.lower()}_{said.name}"
        names[name] += 1
        numbered = name if names[name] == 1 else f"{name}_{names[name]}"
        tests.append(_Test(finding, control, said, numbered))
    return tests, tuple(untested)


def _recipe(finding: Finding, subject: Subject) -> Written | str:
    if finding.control not in RECIPES:
        return "its promise cannot be asked of the application alone: --with-stopper writes a test that asks Stopper"
    return RECIPES[finding.control](Case(finding, subject))


def _asking_stopper(finding: Finding) -> Written:
    """Return a test that has the plugin's scan look again."""
    where = str(min(finding.endpoints)) if finding.endpoints else finding.place.uri if finding.place else ""
    file = re.sub(r"\W+", "_", where, flags=re.ASCII).strip("_").lower()[:80]
    place = words(min(finding.endpoints)) if finding.endpoints else file
    line = f'assert not stopper.broken("{finding.control}", {literal(where)})'
    return Written(place or finding.name, f"Stopper finds no {finding.name} here", ("stopper: Any",), (line,), _ANY)


_ANY = ("from typing import Any",)


def _needs(tests: Iterable[_Test]) -> tuple[str, ...]:
    named = {"import time_machine": "time-machine", "import yaml": "PyYAML"}
    return tuple(dict.fromkeys(named[line] for test in tests for line in test.written.imports if line in named))


# --------------------------------------------------------------------------- one module


_SHARED = "What the tests of this folder share: the application, a client from elsewhere, a token of its login."


def _about(test: _Test) -> str:
    place = f" at {test.finding.place}" if test.finding.place else ""
    found = f"Found{place}; `stopper explain {test.control.id}` says why it matters and how it is done right."
    return f"{test.control.id} {test.control.name}: {test.control.title or test.finding.title}.\n\n{found}"


def _module(about: str, tests: Sequence[_Test], fixtures: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> str:
    """Return a module: docstring, imports, what stands above the tests, fixtures, tests."""
    imports = {line for lines, _ in fixtures for line in lines}
    blocks = ["\n".join(lines) for _, lines in fixtures]
    before: dict[str, None] = {}
    for test in tests:
        imports |= set(test.written.imports)
        if "client" in test.written.fixtures:
            imports.add("from flask.testing import FlaskClient")
        if test.written.parameters[0]:
            imports.add("import pytest")
        before |= dict.fromkeys("\n".join(test.written.before).split("\n\n\n") if test.written.before else ())
        blocks.append(_function(test))
    head = [_docstring(about), "from __future__ import annotations", *_grouped(imports)]
    constants = [block for block in before if not block.startswith(("def ", "@"))]
    code = [block for block in before if block not in constants]
    return "\n\n".join([*head, *constants]) + "\n\n\n" + "\n\n\n".join([*code, *blocks]) + "\n"


def _grouped(imports: Iterable[str]) -> Iterator[str]:
    """Yield the imports in groups, each in the usual order: the standard library, what is installed, the project."""
    standard = {line for line in imports if _top(line) in _STANDARD}
    installed = {line for line in imports if _top(line) in ("flask", "pytest", "time_machine", "yaml")}
    for group in (standard, installed, set(imports) - standard - installed):
        if group:
            yield "\n".join(sorted(group, key=_order))


def _top(line: str) -> str:
    return line.split()[1].partition(".")[0]


def _order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


def _docstring(text: str) -> str:
    first, _, rest = text.partition("\n\n")
    return f'"""{_escaped(first)}\n\n{_escaped(rest)}\n"""' if rest else f'"""{_escaped(first)}"""'


def _escaped(text: str) -> str:
    # A finding's place may be any file's name, and a path any text: nothing of it ends the docstring.
    return "".join(each if each.isprintable() or each == "\n" else "?" for each in text).translate(_SHOWN)


_SHOWN = str.maketrans({"\\": "/", '"': "'"})


def _function(test: _Test) -> str:
    written = test.written
    fixtures = ", ".join(_KNOWN.get(name, name) for name in written.fixtures)
    names, values = written.parameters
    decorator = [f'@pytest.mark.parametrize("{names}", [{", ".join(values)}])'] if names else []
    lines = [
        *decorator,
        f"def {test.name}({fixtures}) -> None:",
        f'    """{_escaped(written.promise[0].upper() + written.promise[1:])}."""',
        *(f"    {line}" for line in written.lines),
    ]
    return "\n".join(part for line in lines for part in _folded(line))


def _folded(line: str) -> Iterator[str]:
    """Yield a line, or where it is too long its first call with the arguments on lines of their own."""
    begin, bracket, rest = line.partition("(")
    arguments, end = _split(rest)
    if len(line) <= _WIDTH or not bracket or '"' in begin or not arguments:
        yield line
        return
    indent = " " * (len(line) - len(line.lstrip()))
    together = f"{indent}    {', '.join(arguments)}"
    yield f"{begin}("
    yield from [together] if len(together) <= _WIDTH else (f"{indent}    {each}," for each in arguments)
    yield f"{indent}){end}"


def _split(text: str) -> tuple[list[str], str]:
    """Return the arguments of a call whose bracket is open, and what follows the call; none where it does not end."""
    arguments: list[str] = []
    depth, start = 0, 0
    for found in _STRINGS_AND_SIGNS.finditer(text):
        sign = found[0]
        if sign == ")" and not depth:
            return [*arguments, text[start : found.start()].strip()], text[found.end() :]
        if sign == "," and not depth:
            arguments.append(text[start : found.start()].strip())
            start = found.end()
        depth += (sign in "([{") - (sign in ")]}")
    return [], ""


_STRINGS_AND_SIGNS = re.compile(r'"(?:[^"\\]|\\.)*"|[()\[\]{},]')


# --------------------------------------------------------------------------- fixtures


def _fixtures(subject: Subject, with_stopper: bool) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the shared fixtures, each as the imports that it needs and its lines."""
    found = [] if subject.fixture else [_app(subject, 'scope="session"' if with_stopper else "")]
    return found if with_stopper else [*found, _client(), *([_token(subject)] if subject.login else [])]


def _app(subject: Subject, options: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fixture of the application; a scan is made once for each, and so once where it lasts."""
    module, _, attribute = subject.application.removesuffix("()").partition(":")
    name, _, rest = attribute.partition(".")
    alias = " as application" if name == "app" else ""
    made = ("application" if alias else name) + (f".{rest}" if rest else "") + ("()" if subject.factory else "")
    imports = (f"from {module} import {name}{alias}", "import pytest", "from flask import Flask")
    head = f"@pytest.fixture({options})" if options else "@pytest.fixture"
    return imports, (head, "def app() -> Flask:", '    """The application."""', f"    return {made}")


def _client() -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("import pytest", "from flask import Flask", "from flask.testing import FlaskClient"), (
        "@pytest.fixture",
        "def client(app: Flask) -> FlaskClient:",
        '    """A client elsewhere (RFC 5737): servers and applications trust this machine too much."""',
        "    client = app.test_client()",
        '    client.environ_base["REMOTE_ADDR"] = "192.0.2.10"',
        "    return client",
    )


def _token(subject: Subject) -> tuple[tuple[str, ...], tuple[str, ...]]:
    imports = ["import pytest", "from flask.testing import FlaskClient"]
    if any("os.environ" in line for line in subject.login):
        imports.append("import os")
    return tuple(imports), (
        "@pytest.fixture",
        "def token(client: FlaskClient) -> str:",
        '    """A token of the application\'s own login."""',
        *(part for line in subject.login for part in _folded(f"    {line}")),
    )
