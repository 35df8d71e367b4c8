"""A token or secret reaches a log.

## What is wrong

A token, a password, a signing key or the whole Authorization header is printed, logged, put into a warning or into the
text of an exception.

## Why it matters

Logs are copied to places that many can read, kept for years, and sent to other companies. Who reads a live bearer token
there is its owner (RFC 6750 section 5.3, RFC 9700 section 4.3, ASVS 5.0.0 16.2.5, CWE-532).

## Bad

    log.info("token %s for %s", token, user)

    raise ValueError(f"bad token {token}")

## Good

    log.info("token %s for %s", fingerprint(token), user)

The guard installs a redaction on every handler, and its own `Secret` shows only a fingerprint.

## References

RFC 6750 section 5.3; ASVS 5.0.0 16.2.5; OWASP Logging Cheat Sheet; CWE-209, CWE-532.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.controls.token_logged.bodies import bodies, configurations
from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.app.leaks import readable, said, somebody_s
from stopper.observe.source import Module
from stopper.observe.source.flows import Flow, Says, Sink, credential, flows, is_logger, last_name, place, safe
from stopper.observe.source.labels import bare, label
from stopper.observe.source.mending import HIDDEN, holes, without_holes
from stopper.observe.source.request import taken
from stopper.observe.source.rewriting import at, replaced
from stopper.observe.views import Exchange
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite

CONTROL = Control(
    id="BT302",
    name="token_logged",
    severity=Severity.CRITICAL,
    title="A token or secret is written to a log",
    witnesses="S A",
    requirements=("L01",),
    labels=("token_logging",),
    cwe=(209, 532),
    guard="redact.install",
)


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the logs, outputs and exceptions into which the running application put the tokens of an exchange.

    A presented token that was refused was nobody's, as far as can be told: it weighs less.
    """
    if exchange.endpoint is None or exchange.leaks is None:
        return
    leaks = list(readable(exchange, "log", "output", "exception"))
    for leak in leaks:
        yield Verdict(
            kept=False,
            message=said(exchange, leak),
            place=leak.place,
            endpoints=(exchange.endpoint,),
            evidence=(evidence("the exchange meanwhile", exchange),),
            strength=Strength.PROVEN,
            cause=str(leak.place or leak.where),
            severity=None if somebody_s(exchange, leak) else Severity.MEDIUM,
        )
    if not leaks:
        message = f"no token of {exchange.endpoint} was seen to reach a log"
        yield Verdict(True, message, endpoints=(exchange.endpoint,))


def source(module: Module) -> Iterable[Verdict]:
    """Follow tokens, secrets and the Authorization header into logs, output, warnings and exception texts."""
    for flow in flows(module):
        if flow.sink_kind in (Sink.LOGGED, Sink.RAISED):
            yield from _broken(module, flow)
    followed = {flow.sink_node for flow in flows(module)}
    for call, target in bodies(module):
        if call not in followed:
            message = f"the body of a login, with the password, is written to a log by {target}"
            yield Verdict(False, message, place(module, call), module.endpoints(call))
    for call, target in configurations(module):
        message = f"all settings, keys among them, are written to a log by {target}"
        yield Verdict(False, message, place(module, call), module.endpoints(call))
    for kept in safe(module):
        if kept.sink_kind is Sink.LOGGED:
            yield Verdict(True, "only a fingerprint of the credential is logged", place=place(module, kept.node))


def _broken(module: Module, flow: Flow) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"{flow.what} {flow.sink_kind.value} by {flow.target}",
        place=place(module, flow.sink_node),
        endpoints=module.endpoints(flow.sink_node),
        evidence=(flow.evidence,),
    )


# --------------------------------------------------------------------------- the repair

_SECRETS = (Says.TOKEN, Says.SECRET, Says.PASSWORD, Says.SESSION)
_CONVERSION = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?([a-zA-Z%])")
_LINES = (
    "def fingerprint(token: str) -> str:",
    "    return hashlib.sha256(token.encode()).hexdigest()[:12]",
    "",
    'log.info("token %s for %s", fingerprint(token), user)',
)


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Write a fixed text in the place of the credential, where the call itself shows which argument that is."""
    for call in at(module, where, ast.Call):
        if not isinstance(call, ast.Call):
            continue
        if is_logger(_holder(call)) or last_name(call) in ("print", "warn"):
            return _hidden(module, call, call.args)
        if isinstance(module.parent(call), ast.Raise):
            return _hidden(module, call, [each for each in call.args if isinstance(each, ast.JoinedStr)])
    return ByHand("it cannot be told which part of what is written holds it: write a fingerprint instead", _LINES)


def _holder(call: ast.Call) -> str:
    return last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _hidden(module: Module, call: ast.Call, given: list[ast.expr]) -> Rewrite | ByHand:
    changes: list[Change] = []
    extra = [each.value for each in call.keywords if each.arg == "extra"]
    for part in (part for argument in (*given, *extra) for part in _parts(argument)):
        if isinstance(part, ast.JoinedStr):
            shown = [hole for hole in holes(part) if _is_credential(module, hole)]
            filled = without_holes(module, part, shown, HIDDEN) if shown else None
            if shown and filled is None:
                return ByHand("the text that is written cannot be taken apart safely", _LINES)
            changes.extend([filled] if filled else [])
        elif _is_credential(module, part):
            changes.append(replaced(module, part, f'"{HIDDEN}"'))
    if not changes or not _takes_texts(module, call):
        return ByHand("it cannot be told which part of what is written holds it: write a fingerprint instead", _LINES)
    return Rewrite("the log says what happened without the credential, which its readers could use", tuple(changes))


def _parts(argument: ast.expr) -> Iterator[ast.expr]:
    """Yield what an argument is put together of: `"a" + b`, `"%s" % (a, b)`, `"{}".format(a)`, `{"a": b}`."""
    inner: list[ast.expr] = []
    if isinstance(argument, ast.BinOp):
        inner = [argument.left, argument.right]
    elif isinstance(argument, ast.Tuple | ast.List):
        inner = argument.elts
    elif isinstance(argument, ast.Dict):
        inner = argument.values
    elif isinstance(argument, ast.Call) and last_name(argument) == "format":
        inner = [*argument.args, *(each.value for each in argument.keywords)]
    else:
        yield argument
    for part in inner:
        yield from _parts(part)


def _is_credential(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is a credential by its name, or the Authorization header."""
    inner = bare(node)
    found = taken(module, inner)
    if found is not None and found.name == "authorization" and not found.presence:
        return True
    return not isinstance(inner, ast.Constant) and credential(label(module, inner)) in _SECRETS


def _takes_texts(module: Module, call: ast.Call) -> bool:
    """Tell whether a text may stand wherever an argument does: `%d` takes none."""
    forms = (module.constant(node) for node in ast.walk(call) if isinstance(node, ast.Constant))
    kinds = {each.lower() for form in forms if isinstance(form, str) for each in _CONVERSION.findall(form)}
    return kinds <= {"s", "r", "a", "%"}
