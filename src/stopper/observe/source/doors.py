"""What code does with a caller who presents nothing: which credential it looks for, and whether it turns him away.

A small interpreter runs a function's statements for an anonymous caller. Whatever would hold his credential is absent,
so tests on it come out; a refusal counts where such a test, or the failure of a verification, leads to it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stopper.model import Endpoint
from stopper.observe.source.names import Definition
from stopper.observe.source.syntax import Function, within

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_STEPS = 4
"""Calls that are followed into the project's own functions."""

_CREDENTIAL = re.compile(
    r"(^|[-_. ])(authorization|bearer|token|jwt|api[-_]?key|apikey|auth|access[-_]?token|[a-z-]*token)s?($|[-_. ])",
    re.I,
)
_IDENTITY = re.compile(r"(user|identity|auth|token|account|logged|claims|principal|admin)", re.I)
_READERS = {
    "flask.request.authorization": "basic",
    "flask_login.current_user": "session",
    "flask_login.utils.current_user": "session",
    "flask_security.current_user": "session",
    "flask_jwt_extended.get_jwt_identity": "bearer",
    "flask_jwt_extended.get_jwt": "bearer",
    "flask_jwt_extended.get_jwt_claims": "bearer",
    "flask_jwt_extended.get_raw_jwt": "bearer",
    "flask_jwt_extended.current_user": "bearer",
    "flask_jwt_extended.get_current_user": "bearer",
}
"""Names whose use reads who the caller is."""

_CHECKS = re.compile(
    r"(^|\.)verify_jwt(_refresh_token)?_in_request$|\.acquire_token$|(^|\.)(jwt|jose\.jwt|joserfc\.jwt|authlib\.jose\.jwt)"
    r"\.decode$|(^|\.)jwt_required$"
)
"""Names whose call verifies a credential and raises where there is none."""

_PROVIDED = re.compile(r"(id_?token|state)", re.I)
_STATUS = frozenset({"status_code", "status"})
_UNAUTHORIZED = 401
_SCHEMES = frozenset({"basic", "bearer", "digest"})
_NO = re.compile(
    r"unauthori[sz]ed|unauthenticated|forbidden|denied|not (logged|authori[sz]ed|authenticated|allowed)|invalid|missing"
    r"|required|expired|log ?in",
    re.IGNORECASE,
)
"""Words in an answer's text that say no, where its status does not."""

_PERMISSION_METHODS = frozenset({"can", "is_authenticated", "is_logged_in", "allows"})
"""Methods that, asked without an argument, say what the caller may do: Flask-Principal's `permission.can()`."""

_MAY = re.compile(r"^(has|check)_(access|permissions?|roles?)$")
"""Methods that are asked whether the caller may do something: Flask-AppBuilder's `sm.has_access(what, where)`."""

_NOBODY = re.compile(r"(^|_)(history|locale|languages?|lang|theme|timezone|cart|csrf|flashes|next)($|_)", re.I)
"""Members of a session that say nothing of who the caller is."""

_REFUSING_NAMES = re.compile(
    r"(unauthori[sz]ed|unauthenticated|forbidden|not_?authori[sz]ed|access_?denied|permission_?denied|login_?required)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a hook sees of a request when it decides: the operation, the view's name, its blueprint's name.

    `parameters` are the hook's own names for the endpoint and for the values of the path, where Flask hands them over.
    """

    endpoint: Endpoint
    view: str
    blueprint: str
    parameters: tuple[str, ...] = ()


@dataclass(slots=True)
class Door:
    """What a piece of code does with the caller: which credentials it reads, whether it refuses, what was not seen.

    `schemes` are the authentication schemes that it names (RFC 9110, section 11.1).
    """

    reads: set[str] = field(default_factory=set)
    schemes: set[str] = field(default_factory=set)
    refuses: bool = False
    unseen: bool = False

    @property
    def guards(self) -> bool:
        """Tell whether it asks for a credential and turns away a caller who has none."""
        return bool(self.reads) and self.refuses

    @property
    def kind(self) -> str:
        """Return the kind of credential read, the strongest word first; Basic and Digest stand in the same header."""
        if "bearer" in self.reads and self.schemes and "bearer" not in self.schemes:
            return "basic"
        return next((kind for kind in ("bearer", "basic", "session", "other") if kind in self.reads), "unknown")


def door(module: Module, function: Function, arrival: Arrival | None = None) -> Door:
    """Return what a function does with an anonymous caller, followed through the project's own functions."""
    try:
        return _examined(module, function, False, arrival, _STEPS)
    except RecursionError:  # a chain of a thousand branches: nothing is claimed of it
        return Door(unseen=True)


def _examined(module: Module, function: Function, told: bool, arrival: Arrival | None, steps: int) -> Door:
    memory = module.project.doors
    key = (function, told, arrival, steps)
    if key not in memory:
        memory[key] = Door()
        examiner = _Examiner(module, arrival, steps)
        if told:
            every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            examiner.derived.update(argument.arg for argument in every if argument.arg not in ("self", "cls"))
        examiner.block(function.body, False)
        memory[key] = examiner.found
    return memory[key]


class _Examiner:
    """One function's run.

    `derived` names hold something of the credential, `absent` ones are empty without one or for this operation,
    `certain` ones are true for it, `refusals` hold an answer that turns the caller away.
    """

    def __init__(self, module: Module, arrival: Arrival | None, steps: int) -> None:
        self.module = module
        self.arrival = arrival
        self.steps = steps
        self.found = Door()
        self.derived: set[str] = set()
        self.absent: set[str] = set()
        self.certain: set[str] = set()
        self.refusals: set[str] = set()

    # ------------------------------------------------------------------ statements

    def block(self, statements: Iterable[ast.stmt], tied: bool) -> bool:
        """Run statements; `tied` says that a test of the credential led here. Returns whether they surely end."""
        due = False
        for statement in statements:
            if self._statement(statement, tied or (due and isinstance(statement, ast.Raise | ast.Return | ast.Expr))):
                return True
            # what stands right after `if permission.can(): return ...` answers the callers who may not
            left = isinstance(statement, ast.If) and _leaves(statement) and self.about(statement.test)
            due = left or (due and isinstance(statement, ast.Expr))
        return False

    def _statement(self, node: ast.stmt, tied: bool) -> bool:
        if isinstance(node, ast.If):
            return self._branch(node, tied)
        if isinstance(node, ast.Try):
            return self._attempt(node, tied)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.block(node.body, tied)
            return False
        if isinstance(node, ast.Return | ast.Raise):
            self._leave(node, tied)
            return True
        self._expressions(node, tied)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            self.block(node.body, tied)
            return self.block(node.orelse, tied)
        if isinstance(node, ast.With | ast.AsyncWith):
            return self.block(node.body, tied)
        if isinstance(node, ast.Assign | ast.AnnAssign):
            self._assign(node)
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and self._last(node.value) == "abort"

    def _expressions(self, node: ast.stmt, tied: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.look(child, tied)
            elif isinstance(child, ast.withitem):
                self.look(child.context_expr, tied)

    def _branch(self, node: ast.If, tied: bool) -> bool:
        self.look(node.test, tied)
        about = tied or self.about(node.test)
        truth = self.truth(node.test)
        if truth is not None:
            return self.block(node.body if truth else node.orelse, about)
        ended = self.block(node.body, about)
        if ended and about and not tied and _negative(node.test):
            self.found.refuses = True
        otherwise = self.block(node.orelse, about)
        return ended and otherwise

    def _attempt(self, node: ast.Try, tied: bool) -> bool:
        ended = self.block(node.body, tied)
        about = tied or any(self.about(statement) for statement in node.body)
        for handler in node.handlers:
            ended = self.block(handler.body, about) and ended
        self.block(node.orelse, tied)
        return self.block(node.finalbody, tied) or ended

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        if node.value is None:
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        written = {each.id for target in targets for each in within(target) if isinstance(each, ast.Name)}
        status = isinstance(node, ast.Assign) and _sets_status(node)
        if self._refusing_status(node.value) if status else self._answers_refusal(node.value):
            self.refusals |= written
        if self.about(node.value):
            self.derived |= written
            if self.truth(node.value) is False:
                self.absent |= written
        if self._not_in_path(node.value):
            self.absent |= written
        if isinstance(node.value, ast.Compare) and self._subject(node.value.left) is not None:
            said = self.truth(node.value)
            self.certain = self.certain | written if said else self.certain - written
            self.absent |= written if said is False else set()

    def _leave(self, node: ast.Return | ast.Raise, tied: bool) -> None:
        value = node.value if isinstance(node, ast.Return) else node.exc
        if value is not None:
            self.look(value, tied)
        if isinstance(node, ast.Raise) or (value is not None and self._answers_refusal(value)):
            self.found.refuses = self.found.refuses or tied

    # ------------------------------------------------------------------ expressions

    def look(self, top: ast.expr, tied: bool) -> None:
        """Take in what an expression reads and calls."""
        for node in within(top):
            kind = self._read(node)
            if kind:
                self.found.reads.add(kind)
            if isinstance(node, ast.Call):
                self._call(node, tied)
            elif isinstance(node, ast.Name | ast.Attribute):
                self._follow(node, ())
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.found.schemes |= {node.value.strip().lower()} & _SCHEMES

    def _call(self, node: ast.Call, tied: bool) -> None:
        name = self.module.qualified(node.func) or ""
        if _verifies(node, name):
            self.found.reads.add("bearer")
            self.found.refuses = True
        elif self._last(node) == "abort" or _REFUSING_NAMES.search(self._last(node)):
            self.found.refuses = self.found.refuses or tied
        elif not name:
            self.found.unseen = True
        self._follow(node.func, [*node.args, *(keyword.value for keyword in node.keywords)])

    def _follow(self, node: ast.expr, arguments: Iterable[ast.expr]) -> None:
        target = self.module.resolve(node)
        if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef) and self.steps > 0:
            told = any(self.about(argument) for argument in arguments)
            inner = _examined(target.module, target.node, told, None, self.steps - 1)
            self.found.reads |= inner.reads
            self.found.schemes |= inner.schemes
            self.found.refuses = self.found.refuses or inner.refuses
            self.found.unseen = self.found.unseen or inner.unseen

    def _last(self, node: ast.Call) -> str:
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        return node.func.id if isinstance(node.func, ast.Name) else ""

    def _read(self, node: ast.AST) -> str:
        """Return the kind of credential that one node reads by itself, "" for none."""
        if isinstance(node, ast.Subscript):
            return self._key(node.value, node.slice)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
            return "session" if node.func.attr in _PERMISSION_METHODS else ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if _MAY.search(node.func.attr):
                return "session"
            return self._key(node.func.value, node.args[0]) if node.func.attr in ("get", "pop", "getlist") else ""
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            return self._key(node.comparators[0], node.left)
        if isinstance(node, ast.Attribute | ast.Name):
            name = self.module.qualified(node) or ""
            if name.startswith("flask.g.") and name.count(".") == 2 and _IDENTITY.search(name):
                return "session"
            return _READERS.get(name, "")
        return ""

    def _key(self, holder: ast.expr, key: ast.expr) -> str:
        name = self.module.qualified(holder) or _written(holder)
        value = self.module.constant(key)
        if not isinstance(value, str):
            return "other" if name.endswith("request.headers") and not isinstance(key, ast.Slice) else ""
        if name == "flask.session" or name.endswith(".session"):
            return "" if _NOBODY.search(value) else "session"
        if name == "flask.g" and _IDENTITY.search(value):
            return "session"
        if name.endswith("headers") and ("request" in name or value.lower() == "authorization"):
            return "bearer" if _CREDENTIAL.search(value) else ""
        return "other" if "request" in name and _CREDENTIAL.search(value) else ""

    def about(self, top: ast.AST) -> bool:
        """Tell whether code has to do with the caller's credential."""
        for node in within(top):
            if isinstance(node, ast.Name) and node.id in self.derived:
                return True
            if self._read(node):
                return True
            if isinstance(node, ast.Call):
                if _verifies(node, self.module.qualified(node.func) or ""):
                    return True
                if self._reads_inside(node.func):
                    return True
        return False

    def _reads_inside(self, function: ast.expr) -> bool:
        target = self.module.resolve(function)
        if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef) or self.steps <= 0:
            return False
        return bool(_examined(target.module, target.node, False, None, self.steps - 1).reads)

    # ------------------------------------------------------------------ tests

    def truth(self, test: ast.expr) -> bool | None:
        """Return what a test says for an anonymous caller of this operation, None where it depends on more."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self.truth(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            values = [self.truth(value) for value in test.values]
            decisive = isinstance(test.op, ast.Or)
            if decisive in values:
                return decisive
            return None if None in values else not decisive
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._compared(test)
        if isinstance(test, ast.Name) and test.id in self.certain:
            return True
        if (isinstance(test, ast.Name) and test.id in self.absent) or self._not_in_path(test):
            return False
        if isinstance(test, ast.Attribute) and test.attr in ("is_authenticated", "is_anonymous"):
            return test.attr == "is_anonymous"
        if isinstance(test, ast.Call):
            return self._called(test)
        name = self.module.qualified(test) or ""
        return False if self._read(test) and not name.endswith("current_user") else None

    def _called(self, test: ast.Call) -> bool | None:
        name = self.module.qualified(test.func)
        if name == "bool" and len(test.args) == 1:
            return self.truth(test.args[0])
        if self._read(test):
            return False if len(test.args) < 2 or not self.module.constant(test.args[1]) else None
        if isinstance(test.func, ast.Attribute) and test.args:
            return self._matched(test, test.func)
        target = self.module.resolve(test.func)
        if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef) and self.steps > 0:
            returns = target.module.returns(target.node)
            if len(returns) == 1 and returns[0].value is not None:
                return _Examiner(target.module, self.arrival, self.steps - 1).truth(returns[0].value)
        return None

    def _compared(self, test: ast.Compare) -> bool | None:
        operator, right = test.ops[0], test.comparators[0]
        value = self.module.constant(right)
        if isinstance(operator, ast.In | ast.NotIn) and (self._read(test) or self._holds_nothing(right)):
            return isinstance(operator, ast.NotIn)
        if value is None and isinstance(operator, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
            if self.truth(test.left) is False:
                return isinstance(operator, ast.Is | ast.Eq)
            return None
        if isinstance(operator, ast.In | ast.NotIn) and self.arrival and self._holds_path_values(right):
            key = self.module.constant(test.left)
            if not isinstance(key, str):
                return None
            return (f"{{{key}}}" in self.arrival.endpoint.path) is isinstance(operator, ast.In)
        subject = self._subject(test.left)
        if subject is None:
            return None
        if isinstance(operator, ast.Eq | ast.NotEq) and isinstance(value, str):
            return (subject == value) is isinstance(operator, ast.Eq)
        if isinstance(operator, ast.In | ast.NotIn) and isinstance(value, list | tuple | frozenset | dict):
            return (subject in value) is isinstance(operator, ast.In)
        return None

    def _not_in_path(self, node: ast.expr) -> bool:
        """Tell whether a value is one that the operation's path does not have: `values.pop("shop", None)`."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or self.arrival is None:
            return False
        if node.func.attr not in ("get", "pop") or not node.args or not self._holds_path_values(node.func.value):
            return False
        if any(not isinstance(default, ast.Constant) or default.value for default in node.args[1:]):
            return False  # something else stands in for it
        key = self.module.constant(node.args[0])
        return isinstance(key, str) and f"{{{key}}}" not in self.arrival.endpoint.path

    def _holds_path_values(self, node: ast.expr) -> bool:
        named = isinstance(node, ast.Name) and self.arrival is not None and node.id in self.arrival.parameters[1:2]
        return named or self.module.qualified(node) == "flask.request.view_args"

    def _holds_nothing(self, container: ast.expr) -> bool:
        """Tell whether a collection of the session's is empty for a stranger: `session.get("projects", {})`."""
        return isinstance(container, ast.Call) and bool(self._read(container)) and self.truth(container) is False

    def _matched(self, test: ast.Call, function: ast.Attribute) -> bool | None:
        subject = self._subject(function.value)
        value = self.module.constant(test.args[0])
        if subject is None or not isinstance(value, str | tuple):
            return None
        if function.attr == "startswith":
            return subject.startswith(value)
        return subject.endswith(value) if function.attr == "endswith" else None

    def _subject(self, node: ast.expr) -> str | None:
        if self.arrival is None:
            return None
        name = self.module.qualified(node)
        if name in ("flask.request.path", "flask.request.url_rule.rule"):
            return self.arrival.endpoint.path
        if name == "flask.request.method":
            return self.arrival.endpoint.method
        if name == "flask.request.blueprint":
            return self.arrival.blueprint
        handed_over = isinstance(node, ast.Name) and node.id in self.arrival.parameters[:1]
        if name == "flask.request.endpoint" or handed_over:
            prefix = f"{self.arrival.blueprint}." if self.arrival.blueprint else ""
            return prefix + self.arrival.view
        return None

    # ------------------------------------------------------------------ refusals

    def _answers_refusal(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Name):
            return value.id in self.refusals
        if isinstance(value, ast.Tuple):
            return any(self._refusing_status(element) for element in value.elts)
        if isinstance(value, ast.Dict):
            return any(isinstance(node, ast.Constant) and _says_no(node.value) for node in within(value))
        if not isinstance(value, ast.Call):
            return False
        if self._last(value) == "redirect" or _REFUSING_NAMES.search(self._last(value)):
            return True
        if any(self._refusing_status(each) for each in _given(value)) or self._makes_refusal(value.func):
            return True
        said = within(value) if self._last(value) in ("jsonify", "dict", "make_response") else ()
        return any(isinstance(node, ast.Constant) and _says_no(node.value) for node in said)

    def _makes_refusal(self, function: ast.expr) -> bool:
        """Tell whether a function of the project makes an answer that says 401 (RFC 9110, section 15.5.2)."""
        target = self.module.resolve(function)
        if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef):
            return False
        for statement in target.node.body:
            if isinstance(statement, ast.Assign) and _sets_status(statement):
                return bool(target.module.constant(statement.value) == _UNAUTHORIZED)
        return False

    def _refusing_status(self, node: ast.expr) -> bool:
        status = self.module.constant(node)
        if isinstance(status, int) and not isinstance(status, bool):
            return 400 <= status < 500
        name = _written(node).removesuffix(".value").rpartition(".")[2]
        return name in ("UNAUTHORIZED", "FORBIDDEN", "BAD_REQUEST", "NOT_FOUND") or name.startswith(
            ("HTTP_401", "HTTP_403")
        )


def _verifies(node: ast.Call, name: str) -> bool:
    """Tell whether a call verifies what a caller presents; an ID token comes from its provider."""
    return bool(_CHECKS.search(name)) and not any(_PROVIDED.fullmatch(_called_by(given)) for given in node.args[:1])


def _called_by(node: ast.expr) -> str:
    """Return the name that code has for a value: a variable's, or the key under which it is taken out of a mapping."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.id if isinstance(node, ast.Name) else ""


def _sets_status(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Attribute) and target.attr in _STATUS for target in node.targets)


def _says_no(text: object) -> bool:
    return isinstance(text, str) and _NO.search(text) is not None


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def _leaves(node: ast.If) -> bool:
    """Tell whether a branch of a test ends the function, so that what follows it depends on the test too."""
    return any(branch and isinstance(branch[-1], ast.Return | ast.Raise) for branch in (node.body, node.orelse))


def _negative(test: ast.expr) -> bool:
    """Tell whether a test asks for something missing or wrong: `not user`, `claims is None`, `role != "admin"`."""
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    if isinstance(test, ast.BoolOp):
        return any(_negative(value) for value in test.values)
    if not isinstance(test, ast.Compare):
        return False
    operator, right = test.ops[0], test.comparators[0]
    nothing = isinstance(right, ast.Constant) and not right.value
    return isinstance(operator, ast.NotEq | ast.NotIn) or (nothing and isinstance(operator, ast.Is | ast.Eq))


def _written(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
