"""Routes that are made in a loop, or by a function of the project that is told what to register.

A registering call says something else each time it runs: here its runs are told apart, by the lists that the loops
around it go over and by the calls of the function that it stands in. Nothing is computed: names stand for expressions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from stopper.observe.source import names
from stopper.observe.source.names import Assigned, Definition, Imported
from stopper.observe.source.syntax import Function, within

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

Written = tuple["Module", ast.AST]
"""A node with the module that it is written in."""

_DEEPEST = 3
"""Functions of the project that hand on to one another what is to be registered."""

_MOST_RUNS = 2_000
_MOST_PLACES = 500
"""Files that call a function of this name, above which it is too common a word to tell anything."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a registering call: what its names stand for, `site` the call in the project that leads there.

    What a parameter `*rules` gathers is bound to `*rules`.
    `decorated` is the function or class that the registering function is a decorator of.
    """

    bound: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    site: tuple[Module, ast.expr] | None = None
    decorated: Definition | None = None

    def all(self, module: Module, node: ast.AST) -> tuple[Written, ...]:
        """Return what an expression of the registering call stands for: several for `*names`."""
        inner = node.value if isinstance(node, ast.Starred) else node
        starred = "*" if isinstance(node, ast.Starred) else ""
        known = self.bound.get(f"{starred}{inner.id}") if isinstance(inner, ast.Name) else self._member(module, inner)
        if known is None and isinstance(node, ast.Starred):
            listed = elements(module, inner)
            return tuple(listed) if listed is not None else ()
        return known if known is not None else ((module, node),)

    def one(self, module: Module, node: ast.AST) -> Written:
        """Return what an expression stands for, itself where it stands for nothing else or for several."""
        found = self.all(module, node)
        return found[0] if len(found) == 1 else (module, node)

    def text(self, module: Module, node: ast.AST) -> str | None:
        """Return the string that an expression is in this run: a constant, names put into a text or beside one."""
        home, written = self.one(module, node)
        whole = home.constant(written)
        if isinstance(whole, str):
            return whole
        parts: list[ast.expr] = []
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        texts = [self.text(module, part) for part in parts]
        return None if not texts or None in texts else "".join(text for text in texts if text is not None)

    def _member(self, module: Module, node: ast.AST) -> tuple[Written, ...] | None:
        """Return what `row["view"]` or `row[1]` is, where `row` is bound in this run."""
        if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in self.bound):
            return None
        home, holder = self.one(module, node.value)
        key = module.constant(node.slice)
        if isinstance(holder, ast.Dict):
            pairs = zip(holder.keys, holder.values, strict=True)
            return next((((home, value),) for name, value in pairs if name and home.constant(name) == key), None)
        listed = elements(home, holder) or []
        return (listed[key],) if type(key) is int and -len(listed) <= key < len(listed) else None


def runs(module: Module, call: ast.Call, depth: int = 0) -> list[Run]:
    """Return the runs of a registering call; none where it says the same each time, or where that cannot be told."""
    function = module.function_of(call)
    loops = [
        outer for outer in module.ancestors(call) if isinstance(outer, ast.For) and _inside(outer, function, module)
    ]
    used = _names(call)
    unpacked = [each for each in _unpackings(function or module.tree) if not _names(each.targets[0]).isdisjoint(used)]
    used.update(*(_names(loop.iter) for loop in loops), *(_names(each.value) for each in unpacked))
    found = list(_called(module, function, used, depth)) if function is not None else []
    bound = bool(found)
    found = found or [Run()]
    for loop in reversed(loops):
        if not _names(loop.target).isdisjoint(used):
            gone_over = ((run, _each(module, loop, run)) for run in found)
            found = list(islice((after for run, each in gone_over for after in each or [run]), _MOST_RUNS))
            bound = bound or any(run.bound for run in found)
    for each in unpacked:
        found = [_with(run, each.targets[0], run.one(module, each.value)) for run in found]
    return found[:_MOST_RUNS] if bound else []


def _unpackings(around: ast.AST) -> Iterator[ast.Assign]:
    """Yield `path, view = row`."""
    for node in within(around):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Name):
            yield node


def _inside(loop: ast.For, function: Function | None, module: Module) -> bool:
    return module.function_of(loop) is function


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in within(node) if isinstance(each, ast.Name)}


def _each(module: Module, loop: ast.For, run: Run) -> list[Run]:
    """Return a run for each element of what a loop goes over; none where that is no list written out."""
    whole = run.bound.get(f"*{loop.iter.id}") if isinstance(loop.iter, ast.Name) else None
    listed = whole if whole is not None else elements(*run.one(module, loop.iter))
    return [_with(run, loop.target, element) for element in listed or ()]


def _with(run: Run, target: ast.expr, value: Written) -> Run:
    return Run({**run.bound, **dict(_unpacked(target, value))}, run.site, run.decorated)


def _unpacked(target: ast.expr, value: Written) -> Iterator[tuple[str, tuple[Written, ...]]]:
    if isinstance(target, ast.Name):
        yield target.id, (value,)
    elif isinstance(target, ast.Tuple | ast.List):
        parts = elements(*value) or []
        for position, each in enumerate(target.elts):
            if isinstance(each, ast.Starred):
                if isinstance(each.value, ast.Name):
                    yield each.value.id, tuple(parts[position:])
                return
            if position < len(parts):
                yield from _unpacked(each, parts[position])


def elements(module: Module, node: ast.AST, depth: int = 0) -> list[Written] | None:
    """Return the elements of a list or tuple that is written out somewhere, with where each stands; else None.

    `LIST`, `module.LIST`, `[*A, *B]`, `A + B`, `dict.items()`.
    """
    if depth > names.DEPTH:
        return None
    if isinstance(node, ast.List | ast.Tuple):
        return [each for element in node.elts for each in _element(module, element, depth)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = elements(module, node.left, depth + 1), elements(module, node.right, depth + 1)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
        home, holder = literal(module, node.func.value, depth)
        pairs = zip(holder.keys, holder.values, strict=True) if isinstance(holder, ast.Dict) else ()
        made = [(home, ast.Tuple([key, value], ast.Load())) for key, value in pairs if key is not None]
        return list(made) if isinstance(holder, ast.Dict) else None
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return elements(module, node.values[0], depth + 1)
    home, value = literal(module, node, depth)
    return elements(home, value, depth + 1) if value is not node else None


def _element(module: Module, element: ast.expr, depth: int) -> list[Written]:
    if isinstance(element, ast.Starred):
        return elements(module, element.value, depth + 1) or []
    return [(module, element)]


def literal(module: Module, node: ast.AST, depth: int = 0) -> Written:
    """Return the only expression that a name is bound to, through imports; the node itself for all else."""
    if isinstance(node, ast.Attribute):
        holder = module.resolve(node.value)
        if isinstance(holder, names.Package):
            return _top(holder.module, node.attr, (module, node), depth)
    if not isinstance(node, ast.Name) or depth > names.DEPTH:
        return module, node
    found = names.bindings_of(module, node, node.id)
    return _sole(module, found[1] if found else [], (module, node), depth)


def _top(module: Module, name: str, otherwise: Written, depth: int) -> Written:
    return _sole(module, module.bindings.of(module.tree, name), otherwise, depth)


def _sole(module: Module, bindings: list[names.Binding], otherwise: Written, depth: int) -> Written:
    if len(bindings) != 1:
        return otherwise
    (only,) = bindings
    if isinstance(only, Assigned) and not only.inside:
        return module, only.value
    if isinstance(only, Imported) and only.name:
        other = module.project.find(only.module, only.level, module)
        if other is not None and other is not module and depth <= names.DEPTH:
            return _top(other, only.name, otherwise, depth + 1)
    return otherwise


# --------------------------------------------------------------------------- by whom the function is called


def _called(module: Module, function: Function, used: set[str], depth: int) -> Iterator[Run]:
    """Yield a run for each call of a function that is told by its parameters what to register."""
    outer = module.function_of(function)
    told = _parameters(function)
    if depth >= _DEEPEST or used.isdisjoint(told | (_parameters(outer) if outer is not None else set())):
        return
    for home, site in _sites(module, function if outer is None else outer):
        decorated = _decorated(home, site)
        if outer is None:
            if isinstance(site, ast.Call) and decorated is None:
                yield from _given(home, site, function, depth)
        elif decorated is not None and isinstance(site, ast.Call):
            inner = [argument.arg for argument in function.args.args[:1]]
            own: dict[str, tuple[Written, ...]] = dict.fromkeys(inner, ((decorated.module, decorated.node),))
            for run in _given(home, site, outer, depth):
                yield Run({**run.bound, **own}, (home, site), decorated)


def _parameters(function: Function) -> set[str]:
    spec = function.args
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg]
    return {argument.arg for argument in every if argument is not None}


def _sites(module: Module, function: Function) -> Iterator[tuple[Module, ast.expr]]:
    """Yield the calls of a function of the project in all its files; a class is not followed into its making."""
    if function.name == "__init__":
        return
    called = f"{function.name}("
    where = [other for other in module.project.holding(called) if other.knows(module)]
    for other in where if len(where) <= _MOST_PLACES else ():
        for call in other.nodes(ast.Call):
            written = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if written == function.name:
                target = other.resolve(call.func)
                if isinstance(target, Definition) and target.node is function:
                    yield other, call


def _decorated(module: Module, site: ast.expr) -> Definition | None:
    holder = module.parent(site)
    if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and site in holder.decorator_list:
        return Definition(module, holder)
    return None


def _given(home: Module, site: ast.Call, function: Function, depth: int) -> Iterator[Run]:
    """Yield what the parameters stand for in one call, for each run of that call itself."""
    for run in runs(home, site, depth + 1) or [Run()]:
        bound: dict[str, tuple[Written, ...]] = {}
        arguments = [each for argument in site.args for each in run.all(home, argument)]
        positional = [*function.args.posonlyargs, *function.args.args]
        if positional and positional[0].arg == "self" and isinstance(site.func, ast.Attribute):
            positional = positional[1:]
        for parameter, given in zip(positional, arguments, strict=False):
            bound[parameter.arg] = (given,)
        if function.args.vararg is not None:
            bound[f"*{function.args.vararg.arg}"] = tuple(arguments[len(positional) :])
        for keyword in site.keywords:
            if keyword.arg is not None:
                bound[keyword.arg] = run.all(home, keyword.value)
        yield Run(bound, run.site or (home, site), run.decorated)
