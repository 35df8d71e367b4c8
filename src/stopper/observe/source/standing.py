"""Where code stands: what serves users is judged by full severity, what never does is judged by less or not at all.

The rule, applied in this order to the path of the file, then to the classes and functions around the line:

* a folder `test`, `tests`, `testing`, `spec`, `e2e` or `fixtures`, a file `test_*`, `*_test`, `tests`, `conftest`
  (whatever its suffix; `-` and `.` part words as `_` does), a script `*.spec.js`, a class `Test*` or
  `*TestConfig`, `*TestingConfig`, a function `test_*` that answers no request: a test;
* a folder `vendor`, `_vendor`, `third_party`, `site-packages`: other people's code (a vulnerable library is a finding
  of its own);
* a folder or file of examples, demos, samples or documentation; of migrations; of seeds or fake data; of a development
  or local configuration, or a class `Dev*Config`.

Tests and other people's code are left out and counted, all else but production is judged at low severity at most. The
engine applies it to what every source control says: no control asks for itself.
"""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stopper.model import Place, Severity, Verdict

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project


class Standing(enum.Enum):
    """Where a line of code stands."""

    PRODUCTION = "production"
    EXAMPLE = "an example"
    MIGRATION = "a migration"
    SEED = "seed data"
    DEVELOPMENT = "a development configuration"
    TEST = "a test"
    VENDORED = "other people's code"


_VENDORED = frozenset({"vendor", "_vendor", "vendored", "third_party", "thirdparty", "site-packages", "node_modules"})
_FOLDERS = {
    **dict.fromkeys("test tests testing spec specs e2e fixtures testsuite unittests".split(), Standing.TEST),
    **dict.fromkeys("__tests__ cypress".split(), Standing.TEST),
    **dict.fromkeys(_VENDORED, Standing.VENDORED),
    **dict.fromkeys("migrations alembic".split(), Standing.MIGRATION),
    **dict.fromkeys("seed seeds fake".split(), Standing.SEED),
    **dict.fromkeys("example examples demo demos sample samples doc docs documentation".split(), Standing.EXAMPLE),
    **dict.fromkeys("tutorial tutorials snippets cookbook playground benchmarks".split(), Standing.EXAMPLE),
}
_WORDS = {
    **dict.fromkeys("example demo sample".split(), Standing.EXAMPLE),
    **dict.fromkeys("seed seeds seeder fake faker populate".split(), Standing.SEED),
    **dict.fromkeys("local dev development".split(), Standing.DEVELOPMENT),
}
"""What a word of a file's name tells, wherever it stands in it: `config_dev.py`, `.env.example`."""

_SUFFIX = re.compile(
    r"\.(py[wixd]?|pxi|ipynb|txt|in|toml|cfg|ini|conf|lock|ya?ml|json|x?html?|jinja2?|j2|[cm]?[jt]sx?|vue|svelte)$"
)
_SPEC = re.compile(r"\.spec\.[cm]?[jt]sx?$")
_TEST_NAME = re.compile(r"^((tests?|e2e)([._-].*)?|(.*[._-])tests?|conftest|testing)$")
_ORDER = (Standing.TEST, Standing.VENDORED, Standing.MIGRATION, Standing.SEED, Standing.EXAMPLE, Standing.DEVELOPMENT)
"""Which standing a path has that speaks of several: what weighs least comes first."""

_TEST_CLASS = re.compile(r"^(Tests?([A-Z_]|$)|.*Test(ing|s)?(Config|Configuration|Settings)?$|.*TestCase$)")
_REGISTER = frozenset("route get post put delete on errorhandler".split())
_CLASSES = (
    (_TEST_CLASS, Standing.TEST),
    (re.compile(r"(?:^|[a-z_])(Example|Demo)(Config|Configuration|Settings)?$"), Standing.EXAMPLE),
    (re.compile(r"(?:^|[a-z_])(Dev|Develop|Development|Local)(Config|Configuration|Settings)?$"), Standing.DEVELOPMENT),
)


def of_path(path: str) -> Standing:
    """Return where a file stands, by its folders and name."""
    *folders, file = path.lower().split("/")
    name = _SUFFIX.sub("", file)
    told = {_FOLDERS.get(folder) for folder in folders} | {_WORDS.get(word) for word in re.split(r"[._-]", name)}
    if _TEST_NAME.match(name) or _SPEC.search(file):
        told.add(Standing.TEST)
    if file == "metadata":  # it says of other people's code that the project uses it
        told.discard(Standing.VENDORED)
    return next((standing for standing in _ORDER if standing in told), Standing.PRODUCTION)


def of_line(module: Module, line: int) -> Standing:
    """Return where a line stands: by its file, else by the classes and functions around it."""
    of_file = of_path(module.path)
    if of_file is not Standing.PRODUCTION:
        return of_file
    told = {
        _of_definition(node)
        for node in module.nodes(ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if node.lineno <= line <= (node.end_lineno or node.lineno)
    }
    return next((standing for standing in _ORDER if standing in told), Standing.PRODUCTION)


def _of_definition(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Standing:
    if isinstance(node, ast.ClassDef):
        return next((standing for form, standing in _CLASSES if form.search(node.name)), Standing.PRODUCTION)
    tests = node.name.startswith("test_") and not any(_registers(mark) for mark in node.decorator_list)
    return Standing.TEST if tests else Standing.PRODUCTION


def _registers(mark: ast.expr) -> bool:
    """Tell whether a decorator makes a function answer requests or events, whatever that is called: `@app.route`."""
    maker = mark.func if isinstance(mark, ast.Call) else None
    return isinstance(maker, ast.Attribute) and maker.attr in _REGISTER


# --------------------------------------------------------------------------- what is said of it


@dataclass(frozen=True, slots=True)
class Scope:
    """What a scan says something of; `left_out` are the standings of which it says nothing."""

    left_out: frozenset[Standing] = frozenset({Standing.TEST, Standing.VENDORED})

    def asks(self, path: str) -> bool:
        """Tell whether a file is judged at all."""
        return of_path(path) not in self.left_out

    def weighed(self, project: Project, verdict: Verdict, full: Severity) -> Verdict | None:
        """Return what the source says as it counts where it stands; None where nothing is said of that place.

        `full` is the control's severity, for a verdict that has none of its own.
        """
        return self.weighed_at(_of_place(project, verdict.place), verdict, full)

    def weighed_at(self, where: Standing, verdict: Verdict, full: Severity) -> Verdict | None:
        """Return a verdict as it counts at a place that stands so; None where nothing is said of it."""
        if where in self.left_out:
            return None
        if verdict.kept or where is Standing.PRODUCTION:
            return verdict
        return replace(verdict, severity=min(verdict.severity or full, Severity.LOW, key=lambda one: one.rank))


EVERYTHING = Scope(frozenset())
"""Leaves nothing out: what is a test or other people's code is judged like an example."""


def _of_place(project: Project, place: Place | None) -> Standing:
    if place is None:
        return Standing.PRODUCTION
    module = project.at(place.uri)
    return of_line(module, place.line) if module is not None else of_path(place.uri)
