"""A project as the source witness sees it: its files with their states, its modules with the questions to ask them."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar, overload

from stopper.model import Endpoint, Place
from stopper.observe.source import configuration, constants, doors, files, manifests, names, owners, reach, routing
from stopper.observe.source.configuration import Configuration
from stopper.observe.source.files import FileState, State
from stopper.observe.source.manifests import Manifest
from stopper.observe.source.parsing import read_source
from stopper.observe.source.syntax import Function, Index, Scope, uncollected
from stopper.observe.views import Route

_ROUTING_WORDS = (".route", "add_url_rule", "add_resource", "add_namespace", "register_blueprint", "init_app", "expose")
_HOOKING_WORDS = ("before_request", "before_app_request", "guard(")
_DECORATED = re.compile(r"@[\w.]+\.(?:get|post|put|patch|delete)\b")

One = TypeVar("One", bound=ast.AST)
Two = TypeVar("Two", bound=ast.AST)
Three = TypeVar("Three", bound=ast.AST)


class Module:
    """One Python file. `path` is relative with forward slashes, `name` is dotted (`shop.api`), `tree` its syntax.

    Every question is answered from one walk over the tree; what crosses files is asked of the project.
    """

    def __init__(self, project: Project, path: str, text: str, tree: ast.Module, partial: bool = False) -> None:
        """Hold a parsed file, `partial` where only some of its lines could be; nothing is computed before asked for."""
        self.project = project
        self.path = path
        self.text = text
        self.tree = tree
        self.partial = partial
        self.package = path.rpartition("/")[2] == "__init__.py"
        self.name = _dotted(path)
        self.meanings: dict[ast.AST, names.Target | None] = {}
        self.members: dict[str, names.Target | None] = {}
        self.bound: dict[tuple[ast.AST, str], names.Target | None] = {}

    def __repr__(self) -> str:
        """Return Module(shop/api.py)."""
        return f"Module({self.path})"

    @cached_property
    def lines(self) -> list[str]:
        """Return the text's lines; line n of the file is at n - 1."""
        return self.text.split("\n")

    @cached_property
    def _lowered(self) -> str:
        return self.text.lower()

    def mentions(self, *words: str) -> bool:
        """Tell whether the text holds any of these lower-case words, however it is written: cheap, before any walk."""
        return any(word in self._lowered for word in words)

    @cached_property
    def index(self) -> Index:
        """Return what the one walk over the tree found."""
        return Index(self.tree)

    @cached_property
    def bindings(self) -> names.Bindings:
        """Return all that binds a name in this module."""
        return names.Bindings(self)

    @cached_property
    def _returns(self) -> dict[Function, list[ast.Return]]:
        found: defaultdict[Function, list[ast.Return]] = defaultdict(list)
        for node in self.nodes(ast.Return):
            function = self.function_of(node)
            if function is not None:
                found[function].append(node)
        return found

    @overload
    def nodes(self, first: type[One], /) -> Iterator[One]: ...
    @overload
    def nodes(self, first: type[One], second: type[Two], /) -> Iterator[One | Two]: ...
    @overload
    def nodes(self, first: type[One], second: type[Two], third: type[Three], /) -> Iterator[One | Two | Three]: ...
    def nodes(self, *types: type[ast.AST]) -> Iterator[ast.AST]:
        """Yield the nodes of these exact types, one type after the other, each in document order."""
        return self.index.nodes(*types)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node that holds this one, None for the module."""
        return self.index.parent(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around this one, innermost first."""
        return self.index.ancestors(node)

    def scope(self, node: ast.AST) -> Scope | None:
        """Return the module, class, function or lambda in which the node's names are looked up."""
        return self.index.scope(node)

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the function whose body holds the node; a decorator or default stands outside its function."""
        scope = self.scope(node)
        while scope is not None and not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = self.scope(scope)
        return scope

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class whose body holds the node, through its methods."""
        scope = self.scope(node)
        while scope is not None and not isinstance(scope, ast.ClassDef):
            scope = self.scope(scope)
        return scope

    def returns(self, function: Function) -> list[ast.Return]:
        """Return the function's own return statements, those of functions inside it left out."""
        return self._returns.get(function, [])

    def place(self, node: ast.AST) -> Place:
        """Return where a node begins, with the text of its line; columns count from 1."""
        line = getattr(node, "lineno", 0)
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Place(self.path, line, getattr(node, "col_offset", -1) + 1, text)

    def resolve(self, node: ast.AST) -> names.Target | None:
        """Return what an expression stands for: External, Definition, Package or Instance; None where unknown."""
        return names.resolve(self, node)

    def qualified(self, node: ast.AST) -> str | None:
        """Return the dotted name of what an expression stands for, an object by its class; None where unknown.

        `from flask import request as r; r.args.get` is `flask.request.args.get`; `app.route` with `app = Flask()` is
        `flask.Flask.route`; a function of the project is `shop.tokens.decode`, a method `shop.models.User.check`.
        """
        return _qualified(self.resolve(node))

    def constant(self, node: ast.AST) -> Any:
        """Return the value that an expression always has, through names and modules, or constants.UNKNOWN."""
        return constants.constant(self, node)

    def qualified_definition(self, node: Function | ast.ClassDef) -> str:
        """Return the dotted name of a function or class defined here, through what it stands in."""
        parts = [node.name]
        parts.extend(
            outer.name
            for outer in self.ancestors(node)
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )
        return ".".join([self.name, *reversed(parts)])

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the routes made in this file, in document order."""
        return self.project.routing.by_path.get(self.path, ())

    def endpoints(self, node: ast.AST) -> tuple[Endpoint, ...]:
        """Return every endpoint whose handling runs through the code at a node, sorted.

        The view itself, what it calls (across modules), its decorators' bodies, the hooks of its app and blueprint.
        """
        return self.project.reach.endpoints(self, node)


class Project:
    """All files of a folder. `modules` are the analysed ones, `files` has a state for every Python file.

    `manifests` are the files that name packages; a setup.py is both. `configurations` are the files of settings.
    A file that the pre-filter left out is parsed when an analysed one imports from it, and is no module of `modules`.
    `partial` are modules of which only some lines could be read: nobody imports from them, and they route nothing.
    """

    def __init__(self, sources: Iterable[tuple[str, bytes]], name: str = "") -> None:
        """Take (relative path, bytes) pairs: parse what may matter, keep the rest until it is asked for."""
        self.name = name
        self._unread: dict[str, bytes] = {}
        self._modules: dict[str, Module | None] = {}
        self._found: dict[tuple[str, str], Module | None] = {}
        self.lookups = names.Lookups()
        self.doors: dict[tuple[ast.AST, bool, doors.Arrival | None, int], doors.Door] = {}
        self._checked = 0
        self.partial: list[Module] = []
        self.manifests: tuple[Manifest, ...] = ()
        self._included: set[str] = set()
        self._settings: dict[str, bytes] = {}
        with uncollected():
            states = [self._take(path, source) for path, source in self._python(sources)]
        self.files: tuple[FileState, ...] = tuple(states)
        self.modules: tuple[Module, ...] = tuple(module for module in self._modules.values() if module is not None)
        self._paths = frozenset(self._modules) | frozenset(self._unread)

    def _python(self, sources: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        """Keep what is read of the other files, and pass the Python files on."""
        for written, source in sources:
            path = written.replace("\\", "/")
            if manifests.reads(path) or path in self._included:
                self.manifests += (manifests.read(path, source),)
                self._included |= manifests.included(path, source)
            elif configuration.reads(path):
                self._settings[path] = source[: configuration.LARGEST + 1]
                continue
            if path.endswith(".py") or not (manifests.reads(path) or path in self._included):
                yield path, source

    def _take(self, path: str, source: bytes) -> FileState:
        largest = files.LARGEST_NOTEBOOK if path.endswith(files.NOTEBOOK) else files.LARGEST
        if len(source) > largest:
            return FileState(path, State.SKIPPED, f"larger than {largest // 1024} KiB")
        if path.endswith(files.STUB):
            return FileState(path, State.NOT_RELEVANT, "a stub: types, and no code")
        try:
            if files.relevant(source):
                return self._read(path, source)
            self._check(path, source)
        except files.UnreadableError as error:
            self._modules[path] = None
            return FileState(path, State.NOT_PARSED, str(error))
        self._unread[path] = source
        return FileState(path, State.NOT_RELEVANT, "holds nothing that a control looks at")

    def _read(self, path: str, source: bytes) -> FileState:
        """Take a file whole or, from one that cannot be parsed, what can be read. Raises UnreadableError."""
        parsed = read_source(path, source)
        module = Module(self, path, parsed.text, parsed.tree, partial=bool(parsed.lost))
        if not parsed.lost:
            self._modules[path] = module
            return FileState(path, State.ANALYSED)
        self._modules[path] = None
        self.partial.append(module)
        return FileState(path, State.PATTERNS_ONLY, parsed.lost)

    def _check(self, path: str, source: bytes) -> None:
        """Parse a file of which nothing else is asked, while there are few: a small project is told of each broken one.

        Raises UnreadableError.
        """
        if not path.endswith(files.PYTHON):
            return
        self._checked += len(source)
        if self._checked <= files.CHECKED:
            files.parse(files.decode(source))

    def _parse(self, path: str, source: bytes) -> Module:
        text = files.decode(source)
        return Module(self, path, text, files.parse(text))

    def at(self, path: str) -> Module | None:
        """Return the module of a path, parsed now where the pre-filter left it out; None where it cannot be read."""
        source = self._unread.pop(path, None)
        if source is not None:
            try:
                self._modules[path] = self._parse(path, source)
            except files.UnreadableError:
                self._modules[path] = None
        return self._modules.get(path)

    def find(self, name: str, level: int, importer: Module) -> Module | None:
        """Return the project's module of an import (`level` dots, dotted name) as written in another module."""
        folder = importer.path.rpartition("/")[0]
        if level:
            for _ in range(level - 1):
                folder = folder.rpartition("/")[0]
            return self._load(folder, name)
        key = (folder, name)
        if key not in self._found:
            self._found[key] = self._search(folder, name)
        return self._found[key]

    def _search(self, folder: str, name: str) -> Module | None:
        top, _, below = name.partition(".")
        if top == self.name and "__init__.py" in self._paths:
            return self._load("", below)
        if top in sys.stdlib_module_names or (top in names.LIBRARIES and top not in folder.split("/")):
            return None
        folders = [folder]
        while folder:
            folder = folder.rpartition("/")[0]
            folders.append(folder)
        roots = [place for place in folders if _join(place, "__init__.py") not in self._paths]
        packages = [place for place in folders if place not in roots]
        sources = [_join(place, "src") for place in folders]
        for place in [*roots, *packages, *sources]:
            module = self._load(place, name) if name else None
            if module is not None:
                return module
        return None

    def _load(self, folder: str, name: str) -> Module | None:
        base = _join(folder, name.replace(".", "/")) if name else folder
        for path in (f"{base}.py", _join(base, "__init__.py")):
            if path in self._paths and path != ".py":
                return self.at(path)
        return None

    @cached_property
    def configurations(self) -> tuple[Configuration, ...]:
        """Return the files of settings, with what git leaves out told apart."""
        return tuple(configuration.read(self._settings))

    @cached_property
    def routed(self) -> tuple[Module, ...]:
        """Return the modules whose text holds a word without which nothing is routed, hooked or registered."""
        words = _ROUTING_WORDS + _HOOKING_WORDS
        return tuple(each for each in self.modules if each.mentions(*words) or _DECORATED.search(each.text))

    @cached_property
    def families(self) -> dict[str, list[names.Definition]]:
        """Return, by qualified name, each class of the analysed modules with all classes that derive from it."""
        found: defaultdict[str, list[names.Definition]] = defaultdict(list)
        for module in self.modules:
            for node in module.nodes(ast.ClassDef):
                kind = names.Definition(module, node)
                for name in dict.fromkeys(owners.ancestry(kind)):
                    found[name].append(kind)
        return found

    @cached_property
    def methods(self) -> dict[str, list[names.Definition]]:
        """Return the functions defined in classes of the analysed modules, by name."""
        found: defaultdict[str, list[names.Definition]] = defaultdict(list)
        for module in self.modules:
            for node in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
                if isinstance(module.scope(node), ast.ClassDef):
                    found[node.name].append(names.Definition(module, node))
        return found

    @cached_property
    def routing(self) -> routing.Routing:
        """Return the routes of all modules, with what stands before each."""
        with uncollected():
            return routing.Routing(self)

    @cached_property
    def reach(self) -> reach.Reach:
        """Return which code runs for which endpoint."""
        with uncollected():
            return reach.Reach(self)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return every route of the project, by path and line."""
        return self.routing.routes


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _dotted(path: str) -> str:
    stem = path.removesuffix(".py").removesuffix("/__init__")
    return stem.replace("/", ".")


def _qualified(target: names.Target | None) -> str | None:
    if isinstance(target, names.Instance):
        return _qualified(target.kind)
    if isinstance(target, names.External):
        return target.name
    if isinstance(target, names.Definition):
        return target.module.qualified_definition(target.node)
    return target.module.name if target is not None else None
