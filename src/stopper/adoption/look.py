"""Finds what a project is made of: application, source and specification, how it is installed and who builds it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from stopper.observe.source.standing import Scope
from stopper.observe.spec import looks_like_spec

_FACTORIES = ("create_app", "make_app", "build_app", "app_factory", "application_factory")
_NAMES = ("app", "application", "api", "wsgi")
_FLASK = ("Flask", "APIFlask", "OpenAPI")
_SPECIFICATION = re.compile(r"(?i)(?:^|[-_./])(?:openapi|swagger|api)[\w.-]*\.(?:ya?ml|json)$")
_FLASK_APP = re.compile(r"(?m)^\s*(?:export\s+)?FLASK_APP\s*=\s*[\"']?([^\s\"'#]+)")
_LOCKS = (
    # uv and pdm keep the environment in `.venv`, where a scan finds it; the others tell theirs to what they run.
    ("uv.lock", "uv", "uv sync --frozen", ""),
    ("poetry.lock", "poetry", "poetry install --no-interaction", "poetry run "),
    ("pdm.lock", "pdm", "pdm sync", ""),
    ("Pipfile.lock", "pipenv", "pipenv sync", "pipenv run "),
    ("requirements.txt", "", "python -m pip install -r requirements.txt", ""),
    ("requirements/base.txt", "", "python -m pip install -r requirements/base.txt", ""),
    ("pyproject.toml", "", "python -m pip install .", ""),
    ("setup.py", "", "python -m pip install .", ""),
)


@dataclass(frozen=True, slots=True)
class Application:
    """An application as `module:attribute`, the folder of Python that it belongs to, and why it is taken for one."""

    target: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What there is; `applications` and `specifications` are best first.

    `manager` is the file that says what is installed, `tool` what installs it (none for pip), `install` the command,
    `run` what commands in its environment begin with. `host` is github, gitlab or empty; `needing` are factories that
    cannot be called without arguments.
    """

    applications: tuple[Application, ...] = ()
    needing: tuple[str, ...] = ()
    specifications: tuple[str, ...] = ()
    manager: str = ""
    tool: str = ""
    install: str = ""
    run: str = ""
    host: str = ""


def look(files: Mapping[str, bytes], git: bytes = b"") -> Found:
    """Return what a project's files, by path relative to its folder, and its git configuration show."""
    python = {path: data for path, data in files.items() if path.endswith(".py") and Scope().asks(path)}
    packages = {str(PurePosixPath(path).parent) for path in files if path.endswith("__init__.py")}
    found = list(_applications(python, packages, files))
    manager, tool, install, run = next((each for each in _LOCKS if each[0] in files), ("", "", "", ""))
    return Found(
        applications=tuple(each for _, each in sorted((pair for pair in found if pair[1]), key=_rank) if each),
        needing=tuple(sorted(name for name, each in found if each is None)),
        specifications=tuple(sorted(_specifications(files), key=lambda path: (path.count("/"), len(path), path))),
        manager=manager,
        tool=tool,
        install=install,
        run=run,
        host=_host(files, git),
    )


# --------------------------------------------------------------------------- the application


def _rank(pair: tuple[str, Application | None]) -> tuple[int, int, str]:
    """Order applications: the one that the project names, factories, then modules; outer ones first."""
    kind, each = pair
    assert each is not None
    return ("named", "factory", "object").index(kind), each.target.count("."), each.target


def _applications(
    python: Mapping[str, bytes], packages: set[str], files: Mapping[str, bytes]
) -> Iterator[tuple[str, Application | None]]:
    """Yield (kind, application); for a factory that needs arguments its name and None."""
    seen: dict[str, Application] = {}
    for path, data in python.items():
        module, source = _module(path, packages)
        for name, kind, needs in _made(data):
            target = f"{module}:{name}"
            if needs:
                yield f"{target} ({', '.join(needs)})", None
                continue
            what = "makes and returns a Flask application" if kind == "factory" else "is a Flask application"
            seen[target] = Application(target, source, f"`{name}` in {path} {what}")
            yield kind, seen[target]
    for file in (".flaskenv", ".env"):
        named = _FLASK_APP.search(files.get(file, b"").decode("utf-8", "replace"))
        if named:
            yield from _named(named[1], file, seen.values())


def _named(word: str, file: str, seen: Iterable[Application]) -> Iterator[tuple[str, Application]]:
    """Yield what FLASK_APP means: a module, a file, or module:attribute."""
    wanted = word.removesuffix(".py").replace("/", ".").removesuffix("()").lstrip(".")
    for each in seen:
        if each.target == wanted or each.target.partition(":")[0] == wanted:
            yield "named", Application(each.target, each.source, f"FLASK_APP in {file} names it")


def _module(path: str, packages: set[str]) -> tuple[str, str]:
    """Return the dotted name of a file's module, and the folder of its outermost package (its own without one)."""
    file = PurePosixPath(path)
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder = file.parent
    while str(folder) in packages and folder != PurePosixPath():
        parts.insert(0, folder.name)
        folder = folder.parent
    top = folder / parts[0] if parts and str(folder / parts[0]) in packages else folder
    return ".".join(parts), str(top)


def _made(data: bytes) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the name of everything at the top of a module that is or makes a Flask application.

    With it its kind, and the arguments that a factory cannot be called without.
    """
    if b"Flask" not in data and b"create_app" not in data:
        return
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return
    makers = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _makes(node)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in makers:
            yield node.name, "factory", _needed(node.args)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = _last(node.value.func)
            if called in _FLASK or called in makers or called in _FACTORIES:
                yield from ((name.id, "object", []) for name in node.targets if isinstance(name, ast.Name))


def _needed(arguments: ast.arguments) -> list[str]:
    """Return the arguments without which a function cannot be called."""
    plain = [*arguments.posonlyargs, *arguments.args]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    needed = [*plain[: len(plain) - len(arguments.defaults)], *(each for each, default in named if default is None)]
    return [each.arg for each in needed]


def _makes(function: ast.FunctionDef) -> bool:
    """Tell whether a function calls Flask's class and returns something."""
    nodes = list(ast.walk(function))
    calls = any(isinstance(node, ast.Call) and _last(node.func) in _FLASK for node in nodes)
    return calls and any(isinstance(node, ast.Return) and node.value is not None for node in nodes)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


# --------------------------------------------------------------------------- the rest


def _specifications(files: Mapping[str, bytes]) -> Iterator[str]:
    for path, data in files.items():
        if _SPECIFICATION.search(path) and Scope().asks(path) and looks_like_spec(data):
            yield path


def _host(files: Mapping[str, bytes], git: bytes) -> str:
    """Return who builds the project: whose files there are, else where git pushes to."""
    if any(path.startswith(".github/workflows/") for path in files):
        return "github"
    if ".gitlab-ci.yml" in files:
        return "gitlab"
    text = git.lower()
    return "github" if b"github" in text else "gitlab" if b"gitlab" in text else ""
