"""Check that every requirement that the guard must keep is shown by a test, or that a reason is written why it is not.

    python scripts/requirements.py [TABLE]

The table (default ../shared/requirements.md beside this repository) has a row for each requirement:
`| id | requirement | source | who | channel |`. Rows whose *who* is G or both count. A row is answered where its id
stands in the docstring of a test under tests/, or in docs/requirements-unanswered.md as `| id | reason |`. An id that
is both, or that the table does not have, is an error too. The last line is `requirements: N of N answered`.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNANSWERED = ROOT / "docs" / "requirements-unanswered.md"
SHORTEST_REASON = 20
"""Characters that a written reason has at least."""

_ID = re.compile(r"\b[A-Z]\d\d\b")
_ROW = re.compile(r"\| *([A-Z]\d\d) *\|")


def cells(line: str) -> list[str]:
    """Return the cells of a row of a Markdown table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def demanded(table: str) -> dict[str, str]:
    """Return who keeps each requirement of a table, by id."""
    rows = [cells(line) for line in table.splitlines() if _ROW.match(line)]
    return {row[0]: row[3] for row in rows}


def reasons(page: str) -> dict[str, str]:
    """Return the written reasons by id."""
    return {row[0]: row[-1] for row in map(cells, filter(_ROW.match, page.splitlines()))}


def tested(folder: Path) -> dict[str, list[str]]:
    """Return, by id, the tests under a folder whose docstring names it."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for name, docstring in _docstrings(path):
            for identifier in sorted(set(_ID.findall(docstring))):
                found.setdefault(identifier, []).append(f"{path.relative_to(folder.parent)}::{name}")
    return found


def _docstrings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def problems(who: dict[str, str], tests: dict[str, list[str]], written: dict[str, str]) -> dict[str, str]:
    """Return, by id, what is wrong with the answers."""
    wanted = {identifier for identifier, keeper in who.items() if keeper in ("G", "both")}
    wrong = dict.fromkeys(wanted - tests.keys(), "no test names it and no reason is written")
    for identifier, reason in written.items():
        wrong.pop(identifier, None)
        if identifier in tests:
            wrong[identifier] = f"a reason is written although {tests[identifier][0]} names it"
        elif identifier not in wanted:
            wrong[identifier] = "a reason is written for what the table does not demand of the guard"
        elif len(reason) < SHORTEST_REASON:
            wrong[identifier] = "the reason is missing"
    for identifier in tests.keys() - who.keys():
        wrong[identifier] = f"{tests[identifier][0]} names it, and the table does not have it"
    return wrong


def main() -> int:
    """Print what is wrong and the last line; return 0 where all is answered, 2 where there is no table to read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = ROOT.parent / "shared" / "requirements.md"
    parser.add_argument("table", nargs="?", type=Path, default=default, help="the table of requirements")
    path: Path = parser.parse_args().table
    try:
        who = demanded(path.read_text(encoding="utf-8"))
    except OSError as error:
        print(f"requirements: {path.name} cannot be read: {error.strerror}; name the table", file=sys.stderr)
        return 2
    tests = tested(ROOT / "tests")
    written = reasons(UNANSWERED.read_text(encoding="utf-8")) if UNANSWERED.exists() else {}
    wrong = problems(who, tests, written)
    for identifier in sorted(wrong):
        print(f"{identifier}: {wrong[identifier]}")
    wanted = {identifier for identifier, keeper in who.items() if keeper in ("G", "both")}
    answered = len(wanted - wrong.keys())
    print(f"{len(wanted & tests.keys())} shown by tests, {len(wanted & written.keys())} with a written reason")
    print(f"requirements: {answered} of {len(wanted)} answered")
    return 0 if wanted and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
