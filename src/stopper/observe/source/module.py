"""A project as the source witness sees it: its files with their states, its modules with the questions to ask them."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar, overload

from stopper.model import Endpoint, Place
from stopper.observe.source import (
    configuration,
    constants,
    doors,
    files,
    frontend,
    manifests,
    names,
    parting,
    reach,
    routing,
)
from stopper.observe.source.configuration import Configuration
from stopper.observe.source.files import FileState, State
from stopper.observe.source.frontend import Frontend
from stopper.observe.source.manifests import Manifest
from stopper.observe.source.parsing import Parsed, read_source
from stopper.observe.source.syntax import Function, Index, Scope, uncollected
from stopper.observe.views import Route

_ROUTING_WORDS = (
    *(b".route", b"add_url_rule", b"add_resource", b"add_namespace", b"register_blueprint", b"init_app", b"expose("),
    *(b"before_request", b"before_app_request", b"url_value_preprocessor", b"guard("),
)
_DECORATED = re.compile(rb"@[\w.]+\.(?:get|post|put|patch|delete)\b")
_DEFINED = re.compile(rb"def (\w+)\(")

_WHOLE = 2 << 20
"""Bytes of source up to which a tree is not looked at for independent parts."""

_MOST_NAMESAKES = 8
"""Files that define one name after which it is not looked for which of them are methods: then it says nothing."""

One = TypeVar("One", bound=ast.AST)
Two = TypeVar("Two", bound=ast.AST)
Three = TypeVar("Three", bound=ast.AST)


class Module:
    """One Python file. `path` is relative with forward slashes, `name` is dotted (`shop.api`), `tree` its syntax.

    Every question is answered from one walk over the tree; what crosses files is asked of the project.
    """

    def __init__(self, project: Project, path: str, source: bytes) -> None:
        """Hold a file's bytes; nothing is computed before it is asked for."""
        self.project = project
        self.path = path
        self.source = source
        self.package = path.rpartition("/")[2] == "__init__.py"
        self.name = _dotted(path)
        self.meanings: dict[ast.AST, names.Target | None] = {}
        self.members: dict[str, names.Target | None] = {}
        self.bound: dict[tuple[ast.AST, str], names.Target | None] = {}
        self._mentioned: dict[str, bool] = {}

    def __repr__(self) -> str:
        """Return Module(shop/api.py)."""
        return f"Module({self.path})"

    @cached_property
    def text(self) -> str:
        """Return the file's text, empty where its bytes are none."""
        if self.path.endswith(files.PYTHON):
            with contextlib.suppress(files.UnreadableError):
                return files.decode(self.source)
        return self._parsed[0].text

    @cached_property
    def _parsed(self) -> tuple[Parsed, str]:
        try:
            return read_source(self.path, self.source), ""
        except files.UnreadableError as error:
            return Parsed("", ast.Module(body=[], type_ignores=[])), str(error)

    def holds(self, written: bytes, text: str) -> bool:
        """Tell whether the file holds a text, given in UTF-8 too: nearly all files are, and need not be decoded."""
        return written in self.source or (not self.source.isascii() and text in self.text)

    @cached_property
    def home(self) -> str:
        """Return the folder of the whole package that the file belongs to, else the first folder of its path."""
        folder = self.path.rpartition("/")[0]
        package = ""
        while folder and self.project.is_package(folder):
            package, folder = folder, folder.rpartition("/")[0]
        return package or self.path.partition("/")[0]

    def knows(self, other: Module) -> bool:
        """Tell whether this file can mean what another one defines: they are of one package, or it names the other's.

        Several projects, or a project and its libraries, may lie in one tree.
        """
        if other.home == self.home or "/" not in other.path:
            return True
        return other.home.rpartition("/")[2].encode("utf-8", "surrogatepass") in self.source

    @property
    def tree(self) -> ast.Module:
        """Return the syntax tree, an empty one where the file cannot be read."""
        return self._parsed[0].tree

    @property
    def unreadable(self) -> str:
        """Return why the file is no source that can be analysed, an empty text where it is."""
        return self._parsed[1]

    @property
    def partial(self) -> bool:
        """Tell whether only some of its lines could be read: nobody imports from it then, and it routes nothing."""
        return bool(self._parsed[0].lost)

    @property
    def state(self) -> FileState:
        """Return what became of the file; parses it."""
        parsed, unreadable = self._parsed
        if unreadable:
            return FileState(self.path, State.NOT_PARSED, unreadable)
        return FileState(self.path, State.PATTERNS_ONLY if parsed.lost else State.ANALYSED, parsed.lost)

    @cached_property
    def lines(self) -> list[str]:
        """Return the text's lines; line n of the file is at n - 1."""
        return self.text.split("\n")

    def mentions(self, *words: str) -> bool:
        """Tell whether the text holds any of these lower-case words, however it is written: cheap, before any walk."""
        known = self._mentioned
        for word in words:
            if word not in known:
                known[word] = word in self.project.lowered(self)
            if known[word]:
                return True
        return False

    @cached_property
    def index(self) -> Index:
        """Return what the one walk over the tree found."""
        return Index(self.tree)

    @cached_property
    def bindings(self) -> names.Bindings:
        """Return all that binds a name in this module."""
        return names.Bindings(self)

    @cached_property
    def derived(self) -> tuple[tuple[names.Definition, frozenset[names.Definition | names.External]], ...]:
        """Return the classes of this module that have bases, each with all of them, as far as the project shows."""
        kinds = [names.Definition(self, node) for node in self.nodes(ast.ClassDef) if node.bases]
        return tuple((kind, frozenset(names.lineage(kind)[1:])) for kind in kinds)

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
    """All files of a folder. `modules` are those in which a control may find something, `files` has a state for each.

    Nothing is parsed before something is asked of it: a file that the pre-filter left out, only when another one
    imports from it; it is no module of `modules` then either. `manifests` are the files that name packages; a setup.py
    is both. `configurations` are the files of settings, `frontends` what a browser gets.
    """

    def __init__(
        self, sources: Iterable[tuple[str, bytes]], name: str = "", again: Callable[[str], bytes] | None = None
    ) -> None:
        """Take (relative path, bytes) pairs; `again` reads a file once more, so that few bytes have to be kept."""
        self.name = name
        self._sources: dict[str, bytes] = {}
        self._listing: dict[str, bytes] = {}
        self._settings: dict[str, bytes] = {}
        self._pages: dict[str, bytes] = {}
        included: set[str] = set()
        for written, source in sources:
            path = written.replace("\\", "/")
            listing = manifests.reads(path) or path in included
            if listing:
                self._listing[path] = source
                included |= manifests.included(path, source)
            elif configuration.reads(path):
                self._settings[path] = source[: configuration.LARGEST + 1]
                continue
            elif frontend.reads(path):
                if frontend.relevant(source):
                    self._pages[path] = source[: frontend.LARGEST + 1]
                continue
            if path.endswith(".py") or not listing:
                self._sources[path] = source
        self._again = again or dict(self._sources).__getitem__
        self._paths = frozenset(self._sources)
        self._followed: dict[str, Module | None] = {}
        self._found: dict[tuple[str, str], Module | None] = {}
        self._holding: dict[str, tuple[Module, ...]] = {}
        self._lowered: tuple[Module | None, str] = (None, "")
        self.lookups = names.Lookups()
        self.doors: dict[tuple[ast.AST, bool, doors.Arrival | None, int], doors.Door] = {}

    @cached_property
    def digest(self) -> str:
        """Return what changes when any file is added, removed, renamed or edited: 64 hex digits."""
        whole = hashlib.sha256(self.name.encode("utf-8", "surrogatepass"))
        for path, source in sorted({**self._listing, **self._settings, **self._pages, **self._sources}.items()):
            whole.update(f"\0{len(path)}\0{path}".encode("utf-8", "surrogatepass"))
            whole.update(hashlib.sha256(source).digest())
        return whole.hexdigest()

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        """Return the files that name packages."""
        return tuple(manifests.read(path, source) for path, source in self._listing.items())

    @cached_property
    def _sifted(self) -> tuple[dict[str, Module], dict[str, FileState]]:
        """Return the modules that may matter, and the states of all other files; lets go of the others' bytes."""
        _ = self.digest
        modules: dict[str, Module] = {}
        states: dict[str, FileState] = {}
        checked = 0
        with uncollected():
            for path, source in self._sources.items():
                state = _unfit(path, source)
                if state is not None:
                    states[path] = state
                elif files.relevant(source):
                    modules[path] = Module(self, path, source)
                else:
                    checked += len(source)
                    states[path] = _irrelevant(path, source, checked <= files.CHECKED)
        self._sources = {}
        return modules, states

    def is_package(self, folder: str) -> bool:
        """Tell whether a folder is a package: whether it has an `__init__.py`."""
        return f"{folder}/__init__.py" in self._paths

    @property
    def paths(self) -> frozenset[str]:
        """Return the paths of all files."""
        return self._paths

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """Return the modules in which a control may find something, in the order in which the files were given."""
        return tuple(self._sifted[0].values())

    def parts(self) -> list[Project]:
        """Return the independent projects of a large tree, each with modules of its own; a small tree is one."""
        modules = self._sifted[0]
        if sum(len(module.source) for module in modules.values()) <= _WHOLE:
            return [self]
        sources = {path: module.source for path, module in modules.items()}
        groups = parting.parted(sources, self._listing)
        return [self] if len(groups) == 1 else [self._part(paths) for paths in groups]

    def _part(self, paths: Iterable[str]) -> Project:
        part = Project((), self.name, self._again)
        modules, states = self._sifted
        part._paths = self._paths
        part._sifted = ({path: Module(part, path, modules[path].source) for path in paths}, states)
        return part

    @property
    def unasked(self) -> tuple[FileState, ...]:
        """Return the states of the files that no control is asked about."""
        return tuple(self._sifted[1].values())

    @property
    def files(self) -> tuple[FileState, ...]:
        """Return the state of every file; parses all that may matter."""
        states = {**self._sifted[1], **{module.path: module.state for module in self.modules}}
        return tuple(states[path] for path in sorted(states))

    def at(self, path: str) -> Module | None:
        """Return the module of a path, one that the pre-filter left out too; None where it cannot be read."""
        if path not in self._paths:
            return None
        module = self._sifted[0].get(path) or self._follow(path)
        return module if module is not None and module.state.state is State.ANALYSED else None

    def _follow(self, path: str) -> Module | None:
        if path not in self._followed:
            known = self._sifted[1].get(path)
            skipped = known is not None and known.state is State.SKIPPED
            self._followed[path] = None if skipped else Module(self, path, self._again(path))
        return self._followed[path]

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
    def frontends(self) -> tuple[Frontend, ...]:
        """Return the pages, templates and scripts in which a control may find something."""
        return tuple(frontend.read(path, source) for path, source in self._pages.items())

    def lowered(self, module: Module) -> str:
        """Return a module's text in lower case; the last one alone is kept, because one module is asked at a time."""
        if self._lowered[0] is not module:
            self._lowered = module, module.text.lower()
        return self._lowered[1]

    def holding(self, text: str) -> tuple[Module, ...]:
        """Return the modules whose text holds these words: those that need be parsed to know who uses a name."""
        if text not in self._holding:
            written = text.encode("utf-8", "surrogatepass")
            self._holding[text] = tuple(module for module in self.modules if module.holds(written, text))
        return self._holding[text]

    @cached_property
    def routed(self) -> tuple[Module, ...]:
        """Return the modules whose text holds a word without which nothing is routed, hooked or registered."""
        return tuple(each for each in self.modules if _may_route(each.source) and not each.partial)

    def descendants(self, kind: names.Definition) -> list[names.Definition]:
        """Return a class with all classes of the project that derive from it, itself first.

        Whoever derives from a class writes its name: only the modules that hold it are parsed.
        """
        found = {kind.node: kind}
        for each in (waiting := [kind]):
            for derived in self._derived(each):
                if derived.node not in found:
                    found[derived.node] = derived
                    waiting.append(derived)
        return list(found.values())

    def _derived(self, kind: names.Definition) -> Iterator[names.Definition]:
        for module in self.holding(kind.node.name):
            yield from (derived for derived, bases in module.derived if kind in bases)

    @cached_property
    def _defining(self) -> dict[str, list[Module]]:
        """Return, by name, the modules that define a function so called, once for each definition."""
        found: defaultdict[str, list[Module]] = defaultdict(list)
        for module in self.modules:
            for name in _DEFINED.findall(module.source):
                found[name.decode("utf-8", "replace")].append(module)
        return found

    def method(self, name: str, asker: Module) -> names.Definition | None:
        """Return the one method of a name that a module can know of, None where there are several or none."""
        places = dict.fromkeys(place for place in self._defining.get(name, ()) if asker.knows(place))
        if not 0 < len(places) <= _MOST_NAMESAKES:
            return None
        found = [
            names.Definition(module, node)
            for module in places
            for node in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef)
            if node.name == name and isinstance(module.scope(node), ast.ClassDef)
        ]
        return found[0] if len(found) == 1 else None

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


def _unfit(path: str, source: bytes) -> FileState | None:
    """Return the state of a file that is not read for what it is, None for the others."""
    largest = files.LARGEST_NOTEBOOK if path.endswith(files.NOTEBOOK) else files.LARGEST
    if len(source) > largest:
        return FileState(path, State.SKIPPED, f"larger than {largest // 1024} KiB")
    if path.endswith(files.STUB):
        return FileState(path, State.NOT_RELEVANT, "a stub: types, and no code")
    return None


def _irrelevant(path: str, source: bytes, checked: bool) -> FileState:
    """Return the state of a file of which nothing is asked.

    While there are few they are parsed all the same: a small project is told of each broken one.
    """
    try:
        if checked and path.endswith(files.PYTHON):
            files.parse(files.decode(source))
    except files.UnreadableError as error:
        return FileState(path, State.NOT_PARSED, str(error))
    return FileState(path, State.NOT_RELEVANT, "holds nothing that a control looks at")


def _may_route(source: bytes) -> bool:
    lowered = source.lower()
    return any(word in lowered for word in _ROUTING_WORDS) or _DECORATED.search(source) is not None


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
