"""What a project's own description asks for: pyproject.toml, Pipfile, setup.cfg and setup.py."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from stopper.observe.source.manifests.pins import Page, Pin, UnreadableManifestError, ever_true, serves_development

_CARET = re.compile(r"^(?P<sign>\^|~(?!=))\s*(?P<version>\S+)$")


def pyproject(page: Page) -> Iterator[Pin]:
    """Yield the dependencies of a pyproject.toml: PEP 621, PEP 735, Poetry, PDM and uv. Raises UnreadableManifestError.

    What the build alone needs is left out.
    """
    document = _toml(page)
    project = _table(document, "project")
    yield from _written(page, project.get("dependencies"))
    yield from _groups(page, _table(project, "optional-dependencies"), always=False)
    yield from _groups(page, _table(document, "dependency-groups"), always=False)
    tool = _table(document, "tool")
    yield from _groups(page, _table(tool, "pdm", "dev-dependencies"), always=True)
    yield from _written(page, _table(tool, "uv").get("dev-dependencies"), development=True)
    yield from _poetry(page, _table(tool, "poetry"))


def _groups(page: Page, groups: dict[str, Any], *, always: bool) -> Iterator[Pin]:
    for name, wanted in groups.items():
        yield from _written(page, wanted, always or serves_development(name))


def _poetry(page: Page, poetry: dict[str, Any]) -> Iterator[Pin]:
    yield from _named(page, _table(poetry, "dependencies"), "tool.poetry.dependencies")
    yield from _named(page, _table(poetry, "dev-dependencies"), "tool.poetry.dev-dependencies", development=True)
    for name in _table(poetry, "group"):
        wanted = _table(poetry, "group", name, "dependencies")
        yield from _named(page, wanted, f"tool.poetry.group.{name}.dependencies", serves_development(name))


def pipfile(page: Page) -> Iterator[Pin]:
    """Yield the packages of a Pipfile. Raises UnreadableManifestError."""
    document = _toml(page)
    yield from _named(page, _table(document, "packages"), "packages")
    yield from _named(page, _table(document, "dev-packages"), "dev-packages", development=True)


def setup_cfg(page: Page) -> Iterator[Pin]:
    """Yield the requirements of a setup.cfg. Raises UnreadableManifestError."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(page.text)
    except configparser.Error:
        raise UnreadableManifestError("no configuration file") from None
    yield from _listed(page, parser.get("options", "install_requires", fallback=""))
    if parser.has_section("options.extras_require"):
        for name, wanted in parser.items("options.extras_require"):
            yield from _listed(page, wanted, serves_development(name))


def setup_py(page: Page) -> Iterator[Pin]:
    """Yield the requirements that a setup.py writes out as lists of texts. Raises UnreadableManifestError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(page.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableManifestError("no Python source") from None
    variables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "setup":
            for keyword in call.keywords:
                if keyword.arg in ("install_requires", "extras_require"):
                    yield from _literal(page, keyword.value, variables)


def _literal(page: Page, node: ast.expr, variables: dict[str, ast.expr], development: bool = False) -> Iterator[Pin]:
    node = variables.get(node.id, node) if isinstance(node, ast.Name) else node
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            if not isinstance(value, ast.Name):
                yield from _literal(page, value, {}, serves_development(name))
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield from page.requirement(item.value, item.lineno, development)


# --------------------------------------------------------------------------- how requirements are written


def _written(page: Page, wanted: Any, development: bool = False) -> Iterator[Pin]:
    """Yield the pins of a list of requirements (PEP 508); groups that include others hold tables, which are passed."""
    for text in _texts(wanted):
        yield from page.requirement(text, page.quoted.get(text, 0), development)


def _listed(page: Page, wanted: str, development: bool = False) -> Iterator[Pin]:
    """Yield the pins of requirements that stand on a line each."""
    for text in filter(None, (line.strip() for line in wanted.splitlines())):
        if not text.startswith(("#", "file:", "attr:")):
            yield from page.requirement(re.split(r"\s#", text)[0], page.alone.get(text, 0), development)


def _named(page: Page, table: dict[str, Any], header: str, development: bool = False) -> Iterator[Pin]:
    """Yield the pins of a table from names to versions, as Poetry and Pipenv write them."""
    for name, described in table.items():
        line = page.members.get((header, name), 0)
        for allowed in _ranges(described):
            aside = development or serves_development(page.path)
            yield Pin(canonicalize_name(name), allowed, page.place(line), aside)


def _ranges(described: Any) -> Iterator[SpecifierSet]:
    """Yield the range of each of a package's descriptions; none for an address, a path or what cannot be read."""
    for one in described if isinstance(described, list) else [described]:
        marker = one.get("markers") if isinstance(one, dict) else None
        version = one.get("version") if isinstance(one, dict) else one
        if isinstance(version, str) and (not isinstance(marker, str) or ever_true(marker)):
            allowed = _range(version.strip())
            if allowed is not None:
                yield allowed


def _range(text: str) -> SpecifierSet | None:
    """Return the releases that a version of Poetry or Pipenv allows: `^1.2`, `~1.2`, `1.2` (that one), `*`, PEP 440."""
    clauses: list[str] = []
    for part in text.split(","):
        part = part.strip()
        caret = _CARET.match(part)
        if part in ("*", ""):
            continue
        if caret:
            lowest = _version(caret["version"])
            if lowest is None:
                return None
            clauses.append(f">={lowest},<{_next(lowest, caret['sign'])}")
        else:
            clauses.append(part if part[0] in "<>=!~" else f"=={part}")
    try:
        return SpecifierSet(",".join(clauses))
    except InvalidSpecifier:
        return None


def _next(lowest: Version, sign: str) -> str:
    """Return the first release that a caret (the next of the first part that is not zero) or tilde leaves out."""
    release = lowest.release
    if sign == "^":
        kept = next((number for number, part in enumerate(release) if part), len(release) - 1)
    else:
        kept = min(1, len(release) - 1)
    return ".".join(map(str, (*release[:kept], release[kept] + 1)))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _toml(page: Page) -> dict[str, Any]:
    try:
        return tomllib.loads(page.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise UnreadableManifestError("no TOML") from None


def _table(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the table below these names; an empty one where there is none."""
    for name in names:
        found = document.get(name)
        document = found if isinstance(found, dict) else {}
    return document


def _texts(values: Any) -> Iterable[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else ()
