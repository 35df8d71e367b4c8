"""A token is sent to another service over plain HTTP.

## What is wrong

A request that this program sends carries a token, an API key or a password to a URL that begins with `http://`, or an
OAuth library is told to do so.

## Why it matters

Whoever is on the way, in any network that the request crosses, reads the token and uses it as its owner until it
expires (RFC 6750 section 5.3, RFC 9700 section 2.6, CWE-319, CWE-523).

## Bad

    requests.get("http://api.partner.example/orders", headers={"Authorization": f"Bearer {token}"})

## Good

    requests.get("https://api.partner.example/orders", headers={"Authorization": f"Bearer {token}"}, timeout=5)

## References

RFC 6749 sections 1.6 and 3.2; RFC 6750 section 5.3; RFC 9700 section 2.6; ASVS 5.0.0 12.2.1; CWE-319, CWE-523.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module, within
from stopper.observe.source.development import on_own_machine
from stopper.observe.source.flows import Says, credential, last_name, place, words
from stopper.observe.source.labels import label
from stopper.observe.source.names import Assigned, bindings_of
from stopper.observe.source.outbound import Outbound, beginning, outbound, to_loopback

CONTROL = Control(
    id="BT111",
    name="token_sent_in_clear",
    severity=Severity.HIGH,
    title="A token is sent over plain HTTP",
    witnesses="S",
    requirements=("T10", "T11"),
    labels=("cleartext_http",),
    cwe=(319, 523),
)

_SWITCHES = frozenset({"OAUTHLIB_INSECURE_TRANSPORT", "AUTHLIB_INSECURE_TRANSPORT"})
_TOKEN_URLS = frozenset(
    "token_url access_token_url refresh_token_url authorize_url authorization_url api_base_url userinfo_endpoint "
    "jwks_uri jwks_url introspection_url introspect_url revocation_url server_metadata_url".split()
)
_MAPPINGS = frozenset({"headers", "params", "json", "data", "cookies"})
_TOLD = _MAPPINGS | _TOKEN_URLS | {"auth"}
"""Arguments that can hold a credential, or where to get one."""
_SECRETS = (Says.TOKEN, Says.SECRET, Says.PASSWORD)
_IN_QUERY = re.compile(r"[?&](?:access_token|token|api_?key|auth|password|secret|client_secret)=", re.IGNORECASE)
_NEARBY = re.compile(
    r"^http://(?:[^./:]+(?:[:/]|$)|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[^/:]+\.(?:local|internal)\b)"
)
"""Hosts that only a network of one's own knows: containers of one composition, private addresses."""
_LINK_LOCAL = re.compile(r"^http://(?:169\.254\.|metadata\.)", re.IGNORECASE)
"""The cloud's metadata service is asked in clear, by design, over a link that leaves no machine."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at every outbound request with a credential, and at what OAuth libraries are told, for `http://`."""
    if not module.mentions("http:", "https:", "insecure_transport"):
        return
    asking = _around_query(module)
    for call in module.nodes(ast.Call):
        if call not in asking and not any(keyword.arg in _TOLD for keyword in call.keywords):
            continue  # whoever is called, no credential is written here
        sent = outbound(module, call)
        what = _what(module, sent) if sent is not None else ""
        if sent is not None and sent.url is not None and what:
            yield from _judged(module, call, sent.url, what)
        for keyword in call.keywords if sent is None else ():
            if keyword.arg in _TOKEN_URLS:
                yield from _judged(
                    module, keyword.value, keyword.value, f"`{keyword.arg}`, where tokens are asked for,"
                )
    yield from _switches(module)


def _judged(module: Module, node: ast.AST, url: ast.expr, what: str) -> Iterator[Verdict]:
    start = beginning(module, url)
    if start.lower().startswith("https://"):
        yield Verdict(True, f"{what} goes over https", place(module, node), module.endpoints(node))
        return
    if not re.match(r"http://.", start, re.IGNORECASE) or to_loopback(module, url) or _LINK_LOCAL.match(start):
        return
    if not on_own_machine(module, node):
        message = f"{what} goes over plain HTTP, where anybody on the way reads it"
        full = Severity.LOW if _NEARBY.match(start) else CONTROL.severity
        yield Verdict(False, message, place(module, node), module.endpoints(node), severity=full)


# --------------------------------------------------------------------------- what a request carries


def _around_query(module: Module) -> set[ast.AST]:
    """Return all that holds a text with a token in a URL's query."""
    texts = ((node, node.value) for node in module.nodes(ast.Constant) if isinstance(node.value, str))
    return {outer for node, text in texts if _IN_QUERY.search(text) for outer in module.ancestors(node)}


def _what(module: Module, sent: Outbound) -> str:
    """Return what credential a request carries, "" for none."""
    for keyword in sent.call.keywords:
        if keyword.arg == "auth" and not _is_none(keyword.value):
            return "a password or token (`auth`)"
        if keyword.arg in _MAPPINGS:
            found = _in_mapping(module, keyword.value)
            if found:
                return f"`{found}`"
    if sent.url is not None and any(_IN_QUERY.search(text) for text in _texts(sent.url)):
        return "a token in the URL"
    return ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _in_mapping(module: Module, node: ast.expr) -> str:
    """Return the key of a dictionary, written here or bound to the name, that holds a credential."""
    if isinstance(node, ast.Name):
        found = bindings_of(module, node, node.id)
        only = found[1][0] if found and len(found[1]) == 1 else None
        if not isinstance(only, Assigned) or only.inside:
            return ""
        node = only.value
    if not isinstance(node, ast.Dict):
        return ""
    for key, value in zip(node.keys, node.values, strict=True):
        name = module.constant(key) if key is not None else None
        if isinstance(name, str) and credential(name) in _SECRETS and not _published(module, value):
            return name
    return ""


def _published(module: Module, value: ast.expr) -> bool:
    """Tell whether a value is no secret after all: a forgery token, an empty text."""
    return "csrf" in words(label(module, value)) or module.constant(value) in ("", None)


def _texts(node: ast.expr) -> Iterator[str]:
    for part in within(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


# --------------------------------------------------------------------------- what libraries are told


def _switches(module: Module) -> Iterator[Verdict]:
    if not module.mentions("insecure_transport"):
        return
    for assign in module.nodes(ast.Assign):
        target = assign.targets[0]
        if isinstance(target, ast.Subscript) and module.constant(target.slice) in _SWITCHES:
            yield from _switched(module, assign, str(module.constant(target.slice)), module.constant(assign.value))
    for call in module.nodes(ast.Call):
        if last_name(call) == "setdefault" and len(call.args) > 1 and module.constant(call.args[0]) in _SWITCHES:
            yield from _switched(module, call, str(module.constant(call.args[0])), module.constant(call.args[1]))


def _switched(module: Module, node: ast.AST, name: str, value: object) -> Iterator[Verdict]:
    if value and value is not True and not on_own_machine(module, node):
        message = f"`{name}` lets the OAuth library send and take tokens over plain HTTP"
        yield Verdict(False, message, place(module, node), severity=Severity.MEDIUM)
