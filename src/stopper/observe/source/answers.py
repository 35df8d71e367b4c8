"""Which values reach a client: what a view returns, an answer is made of, an error handler or an `abort` says.

What is answered only while the program is debugged (`if app.debug:`) counts for nothing.
"""

from __future__ import annotations

import ast
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stopper.observe.source.development import in_development_alone
from stopper.observe.source.flows import last_name, reading, words
from stopper.observe.source.flows.library import CARRIERS, CARRYING_METHODS
from stopper.observe.source.names import Definition
from stopper.observe.source.syntax import Function

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project

_ANSWERS = {
    "flask": ("jsonify", "make_response", "Response", "abort", "render_template", "render_template_string", "flash"),
    "werkzeug": ("abort", "Response"),
    "flask_restful": ("abort",),
    "flask_restplus": ("abort",),
    "flask_restx": ("abort",),
    "flask_smorest": ("abort",),
    "apiflask": ("abort",),
}
"""Functions whose arguments become a body or a page: package, last part of the name."""

_ANSWERING_WORDS = frozenset(
    "response respond reply error errors fail failure json jsonify abort result message bad render answer".split()
)
"""Words of the project's own functions that wrap a body: what they are given is in what they return."""

_SERIALIZES = frozenset("to_dict to_json as_dict to_response json dict serialize".split())
"""Methods that make the body of an answer of an object: `ErrorResult(str(error)).to_dict()`."""

_NO_TEXT = frozenset("code status number count kind type class".split())
"""Last words of functions whose answer is no text, whatever they look at: `map_error_to_code(error)`."""

_TEXTS = frozenset("message description error errors detail msg args to_dict".split())
"""What an exception of the project has of text."""

_HANDLERS = frozenset({"errorhandler", "app_errorhandler", "register_error_handler"})
_DEEPEST = 4

_ANSWERING: weakref.WeakKeyDictionary[Project, frozenset[ast.AST]] = weakref.WeakKeyDictionary()
_REGISTERED: weakref.WeakKeyDictionary[Project, dict[ast.AST, tuple[ast.expr, ...]]] = weakref.WeakKeyDictionary()


def answers(module: Module, function: Function) -> bool:
    """Tell whether what a function returns is an answer: a view, an error handler, the wrapper of a decorator."""
    found = _ANSWERING.get(module.project)
    if found is None:
        views = (view.node for _, view in module.project.routing.views)
        found = frozenset([*views, *_formatters(module.project)])
        _ANSWERING[module.project] = found
    return function in found or bool(handled(module, function)) or _wraps(module, function)


def _formatters(project: Project) -> Iterator[ast.AST]:
    """Yield the functions that GraphQL views are given to make the errors of their answers."""
    for module in project.modules:
        for keyword in module.nodes(ast.keyword) if "format_error=" in module.text else ():
            target = module.resolve(keyword.value) if keyword.arg == "format_error" else None
            if isinstance(target, Definition):
                yield target.node


def handles_errors(function: Function) -> bool:
    """Tell whether a function is registered by decorator to answer when a view fails."""
    return any(last_name(each) in _HANDLERS for each in function.decorator_list)


def handled(module: Module, function: Function) -> tuple[ast.expr, ...]:
    """Return the exceptions that a function is registered for, by decorator, call or assignment; () for most functions.

    A decorator without exceptions is Flask-RESTX's way to register for all of them: it is returned itself.
    """
    marks = [each for each in function.decorator_list if last_name(each) in _HANDLERS]
    by_mark = [kind for each in marks for kind in (each.args if isinstance(each, ast.Call) else [each])]
    return (*by_mark, *_registered(module.project).get(function, ()))


def _registered(project: Project) -> dict[ast.AST, tuple[ast.expr, ...]]:
    """Return the functions that a call or an assignment registers for exceptions, with these."""
    if project not in _REGISTERED:
        found: dict[ast.AST, tuple[ast.expr, ...]] = {}
        for module in project.modules:
            if "register_error_handler" not in module.text and "error_handlers[" not in module.text:
                continue
            for kind, handler in _registrations(module):
                target = module.resolve(handler)
                if isinstance(target, Definition):
                    found[target.node] = (*found.get(target.node, ()), kind)
        _REGISTERED[project] = found
    return _REGISTERED[project]


def _registrations(module: Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield `app.register_error_handler(kind, handler)` and `api.error_handlers[kind] = handler`."""
    for call in module.nodes(ast.Call):
        if last_name(call) == "register_error_handler" and len(call.args) == 2:
            yield call.args[0], call.args[1]
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        if isinstance(target, ast.Subscript) and last_name(target.value) == "error_handlers":
            yield target.slice, assign.value


def _wraps(module: Module, function: Function) -> bool:
    """Tell whether a function is what a decorator puts in a view's place, of some endpoint."""
    outer = module.function_of(function)
    if outer is None or not any(last_name(each) == "wraps" for each in function.decorator_list):
        return False
    return bool(module.endpoints(outer))


def reaches_client(module: Module, node: ast.AST, depth: int = 0) -> bool:
    """Tell whether the value of an expression becomes a part of an answer, through names and callers."""
    if in_development_alone(module, node):
        return False
    inner = node
    for outer in module.ancestors(node):
        if isinstance(outer, ast.Call):
            if inner is not outer.func and _makes_answer(module, outer):
                return True
            if _puts_into_answer(module, outer, inner, depth):
                return True
            if not _hands_on(outer, inner) or _only_asks(module, outer, inner):
                return False
        elif isinstance(outer, ast.Return):
            return _returned(module, outer, depth)
        elif isinstance(outer, ast.Assign | ast.AnnAssign | ast.AugAssign):
            return any(reaches_client(module, use, depth + 1) for use in _uses(module, outer, depth))
        elif isinstance(outer, ast.stmt | ast.Lambda | ast.Compare) or _only_decides(outer, inner):
            return False
        inner = outer
    return False


def _makes_answer(module: Module, call: ast.Call) -> bool:
    name = last_name(call)
    if isinstance(module.parent(call), ast.Raise):
        # Flask answers with the description that such an exception was given
        return (module.qualified(call.func) or "").startswith("werkzeug.exceptions.") or _is_answered(module, call)
    if not any(name in names for names in _ANSWERS.values()):
        return False
    package = (module.qualified(call.func) or "").partition(".")[0]
    return name in _ANSWERS.get(package, ()) or (name == "abort" and isinstance(call.func, ast.Attribute))


def _is_answered(module: Module, call: ast.Call) -> bool:
    """Tell whether a handler of the project makes its answer of the text of such an exception."""
    target = module.resolve(call.func)
    if not isinstance(target, Definition) or not isinstance(target.node, ast.ClassDef):
        return False
    for other in target.module.project.holding(target.node.name):
        for function in other.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            if any(_is_class(other, kind, target) for kind in handled(other, function)) and _tells_text(function):
                return True
    return False


def _is_class(module: Module, kind: ast.expr, wanted: Definition) -> bool:
    found = module.resolve(kind) if last_name(kind) == getattr(wanted.node, "name", "") else None
    return isinstance(found, Definition) and found.node is wanted.node


def _tells_text(function: Function) -> bool:
    """Tell whether a handler puts its exception, or what that has of text, into what it returns or logs for it."""
    given = function.args.args[0].arg if function.args.args else ""
    for node in ast.walk(function):
        told = isinstance(node, ast.Attribute) and last_name(node.value) == given and node.attr in _TEXTS
        made = isinstance(node, ast.Call) and last_name(node) in ("str", "repr", "format")
        if told or (isinstance(node, ast.Call) and made and any(last_name(each) == given for each in node.args[:1])):
            return True
    return False


def _puts_into_answer(module: Module, call: ast.Call, given: ast.AST, depth: int) -> bool:
    """Tell whether a function of the project makes an answer of a text that it is given: `failed(message=text)`."""
    target = module.resolve(call.func) if depth < _DEEPEST and given is not call.func else None
    if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef):
        return False
    name = _parameter(call, given, target.node)
    if name is None or target.module.function_of(target.node) is not None:
        return False
    uses = [node for node in ast.walk(target.node) if isinstance(node, ast.Name) and node.id == name]
    return any(_answered(target.module, use) for use in uses if isinstance(use.ctx, ast.Load))


def _answered(module: Module, use: ast.Name) -> bool:
    """Tell whether an expression puts a name into a body that it makes."""
    around = (outer for outer in _expression(module, use) if isinstance(outer, ast.Call))
    return any(last_name(outer) in ("jsonify", "make_response", "Response") for outer in around)


def _parameter(call: ast.Call, given: ast.AST, function: Function) -> str | None:
    """Return the parameter that an argument of a call fills, None where that cannot be told."""
    if isinstance(given, ast.keyword):
        return given.arg
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if any(isinstance(each, ast.Starred) for each in call.args):
        return None
    bound = 1 if names[:1] in (["self"], ["cls"]) and isinstance(call.func, ast.Attribute) else 0
    position = next((index + bound for index, each in enumerate(call.args) if each is given), len(names))
    return names[position] if position < len(names) else None


def _expression(module: Module, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands around an expression, up to its statement."""
    for outer in module.ancestors(node):
        if isinstance(outer, ast.stmt):
            return
        yield outer


def _hands_on(call: ast.Call, given: ast.AST) -> bool:
    """Tell whether what a call answers with holds what it is given, or the object whose method it is."""
    name = last_name(call)
    if given is call.func:
        return name in CARRYING_METHODS or name in _SERIALIZES
    if name in CARRIERS or name in ("format", "join"):
        return True
    told = words(name)
    return not _ANSWERING_WORDS.isdisjoint(told) and told[-1] not in _NO_TEXT


def _only_asks(module: Module, call: ast.Call, given: ast.AST) -> bool:
    """Tell whether a function of the project takes a value for its decisions alone, and raises it again at most."""
    given_as = next((index for index, each in enumerate(call.args) if each is given), None)
    target = module.resolve(call.func) if given_as is not None else None
    if given_as is None or not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef):
        return False
    parameters = [each.arg for each in (*target.node.args.posonlyargs, *target.node.args.args)]
    position = given_as + (isinstance(call.func, ast.Attribute) and parameters[:1] in (["self"], ["cls"]))
    if position >= len(parameters) or any(isinstance(each, ast.Starred) for each in call.args):
        return False
    uses = [node for node in ast.walk(target.node) if isinstance(node, ast.Name) and node.id == parameters[position]]
    return bool(uses) and all(_asked(target.module, use) for use in uses)


def _asked(module: Module, use: ast.AST) -> bool:
    """Tell whether a name stands in a condition, or is raised as it is."""
    inner = use
    for outer in module.ancestors(use):
        if isinstance(outer, ast.If | ast.While | ast.IfExp) and inner is outer.test:
            return True
        if isinstance(outer, ast.Raise):
            return inner is use
        if isinstance(outer, ast.stmt):
            return False
        inner = outer
    return False


def _only_decides(outer: ast.AST, inner: ast.AST) -> bool:
    """Tell whether a value is only looked at where it stands: as a condition or an index."""
    if isinstance(outer, ast.IfExp):
        return inner is outer.test
    if isinstance(outer, ast.comprehension):
        return inner in outer.ifs
    return isinstance(outer, ast.Subscript) and inner is outer.slice


def _returned(module: Module, statement: ast.Return, depth: int) -> bool:
    function = module.function_of(statement)
    if function is None or depth >= _DEEPEST:
        return False
    stands_for_view = module.endpoints(function) or any(last_name(mark) == "wraps" for mark in function.decorator_list)
    if answers(module, function) or (_has_status(module, statement) and stands_for_view):
        return True
    callers = reading.callers(module, function)
    return any(reaches_client(other, call, depth + 1) for other, _, call in callers)


def _has_status(module: Module, statement: ast.Return) -> bool:
    """Tell whether what is returned looks like an answer: a body with a status behind it."""
    value = statement.value
    if not isinstance(value, ast.Tuple) or len(value.elts) < 2:
        return False
    status = module.constant(value.elts[1])
    return isinstance(status, int) and not isinstance(status, bool) and 200 <= status < 600


def _uses(module: Module, statement: ast.Assign | ast.AnnAssign | ast.AugAssign, depth: int) -> Iterator[ast.Name]:
    """Yield where the variable that an assignment fills is read in the same function, further down."""
    target: ast.AST = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    while isinstance(target, ast.Subscript):
        target = target.value
    function = module.function_of(statement)
    if not isinstance(target, ast.Name) or function is None or depth >= _DEEPEST:
        return
    for load in ast.walk(function):
        if not (isinstance(load, ast.Name) and load.id == target.id and isinstance(load.ctx, ast.Load)):
            continue
        if load.lineno > statement.lineno and not isinstance(module.parent(load), ast.Subscript | ast.Attribute):
            yield load
