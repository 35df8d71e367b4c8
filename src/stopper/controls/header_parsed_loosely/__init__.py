"""The Authorization header is parsed loosely.

## What is wrong

The API finds its token in headers that are no bearer credentials: without a scheme, with another scheme, with two
values, with a TAB for a space. Or it refuses `bearer` because it compares the scheme's case.

## Why it matters

What one component reads and another does not is where requests slip through: a proxy that checks `Bearer` lets another
scheme pass, a log filter that looks for it does not hide the token, and of two tokens in a list each side may check a
different one (RFC 6750 section 2, CWE-436). Schemes are compared without case (RFC 9110 section 11.1): strictness
there breaks right clients.

## Bad

    token = request.headers["Authorization"].replace("Bearer ", "")

## Good

    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not B64TOKEN.fullmatch(token):
        refuse()

The guard accepts one header, one scheme, and the grammar of RFC 6750 section 2.1.

## References

RFC 6750 sections 2 and 2.1; RFC 9110 sections 11.1 and 11.4; CWE-436, CWE-1286.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable, Iterator, Sequence

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import Act, jose_calls, last_name, reading
from stopper.observe.source.names import Assigned, bindings_of
from stopper.observe.source.request import taken
from stopper.observe.source.rewriting import at, before, named, replaced, written
from stopper.observe.views import Access, Exchange, Live, Request
from stopper.observe.wire.compare import let_in, turned_away
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, CannotRewriteError, Change, Rewrite, Risk

CONTROL = Control(
    id="BT416",
    name="header_parsed_loosely",
    severity=Severity.HIGH,
    title="The Authorization header is parsed loosely",
    witnesses="C S A",
    requirements=("B02", "B03", "B04"),
    labels=("header_parse",),
    cwe=(436, 1286),
    implied_by=("BT402",),
    guard="present.bearer",
)


_TAB = "a TAB after the scheme"

_TELLING = 2
"""So many of the wrong headers are sent where another operation was asked with all of them."""


def _loose(token: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield headers that a right API refuses, each with its description; the token in them is good."""
    name = "Authorization"
    yield "no scheme", ((name, token),)
    yield "an unknown scheme", ((name, f"Stopper {token}"),)
    yield "two headers", ((name, f"Bearer {token}"), (name, "Bearer another"))
    yield "two methods in a list", ((name, f"Negotiate, Bearer {token}"),)
    yield _TAB, ((name, f"Bearer\t{token}"),)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present the working token in wrong headers, which must be refused, and as `bearer`, which must not.

    What is let in must be so twice; the promise is kept only if every header had a clear answer.
    """
    credential = live.credential
    if not credential or live.baseline.access is not Access.GUARDED or not _is_bearer(live):
        return ()
    token = credential.token.reveal()
    accepted: list[tuple[str, Exchange]] = []
    clear = True
    for label, headers in _loose(token) if live.thorough else list(_loose(token))[:_TELLING]:
        exchange = yield live.request.with_headers(*headers)
        if let_in(exchange, live.baseline):
            exchange = yield live.request.with_headers(*headers)
            if let_in(exchange, live.baseline):
                accepted.append((label, exchange))
        clear = clear and (let_in(exchange, live.baseline) or turned_away(exchange, live.baseline))
    if not live.thorough and not accepted:
        return (_kept(live),) if clear else ()
    lower = yield live.request.with_headers(("Authorization", f"bearer {token}"))
    case_matters = turned_away(lower, live.baseline)
    if accepted or case_matters:
        return (_broken(live, accepted, lower if case_matters else None),)
    if not clear or not let_in(lower, live.baseline):
        return ()
    return (_kept(live),)


def _kept(live: Live) -> Verdict:
    message = f"{live.endpoint} reads the Authorization header as it is defined"
    return Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN)


def _is_bearer(live: Live) -> bool:
    return bool(live.credential and live.credential.header == "Authorization" and live.credential.scheme == "Bearer")


def _broken(live: Live, accepted: Sequence[tuple[str, Exchange]], lower: Exchange | None) -> Verdict:
    """Say what was let in wrongly and what was turned away.

    A TAB for the space and a refusal of `bearer` open nothing to anybody, hence low.
    """
    said = []
    if accepted:
        said.append(f"takes the token from a header with {', '.join(label for label, _ in accepted)}")
    if lower:
        said.append("refuses the scheme written `bearer`, although schemes are compared without case")
    title = f"let in with {accepted[0][0]}" if accepted else "refused for its spelling"
    return Verdict(
        kept=False,
        message=f"{live.endpoint} {' and '.join(said)}",
        endpoints=(live.endpoint,),
        evidence=(evidence(title, live.baseline.nothing, accepted[0][1] if accepted else lower),),
        strength=Strength.PROVEN,
        cause="the way the header is read" if accepted else "the scheme's case",
        severity=Severity.LOW if all(label == _TAB for label, _ in accepted) else None,
    )


# --------------------------------------------------------------------------- the source


_HEADER_NAMES = frozenset({"auth_header", "authorization_header", "authorization", "header_value", "bearer_header"})
_SPEAKS_OF_IT = (
    "authorization",
    "auth_header",
    "bearer_header",
    "header_value",
    "startswith('bearer",
    'startswith("bearer',
)
_TAKES_APART = frozenset({"replace", "removeprefix", "strip", "lstrip", "split", "rsplit", "partition"})
_SHOWING = frozenset("print debug info warning error exception log".split())
"""Functions that show what they are given, and decide nothing by it."""
_VERIFIES = ("decode", "verify", "validate", "check", "authenticate", "loads", "introspect")


def source(module: Module) -> Iterable[Verdict]:
    """Look at how functions take the token out of the Authorization header: the scheme must be compared first."""
    if not module.mentions(*_SPEAKS_OF_IT) and "token.split(" not in module.text:
        return
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        written = "\n".join(module.lines[function.lineno - 1 : function.end_lineno]).lower()
        if not any(word in written for word in _SPEAKS_OF_IT) and not _handed(module, function, written):
            continue
        header = _Header(module, function)
        if header.read is not None and not _behind_a_guard(module, function):
            yield from _judged(module, header)


def _behind_a_guard(module: Module, function: Function) -> bool:
    """Tell whether the function is a view whose token something else has checked already."""
    views = [route for route in module.routes if route.name.rpartition(".")[2] == function.name]
    return any(
        guard.how.startswith(("@", "before_request", "url_value_preprocessor"))
        for route in views
        for guard in route.guards
    )


def _judged(module: Module, header: _Header) -> Iterator[Verdict]:
    endpoints = module.endpoints(header.function)
    loose = header.loose()
    for node, how in loose:
        message = f"`{header.function.name}` takes the token from the Authorization header {how}"
        yield Verdict(False, message, module.place(node), endpoints, cause="the way the header is read")
    check = header.check()
    if not loose and check is not None:
        message = f"`{header.function.name}` compares the Authorization header's scheme, in any case, with bearer"
        yield Verdict(True, message, module.place(check), endpoints)


class _Header:
    """The Authorization header in one function: where it is read, which names hold it, what is done with it."""

    def __init__(self, module: Module, function: Function) -> None:
        self.module = module
        self.function = function
        self.nodes = list(_own(module, function))
        self.names = {
            argument.arg
            for argument in (*function.args.posonlyargs, *function.args.args)
            if argument.arg in _HEADER_NAMES
        }
        self.stripped = [node for node in self.nodes if isinstance(node, ast.If) and _strips_if_there(module, node)]
        given = {argument.arg for argument in (*function.args.posonlyargs, *function.args.args)}
        self.names |= _handed(module, function, "split(")
        handed = {name for node in self.stripped for name in [_begins_with(node.test)] if name in given}
        self.names |= handed if handed and module.endpoints(function) else set()
        self.read: ast.AST | None = function if self.names else None
        for node in self.nodes:
            if self.read is None and isinstance(node, ast.expr) and self._reads(node):
                self.read = node
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and self.holds(node.value):
                self.names.add(node.targets[0].id)

    def _reads(self, node: ast.AST) -> bool:
        found = taken(self.module, node)
        if found is not None:
            return found.part == "headers" and found.name == "authorization" and not found.presence
        if isinstance(node, ast.Call):
            target = self.module.resolve(node.func)
            if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
                values = [statement.value for statement in target.module.returns(target.node)]
                return bool(values) and all(
                    value is not None and _reads_plainly(target.module, value) for value in values
                )
        return False

    def holds(self, node: ast.expr) -> bool:
        """Tell whether an expression is the whole header."""
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.BoolOp):
            return any(self.holds(value) for value in node.values)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("strip", "lower"):
            return not node.args and self.holds(node.func.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "encode":
            return self.holds(node.func.value)
        return self._reads(node)

    def loose(self) -> list[tuple[ast.AST, str]]:
        """Return the places at which a token is taken from the header whose scheme nobody compares."""
        found = [(node, how) for node in self.nodes for how in [self._whole_after_all(node)] if how]
        if not any(_refuses_others(self.module, node) for node in self.nodes):
            kept = (node for node in self.stripped if _begins_with(node.test) in self.names)
            found.extend((node.body[0], "whole where it names no scheme") for node in kept)
        if not self.compared():
            found.extend((node, how) for node in self.nodes for how in [self._taken_apart(node)] if how)
            if not found:
                read = self.read if isinstance(self.read, ast.expr) else None
                found.extend((read or node, how) for node in self.nodes for how in [self._used_whole(node)] if how)
        return found

    def _taken_apart(self, node: ast.AST) -> str:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and self.holds(node.value):
            basic = any(word.strip().lower() in ("basic", "digest") for word in _texts(self.module, node.slice))
            if node.slice.lower is None or basic:
                return ""
            return "by cutting off its beginning, whatever that is"
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and self.holds(node.func.value)):
            return ""
        name = node.func.attr
        if name not in _TAKES_APART or (name in ("strip", "lstrip") and not node.args):
            return ""
        if name in ("split", "rsplit", "partition"):
            return "as a part of it, without comparing the scheme" if self._part_is_used(node) else ""
        return f"with `{name}`, which lets a header without a scheme through"

    def _part_is_used(self, call: ast.Call) -> bool:
        """Tell whether the pieces become a token here: by position, or under names that no caller checks."""
        parent = self.module.parent(call)
        if not isinstance(parent, ast.Assign):
            return isinstance(parent, ast.Subscript)
        target = parent.targets[0]
        scheme = target.elts[0] if isinstance(target, ast.Tuple | ast.List) and target.elts else target
        if not isinstance(scheme, ast.Name) or self._given_to_another(scheme.id):
            return not isinstance(scheme, ast.Name)
        return not (self._handed_on(scheme.id) and self._compared_anywhere())

    def _given_to_another(self, name: str) -> bool:
        """Tell whether the scheme goes into an object or a function, which may compare it."""
        calls = (node for node in self.nodes if isinstance(node, ast.Call) and last_name(node) not in _SHOWING)
        given = (argument for node in calls for argument in node.args)
        return any(isinstance(argument, ast.Name) and argument.id == name for argument in given)

    def _handed_on(self, name: str) -> bool:
        returned = (node.value for node in self.nodes if isinstance(node, ast.Return) and node.value is not None)
        named = (node for value in returned for node in within(value) if isinstance(node, ast.Name) and node.id == name)
        return any(not self._is_later_piece(node) for node in named)

    def _is_later_piece(self, node: ast.Name) -> bool:
        """Tell whether only what stands behind the scheme is taken: `pieces[1]`."""
        piece = self.module.parent(node)
        index = piece.slice if isinstance(piece, ast.Subscript) else None
        return isinstance(index, ast.Constant | ast.UnaryOp) and self.module.constant(index) != 0

    def _compared_anywhere(self) -> bool:
        """Tell whether a caller that is handed the scheme may compare it: anything in the project does."""
        modules = self.module.project.modules
        return any(_says_bearer(module, node) for module in modules for node in module.nodes(ast.Compare))

    def _whole_after_all(self, node: ast.AST) -> str:
        """Return how the header becomes the token where the scheme was looked for and not found."""
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and self.holds(node.value)):
            return ""
        branch = self.module.parent(node)
        if isinstance(branch, ast.If) and node in branch.orelse and _says_bearer(self.module, branch.test):
            return "whole where it names no scheme"
        return ""

    def _used_whole(self, node: ast.AST) -> str:
        given = [*node.args[:1], *(each.value for each in node.keywords)] if isinstance(node, ast.Call) else []
        if not isinstance(node, ast.Call) or not any(self.holds(each) for each in given):
            return ""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        verifies = name.lower().startswith(_VERIFIES) or _verifies_inside(self.module, node.func)
        if not verifies or _compares_inside(self.module, node.func, 3):
            return ""
        return "whole, without a scheme"

    def compared(self) -> bool:
        """Tell whether anything in the function looks for the scheme."""
        return any(
            _says_bearer(self.module, node) or (_matches(node) and any(map(self._held_within, within(node))))
            for node in self.nodes
            if isinstance(node, ast.expr)
        )

    def _held_within(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self.names

    def check(self) -> ast.AST | None:
        """Return the comparison of the scheme that takes it in any case, as RFC 9110 section 11.1 has it."""
        for node in self.nodes:
            if isinstance(node, ast.Compare) and "bearer" in _texts(self.module, node):
                return node
        return None


def _handed(module: Module, function: Function, written: str) -> set[str]:
    """Return the parameters that a function splits and that a caller fills with the header under its name."""
    if "split(" not in written:
        return set()
    positions = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    split = {
        node.value.id
        for node in _own(module, function)
        if isinstance(node, ast.Attribute)
        and node.attr == "split"
        and isinstance(node.value, ast.Name)
        and node.value.id in positions
    }
    return {name for name in split if _given_header(module, function, positions, name)}


def _given_header(module: Module, function: Function, positions: list[str], name: str) -> bool:
    """Tell whether a call hands a variable that is called like the header over to a parameter."""
    bound = 1 if positions[:1] in (["self"], ["cls"]) else 0
    for caller, _, call in reading.callers(module, function):
        given = [each.value for each in call.keywords if each.arg == name]
        given.extend(call.args[positions.index(name) - bound :][:1])
        if any(isinstance(each, ast.Name) and _named_or_bound(caller, each) for each in given):
            return True
    return False


def _named_or_bound(module: Module, name: ast.Name) -> bool:
    """Tell whether a variable is called like the header, or holds it."""
    found = bindings_of(module, name, name.id) if name.id not in _HEADER_NAMES else None
    bound = [each.value for each in found[1] if isinstance(each, Assigned)] if found else []
    return name.id in _HEADER_NAMES or (bool(bound) and all(_reads_plainly(module, each) for each in bound))


def _begins_with(test: ast.expr) -> str:
    """Return the name of what a test asks how it begins, "" for any other test."""
    call = test if isinstance(test, ast.Call) else None
    if call is None or not isinstance(call.func, ast.Attribute) or call.func.attr != "startswith":
        return ""
    return call.func.value.id if isinstance(call.func.value, ast.Name) else ""


def _strips_if_there(module: Module, branch: ast.If) -> bool:
    """Tell whether a scheme is taken off a variable where it is there, and nothing is done where it is not."""
    name = _begins_with(branch.test)
    if not name or branch.orelse or not any("bearer" in text.lower() for text in _texts(module, branch.test)):
        return False
    assigned = (target for each in branch.body if isinstance(each, ast.Assign) for target in each.targets)
    return any(isinstance(target, ast.Name) and target.id == name for target in assigned)


def _refuses_others(module: Module, node: ast.AST) -> bool:
    """Tell whether a branch leaves the function where the header has another scheme."""
    if not isinstance(node, ast.If) or not isinstance(node.body[-1], ast.Return | ast.Raise | ast.Expr):
        return False
    negated = isinstance(node.test, ast.UnaryOp | ast.BoolOp) or (
        isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.NotEq | ast.NotIn)
    )
    return negated and any(_says_bearer(module, part) for part in within(node.test))


def _reads_plainly(module: Module, node: ast.expr) -> bool:
    found = taken(module, node)
    return found is not None and found.part == "headers" and found.name == "authorization"


def _own(module: Module, function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's own body, those of functions inside it left out."""
    for statement in function.body:
        nodes = list(within(statement))
        alone = not any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)
        yield from (node for node in nodes if alone or module.function_of(node) is function)


def _verifies_inside(module: Module, function: ast.expr) -> bool:
    """Tell whether a function of the project verifies the token that it is given, whatever it is called."""
    target = module.resolve(function)
    if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef) or not target.node.args.args:
        return False
    given = {argument.arg for argument in target.node.args.args}
    verified = (
        call.arguments.get("token")
        for call in jose_calls(target.module)
        if call.function is target.node and call.act is Act.VERIFY
    )
    return any(isinstance(token, ast.Name) and token.id in given for token in verified)


def _compares_inside(module: Module, function: ast.expr, steps: int) -> bool:
    """Tell whether a function of the project, or one that it calls, looks for the scheme itself."""
    target = module.resolve(function)
    if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef) or steps == 0:
        return False
    nodes = [node for node in within(target.node) if isinstance(node, ast.expr)]
    if any(_says_bearer(target.module, node) or _matches(node) for node in nodes):
        return True
    return any(isinstance(node, ast.Call) and _compares_inside(target.module, node.func, steps - 1) for node in nodes)


def _matches(node: ast.expr) -> bool:
    """Tell whether a call compares the beginning of a text or holds it against a pattern."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("startswith", "match", "fullmatch", "search", "compile")


def _says_bearer(module: Module, node: ast.AST) -> bool:
    """Tell whether a comparison, `startswith` or a regular expression looks for a scheme."""
    if isinstance(node, ast.BoolOp):
        return any(_says_bearer(module, value) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return _says_bearer(module, node.operand)
    if not isinstance(node, ast.Compare) and not (isinstance(node, ast.expr) and _matches(node)):
        return False
    return any(
        word.strip(" ^").lower().startswith(("bearer", "token", "jwt", "basic")) for word in _texts(module, node)
    )


def _texts(module: Module, node: ast.AST) -> list[str]:
    found: list[str] = []
    for each in within(node):
        value = module.constant(each) if isinstance(each, ast.Constant | ast.Name | ast.Attribute) else None
        found.extend(word for word in (value if isinstance(value, list | tuple) else [value]) if isinstance(word, str))
    return found


# --------------------------------------------------------------------------- the repair

_NAME = "bearer_token"
_PARSER = """

def bearer_token(header):
    \"\"\"Return the token of credentials of the scheme Bearer (RFC 6750, 2.1), empty where it is anything else.\"\"\"
    found = {fullmatch}(r"(?i:bearer) +([A-Za-z0-9._~+/-]+=*)", header or "")
    return found[1] if found else ""
"""
_BY_PREFIX = frozenset({"replace", "removeprefix", "strip", "lstrip"})
_AFTER_SCHEME = 7
"""Letters of `Bearer `."""


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Take the token out of the header with a function that takes nothing but a bearer token."""
    lines = tuple(_PARSER.format(fullmatch="re.fullmatch").strip("\n").split("\n"))
    for node in at(module, where, ast.Call, ast.Subscript):
        header = _cut(module, node)
        if header is None or not isinstance(node, ast.expr) or _missed(module, node):
            continue
        changes = (replaced(module, node, f"{_NAME}({written(module, header)})"), *_parser(module))
        decide = ("clients that send the token without `Bearer` before it have to be told",)
        return Rewrite("only what the scheme Bearer allows is taken for a token", changes, Risk.STRICTER, decide)
    return ByHand("it has to be decided what becomes of other headers", lines)


def _cut(module: Module, node: ast.AST) -> ast.expr | None:
    """Return the header of which an expression takes what comes after `Bearer`."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _BY_PREFIX
        and node.args
    ):
        cut = module.constant(node.args[0])
        emptied = len(node.args) == 1 or module.constant(node.args[1]) == ""
        return node.func.value if isinstance(cut, str) and cut.strip().lower() == "bearer" and emptied else None
    if not isinstance(node, ast.Subscript):
        return None
    if isinstance(node.slice, ast.Slice):
        start = module.constant(node.slice.lower) if node.slice.lower is not None else None
        whole = start == _AFTER_SCHEME and node.slice.upper is None and node.slice.step is None
        return node.value if whole else None
    made = node.value
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute) or made.func.attr != "split":
        return None
    said = "bearer" in module.text.lower() and module.constant(node.slice) in (1, -1)
    return made.func.value if said and all(module.constant(each) in (" ", None, 1) for each in made.args) else None


def _missed(module: Module, node: ast.expr) -> bool:
    """Tell whether the program refuses where the second part is missing, which it would not find so any more."""
    for outer in module.ancestors(node):
        for handler in outer.handlers if isinstance(outer, ast.Try) else ():
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            if any(last_name(kind) in ("IndexError", "LookupError", "AttributeError") for kind in kinds):
                return True
    return False


def _parser(module: Module) -> tuple[Change, ...]:
    """Return what brings the function into a module, before the first function or class; nothing where it is there."""
    matcher, imports = named(module, "re.fullmatch")
    wanted = _PARSER.format(fullmatch=matcher)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    first = next((statement for statement in module.tree.body if isinstance(statement, kinds)), None)
    for defined in module.nodes(*kinds):
        if defined.name == _NAME:
            if ast.unparse(defined) != ast.unparse(ast.parse(wanted)):
                raise CannotRewriteError(f"`{_NAME}` means something else in this file")
            return ()
    if first is None:
        raise CannotRewriteError("the file has no function before which another one could stand")
    return before(module, first, wanted), *imports
