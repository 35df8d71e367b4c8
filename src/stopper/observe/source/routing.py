"""The routes that a project makes, whichever of Flask's ways it uses, and what stands before each."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.model import Endpoint, Place
from stopper.observe.source import doors, guards, hooks, names, owners, registering
from stopper.observe.source.names import Definition, External, Instance
from stopper.observe.source.owners import Owners, argument, kind_of, text
from stopper.observe.source.registering import Run
from stopper.observe.source.syntax import Function
from stopper.observe.views import Guard, Route

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project

_VERBS = ("get", "post", "put", "patch", "delete")
_AUTOMATIC = frozenset({"HEAD", "OPTIONS"})
_OTHER_FRAMEWORKS = ("fastapi", "sanic", "bottle", "starlette", "aiohttp", "chalice", "litestar", "falcon", "responder")
_OWNER_NAMES = ("app", "bp", "blp", "blueprint", "api")

Written = tuple["Module", ast.expr]
"""An expression with the module that it is written in."""


@dataclass(frozen=True, slots=True)
class View:
    """The code behind a route: the function that answers, and the decorators and hooks that run before it."""

    module: Module
    node: Function
    before: tuple[tuple[Module, ast.AST], ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A route as written, before prefixes and guards: where it hangs, its rules, what answers it.

    `rules` are empty where they cannot be told; `around` are the decorators that run, `above` those that do not,
    because they stand over the one that registers the view.
    """

    module: Module
    made_by: ast.expr
    owner: Instance | None
    rules: tuple[str, ...]
    methods: tuple[str, ...]
    view: Definition
    name: str
    around: tuple[Written, ...] = ()
    above: tuple[Written, ...] = ()


class Routing:
    """Every route of the project. `views` pairs each with the code that answers."""

    def __init__(self, project: Project) -> None:
        """Find the routes of a project's modules."""
        self.owners = Owners(project)
        self._hooks = hooks.find(project)
        self._guarding = [hook for hook in self._hooks if hooks.may_guard(hook)]
        self._protections = hooks.protections(project)
        self._inline: dict[ast.AST, Guard | None] = {}
        self._applications: dict[Route, frozenset[owners.Key]] = {}
        found = [each for module in project.routed for each in _routes(module)]
        found.extend(_exposed(project))
        pairs = [(self._route(each), self._view(each)) for each in found]
        pairs.sort(key=lambda pair: (pair[0].place.uri, pair[0].place.line, pair[0].view.line))
        self.views = pairs
        self.routes = tuple(route for route, _ in pairs)
        by_path: defaultdict[str, list[Route]] = defaultdict(list)
        for route in self.routes:
            by_path[route.place.uri].append(route)
        self.by_path = {path: tuple(routes) for path, routes in by_path.items()}

    def neighbours(self, route: Route) -> list[Route]:
        """Return the routes of the same application, the route itself included.

        Where that cannot be told, those of files in the same folder tree.
        """
        mine = self._applications[route]
        if mine:
            return [other for other in self.routes if self._applications[other] & mine]
        top = route.place.uri.rpartition("/")[0]
        return [other for other in self.routes if other.place.uri.rpartition("/")[0].startswith(top)]

    def _route(self, found: _Found) -> Route:
        endpoints = self._endpoints(found)
        public = any(guards.public(module, node) for module, node in found.around)
        route = Route(
            endpoints=endpoints,
            place=found.module.place(found.made_by),
            view=first_line(found.view.module, _function(found.view)),
            name=found.name,
            guards=tuple(self._guards(found, endpoints, public)),
            public=public,
            misplaced=tuple(_decorating(found.above)),
        )
        self._applications[route] = self.owners.applications(found.owner)
        return route

    def _endpoints(self, found: _Found) -> tuple[Endpoint, ...]:
        prefixes = self.owners.prefixes(found.owner) if found.owner is not None else [""]
        paths = [owners.join(prefix, rule) for prefix in prefixes for rule in found.rules]
        return tuple(Endpoint(method, path) for path in dict.fromkeys(paths) for method in found.methods)

    def _guards(self, found: _Found, endpoints: tuple[Endpoint, ...], public: bool) -> Iterator[Guard]:
        yield from _decorating(found.around)
        for hook in self._standing(found, self._guarding):
            guard = self._hook(hook, found, endpoints)
            if guard is not None:
                yield guard
        keys, unknown = self.owners.chain(found.owner)
        if not public:
            yield from (guard for key, guard in self._protections if key is None or key in keys or unknown)
        function = _function(found.view)
        if function not in self._inline:
            self._inline[function] = guards.inline(found.view.module, function)
        own = self._inline[function]
        if own is not None:
            yield own

    def _standing(self, found: _Found, every: Iterable[hooks.Hook]) -> list[hooks.Hook]:
        keys, unknown = self.owners.chain(found.owner)
        return [
            hook for hook in every if hook.owner is None or hook.owner in keys or (unknown and hook.whole_application)
        ]

    def _hook(self, hook: hooks.Hook, found: _Found, endpoints: tuple[Endpoint, ...]) -> Guard | None:
        blueprint = _blueprint_name(found.owner)
        arrivals = [doors.Arrival(endpoint, found.name, blueprint) for endpoint in endpoints]
        answers = [hooks.guard(hook, arrival) for arrival in arrivals]
        return answers[0] if answers and None not in answers else None

    def _view(self, found: _Found) -> View:
        before: list[tuple[Module, ast.AST]] = list(found.around)
        before.extend((hook.module, hook.function) for hook in self._standing(found, self._hooks))
        return View(found.view.module, _function(found.view), tuple(before))


def _blueprint_name(owner: Instance | None) -> str:
    if owner is None or owner.call is None or owner.module is None or kind_of(owner) != owners.BLUEPRINT:
        return ""
    return text(owner.module, argument(owner.call, "name", 0)) or ""


def first_line(module: Module, function: Function) -> Place:
    """Return where Python says that a function begins: its first decorator's line, as in `co_firstlineno`."""
    return module.place(function.decorator_list[0] if function.decorator_list else function)


def _function(view: Definition) -> Function:
    assert not isinstance(view.node, ast.ClassDef)
    return view.node


def _decorating(written: Iterable[Written]) -> Iterator[Guard]:
    for module, node in written:
        guard = guards.decorator(module, node)
        if guard is not None:
            yield guard


# --------------------------------------------------------------------------- what makes a route


def _routes(module: Module) -> Iterator[_Found]:
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        yield from _decorated_function(module, function)
    for node in module.nodes(ast.ClassDef):
        yield from _decorated_class(module, node)
    for call in module.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("add_url_rule", "add_resource"):
            added = _added_rule if call.func.attr == "add_url_rule" else _added_resource
            for run in registering.runs(module, call) or [Run()]:
                yield from added(module, call, call.func, run)


def _registers(module: Module, node: ast.expr) -> ast.Call | None:
    """Return the call of a decorator that makes a route, None for any other decorator."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    name = node.func.attr
    if name != "route" and name not in _VERBS:
        return None
    target = module.resolve(node.func.value)
    if kind_of(target) is not None:
        return node
    rule = text(module, argument(node, "rule", 0))
    if rule is None or not rule.startswith(("/", "<")):
        return None
    if isinstance(target, Instance) and (name != "route" or isinstance(target.kind, External)):
        return None
    outside = target.name.partition(".")[0] if isinstance(target, External) else ""
    last = guards.dotted(node.func.value).rpartition(".")[2].lower()
    if outside in _OTHER_FRAMEWORKS or (name != "route" and not last.endswith(_OWNER_NAMES)):
        return None
    return node


def _owner(module: Module, node: ast.AST) -> Instance | None:
    target = module.resolve(node)
    return target if isinstance(target, Instance) and kind_of(target) is not None else None


def _methods(module: Module, call: ast.Call, run: Run | None = None) -> tuple[str, ...]:
    given = argument(call, "methods")
    home, written = run.one(module, given) if run is not None and given is not None else (module, given)
    value = home.constant(written) if written is not None else None
    if not isinstance(value, list | tuple | frozenset):
        return ("GET",)
    found = sorted({str(method).upper() for method in value} - _AUTOMATIC)
    return tuple(found)


def _decorated_function(module: Module, function: Function) -> Iterator[_Found]:
    for position, each in enumerate(function.decorator_list):
        if module.function_of(function) is not None and isinstance(each, ast.Call):
            yield from _decorated_inside(module, function, each)
        call = _registers(module, each)
        if call is None or not isinstance(call.func, ast.Attribute):
            continue
        rule = text(module, argument(call, "rule", 0))
        above = [other for other in function.decorator_list[:position] if _registers(module, other) is None]
        verb = call.func.attr.upper()
        yield _Found(
            module,
            each,
            _owner(module, call.func.value),
            (rule,) if rule is not None else (),
            _methods(module, call) if verb == "ROUTE" else (verb,),
            Definition(module, function),
            function.name,
            tuple((module, other) for other in function.decorator_list[position + 1 :]),
            tuple((module, other) for other in above),
        )


def _decorated_inside(module: Module, function: Function, each: ast.Call) -> Iterator[_Found]:
    """Yield the routes of `@holder.route(*args)` inside of a decorator of the project, which wraps the view in it."""
    if not (isinstance(each.func, ast.Attribute) and each.func.attr == "route" and each.args):
        return
    for run in registering.runs(module, each):
        owner = _owner(*run.one(module, each.func.value))
        home, rule = run.all(module, each.args[0])[0] if run.all(module, each.args[0]) else (module, each)
        written = text(home, rule)
        if run.decorated is None or isinstance(run.decorated.node, ast.ClassDef) or written is None:
            continue
        view = run.decorated
        around = [(module, other) for other in function.decorator_list if other is not each]
        own = [
            (view.module, other) for other in _function(view).decorator_list if not run.site or other is not run.site[1]
        ]
        made = run.site or (module, each)
        methods = _methods(module, each, run)
        yield _Found(*made, owner, (written,), methods, view, view.node.name, (*around, *own))


def _decorated_class(module: Module, node: ast.ClassDef) -> Iterator[_Found]:
    for each in node.decorator_list:
        call = _registers(module, each)
        if call is not None and isinstance(call.func, ast.Attribute):
            rules = [text(module, argument_node) for argument_node in call.args]
            written = tuple(rule for rule in rules if rule is not None)
            owner = _owner(module, call.func.value)
            yield from _class_view((module, call), owner, written, Definition(module, node), (), None)


def _added_resource(module: Module, call: ast.Call, function: ast.Attribute, run: Run) -> Iterator[_Found]:
    given = [each for argument_node in call.args for each in run.all(module, argument_node)]
    target = given[0][0].resolve(given[0][1]) if given else None
    if isinstance(target, Definition) and isinstance(target.node, ast.ClassDef):
        rules = [text(*rule) for rule in given[1:]]
        written = tuple(rule for rule in rules if rule is not None)
        made = run.site or (module, call)
        yield from _class_view(made, _held(module, function.value, run), written, target, (), None)


def _added_rule(module: Module, call: ast.Call, function: ast.Attribute, run: Run) -> Iterator[_Found]:
    ruled = argument(call, "rule", 0)
    answer = argument(call, "view_func", 2)
    if answer is None:
        return
    rule = run.text(module, ruled) if ruled is not None else None
    wrappers, (home, inner) = _unwrapped(module, answer, run)
    rules = (rule,) if rule is not None else ()
    made = run.site or (module, call)
    owner = _held(module, function.value, run)
    methods = argument(call, "methods")
    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "as_view":
        home, inner = run.one(home, inner.func.value) if home is module else (home, inner.func.value)
    target = home.resolve(inner)
    if not isinstance(target, Definition):
        return
    if isinstance(target.node, ast.ClassDef):
        limit = _methods(module, call, run) if methods is not None else None
        yield from _class_view(made, owner, rules, target, tuple(wrappers), limit)
        return
    own = tuple((target.module, each) for each in target.node.decorator_list if each is not made[1])
    around = (*wrappers, *own)
    yield _Found(*made, owner, rules, _methods(module, call, run), target, target.node.name, around)


def _held(module: Module, holder: ast.expr, run: Run) -> Instance | None:
    """Return what a registering call hangs its routes on: a parameter's, or the API made of what that parameter is."""
    owner = _owner(*run.one(module, holder))
    above = argument(owner.call, "app", 0) if owner is not None and owner.call is not None else None
    if owner is not None and owner.module is not None and isinstance(above, ast.Name) and above.id in run.bound:
        return _owner(*run.one(owner.module, above)) or owner
    return owner


def _unwrapped(module: Module, node: ast.AST, run: Run) -> tuple[list[Written], tuple[Module, ast.AST]]:
    """Return the calls around a view (`login_required(view)`) and the view, looked up through local names."""
    wrappers: list[Written] = []
    home = module
    for _ in range(names.DEPTH):
        if home is module:
            home, node = run.one(module, node)
        if isinstance(node, ast.Name) and home.resolve(node) is None:
            found = names.bindings_of(home, node, node.id)
            values = [binding.value for binding in found[1] if isinstance(binding, names.Assigned)] if found else []
            if not values:
                break
            made = next((value for value in values if _makes_view(value)), values[0])
            again = [value for value in values if isinstance(value, ast.Call) and _hands_on(value, node)]
            wrappers.extend(wrapper for value in again for wrapper in _wrapping(home, value, run))
            node = made
        elif isinstance(node, ast.Call) and node.args and not _makes_view(node):
            wrappers.append((home, node.func))
            node = node.args[0]
        else:
            break
    return wrappers, (home, node)


def _hands_on(call: ast.Call, name: ast.Name) -> bool:
    """Tell whether a call wraps what a name stands for (`view = wrap(view)`)."""
    return [each.id for each in call.args if isinstance(each, ast.Name)] == [name.id]


def _wrapping(module: Module, call: ast.Call, run: Run) -> list[Written]:
    """Return what is put around a view by a call, one for each of the list that a loop around it goes over."""
    for outer in module.ancestors(call):
        if isinstance(outer, ast.For) and isinstance(outer.target, ast.Name) and _called_by(call, outer.target):
            iterated = outer.iter.values[0] if isinstance(outer.iter, ast.BoolOp) else outer.iter
            found = registering.elements(*run.one(module, iterated)) or []
            return [(home, node) for home, node in found if isinstance(node, ast.expr)]
    return [(module, call.func)]


def _called_by(call: ast.Call, name: ast.Name) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name.id


def _makes_view(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "as_view"


def _class_view(
    made: Written,
    owner: Instance | None,
    rules: tuple[str, ...],
    view: Definition,
    around: tuple[Written, ...],
    limit: tuple[str, ...] | None,
) -> Iterator[_Found]:
    """Yield one route for each method that a class answers; its view is that method's function."""
    name = view.node.name
    for verb in _VERBS:
        method = names.class_attribute(view, verb)
        if not isinstance(method, Definition) or isinstance(method.node, ast.ClassDef):
            continue
        if limit is None or verb.upper() in limit:
            own = tuple((method.module, each) for each in method.node.decorator_list)
            every = (*around, *_class_decorators(view, verb), *own)
            yield _Found(*made, owner, rules, (verb.upper(),), method, f"{name}.{verb}", every)
    dispatch = names.class_attribute(view, "dispatch_request")
    if isinstance(dispatch, Definition) and not isinstance(dispatch.node, ast.ClassDef):
        allowed = _class_value(view, "methods")
        declared = view.module.constant(allowed[1]) if allowed is not None else None
        methods = limit or (tuple(str(each).upper() for each in declared) if isinstance(declared, list) else ("GET",))
        every = (*around, *_class_decorators(view, "dispatch_request"))
        yield _Found(*made, owner, rules, methods, dispatch, f"{name}.dispatch_request", every)


def _class_value(view: Definition, name: str) -> Written | None:
    """Return what a class attribute is set to, in the class itself or the nearest base of the project."""
    for kind in names.lineage(view):
        if isinstance(kind, Definition):
            for binding in kind.module.bindings.of(kind.node, name):
                if isinstance(binding, names.Assigned):
                    return kind.module, binding.value
    return None


def _class_decorators(view: Definition, verb: str) -> Iterator[Written]:
    """Yield what stands around a method: Flask's `decorators`, Flask-RESTful's `method_decorators`, the class's own."""
    for name in ("decorators", "method_decorators"):
        written = _class_value(view, name)
        if written is None:
            continue
        module, value = written
        if isinstance(value, ast.Dict):
            for key, each in zip(value.keys, value.values, strict=True):
                if key is not None and module.constant(key) == verb:
                    yield from _listed(module, each)
        else:
            yield from _listed(module, value)
    registering_calls = (_registers(view.module, each) for each in view.node.decorator_list)
    for each, registers in zip(view.node.decorator_list, registering_calls, strict=True):
        if registers is None:
            yield view.module, each


def _listed(module: Module, value: ast.AST, depth: int = 0) -> Iterator[Written]:
    """Yield the elements of a list of decorators, those of a base class too: `Base.decorators + [limited]`."""
    if depth > names.DEPTH:
        return
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        yield from _listed(module, value.left, depth + 1)
        yield from _listed(module, value.right, depth + 1)
    elif isinstance(value, ast.List | ast.Tuple):
        for element in value.elts:
            if isinstance(element, ast.Starred):
                yield from _listed(module, element.value, depth + 1)
            else:
                yield module, element
    elif isinstance(value, ast.Attribute):
        holder = module.resolve(value.value)
        inherited = _class_value(holder, value.attr) if isinstance(holder, Definition) else None
        if inherited is not None:
            yield from _listed(*inherited, depth + 1)


# --------------------------------------------------------------------------- Flask-AppBuilder


def _exposed(project: Project) -> Iterator[_Found]:
    """Yield the routes of Flask-AppBuilder's `@expose` methods, one per method, for every class that serves it."""
    for module in project.routed:
        for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            for each in function.decorator_list:
                owner = module.scope(function)
                if isinstance(owner, ast.ClassDef) and isinstance(each, ast.Call) and _is_expose(each):
                    rule = text(module, argument(each, "url", 0))
                    bases = _bases_served(project, module, owner)
                    others = tuple((module, other) for other in function.decorator_list if other is not each)
                    rules = tuple(owners.join(base, rule) for base in bases) if rule is not None else ()
                    name = f"{owner.name}.{function.name}"
                    view = Definition(module, function)
                    yield _Found(module, each, None, rules, _methods(module, each), view, name, others)


def _is_expose(node: ast.Call) -> bool:
    return guards.dotted(node.func).rpartition(".")[2] == "expose"


def _bases_served(project: Project, module: Module, owner: ast.ClassDef) -> list[str]:
    """Return the base paths of a class and of those derived from it; a class that others derive from serves nothing."""
    family = project.descendants(Definition(module, owner))
    leaves = [kind for kind in family if len(project.descendants(kind)) == 1] or family
    return list(dict.fromkeys(_base_path(kind) for kind in leaves))


def _base_path(kind: Definition) -> str:
    given = _constant_attribute(kind, "route_base")
    if given is not None:
        return given
    name = kind.node.name.lower()
    if any(base.rpartition(".")[2] in ("BaseApi", "ModelRestApi", "BaseModelApi") for base in owners.ancestry(kind)):
        version = _constant_attribute(kind, "version") or "v1"
        return f"/api/{version}/{_constant_attribute(kind, 'resource_name') or name}"
    return f"/{name}"


def _constant_attribute(kind: Definition, name: str) -> str | None:
    written = _class_value(kind, name)
    return text(*written) if written is not None else None
