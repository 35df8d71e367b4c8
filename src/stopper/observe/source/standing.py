"""Where code stands: what serves users is judged by full severity, what never does is judged by less or not at all.

The rule, applied in this order to the path of the file, then to the class and function around the line:

* a folder `test`, `tests`, `testing`, `spec`, `e2e` or `fixtures`, a file `test_*.py`, `*_test.py`, `tests.py`,
  `conftest.py`, a class `Test*` or `*TestConfig`, `*TestingConfig`: a test, of which nothing is said;
* a folder `vendor`, `_vendor`, `third_party`, `site-packages`: other people's code, of which nothing is said here
  (a vulnerable library is a finding of its own);
* a folder or file of examples, demos, samples, documentation, migrations, seeds, fake data; a development or local
  configuration; a class `Dev*Config`: every finding is low.
"""

from __future__ import annotations

import ast
import enum
import re
from typing import TYPE_CHECKING

from stopper.model import Severity

if TYPE_CHECKING:
    from stopper.observe.source.module import Module


class Standing(enum.Enum):
    """Where a line of code stands."""

    PRODUCTION = "production"
    LESSER = "example, migration, seed or development"
    VENDORED = "vendored"
    TEST = "test"


_TEST_FOLDERS = frozenset({"test", "tests", "testing", "spec", "specs", "e2e", "fixtures", "testsuite", "unittests"})
_VENDORED = frozenset({"vendor", "_vendor", "vendored", "third_party", "thirdparty", "site-packages", "node_modules"})
_LESSER_FOLDERS = frozenset(
    "example examples demo demos sample samples doc docs documentation migrations alembic seed seeds fake tutorial "
    "tutorials snippets cookbook playground benchmarks".split()
)
_TEST_FILE = re.compile(r"^(test_.*|.*_tests?|tests?|conftest|testing|e2e_.*)\.py$")
_LESSER_FILE = re.compile(
    r"^((.*_)?(example|demo|sample|seed|seeds|seeder|fake|faker|populate|local|dev|development)(_.*)?)\.py$"
)
_TEST_CLASS = re.compile(r"^(Tests?([A-Z_]|$)|.*Test(ing|s)?(Config|Configuration|Settings)?$|.*TestCase$)")
_LESSER_CLASS = re.compile(r"(?:^|[a-z_])(Dev|Develop|Development|Local|Example|Demo)(Config|Configuration|Settings)?$")


def standing(module: Module, node: ast.AST) -> Standing:
    """Return where the code at a node stands."""
    of_file = _of_path(module.path)
    if of_file is not Standing.PRODUCTION:
        return of_file
    for outer in (node, *module.ancestors(node)):
        if isinstance(outer, ast.ClassDef):
            if _TEST_CLASS.match(outer.name):
                return Standing.TEST
            if _LESSER_CLASS.search(outer.name):
                return Standing.LESSER
        elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and outer.name.startswith("test_"):
            return Standing.TEST
    return Standing.PRODUCTION


def silent(module: Module) -> bool:
    """Tell whether nothing is said of a whole file, so that it need not be read further."""
    return _of_path(module.path) in (Standing.TEST, Standing.VENDORED)


def severity(module: Module, node: ast.AST, full: Severity) -> Severity | None:
    """Return the severity of a finding at a node, `full` in production; None where nothing is said of it."""
    where = standing(module, node)
    if where is Standing.PRODUCTION:
        return full
    return min(full, Severity.LOW, key=lambda one: one.rank) if where is Standing.LESSER else None


def _of_path(path: str) -> Standing:
    *folders, file = path.lower().split("/")
    if not _TEST_FOLDERS.isdisjoint(folders) or _TEST_FILE.match(file):
        return Standing.TEST
    if not _VENDORED.isdisjoint(folders):
        return Standing.VENDORED
    if not _LESSER_FOLDERS.isdisjoint(folders) or _LESSER_FILE.match(file):
        return Standing.LESSER
    return Standing.PRODUCTION
