"""An answer that holds a token may be kept by caches.

## What is wrong

A token endpoint answers without `Cache-Control: no-store`, or an answer to an authenticated request is marked
`public` or `s-maxage`, so that shared caches may keep it and hand it to others.

## Why it matters

Browsers, proxies and content networks write answers to disk. A token in a cache outlives the session, is found by the
next user of the machine, and is served to a stranger where the cache's key leaves the credential out
(RFC 6749 section 5.1, ASVS 5.0.0 14.3.2, CWE-524).

## Bad

    return {"access_token": token}

## Good

    return {"access_token": token}, 200, {"Cache-Control": "no-store"}

The guard sets it on every answer that issues a token or was given to one.

## References

RFC 6749 section 5.1; RFC 9111 sections 3.5 and 5.2.2.5; ASVS 5.0.0 14.3.2; CWE-524, CWE-525.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source import UNKNOWN, Definition, Function, Module, Project, within
from stopper.observe.source.flows import reading
from stopper.observe.source.mending import dedented, with_member
from stopper.observe.source.rewriting import at, before, replaced, written
from stopper.observe.views import Exchange, Purpose
from stopper.observe.wire.answers import tokens_in
from stopper.observe.wire.compare import succeeded
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite

CONTROL = Control(
    id="BT307",
    name="token_answer_cacheable",
    severity=Severity.MEDIUM,
    title="An answer with a token may be cached",
    witnesses="W S A",
    requirements=("B07", "B08", "B09"),
    labels=("no_store",),
    cwe=(524, 525),
    guard="gate.Gate.guarded",
)

_SHARED = re.compile(r"(?:^|[\s,])(?:public|s-maxage\s*=\s*[1-9])", re.IGNORECASE)
_NO_STORE = re.compile(r"(?:^|[\s,])no-store(?:$|[\s,])", re.IGNORECASE)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at answers that hand out a token, and at authenticated answers that invite shared caches.

    An answer to a request with an Authorization header is not kept by a shared cache unless it says so
    (RFC 9111 section 3.5), so that silence there is no fault.
    """
    response, endpoint = exchange.response, exchange.endpoint
    if not response or not endpoint or not succeeded(exchange):
        return
    said = ", ".join(response.all_headers("Cache-Control"))
    if tokens_in(response):
        if _NO_STORE.search(said):
            message = f"{endpoint} forbids caches to store its token"
            yield Verdict(True, message, endpoints=(endpoint,), strength=Strength.PROVEN)
        else:
            yield _broken(exchange, f"{endpoint} answers with a token and without Cache-Control: no-store")
    elif exchange.purpose is Purpose.ORIGINAL and _SHARED.search(said) and not _NO_STORE.search(said):
        yield _broken(exchange, f"{endpoint} invites shared caches to keep an authenticated answer")


def _broken(exchange: Exchange, message: str) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        endpoints=(exchange.endpoint,) if exchange.endpoint else (),
        evidence=(evidence("the answer", exchange),),
        strength=Strength.PROVEN,
    )


# --------------------------------------------------------------------------- the source


_TOKEN_KEYS = re.compile(r"(?!.*(?:csrf|xsrf|next|page|continuation|device|push|fcm))\w*token|jwt", re.IGNORECASE)
_ANSWERS = frozenset({"jsonify", "make_response", "Response", "JSONResponse", "json_response"})
_PUTS_TOGETHER = _ANSWERS | {"dumps", "dict"}
_UNCACHED = re.compile(r"no_?store|never_?cache|un_?cached|dont_?cache", re.IGNORECASE)
_MAY_FORBID = ("no-store", "no_store", "after_request", "after_app_request", "guard(", "jwtmanager(")
_AFTER = frozenset({"after_request", "after_app_request"})
_GUARDS = {"Guard": "stopper.guard.Guard", "JWTManager": "stopper.guard.compat.flask_jwt_extended.JWTManager"}
"""What answers with no-store wherever a token goes out."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at what returns a token in a JSON object to a caller: something must forbid caches to store it."""
    # a class of views may be registered elsewhere than it is written
    lines = {route.view.line for route in module.project.routes if route.view.uri == module.path}
    if not lines and not module.mentions(*map(str.lower, _ANSWERS)):
        return
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        first = function.decorator_list[0] if function.decorator_list else function
        view = first.lineno in lines
        for answer in module.returns(function):
            value = answer.value
            if value is None or not (view or _is_answer(value)) or not _hands_out(module, function, value):
                continue
            if module.endpoints(function):
                yield _judged(module, function, answer)


def _is_answer(value: ast.expr) -> bool:
    """Tell whether an expression makes a response, which only a view returns in the end."""
    value = value.elts[0] if isinstance(value, ast.Tuple) and value.elts else value
    return isinstance(value, ast.Call) and _last(value) in _ANSWERS


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _judged(module: Module, function: Function, answer: ast.Return) -> Verdict:
    place, endpoints = module.place(answer), module.endpoints(function)
    overwritten, filled_in = _said_for_all(module.project)
    said = _says_no_store(module, function) or _answer_says(module, function)
    otherwise = not said and any(_is_cache_control(node) for node in within(function))
    if said or overwritten or (filled_in and not otherwise):
        message = f"`{function.name}` returns a token that caches are told not to store"
        return Verdict(True, message, place, endpoints)
    what = "its Cache-Control lets caches store it" if otherwise else "nothing sets Cache-Control: no-store"
    return Verdict(False, f"`{function.name}` returns a token, and {what}", place, endpoints)


def _is_cache_control(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() == "cache-control"


def _hands_out(module: Module, function: Function, answer: ast.expr, steps: int = 6) -> bool:
    """Tell whether an answer is a JSON object with a token in it, written here or built in a variable above."""
    value = answer.elts[0] if isinstance(answer, ast.Tuple) and answer.elts else answer
    if steps == 0:  # `response = make_response(response)` and the like
        return False
    if isinstance(value, ast.Name):
        return any(_hands_out(module, function, each, steps - 1) for each in _assigned(module, function, value))
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return any(_is_token(module, key, each) for key, each in pairs) or any(
            isinstance(each, ast.Dict) and _hands_out(module, function, each, steps - 1) for each in value.values
        )
    if not isinstance(value, ast.Call):
        return False
    if _last(value) not in _PUTS_TOGETHER:
        return False
    named = any(_TOKEN_KEYS.fullmatch(keyword.arg or "") and _made(module, keyword.value) for keyword in value.keywords)
    return named or any(_hands_out(module, function, each, steps - 1) for each in value.args)


def _assigned(module: Module, function: Function, use: ast.Name) -> Iterator[ast.expr]:
    """Yield what a variable may hold where it is used; what was written before the last whole value is gone."""
    name, since = use.id, _last_written(module, use)
    for node in within(function):
        if (
            isinstance(node, ast.Assign)
            and since <= node.lineno
            and module.function_of(node) is function
            and not isinstance(node.value, ast.Name)
        ):
            if any(_is(target, name) for target in node.targets):
                yield node.value
            elif any(_sets_token(module, target, name) for target in node.targets) and _made(module, node.value):
                yield ast.Dict(keys=[ast.Constant("token")], values=[node.value])


def _last_written(module: Module, use: ast.Name) -> int:
    """Return the line above a use, in the same block, that gives the variable a whole new value; 0 for none."""
    statement = next(outer for outer in module.ancestors(use) if isinstance(outer, ast.stmt))
    around = module.parent(statement)
    blocks = (getattr(around, field, None) for field in ("body", "orelse", "finalbody"))
    block = next((each for each in blocks if isinstance(each, list) and statement in each), [])
    for above in reversed(block[: block.index(statement)] if block else []):
        if isinstance(above, ast.Assign) and any(_is(target, use.id) for target in above.targets):
            return 0 if any(_is(node, use.id) for node in within(above.value)) else above.lineno
    return 0


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _sets_token(module: Module, target: ast.expr, name: str) -> bool:
    if not (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name):
        return False
    key = module.constant(target.slice)
    return isinstance(key, str) and bool(_TOKEN_KEYS.fullmatch(key))


def _is_token(module: Module, key: ast.expr | None, value: ast.expr) -> bool:
    name = module.constant(key) if key is not None else None
    return isinstance(name, str) and bool(_TOKEN_KEYS.fullmatch(name)) and _made(module, value)


def _made(module: Module, value: ast.expr) -> bool:
    """Tell whether a value may be a token: no literal, and no test or count."""
    if isinstance(value, ast.Compare | ast.Dict | ast.List) or module.constant(value) is not UNKNOWN:
        return False
    return not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("bool", "len"))


def _answer_says(module: Module, function: Function) -> bool:
    """Tell whether what a view builds its answer with, or a decorator of it, sets no-store."""
    for node in within(function):
        target = module.resolve(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if (
            isinstance(target, Definition)
            and target.node is not function
            and _says_no_store(target.module, target.node)
        ):
            return True
    return False


def _says_no_store(module: Module, top: ast.AST) -> bool:
    for node in within(top):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "no-store" in node.value.lower():
            return True
        if isinstance(node, ast.Name | ast.Attribute):
            if _UNCACHED.fullmatch(node.attr if isinstance(node, ast.Attribute) else node.id):
                return True
            value = module.constant(node)
            if isinstance(value, str | dict) and "no-store" in str(value).lower():
                return True
    return False


def _said_for_all(project: Project) -> tuple[bool, bool]:
    """Tell whether something after each request sets no-store over any other value, or where there is none."""
    overwritten = filled_in = False
    for module in project.modules:
        if not module.mentions(*_MAY_FORBID):
            continue
        for target in _after_each(module):
            if _says_no_store(target.module, target.node):
                default = any(
                    isinstance(node, ast.Attribute) and node.attr == "setdefault" for node in within(target.node)
                )
                filled_in, overwritten = True, overwritten or not default
        if any(module.qualified(call.func) == _GUARDS[name] for name in _GUARDS for call in _named(module, name)):
            overwritten = True
    return overwritten, filled_in


def _after_each(module: Module) -> Iterator[Definition]:
    """Yield the functions that run after each request of an application or blueprint."""
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        if any(isinstance(each, ast.Attribute) and each.attr in _AFTER for each in function.decorator_list):
            yield Definition(module, function)
    for name in _AFTER:
        for call in _named(module, name):
            target = module.resolve(call.args[0]) if call.args else None
            if isinstance(target, Definition):
                yield target


def _named(module: Module, name: str) -> Iterator[ast.Call]:
    return (call for call in module.nodes(ast.Call) if _last(call) == name)


# --------------------------------------------------------------------------- the repair

_LINES = ('response.headers["Cache-Control"] = "no-store"',)
_WHY = "no cache on the way keeps the token"


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Forbid caches to store the answer: in the header that it has, or in one more."""
    for answer in at(module, where, ast.Return):
        function = module.function_of(answer)
        if not isinstance(answer, ast.Return) or answer.value is None or function is None:
            continue
        said = [node for node in within(function) if _is_cache_control(node)]
        if said:
            return _said_otherwise(module, said)
        return _added(module, function, answer, answer.value)
    return None


def _said_otherwise(module: Module, said: list[ast.AST]) -> Rewrite | ByHand:
    """Give the header another value wherever the view sets it."""
    changes: list[Change] = []
    for key in said:
        around = module.parent(key)
        value: ast.expr | None = None
        if isinstance(around, ast.Dict):
            value = next((each for name, each in zip(around.keys, around.values, strict=True) if name is key), None)
        elif isinstance(around, ast.Subscript):
            assign = module.parent(around)
            value = assign.value if isinstance(assign, ast.Assign) and around in assign.targets else None
        if value is None:
            return ByHand("the header is set in a way that has to be looked at", _LINES)
        changes.append(replaced(module, value, '"no-store"'))
    return Rewrite(_WHY, tuple(changes))


def _added(module: Module, function: Function, answer: ast.Return, value: ast.expr) -> Rewrite | ByHand:
    if isinstance(value, ast.Name) and _is_response(module, function, value):
        return Rewrite(_WHY, (before(module, answer, f'{value.id}.headers["Cache-Control"] = "no-store"'),))
    if list(reading.callers(module, function)) or not _is_view(module, function) or _taken_up(module, function):
        return ByHand("others use what the function returns: set the header where the answer is made", _LINES)
    if isinstance(value, ast.Tuple) and len(value.elts) == 3 and isinstance(value.elts[2], ast.Dict):
        return Rewrite(_WHY, (with_member(module, value.elts[2], '"Cache-Control": "no-store"'),))
    if isinstance(value, ast.Tuple):
        status = module.constant(value.elts[1]) if len(value.elts) == 2 else None
        if not isinstance(status, int):
            return ByHand("the answer has headers that are made elsewhere: set this one there", _LINES)
        last = value.elts[1]
        return Rewrite(_WHY, (replaced(module, last, f'{written(module, last)}, {{"Cache-Control": "no-store"}}'),))
    plain = isinstance(value, ast.Dict) or (isinstance(value, ast.Call) and _last(value) in ("jsonify", "dict"))
    if not plain:
        return ByHand("the answer is not put together here", _LINES)
    text = f'{written(module, value)}, 200, {{"Cache-Control": "no-store"}}'
    return Rewrite(_WHY, (replaced(module, value, dedented(module, value, text)),))


def _is_view(module: Module, function: Function) -> bool:
    return any(view.node is function for _, view in module.project.routing.views)


def _taken_up(module: Module, function: Function) -> bool:
    """Tell whether a decorator of the project does something with the response, and would not know a tuple."""
    for decorator in function.decorator_list:
        target = module.resolve(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if isinstance(target, Definition):
            read = {node.attr for node in within(target.node) if isinstance(node, ast.Attribute)}
            if not _OF_RESPONSE.isdisjoint(read):
                return True
    return False


def _is_response(module: Module, function: Function, name: ast.Name) -> bool:
    """Tell whether all that a variable is given are Flask's responses."""
    given = [
        node.value
        for node in within(function)
        if isinstance(node, ast.Assign) and any(_is(target, name.id) for target in node.targets)
    ]
    return bool(given) and all(isinstance(each, ast.Call) and _last(each) in _RESPONSES for each in given)


_RESPONSES = frozenset({"jsonify", "make_response", "Response"})
_OF_RESPONSE = frozenset({"status_code", "set_cookie", "set_data", "get_data", "get_json", "mimetype"})
