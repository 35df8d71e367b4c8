"""A token is made of something that can be guessed.

## What is wrong

A token, key, password or one-time code comes from the `random` module, from a UUID, the clock, the process id, or from
a plain hash of such things or of a user's name.

## Why it matters

`random` is a Mersenne Twister: who has seen some hundred values computes all that follow. Clocks and ids are searched
in seconds, and hashing adds nothing that an attacker cannot do too. uuid4 is made of 122 random bits, but RFC 9562
section 8 says not to rely on it for security, so it counts as low (RFC 6749 section 10.10, ASVS 5.0.0 11.5.1, CWE-338).

## Bad

    token = "".join(random.choices(string.ascii_letters, k=32))

    reset_code = hashlib.sha256(f"{user.id}{time.time()}".encode()).hexdigest()

## Good

    token = secrets.token_urlsafe(32)

    guard.issue(subject=user.id)

## References

RFC 4086 section 6; RFC 6749 section 10.10; RFC 9562 section 8; ASVS 5.0.0 11.5.1; CWE-330, CWE-338, CWE-340.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.controls.short_token.lengthening import room
from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Function, Module, within
from stopper.observe.source.flows import Flow, Origin, Says, Sink, credential, flows, last_name, place, safe, words
from stopper.observe.source.flows.naming import made_by
from stopper.observe.source.labels import bare
from stopper.observe.source.rewriting import named, replaced, statement_of
from stopper.rewrite import ByHand, Change, Rewrite

CONTROL = Control(
    id="BT201",
    name="weak_random_token",
    severity=Severity.HIGH,
    title="A token comes from a generator that can be predicted",
    witnesses="S",
    requirements=("G01",),
    labels=("weak_token_gen",),
    cwe=(330, 338, 340),
    guard="Guard.issue",
)


_MAKES = frozenset({("generate",), ("make",), ("create",), ("new",), ("issue",)})


def source(module: Module) -> Iterable[Verdict]:
    """Follow weak randomness to where it becomes a token; elsewhere (a file name, a colour, a delay) it is no fault."""
    for flow in flows(module):
        if flow.sink_kind is Sink.MADE:
            yield from _broken(module, flow)
    for call, made in _of_another(module):
        message = f"{made} is the plain hash of another token: whoever has that makes it himself"
        yield Verdict(False, message, place(module, call), module.endpoints(call))
    for kept in safe(module):
        if kept.sink_kind is Sink.MADE:
            message = f"{kept.target} comes from the system's secure generator"
            yield Verdict(True, message, place=place(module, kept.node))


def _broken(module: Module, flow: Flow) -> Iterable[Verdict]:
    where = flow.source_node if flow.together else flow.sink_node
    full = Severity.LOW if flow.source_kind is Origin.UUID else CONTROL.severity
    kind = flow.says.value if flow.says else "token"
    yield Verdict(
        kept=False,
        message=f"{flow.source_kind.value} becomes {flow.target}, which is a {kind}",
        place=place(module, where),
        endpoints=module.endpoints(flow.sink_node),
        evidence=(flow.evidence,),
        severity=full,
    )


def _of_another(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield what answers as a new token with the hash of a token that it is given, and of nothing else."""
    if not module.mentions("hashlib."):
        return
    for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        if words(function.name)[:1] not in _MAKES or made_by(function.name) is not Says.TOKEN:
            continue
        given = {each.arg for each in function.args.args if credential(each.arg) is Says.TOKEN}
        for call in within(function) if given else ():
            if not isinstance(call, ast.Call) or not (module.qualified(call.func) or "").startswith("hashlib."):
                continue
            hashed = bare(call.args[0]) if len(call.args) == 1 else None
            if isinstance(hashed, ast.Name) and hashed.id in given and _answered(module, function, call):
                yield call, f"what {function.name}() returns"


def _answered(module: Module, function: Function, call: ast.Call) -> bool:
    """Tell whether a function returns the text of this hash, by itself or through a variable."""
    statement = statement_of(module, call)
    if isinstance(statement, ast.Return):
        return isinstance(bare(statement.value), ast.Call) if statement.value is not None else False
    name = last_name(statement.targets[0]) if isinstance(statement, ast.Assign) else ""
    returned = (each.value for each in within(function) if isinstance(each, ast.Return))
    return bool(name) and any(isinstance(each, ast.Name) and each.id == name for each in returned)


# --------------------------------------------------------------------------- the repair

_SECURE = {"choice": "secrets.choice", "getrandbits": "secrets.randbits", "randbytes": "secrets.token_bytes"}
"""What takes the same arguments and gives the same kind of value; all else is a method of SystemRandom too."""

_DIGITS = 32
"""Letters of `token_hex(16)`."""

_OWN = frozenset({"Random", "SystemRandom", "seed", "setstate", "getstate"})
"""Names of `random` that draw nothing."""

_MOMENTS = frozenset(
    "time.time time.time_ns time.monotonic time.perf_counter os.getpid datetime.datetime.now "
    "datetime.datetime.utcnow".split()
)
"""What no caller can ask for twice with the same answer, as who makes a hash of today's date anew can."""

_NUMBERS = frozenset({"int", "round", "float", "abs"})
_READINGS = frozenset({"timestamp", "isoformat", "total_seconds"})
_HASHES = ("hashlib.", "zlib.crc32", "binascii.crc32")


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Draw from the system's generator instead: alphabet and length, on which others may rely, stay as they are."""
    changes: dict[Change, None] = {}
    for flow in flows(module):
        if flow.sink_kind is not Sink.MADE:
            continue
        if place(module, flow.source_node if flow.together else flow.sink_node) == where:
            drawn = _drawn(flow)
            if not drawn:
                target = "token" if " " in flow.target else flow.target
                return ByHand(_reason(flow), (f"{target} = secrets.token_urlsafe(32)",))
            changes.update(dict.fromkeys(drawn))
    if not changes:
        return ByHand("who checks it may make the hash again: keep what is made at random instead, and look it up")
    return Rewrite("the system's generator cannot be predicted from what it gave before", tuple(changes))


def _reason(flow: Flow) -> str:
    if flow.source_kind is Origin.IDENTITY:
        return "who checks it may make the hash again: keep what is made at random instead, and look it up"
    return "what reads it may rely on its form, which a random text does not have"


def _drawn(flow: Flow) -> tuple[Change, ...]:
    """Return what draws from the system's generator in the place of a flow's source; nothing where that is not sure."""
    module, node = flow.source_module, flow.source_node
    if not isinstance(node, ast.Call):
        return ()
    package, _, name = (module.qualified(node.func) or "").rpartition(".")
    if package == "random" and name not in _OWN:
        text = _in_text(module, node) if _is_hashed(module, node) else None
        return tuple(_random(module, node)) if text is None else _hex(module, text)
    if package == "uuid" and name in ("uuid1", "uuid4"):
        return _uuid(module, node, flow.together)
    text = _in_text(module, _reading(module, node)) if f"{package}.{name}" in _MOMENTS and flow.together else None
    if text is not None and (_is_hashed(module, text) or (_is_all(module, text) and _fits(flow))):
        return _hex(module, text)
    return ()


def _random(module: Module, call: ast.Call) -> Iterator[Change]:
    """Draw all numbers of a statement securely: each is a part of what the others are a part of."""
    for drawn in within(statement_of(module, call)):
        if not isinstance(drawn, ast.Call):
            continue
        package, _, name = (module.qualified(drawn.func) or "").rpartition(".")
        if package == "random" and name not in _OWN:
            text, imports = named(module, _SECURE.get(name, "secrets.SystemRandom"), drawn)
            yield replaced(module, drawn.func, text if name in _SECURE else f"{text}().{name}")
            yield from imports


def _hex(module: Module, node: ast.expr) -> tuple[Change, ...]:
    """Put 32 random hexadecimal digits, as many as a UUID has, in the place of a text."""
    text, imports = named(module, "secrets.token_hex", node)
    return replaced(module, node, f"{text}(16)"), *imports


def _uuid(module: Module, call: ast.Call, together: bool) -> tuple[Change, ...]:
    """Return a UUID's digits drawn at random, as a UUID where something may rely on its form."""
    outer = module.parent(call)
    if isinstance(outer, ast.Attribute) and outer.attr == "hex":
        return _hex(module, outer)
    text = _in_text(module, call)
    if text is not None and together and not module.project.holding("<uuid:"):
        return _hex(module, _without_dashes(module, text))
    made, imports = named(module, "uuid.UUID", call)
    drawn, more = named(module, "secrets.token_bytes", call)
    return replaced(module, call, f"{made}(bytes={drawn}(16))"), *imports, *more


def _without_dashes(module: Module, text: ast.expr) -> ast.expr:
    """Return the whole of `str(uuid4()).replace("-", "")`."""
    method = module.parent(text)
    call = module.parent(method) if isinstance(method, ast.Attribute) and method.attr == "replace" else None
    if isinstance(call, ast.Call) and [module.constant(each) for each in call.args] == ["-", ""]:
        return call
    return text


def _reading(module: Module, call: ast.Call) -> ast.expr:
    """Return the whole of what is made of a clock before it becomes text: `int(datetime.now().timestamp())`."""
    node: ast.expr = call
    while True:
        outer = module.parent(node)
        if isinstance(outer, ast.Attribute) and outer.attr in _READINGS:
            outer = module.parent(outer)
        elif not isinstance(outer, ast.Call) or last_name(outer) not in _NUMBERS:
            return node
        if not isinstance(outer, ast.Call):
            return node
        node = outer


def _in_text(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the text that is made of a value and nothing else, None where none is made of it at this place."""
    outer = module.parent(node)
    if isinstance(outer, ast.FormattedValue) and outer.format_spec is None:
        return node
    if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name) and outer.func.id == "str":
        return outer if outer.args == [node] and not outer.keywords else None
    return None


def _fits(flow: Flow) -> bool:
    """Tell whether the columns that are called like the token hold what `token_hex(16)` makes."""
    narrowest = room(flow.source_module, flow.target.rpartition(".")[2])
    return narrowest is None or narrowest >= _DIGITS


def _is_hashed(module: Module, node: ast.AST) -> bool:
    """Tell whether a value goes into a hash where it is made, so that nobody can know it again."""
    for outer in module.ancestors(node):
        if isinstance(outer, ast.stmt):
            return False
        if isinstance(outer, ast.Call) and (module.qualified(outer.func) or "").startswith(_HASHES):
            return True
    return False


def _is_all(module: Module, text: ast.expr) -> bool:
    """Tell whether a token is made of nothing but this text: then nothing is read out of it again."""
    formatted = module.parent(text)
    whole = module.parent(formatted) if isinstance(formatted, ast.FormattedValue) else text
    return whole is text or (isinstance(whole, ast.JoinedStr) and len(whole.values) == 1)
