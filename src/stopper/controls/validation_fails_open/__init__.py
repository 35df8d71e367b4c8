"""A token that cannot be verified is let through.

## What is wrong

The verification of a token fails, and the code that catches the failure goes on: it calls the view, answers that the
token is good, or reads the claims without verifying them. Or nothing catches it: a malformed token ends in a server
error instead of a refusal.

## Why it matters

Whoever makes the verification fail is let in, and a token that makes it fail is easy to write: one with a broken
signature, an odd type, a missing part (ASVS 5.0.0 16.5.3, CWE-636, CWE-755). A server error lets nobody in; it shows
that nobody thought of such tokens, and fills the logs with them (RFC 6750 section 3.1 has 401 for them).

## Bad

    try:
        g.user = verify(token)
    except Exception:
        pass
    return view(*args, **kwargs)

## Good

    try:
        g.user = verify(token)
    except TokenError:
        abort(401)
    return view(*args, **kwargs)

## References

RFC 6750 section 3.1; ASVS 5.0.0 16.5.3; OWASP API2:2023; CWE-636, CWE-755.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator, Sequence

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import Act, JoseCall, jose_calls, last_name, place, reading, words
from stopper.observe.source.rewriting import after, at, named, removed, replaced
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import let_in, turned_away
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT417",
    name="validation_fails_open",
    severity=Severity.HIGH,
    title="A token that cannot be verified is let through",
    witnesses="C S A",
    requirements=("V37",),
    labels=("fail_open", "broad_except"),
    cwe=(636, 755),
    implied_by=("BT402", "BT403"),
)

_MALFORMED = (
    ("a header and claims that are lists", "W10.W10.AAAA"),
    ("an algorithm that is a list", "eyJhbGciOltdfQ.e30.AAAA"),
    ("nothing between its dots", ".."),
    ("a header that is no JSON", "AAAA.AAAA.AAAA"),
    ("letters beyond ASCII", "\u00fc\u4e2d"),
    ("eight thousand characters", "A" * 8000),
)
"""Tokens that no API ever issued, and what is wrong with each; a JWT's first."""
_TELLING = 2
"""So many of them are sent where another operation was asked with all of them."""


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present malformed tokens, which must be refused: neither let in nor answered with a server error.

    What is not refused must be so twice; the promise is kept only if every token was turned away.
    """
    if live.baseline.access is not Access.GUARDED or live.credential is None:
        return ()
    kept = True
    crashed: tuple[str, Exchange] | None = None
    for label, token in _MALFORMED if live.thorough else _MALFORMED[:_TELLING]:
        request = live.with_credential(live.credential.changed(token, label))
        exchange = yield request
        if not turned_away(exchange, live.baseline):
            exchange = yield request
        if let_in(exchange, live.baseline):
            return (_let_in(live, label, exchange),)
        if _failed(exchange):
            crashed = crashed or (label, exchange)
        kept = kept and turned_away(exchange, live.baseline)
    if crashed:
        return (_crashed(live, *crashed),)
    message = f"{live.endpoint} refuses malformed tokens"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),) if kept else ()


def _failed(exchange: Exchange) -> bool:
    """Tell whether a request ended in a fault of the program: 503 and the like are no answer to the token."""
    return exchange.error.startswith("exception: ") or bool(exchange.response and exchange.response.status == 500)


def _let_in(live: Live, label: str, exchange: Exchange) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{live.endpoint} lets a token with {label} in",
        endpoints=(live.endpoint,),
        evidence=(evidence("let in with a malformed token", live.baseline.nothing, exchange),),
        strength=Strength.PROVEN,
        cause="malformed tokens",
    )


def _crashed(live: Live, label: str, exchange: Exchange) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{live.endpoint} answers a token with {label} with a server error",
        endpoints=(live.endpoint,),
        evidence=(evidence("a server error for a malformed token", live.baseline.nothing, exchange),),
        strength=Strength.PROVEN,
        cause="malformed tokens",
        severity=Severity.LOW,
    )


# --------------------------------------------------------------------------- the source


_VERIFYING = frozenset({"verify", "validate", "authenticate", "decode", "check", "introspect"})
_TOKENS = frozenset({"token", "jwt", "bearer", "signature", "claims", "credentials"})
_REFUSING = frozenset(
    "revoked expired blacklisted blocklisted blocked denied invalid unauthorized forbidden revocation".split()
)
"""Words of functions whose True turns the caller away."""

_NOT_PRESENTED = frozenset({"NoAuthorizationError", "MissingTokenError", "KeyError", "IndexError", "AttributeError"})
"""Exceptions that say that no token was presented, which an operation for everybody may allow."""

_IDENTITY = frozenset({"user", "identity", "claims", "payload", "account", "principal", "authenticated", "subject"})


def source(module: Module) -> Iterable[Verdict]:
    """Look at what is done where the verification of a token fails."""
    if "except" not in module.text or not module.mentions(*_TOKENS):
        return
    fallbacks = {id(_handler(call)) for call in jose_calls(module) if _falls_back(call)}
    for attempt in module.nodes(ast.Try):
        function = module.function_of(attempt)
        if function is None or not any(_verifies(module, node) for node in _body(attempt)):
            continue
        for handler in attempt.handlers:
            fault, weight = _fault(module, function, attempt, handler)
            if id(handler) in fallbacks:
                fault, weight = "the claims are read without verification where the verification failed", Severity.HIGH
            if fault:
                yield from _broken(module, handler, fault, weight)
            elif _leaves(module, handler.body):
                yield Verdict(True, "a token that fails is turned away", place=place(module, handler))


def _body(attempt: ast.Try) -> Iterator[ast.AST]:
    for statement in attempt.body:
        yield from within(statement)


def _verifies(module: Module, node: ast.AST) -> bool:
    """Tell whether a call verifies a token: by its name and what it is given."""
    if not isinstance(node, ast.Call):
        return False
    told = set(words(last_name(node)))
    if _VERIFYING.isdisjoint(told):
        return False
    given = (word for argument in node.args for word in words(last_name(argument)))
    return not _TOKENS.isdisjoint(told) or not _TOKENS.isdisjoint(given)


def _fault(module: Module, function: Function, attempt: ast.Try, handler: ast.ExceptHandler) -> tuple[str, Severity]:
    """Return what lets a caller through after a failure, with its weight; "" where nothing does."""
    if _only_absent(handler) or "optional" in words(_around(module, function)):
        return "", CONTROL.severity
    if any(_calls_view(module, function, node) for statement in handler.body for node in within(statement)):
        return "the view is called although the verification failed", CONTROL.severity
    if _REFUSING.isdisjoint(words(function.name)) and any(_says_yes(statement) for statement in handler.body):
        return f"`{function.name}` says yes where the verification failed", CONTROL.severity
    if not _leaves(module, handler.body) and _goes_on(module, function, attempt):
        return "a failed verification is passed over, and the view is called", Severity.MEDIUM
    return "", CONTROL.severity


def _only_absent(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(last_name(kind) in _NOT_PRESENTED for kind in kinds)


def _around(module: Module, function: Function) -> str:
    """Return the names of a function and of what it stands in."""
    outer = module.function_of(function)
    return f"{function.name}_{outer.name}" if outer is not None else function.name


def _says_yes(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Return)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is True
    )


def _leaves(module: Module, body: list[ast.stmt]) -> bool:
    """Tell whether a block ends the function on its way."""
    for statement in body:
        if isinstance(statement, ast.Return | ast.Raise):
            return True
        if isinstance(statement, ast.Expr) and last_name(statement.value) in ("abort", "exit", "fail"):
            return True
        both = isinstance(statement, ast.If) and _leaves(module, statement.body) and _leaves(module, statement.orelse)
        if both:
            return True
    return False


def _calls_view(module: Module, function: Function, node: ast.AST) -> bool:
    """Tell whether a call is that of the view that a decorator was given."""
    outer = module.function_of(function)
    if outer is None or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    given = {argument.arg for argument in (*outer.args.posonlyargs, *outer.args.args)}
    return node.func.id in given and any(isinstance(argument, ast.Starred) for argument in node.args)


def _goes_on(module: Module, function: Function, attempt: ast.Try) -> bool:
    """Tell whether the view is called after an attempt without a look at what it brought."""
    end = attempt.end_lineno or attempt.lineno
    after = [node for node in within(function) if getattr(node, "lineno", 0) > end]
    if not any(_calls_view(module, function, node) for node in after):
        return False
    brought = _brought(module, attempt)
    tests = (node.test for node in after if isinstance(node, ast.If | ast.IfExp))
    return not any(_asks(part, brought) for test in tests for part in within(test))


def _brought(module: Module, attempt: ast.Try) -> set[str]:
    """Return the variables that take what a verification answers."""
    found: set[str] = set()
    for node in _body(attempt):
        if isinstance(node, ast.Assign) and any(_verifies(module, part) for part in within(node.value)):
            found.update(last_name(part) for target in node.targets for part in within(target))
    return found - {""}


def _asks(node: ast.AST, brought: set[str]) -> bool:
    name = last_name(node)
    return bool(name) and (name in brought or not _IDENTITY.isdisjoint(words(name)))


def _falls_back(call: JoseCall) -> bool:
    """Tell whether a call reads claims without verifying them after a failure, and they are used."""
    unverified = call.act is Act.READ or (call.act is Act.VERIFY and call.verifies is False)
    return unverified and reading.after_failure(call) and not reading.only_selects(reading.uses(call))


def _handler(call: JoseCall) -> ast.ExceptHandler | None:
    """Return the outermost handler of the function that a call stands in."""
    found = None
    for outer in call.module.ancestors(call.node):
        if outer is call.function:
            break
        if isinstance(outer, ast.ExceptHandler):
            found = outer
    return found


def _broken(module: Module, node: ast.AST, message: str, full: Severity) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=message,
        place=place(module, node),
        endpoints=module.endpoints(node),
        severity=full,
    )


# --------------------------------------------------------------------------- the repair

_LINES = ("except InvalidTokenError:", "    abort(401)")


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Turn the caller away where the verification failed."""
    for handler in at(module, where, ast.ExceptHandler):
        attempt, function = module.parent(handler), module.function_of(handler)
        if isinstance(handler, ast.ExceptHandler) and isinstance(attempt, ast.Try) and function is not None:
            changes = _refusing(module, function, attempt, handler)
            if not changes:
                return ByHand("what the handler does instead has to be looked at", _LINES)
            decide = ("callers without a good token, who came in until now, are refused: an open view needs no guard",)
            why = "a token that cannot be verified opens nothing"
            return Rewrite(why, tuple(changes), Risk.STRICTER, decide)
    return None


def _refusing(module: Module, function: Function, attempt: ast.Try, handler: ast.ExceptHandler) -> list[Change]:
    """Return what makes a handler refuse: it says no, or answers 401 instead of calling the view or going on."""
    nodes = [node for statement in handler.body for node in within(statement)]
    called = [node for node in nodes if isinstance(node, ast.Call) and _calls_view(module, function, node)]
    yes = [each.value for each in handler.body if isinstance(each, ast.Return) and each.value and _says_yes(each)]
    if called:
        refusal, imports = named(module, "flask.abort")
        whole = all(isinstance(module.parent(call), ast.Return) for call in called)
        return [*(replaced(module, call, f"{refusal}(401)") for call in called), *imports] if whole else []
    if yes:
        return [replaced(module, value, "False") for value in yes]
    quiet = all(isinstance(each, ast.Pass) or _only_logs(each) for each in handler.body)
    if not quiet or not _goes_on(module, function, attempt):
        return []
    refusal, imports = named(module, "flask.abort")
    gone = [removed(module, each) for each in handler.body if isinstance(each, ast.Pass)]
    return [after(module, handler.body[-1], f"{refusal}(401)"), *gone, *imports]


def _only_logs(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Constant)
