"""A token travels in the URL.

## What is wrong

The API takes a credential from the query string: the specification declares an API key `in: query` or a parameter such
as `access_token`, the code reads it there, or the running API lets such a request in.

## Why it matters

URLs are written down: in the access logs of every server and proxy on the way, in browser histories, in `Referer`
headers, in bookmarks and in chat. Whoever reads one of them holds the token. Clients must not pass access tokens in a
query parameter (RFC 9700 section 4.3.2).

## Bad

    components:
      securitySchemes:
        token: {type: apiKey, in: query, name: access_token}

    token = request.args.get("access_token")

## Good

    components:
      securitySchemes:
        token: {type: http, scheme: bearer}

The guard reads the `Authorization` header and nothing else.

## References

RFC 6750 sections 2.3 and 5.3; RFC 9700 section 4.3.2; OWASP ASVS 5.0 14.2.1; CWE-598.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qsl, urlencode, urlsplit

from stopper.model import Control, Endpoint, Place, Severity, Strength, Verdict, Witness
from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import Act, jose_calls, last_name
from stopper.observe.source.frontend import Frontend, words
from stopper.observe.source.names import Definition
from stopper.observe.source.request import Taken, all_taken, taken
from stopper.observe.source.rewriting import at, removed, replaced, written
from stopper.observe.views import (
    Access,
    Exchange,
    Live,
    NotAskedError,
    Operation,
    Parameter,
    Purpose,
    Request,
    Route,
    Scheme,
)
from stopper.observe.wire.compare import let_in, succeeded, turned_away
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite, Risk
from stopper.secret import recognise

CONTROL = Control(
    id="BT306",
    name="token_in_url",
    severity=Severity.HIGH,
    title="A token in the URL",
    witnesses="P W C S",
    requirements=("B01", "B15"),
    labels=("token_in_query",),
    cwe=(598,),
    guard="present.bearer",
)

_CREDENTIALS = frozenset(("access_token", "accesstoken", "auth_token", "authtoken", "bearer_token", "id_token", "jwt"))
_PERHAPS = "token"


def spec(operation: Operation) -> Iterable[Verdict]:
    """Look for credentials declared in the query; a bearer scheme without any is the promise kept."""
    broken = [*_in_schemes(operation), *_in_parameters(operation)]
    yield from broken
    if not broken and operation.bearer:
        yield Verdict(
            kept=True,
            message=f"{operation.endpoint} declares its token in a header and none in the query",
            place=operation.security_place,
            endpoints=(operation.endpoint,),
        )


def _in_schemes(operation: Operation) -> Iterator[Verdict]:
    schemes = {scheme.name: scheme for requirement in operation.security for scheme, _ in requirement.schemes}
    for scheme in schemes.values():
        if scheme.kind == "apiKey" and scheme.location == "query":
            yield _scheme_broken(operation, scheme)


def _scheme_broken(operation: Operation, scheme: Scheme) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{operation.endpoint} takes its credential from the query parameter `{scheme.parameter}`",
        place=scheme.place,
        endpoints=(operation.endpoint,),
        cause=f"scheme at {scheme.place}:{scheme.place.column}",
    )


def _in_parameters(operation: Operation) -> Iterator[Verdict]:
    """Yield a verdict for each query parameter that is a credential by its name.

    `token` alone is often a page or a one-time link: it only supports what another witness shows.
    """
    for parameter in operation.parameters:
        name = parameter.name.replace("-", "_").lower()
        if parameter.location == "query" and (name in _CREDENTIALS or name == _PERHAPS):
            strength = Strength.SUPPORTING if name == _PERHAPS and not _jwt(parameter) else Strength.CLAIMED
            yield Verdict(
                kept=False,
                message=f"{operation.endpoint} declares a credential in the query: `{parameter.name}`",
                place=parameter.place,
                endpoints=(operation.endpoint,),
                strength=strength,
            )


def _jwt(parameter: Parameter) -> bool:
    return parameter.format.lower() in ("jwt", "bearer")


_TRIED = ("access_token", "token", "auth_token", "jwt")
"""Query parameters that are tried together: RFC 6750 section 2.3 names the first, the field uses the others."""


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look for a credential in the query of recorded traffic that was answered with success."""
    if exchange.purpose is not Purpose.RECORDED or not exchange.endpoint or not succeeded(exchange):
        return
    for name, value in parse_qsl(urlsplit(exchange.request.url).query):
        if name.replace("-", "_").lower() in _CREDENTIALS or any(match.kind == "jwt" for match in recognise(value)):
            yield _accepted(exchange, f"`{name}`", Strength.PROVEN)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present the working token in the query instead of the header, under all usual names at once.

    URLs are logged on their way. Off loopback only a token that this scan's own login made may stand in one.
    """
    if not live.credential or live.baseline.access is not Access.GUARDED:
        return ()
    if not (live.credential.disposable or live.loopback or live.witness is Witness.APP):
        raise NotAskedError("the given token would stand in the logs of every server on the way; configure a login")
    exchange = yield _in_query(live, _TRIED)
    if turned_away(exchange, live.baseline):
        if _declared(live.operation):
            return ()  # that credential is another one than ours: to refuse ours is no word against the specification
        message = f"{live.endpoint} does not take the token from the query"
        return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)
    for name in _TRIED if let_in(exchange, live.baseline) else ():
        exchange = yield _in_query(live, (name,))
        if let_in(exchange, live.baseline):
            return (_accepted(exchange, f"`?{name}=`", Strength.PROVEN),)
    return ()


def _declared(operation: Operation | None) -> bool:
    return operation is not None and any(True for _ in _in_schemes(operation))


def _in_query(live: Live, names: Sequence[str]) -> Request:
    token = live.credential.token.reveal() if live.credential else ""
    joint = "&" if urlsplit(live.request.url).query else "?"
    return replace(live.request, url=live.request.url + joint + urlencode([(name, token) for name in names]))


def _accepted(exchange: Exchange, where: str, strength: Strength) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{exchange.endpoint} takes the token from the query ({where})",
        endpoints=(exchange.endpoint,) if exchange.endpoint else (),
        evidence=(evidence("let in by a token in the URL", exchange),),
        strength=strength,
        cause="a token in the query",
    )


# --------------------------------------------------------------------------- the source


_KEYS = _CREDENTIALS | {"api_key", "apikey", "api_token", "apitoken", "bearer", "session_token", "sessiontoken"}
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase"})
_ONE_TIME = re.compile(
    r"(confirm|verif|reset|activat|invit|unsubscrib|magic|download|share|callback|email|recover)", re.I
)
_TOKEN_SEGMENT = re.compile(r"/(?:tokens?|api[_-]?keys?|access[_-]?tokens?)/\{(?:\w*token|api_?key|jwt)\}", re.I)
_LOCATION = "JWT_TOKEN_LOCATION"


def source(module: Module) -> Iterable[Verdict]:
    """Look at the query read, tokens in redirects and in paths, and where Flask-JWT-Extended is told to look."""
    yield from _read_from_query(module)
    yield from _redirected(module)
    yield from _in_paths(module)
    yield from _locations(module)


def _read_from_query(module: Module) -> Iterator[Verdict]:
    """Yield a verdict for the first reading of each credential in a function; a test for presence is none."""
    if not module.mentions(".args", ".values"):
        return
    seen: set[tuple[ast.AST | None, str]] = set()
    for found in sorted(all_taken(module), key=lambda each: each.node.lineno):
        function = module.function_of(found.node)
        if found.presence or (function, found.name) in seen or not _is_credential(module, found):
            continue
        seen.add((function, found.name))
        part = "query" if found.part == "args" else "query or form"
        message = f"the credential is taken from the {part}: `{found.name}`"
        yield Verdict(False, message, module.place(found.node), module.endpoints(found.node))


_ENDS_IN_CREDENTIAL = re.compile(r"[?&](?P<name>access_?token|auth_?token|bearer_?token|jwt|token)=\Z", re.I)


def _redirected(module: Module) -> Iterator[Verdict]:
    """Yield a verdict for each redirect whose address is put together with an access token in its query."""
    if not module.mentions("redirect("):
        return
    for call in module.nodes(ast.Call):
        if last_name(call) != "redirect" or not call.args or not isinstance(call.args[0], ast.JoinedStr):
            continue
        function = module.function_of(call)
        address = ast.unparse(call.args[0]).lstrip("f'\"")
        if function is None or _gives_link(module, function) or _ELSEWHERE.match(address) or _ONE_TIME.search(address):
            continue
        for before, filled in pairwise(call.args[0].values):
            name = _credential_before(before)
            if name and isinstance(filled, ast.FormattedValue) and _is_access_token(name, filled.value):
                message = f"a redirect carries a credential in the query of its address: `?{name}=`"
                yield Verdict(False, message, module.place(call), module.endpoints(call))


def _credential_before(part: ast.expr) -> str:
    """Return the parameter that the text before a filled place ends in, where it is one for credentials, or nothing."""
    text = part.value if isinstance(part, ast.Constant) else None
    found = _ENDS_IN_CREDENTIAL.search(text) if isinstance(text, str) else None
    return found["name"] if found else ""


def _is_access_token(name: str, value: ast.expr) -> bool:
    """Tell whether a value is an access token by its parameter, or, where that is `token` alone, by its own name."""
    if name.lower() != _PERHAPS:
        return True
    told = {word for node in within(value) for word in _called(node)}
    return bool(told & {"access", "auth", "jwt", "bearer"}) and bool(told & {"token", "jwt", "bearer"})


def _called(node: ast.AST) -> Sequence[str]:
    if isinstance(node, ast.Name):
        return words(node.id)
    return words(node.attr) if isinstance(node, ast.Attribute) else ()


def _is_credential(module: Module, found: Taken) -> bool:
    """Tell whether a query parameter lets a caller in.

    `token` alone does where a decorator, hook or helper reads it; read by one view, it is mostly that view's own
    one-time link.
    """
    name = found.name.replace("-", "_").lower()
    function = module.function_of(found.node)
    if found.part not in ("args", "values") or function is None or _gives_link(module, function):
        return False
    view = any(route.name.rpartition(".")[2] == function.name for route in module.routes)
    if name == _PERHAPS:
        return (not view or _is_verified(module, found.node)) and len(module.endpoints(found.node)) > 0
    return name in _KEYS or (found.part == "args" and name in _PASSWORDS)


def _gives_link(module: Module, function: Function) -> bool:
    """Tell whether a function answers a link that is good once, by its name, its class's or its operation's path."""
    owner = module.class_of(function)
    said = (function.name, owner.name if owner else "", *(each.path for each in module.endpoints(function)[:8]))
    return any(_ONE_TIME.search(each) for each in said)


def _is_verified(module: Module, node: ast.expr) -> bool:
    """Tell whether a view gives what it read to the verification of an access token, itself or through a variable."""
    function = module.function_of(node)
    statement = module.parent(node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    for call in within(function) if function is not None else ():
        if isinstance(call, ast.Call) and (_decodes(last_name(call)) or _jose(module, call)):
            for given in (*call.args, *(each.value for each in call.keywords)):
                same = isinstance(target, ast.Name) and isinstance(given, ast.Name) and given.id == target.id
                if given is node or same:
                    return True
    return False


def _decodes(name: str) -> bool:
    """Tell whether a function is called for verifying tokens that let callers in: `decode_access_token`."""
    told = set(words(name))
    return bool(told & {"decode", "verify", "validate", "check"}) and bool(told & {"token", "jwt"})


def _jose(module: Module, call: ast.Call) -> bool:
    return any(each.node is call and each.act is Act.VERIFY for each in jose_calls(module))


_SENT = re.compile(
    r"[?&](?P<name>access_?token|auth_?token|bearer_?token|id_?token|jwt|api_?key|token)="
    r"(?:\$\{(?P<filled>[^{}\n]{1,100})\}|\{\{(?P<template>[^{}\n]{1,100})\}\}"
    r"|['\"`]\s*\+\s*(?P<added>[\w.$()\[\]]{1,100}))",
    re.IGNORECASE,
)
"""A credential that a page or script puts into an address: a template literal, a template, a sum of texts."""

_NAMES = re.compile(r"[A-Za-z_$][\w$]*")
_BEFORE = re.compile(r"[^\s'\"`]*\Z")
_ELSEWHERE = re.compile(r"(?:https?:)?//[\w.-]*\w")
"""How the address of another API begins, whose own affair its parameters are."""


def frontend(page: Frontend) -> Iterable[Verdict]:
    """Look at the addresses that pages and scripts put together for a credential in the query."""
    for found in _SENT.finditer(page.template):
        beginning = _BEFORE.search(page.template[max(found.start() - 200, 0) : found.start()])
        address = beginning.group() if beginning else ""
        if _ELSEWHERE.match(address) or _ONE_TIME.search(address) or not _is_sent(page, found):
            continue
        message = f"an address is put together with a credential in its query: `?{found['name']}=`"
        yield Verdict(False, message, page.place(found.start("name")))


def _is_sent(page: Frontend, found: re.Match[str]) -> bool:
    """Tell whether a parameter is a credential; `token` alone is one where what fills it is called or kept so."""
    if found["name"].lower() != _PERHAPS:
        return True
    names = _NAMES.findall(found["filled"] or found["template"] or found["added"])
    told = {word for name in names for word in words(name)}
    if told & {"access", "auth", "jwt", "bearer", "session"} and told & {"token", "jwt", "bearer"}:
        return True
    kept = re.search(r"Storage\s*\.\s*getItem\(|['\"`]Bearer ", page.text)
    return kept is not None and bool(names) and words(names[-1]) == [_PERHAPS]


def _in_paths(module: Module) -> Iterator[Verdict]:
    for route in module.routes:
        if any(_TOKEN_SEGMENT.search(endpoint.path) for endpoint in route.endpoints) and not _one_time(route):
            message = f"{route.endpoints[0]} takes a token as a part of the path"
            yield Verdict(False, message, route.place, route.endpoints)


def _one_time(route: Route) -> bool:
    return bool(_ONE_TIME.search(route.name)) or any(_ONE_TIME.search(endpoint.path) for endpoint in route.endpoints)


def _locations(module: Module) -> Iterator[Verdict]:
    for place, value in _configured(module):
        said = module.constant(value)
        places = said if isinstance(said, list | tuple | frozenset) else [said]
        if "query_string" in places:
            yield Verdict(False, f"{_LOCATION} lets tokens come in the query", module.place(place), _bearer(module))
        elif all(isinstance(each, str) for each in places):
            yield Verdict(True, f"{_LOCATION} leaves the query out", module.place(place), _bearer(module))


def _configured(module: Module) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Yield each setting of JWT_TOKEN_LOCATION: `config["X"] = `, `X = ` in a class or module, `X=` in an update."""
    if _LOCATION not in module.text:
        return
    for node in module.nodes(ast.Assign):
        for target in node.targets:
            named = isinstance(target, ast.Name) and target.id == _LOCATION
            if named or (isinstance(target, ast.Subscript) and module.constant(target.slice) == _LOCATION):
                yield node, node.value
    for keyword in module.nodes(ast.keyword):
        if keyword.arg == _LOCATION:
            yield keyword, keyword.value
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if key is not None and module.constant(key) == _LOCATION:
                yield key, value


def _bearer(module: Module) -> tuple[Endpoint, ...]:
    routes = module.project.routes
    found = {each for route in routes for each in route.endpoints if any(g.kind == "bearer" for g in route.guards)}
    return tuple(sorted(found))


# --------------------------------------------------------------------------- the repair

_ELSEWHERE_TOO = frozenset({"headers", "cookies", "form", "json"})
_DECIDE = ("links that carry a token stop working: see that their callers send it in the Authorization header",)


def fix(subject: object, where: Place) -> Rewrite | ByHand | None:
    """Leave the query out, where the code itself takes the token from another part of the request as well."""
    if not isinstance(subject, Module):
        return None
    change = None
    for node in at(subject, where, ast.Call, ast.Subscript):
        found = taken(subject, node)
        if found is not None and found.part == "args" and not found.presence:
            change = _without(subject, found.node)
    change = change or _without_location(subject, where)
    if change is None:
        return ByHand("nothing here takes the token from anywhere else")
    return Rewrite("the token is taken from where it was taken besides", (change,), Risk.STRICTER, _DECIDE)


def _without(module: Module, node: ast.expr) -> Change | None:
    """Return the change that leaves one reading of the query out: an operand of `or`, or `if not token: token = …`."""
    parent = module.parent(node)
    if isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.Or):
        rest = [each for each in parent.values if each is not node]
        if all(_from_elsewhere(module, each) for each in rest[:1]) and not any(
            _from_query(module, each) for each in rest
        ):
            return replaced(module, parent, " or ".join(written(module, each) for each in rest))
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return _without_fallback(module, parent, parent.targets[0].id)
    return None


def _without_fallback(module: Module, assigned: ast.Assign, name: str) -> Change | None:
    """Return the removal of `if not token: token = …`, where what stands right before it takes the token elsewhere."""
    choice = module.parent(assigned)
    if not isinstance(choice, ast.If) or choice.body != [assigned] or choice.orelse:
        return None
    if ast.unparse(choice.test) not in (f"not {name}", f"{name} is None"):
        return None
    holder = module.parent(choice)
    blocks = [getattr(holder, name, ()) for name in ("body", "orelse", "finalbody")]
    earlier = next((first for block in blocks for first, second in pairwise(block) if second is choice), None)
    if not isinstance(earlier, ast.Assign) or ast.unparse(earlier.targets[0]) != name:
        return None
    return removed(module, choice) if _from_elsewhere(module, earlier.value) else None


def _from_query(module: Module, value: ast.expr) -> bool:
    return any(each.part in ("args", "values") for each in _parts(module, value))


def _from_elsewhere(module: Module, value: ast.expr) -> bool:
    """Tell whether an expression takes something from the request but from its URL, itself or by a function called."""
    if _takes(module, value):
        return True
    target = module.resolve(value.func) if isinstance(value, ast.Call) else None
    return isinstance(target, Definition) and _takes(target.module, target.node)


def _takes(module: Module, node: ast.AST) -> bool:
    found = {each.part for each in _parts(module, node)}
    return bool(found & _ELSEWHERE_TOO) and not found & {"args", "values"}


def _parts(module: Module, node: ast.AST) -> Iterator[Taken]:
    for inner in within(node):
        found = taken(module, inner)
        if found is not None:
            yield found


def _without_location(module: Module, where: Place) -> Change | None:
    """Return the change that takes the query out of the places that Flask-JWT-Extended is told to look at."""
    for place, value in _configured(module):
        if module.place(place) != where or not isinstance(value, ast.List | ast.Tuple):
            continue
        left = [written(module, each) for each in value.elts if module.constant(each) != "query_string"]
        if left and value.lineno == value.end_lineno:
            inside = ", ".join(left)
            return replaced(module, value, f"[{inside}]" if isinstance(value, ast.List) else f"({inside},)")
    return None
