"""The data flow of one module: computed once, shared by every control that asks."""

from __future__ import annotations

import ast
import bisect
import dataclasses
import weakref
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from stopper.model import Evidence, Place
from stopper.observe.source.flows import jose, library
from stopper.observe.source.flows.interpreter import Frame
from stopper.observe.source.flows.naming import Says, credential, words
from stopper.observe.source.flows.places import place
from stopper.observe.source.flows.sinks import Sink
from stopper.observe.source.flows.values import NONE, Called, Origin, Summary, Taint, Value, merged
from stopper.observe.source.syntax import within

if TYPE_CHECKING:
    from stopper.observe.source.module import Module
    from stopper.observe.source.syntax import Function

_DEEPEST = 6
"""Calls of the project's own functions that are followed into one another."""

_HOT = (
    "request.headers",
    *("token", "jwt", "passw", "secret", "api_key", "apikey", "authoriz", "bearer", "_pin", "pin_", "otp", "_code"),
    *("auth_header", "auth_key", "pwd", "session_id", "session_key", "serializer", "jose"),
)
"""Words without which a function neither makes, keeps nor shows a credential."""

_ABOUT_CREDENTIALS = (
    *("bearer", "authoriz", "authent", "jwt", "oauth", "jose", "api_key", "apikey", "secret", "passw", "credential"),
    *("access_token", "refresh_token", "auth_token", "api_token", "login", "flask"),
)
"""Words, one of which a module needs before `token` means a credential there: parsers have tokens too."""

_NO_BEARER = ("dns", "txt_", "zone", "challenge", "acme", "lexer", "tokeniz", "pars", "lex_")
"""Parts of the names of functions and parameters beside which `token` is another thing.

What ACME publishes in the DNS, a piece of a text.
"""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A value on its way from where it comes from to where it should not go.

    `source_node` may stand in another module of the project; `sink_node` stands in this one. `target` names the sink
    as it is written (`logger.debug`, `self.token`), `says` what kind of credential the value is called, `function` is
    the one around the sink. `path` is the way, first step first.
    """

    source_kind: Origin
    sink_kind: Sink
    source_node: ast.AST
    source_module: Module
    sink_node: ast.AST
    target: str
    says: Says | None
    function: Function | None
    path: tuple[tuple[Place, str], ...]

    @property
    def what(self) -> str:
        """Return what flows: by its name where only that tells, else by where it comes from."""
        if self.source_kind is Origin.NAMED and self.says is not None:
            return f"a {self.says.value}"
        return self.source_kind.value

    @property
    def together(self) -> bool:
        """Tell whether source and sink stand in the same function."""
        source, sink = self.path[0][0], self.path[-1][0]
        around = self.function
        if source.uri != sink.uri or around is None:
            return source.uri == sink.uri and self.source_module.function_of(self.source_node) is None
        return around.lineno <= source.line <= (around.end_lineno or around.lineno)

    @property
    def evidence(self) -> Evidence:
        """Return the way as evidence, first step first."""
        return Evidence("the way through the code", path=self.path)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Safe:
    """A place where a flow was looked at and found right: a strong token made, a digest logged or stored."""

    sink_kind: Sink
    node: ast.AST
    target: str


class Analysis:
    """What the walk over one module's functions found."""

    def __init__(self, module: Module) -> None:
        """Hold the module; the walk happens when flows or calls are first asked for."""
        self.module = module
        self.incomplete: list[str] = []
        self._digested: set[str] = set()
        self._flows: dict[tuple[Sink, int], Flow] = {}
        self._safe: dict[tuple[Sink, int], Safe] = {}
        self._calls: dict[int, jose.JoseCall] = {}
        self._summaries: dict[Function, Summary | None] = {}
        self._inside: set[Function] = set()
        self._depth = 0

    @cached_property
    def _lines(self) -> list[int]:
        """Return the lines with a word that makes them matter, sorted; none in a module that is about other things."""
        text = self.module.project.lowered(self.module)
        offsets: set[int] = set()
        for word in _HOT:
            found = text.find(word)
            while found >= 0:
                offsets.add(found)
                found = text.find(word, found + 1)
        lines: list[int] = []
        line, before = 1, 0
        for offset in sorted(offsets):
            line += text.count("\n", before, offset)
            before = offset
            lines.append(line)
        return lines

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Return what functions are called here by the names they have where they come from."""
        imported = (alias for node in self.module.nodes(ast.ImportFrom) for alias in node.names)
        found = {alias.asname: alias.name for alias in imported if alias.asname is not None}
        for statement in self.module.tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Attribute):
                target = statement.targets[0]
                if isinstance(target, ast.Name):
                    found[target.id] = statement.value.attr
        return found

    @cached_property
    def _about_credentials(self) -> bool:
        text = self.module.project.lowered(self.module)
        return any(word in text for word in _ABOUT_CREDENTIALS)

    def credential(self, name: str, function: Function | None) -> Says | None:
        """Return what credential a name stands for in this function, None where it stands for none."""
        says = credential(name)
        if says is None or words(name) != ("token",):
            return says
        if not self._about_credentials:
            return None
        if function is None:
            return says
        every = (*function.args.args, *function.args.kwonlyargs)
        told = " ".join((function.name, *(argument.arg for argument in every))).lower()
        return None if any(word in told for word in _NO_BEARER) else says

    def hot(self, node: ast.stmt) -> bool:
        """Tell whether a statement holds any word of credentials."""
        first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", ()))])
        position = bisect.bisect_left(self._lines, first)
        return position < len(self._lines) and self._lines[position] <= (node.end_lineno or node.lineno)

    @cached_property
    def _walked(self) -> bool:
        if not self._lines:
            return True
        _ = self.globals
        for function in self.module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            if self.hot(function) and function not in self._inside:
                self._walk(function, {})
        return True

    @property
    def flows(self) -> tuple[Flow, ...]:
        """Return every flow of the module that ends in a sink."""
        return tuple(self._flows.values()) if self._walked else ()

    @property
    def safe(self) -> tuple[Safe, ...]:
        """Return the places where a flow was looked at and found right."""
        return tuple(self._safe.values()) if self._walked else ()

    @property
    def calls(self) -> tuple[jose.JoseCall, ...]:
        """Return the calls that sign, verify or read tokens."""
        return tuple(self._calls.values()) if self._walked else ()

    @property
    def digested_names(self) -> frozenset[str]:
        """Return the names of attributes, keys and arguments that this module gives a digest to."""
        return frozenset(self._digested) if self._walked else frozenset()

    @cached_property
    def globals(self) -> Mapping[str, Value]:
        """Return what the module's own variables hold once it is loaded."""
        frame = Frame(self, None, {})
        self.__dict__["globals"] = frame.variables
        try:
            frame.block(self._loading())
        except RecursionError:
            self.incomplete.append(self.module.name)
        return frame.variables

    def _loading(self) -> list[ast.stmt]:
        """Return the statements of the module that matter: hot ones, definitions, and what gives hot ones their values.

        `key = "".join(…)` has no word of credentials, `SECRET_KEY = key` on the next line has.
        """
        chosen: list[ast.stmt] = []
        wanted: set[str] = set()
        for statement in reversed(self.module.tree.body):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                chosen.append(statement)
            elif self.hot(statement) or not wanted.isdisjoint(_targets(statement)):
                chosen.append(statement)
                wanted.update(node.id for node in within(statement) if isinstance(node, ast.Name))
        return chosen[::-1]

    # ------------------------------------------------------------------ what the walk asks and says

    def summary_of(self, module: Module, function: Function) -> Summary | None:
        """Return what a function of the project does, None while it is being read or where calls go too deep."""
        if self._depth >= _DEEPEST:
            return None
        other = self if module is self.module else of(module)
        deeper, other._depth = other._depth, max(other._depth, self._depth + 1)
        try:
            return other.summary(function)
        finally:
            other._depth = deeper

    def summary(self, function: Function) -> Summary | None:
        """Return what a function of this module does; it is walked the first time."""
        if function in self._summaries:
            return self._summaries[function]
        self._summaries[function] = None
        frame = Frame(self, function, {})
        try:
            frame.trace(function)
        except RecursionError:
            self.incomplete.append(function.name)
        returned = frame.returned[0] if frame.returned else NONE
        for value in frame.returned[1:]:
            returned = merged(returned, value)
        self._summaries[function] = Summary(returned, tuple(frame.reached))
        return self._summaries[function]

    def inner(self, function: Function, variables: Mapping[str, Value]) -> None:
        """Walk a function that stands inside another, with the variables it can see there."""
        if variables and self.hot(function) and function not in self._inside:
            self._inside.add(function)
            self._walk(function, variables)

    def _walk(self, function: Function, outer: Mapping[str, Value]) -> None:
        try:
            Frame(self, function, outer).enter(function)
        except RecursionError:
            self.incomplete.append(function.name)

    def flow(
        self, sink: Sink, taint: Taint, node: ast.AST, target: str, says: Says | None, function: Function | None
    ) -> None:
        """Keep a flow: one for each credential that is made weak or let out."""
        key = (sink, id(node))
        if sink is Sink.RAISED and any(f.source_node is taint.node for f in self._flows.values()):
            return
        if key not in self._flows:
            steps = [(taint.module, taint.node, taint.origin.value), *taint.steps]
            path = [*steps, (self.module, node, f"{sink.value}: {target}")]
            self._flows[key] = Flow(
                taint.origin,
                sink,
                taint.node,
                taint.module,
                node,
                target,
                says,
                function,
                tuple((place(module, where), text) for module, where, text in path),
            )

    def keep(self, sink: Sink, node: ast.AST, target: str) -> None:
        """Keep a place where nothing weak and nothing in clear arrived."""
        self._safe.setdefault((sink, id(node)), Safe(sink, node, target))

    def digest(self, name: str) -> None:
        """Keep the name of a credential that is given a digest."""
        self._digested.add(name)

    def note(self, called: Called, function: Function | None) -> None:
        """Keep a call that signs, verifies or reads a token."""
        if called.name in jose.NAMES:
            call = jose.read(self.module, called, function)
            if call is not None:
                self._calls[id(called.node)] = call

    @cached_property
    def _objects(self) -> Mapping[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for node in self.module.nodes(ast.Attribute):
            if node.attr in library.TEXT_METHODS:
                continue
            base = node.value
            if isinstance(base, ast.Name) and credential(base.id):
                found[base.id].append(node.lineno)
            elif isinstance(base, ast.Attribute) and credential(base.attr):
                found[ast.unparse(base)].append(node.lineno)
        for item in self.module.nodes(ast.Subscript):
            holder, key = item.value, item.slice
            if not (isinstance(holder, ast.Name) and isinstance(key, ast.Constant) and isinstance(key.value, str)):
                continue
            if credential(holder.id) and not credential(key.value):
                found[holder.id].append(item.lineno)
        return found

    def is_object(self, dotted: str, node: ast.AST) -> bool:
        """Tell whether an attribute that no text has is read from this variable around this node."""
        lines = self._objects.get(dotted)
        if not lines:
            return False
        first, last = self._span(node)
        return any(first <= line <= last for line in lines)

    @cached_property
    def _keys(self) -> Mapping[str, list[tuple[int, str]]]:
        found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for item in self.module.nodes(ast.Subscript):
            if isinstance(item.ctx, ast.Load):
                _note_key(found, item.value, item.slice)
        for call in self.module.nodes(ast.Call):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args:
                _note_key(found, call.func.value, call.args[0])
        return found

    def read_keys(self, dotted: str, node: ast.AST) -> tuple[str, ...]:
        """Return the keys of credentials that are read from this variable in the function around this node."""
        keys = self._keys.get(dotted)
        if not keys:
            return ()
        first, last = self._span(node)
        return tuple(key for line, key in keys if first <= line <= last)

    def _span(self, node: ast.AST) -> tuple[int, int]:
        function = node if isinstance(node, ast.FunctionDef) else self.module.function_of(node)
        if function is None:
            for outer in self.module.ancestors(node):
                if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                    function = outer
                    break
        return (function.lineno, function.end_lineno or function.lineno) if function else (0, 1 << 30)


def _targets(statement: ast.stmt) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return (target.id for target in targets if isinstance(target, ast.Name))


def _note_key(found: defaultdict[str, list[tuple[int, str]]], holder: ast.expr, key: ast.expr) -> None:
    if not (isinstance(holder, ast.Name) and isinstance(key, ast.Constant) and isinstance(key.value, str)):
        return
    if credential(key.value):
        found[holder.id].append((key.lineno, key.value))


_ANALYSES: weakref.WeakKeyDictionary[Module, Analysis] = weakref.WeakKeyDictionary()


def of(module: Module) -> Analysis:
    """Return the analysis of a module, made once."""
    analysis = _ANALYSES.get(module)
    if analysis is None:
        analysis = _ANALYSES[module] = Analysis(module)
    return analysis
