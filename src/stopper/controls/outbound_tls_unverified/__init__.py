"""A request to another service does not check that service's certificate.

## What is wrong

The verification of the server's certificate, or of its name, is switched off for requests that this program sends.

## Why it matters

Without it, whoever sits on the way answers in the other's place: he reads the token that is sent along, and what he
answers is believed, be it a signing key, a user or a configuration (RFC 6750 section 5.2 demands the check of clients,
RFC 9110 section 4.3.4 says how it is done; CWE-295).

## Bad

    keys = requests.get(jwks_uri, verify=False).json()

## Good

    keys = requests.get(jwks_uri, timeout=5).json()

    keys = requests.get(jwks_uri, verify="/etc/ssl/our-authority.pem", timeout=5).json()

## References

RFC 6750 sections 5.2 and 5.3; RFC 9110 section 4.3.4; RFC 9525; CWE-295, CWE-297.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Module, within
from stopper.observe.source.development import in_development_alone, said
from stopper.observe.source.flows import last_name, place, words
from stopper.observe.source.outbound import beginning, client, outbound, to_loopback
from stopper.observe.source.rewriting import named, removed, replaced, without_argument, written
from stopper.rewrite import ByHand, CannotRewriteError, Change, Rewrite, Risk

CONTROL = Control(
    id="BT110",
    name="outbound_tls_unverified",
    severity=Severity.HIGH,
    title="The certificate of another service is not checked",
    witnesses="S",
    requirements=("T10",),
    labels=("tls_verify_off",),
    cwe=(295, 297),
    local=True,
)

_SPEAKS = ("verify", "cert_none", "_unverified", "check_hostname", "disable_warnings", "ssl=false", "requests", "httpx")
_SWITCHES = frozenset(
    "verify_ssl ssl_verify verify_certs verify_cert verify_tls tls_verify verify_certificate verify_certificates "
    "ssl_verify_peer ssl_verification check_certificate validate_certs validate_cert".split()
)
"""Names that mean nothing else, whichever library has them."""
_MODES = frozenset({"cert_reqs", "verify_mode", "ssl_cert_reqs"})
_UNVERIFIED = frozenset({"ssl._create_unverified_context", "ssl._create_stdlib_context"})
_CHOICE = frozenset(
    "verify verification insecure ssl tls cert certs nocert certificate certificates validate selfsigned "
    "localhost".split()
)
"""Words of a condition that leaves it to the operator whether certificates are checked."""

_LOOKS = frozenset({"getpeercert", "get_peer_certificate", "get_server_certificate"})
"""Who asks for the certificate itself wants to see it whatever it is."""

Found = tuple[ast.AST, str]


def source(module: Module) -> Iterable[Verdict]:
    """Look at every outbound request and TLS context for a verification that is switched off."""
    if not module.mentions(*_SPEAKS):
        return
    found = [(node, how) for node, how in _switched_off(module) if not _left_to_others(module, node)]
    for node, how in found:
        yield from _broken(module, node, how, CONTROL.severity)
    for node, how in () if found else _hushed(module):
        yield from _broken(module, node, how, Severity.LOW)
    for call in module.nodes(ast.Call):
        verify = next((each.value for each in call.keywords if each.arg == "verify"), None)
        if outbound(module, call) and (verify is None or module.constant(verify) is True):
            yield Verdict(True, "the other's certificate is checked", place(module, call), module.endpoints(call))


def _broken(module: Module, node: ast.AST, how: str, full: Severity) -> Iterator[Verdict]:
    yield Verdict(False, how, place(module, node), module.endpoints(node), severity=full)


def _switched_off(module: Module) -> Iterator[Found]:
    for call in module.nodes(ast.Call):
        yield from _call(module, call)
    for assign in module.nodes(ast.Assign):
        for target in assign.targets:
            yield from _assigned(module, assign, target)
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            if key is not None and isinstance(name, str) and _off(module, name, value):
                yield key, f"`{name}` is switched off: whoever answers in the other's place is believed"


def _call(module: Module, call: ast.Call) -> Iterator[Found]:
    if last_name(call) in ("_create_unverified_context", "_create_stdlib_context"):
        if module.qualified(call.func) in _UNVERIFIED:
            yield call, "a TLS context is made that checks no certificate"
        return
    for keyword in call.keywords:
        if keyword.arg in _SWITCHES or keyword.arg in _MODES:
            if _off(module, keyword.arg, keyword.value):
                yield keyword.value, f"`{keyword.arg}` switches the check of the other's certificate off"
        elif _checks_by(module, call, keyword) and module.constant(keyword.value) is False:
            how = f"`{last_name(call)}` sends without checking the other's certificate ({keyword.arg}=False)"
            yield keyword.value, how


def _checks_by(module: Module, call: ast.Call, keyword: ast.keyword) -> bool:
    """Tell whether this argument of a call is the check of a certificate, and the request goes to another machine.

    `ssl` is aiohttp's; `jwt.decode(verify=…)`, `redis.Redis(ssl=…)` and the like mean other things.
    """
    if keyword.arg not in ("verify", "ssl"):
        return False
    known = module.qualified(call.func) or ""
    if keyword.arg == "ssl" and known and not known.startswith("aiohttp."):
        return False
    sent = outbound(module, call)
    if sent is None:
        return known.startswith(("httpx.", "aiohttp.", "requests.")) and last_name(call)[:1].isupper()
    if sent.url is None:
        return True
    return not beginning(module, sent.url).startswith("http:") and not to_loopback(module, sent.url)


def _assigned(module: Module, assign: ast.Assign, target: ast.expr) -> Iterator[Found]:
    if isinstance(target, ast.Subscript):
        name = module.constant(target.slice)
        if name == "PYTHONHTTPSVERIFY" and module.constant(assign.value) == "0":
            yield assign, "`PYTHONHTTPSVERIFY` switches the check of certificates off for the whole process"
        elif _off(module, name, assign.value):
            yield assign, f"`{name}` switches the check of the other's certificate off"
        return
    if not isinstance(target, ast.Attribute):
        return
    if target.attr == "_create_default_https_context" and last_name(assign.value) == "_create_unverified_context":
        yield assign, "the check of certificates is switched off for every https request of the process"
    elif target.attr == "verify" and module.constant(assign.value) is False and client(module, target.value):
        yield assign, "a session sends all its requests without checking the other's certificate"
    elif _off(module, target.attr, assign.value) and not _default_of_option(module, assign):
        yield assign, f"`{target.attr}` switches the check of the other's certificate off"
    elif target.attr == "check_hostname" and _name_unchecked(module, assign, target):
        yield assign, "the name in the other's certificate is not compared: any valid certificate will do"


def _off(module: Module, name: object, value: ast.expr) -> bool:
    if name in _SWITCHES:
        return module.constant(value) is False
    return name in _MODES and (last_name(value) == "CERT_NONE" or module.constant(value) in ("CERT_NONE", "none"))


def _default_of_option(module: Module, assign: ast.Assign) -> bool:
    """Tell whether a switch is an attribute that the class's user sets: what it does is seen where it is used."""
    return isinstance(module.parent(assign), ast.ClassDef)


def _name_unchecked(module: Module, assign: ast.Assign, target: ast.Attribute) -> bool:
    """Tell whether a TLS context compares no name, and the same function does not switch the whole check off."""
    context = (module.qualified(target.value) or "").startswith("ssl.")
    if module.constant(assign.value) is not False or not (context or _called_context(target.value)):
        return False
    around = module.function_of(assign) or module.tree
    return not any(last_name(node) == "CERT_NONE" for node in within(around))


def _called_context(node: ast.expr) -> bool:
    return not {"ssl", "context", "ctx", "tls"}.isdisjoint(words(last_name(node)))


def _left_to_others(module: Module, node: ast.AST) -> bool:
    """Tell whether a condition asks for a setting that switches the check off, or a certificate is only looked at."""
    around = module.function_of(node)
    if around is not None and any(last_name(part) in _LOOKS for part in within(around)):
        return True
    inner: ast.AST = node
    for outer in module.ancestors(node):
        if isinstance(outer, ast.If | ast.IfExp) and inner is not outer.test:
            told = {word for part in within(outer.test) for word in words(said(part))}
            if not _CHOICE.isdisjoint(told):
                return True
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        inner = outer
    return in_development_alone(module, node)


def _hushed(module: Module) -> Iterator[Found]:
    """Yield where the warning of an unchecked certificate is hidden, so that nobody sees who leaves the check out."""
    if "disable_warnings" not in module.text:
        return
    for call in module.nodes(ast.Call):
        hides = last_name(call) == "disable_warnings" and "urllib3" in (module.qualified(call.func) or "")
        if hides and (not call.args or last_name(call.args[0]) in ("InsecureRequestWarning", "HTTPWarning")):
            yield call, "the warning that a certificate is not checked is hidden"


# --------------------------------------------------------------------------- the repair

_CONTEXT = "ssl.create_default_context"
_DECIDE = (
    "a service whose certificate comes from an authority of your own is named that authority's file (`verify=PATH`)"
)


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Leave the check to the library, which makes it where nothing is said, or switch it on by its own word."""
    for node, _ in (*_switched_off(module), *_hushed(module)):
        if place(module, node) == where:
            changes = tuple(_checked(module, node))
            if not changes:
                return None
            changes = tuple(dict.fromkeys((*changes, *_warned(module))))
            return Rewrite("who answers in the other's place is refused", changes, Risk.STRICTER, (_DECIDE,))
    return None


def _warned(module: Module) -> Iterator[Change]:
    """Let the warning be seen again: where all is checked, there is none."""
    for call, _ in _hushed(module):
        statement = module.parent(call)
        if isinstance(statement, ast.Expr):
            yield removed(module, statement)


def _checked(module: Module, node: ast.AST) -> Iterator[Change]:
    outer = module.parent(node)
    if isinstance(node, ast.Call) and module.qualified(node.func) in _UNVERIFIED:
        if node.args or node.keywords:
            raise CannotRewriteError(f"`{_CONTEXT}` takes other arguments")
        text, imports = named(module, _CONTEXT)
        yield replaced(module, node.func, text)
        yield from imports
    elif isinstance(outer, ast.keyword) and node is outer.value:
        yield from _argument_checked(module, outer)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        yield from _assignment_checked(module, node, node.targets[0])
    elif isinstance(outer, ast.Dict):
        for key, value in zip(outer.keys, outer.values, strict=True):
            if key is node or (isinstance(key, ast.Constant) and key.value == "check_hostname"):
                yield from _on(module, value)
    elif isinstance(node, ast.Call) and last_name(node) == "disable_warnings" and isinstance(outer, ast.Expr):
        yield removed(module, outer)


def _argument_checked(module: Module, keyword: ast.keyword) -> Iterator[Change]:
    """Leave out `verify=False`, for all that know it check by themselves; other names may be off by themselves."""
    call = module.parent(keyword)
    if keyword.arg in ("verify", "ssl") and isinstance(call, ast.Call):
        yield without_argument(module, call, keyword.arg)
    else:
        yield from _on(module, keyword.value)


def _on(module: Module, value: ast.expr) -> Iterator[Change]:
    """Put the word that switches the check on in the place of the one that switches it off."""
    if isinstance(value, ast.Attribute) and value.attr == "CERT_NONE":
        yield replaced(module, value, f"{written(module, value.value)}.CERT_REQUIRED")
    elif isinstance(value, ast.Name) and value.id == "CERT_NONE":
        text, imports = named(module, "ssl.CERT_REQUIRED")
        yield replaced(module, value, text)
        yield from imports
    elif isinstance(value, ast.Constant) and value.value in _WORDS:
        yield replaced(module, value, _WORDS[value.value])


_WORDS = {False: "True", "CERT_NONE": '"CERT_REQUIRED"', "none": '"required"', "0": '"1"'}


def _assignment_checked(module: Module, assign: ast.Assign, target: ast.expr) -> Iterator[Change]:
    attribute = target.attr if isinstance(target, ast.Attribute) else ""
    if attribute == "_create_default_https_context":
        yield removed(module, assign)
    elif attribute in ("verify_mode", "check_hostname") and isinstance(target, ast.Attribute):
        if not _is_default_context(module, target.value):
            raise CannotRewriteError(f"what it trusts is not known: make the context by `{_CONTEXT}()`")
        around = module.function_of(assign) or module.tree
        for other in within(around):
            if isinstance(other, ast.Assign) and _weakens(other, target.value):
                yield removed(module, other)
    else:
        yield from _on(module, assign.value)


def _weakens(assign: ast.Assign, context: ast.expr) -> bool:
    """Tell whether a statement switches a check of this context off."""
    target = assign.targets[0]
    if len(assign.targets) != 1 or not isinstance(target, ast.Attribute) or ast.dump(target.value) != ast.dump(context):
        return False
    off = isinstance(assign.value, ast.Constant) and assign.value.value is False
    return (target.attr == "check_hostname" and off) or (
        target.attr == "verify_mode" and last_name(assign.value) == "CERT_NONE"
    )


def _is_default_context(module: Module, context: ast.expr) -> bool:
    """Tell whether a context is made, in the same function, by what trusts the system's authorities."""
    around = module.function_of(context) or module.tree
    made = [
        each.value
        for each in within(around)
        if isinstance(each, ast.Assign) and any(_same(target, context) for target in each.targets)
    ]
    return len(made) == 1 and isinstance(made[0], ast.Call) and module.qualified(made[0].func) == _CONTEXT


def _same(target: ast.expr, read: ast.expr) -> bool:
    return ast.unparse(target) == ast.unparse(read)
