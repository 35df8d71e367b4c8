"""How many bits a guesser has to find: the most that an expression can hold, told from the calls that it is made of.

Whatever is done to a value afterwards (hashed, encoded, put into a text with constants) adds nothing to it.
"""

from __future__ import annotations

import ast
import math
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stopper.observe.source import UNKNOWN, Definition, Function, Module
from stopper.observe.source.flows import last_name

UUID = 122.0
"""Random bits of a version 4 UUID: RFC 9562 section 5.4 keeps six of 128 for itself."""

_DEEPEST = 8
_LETTERS_AND_DIGITS = math.log2(62)


@dataclass(frozen=True, slots=True)
class Entropy:
    """The bits of a value and, of a text, those of each of its characters (0 where it is none, or mixed)."""

    bits: float
    each: float = 0.0


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where an expression is read: its module, and what the call gave the parameters of the function around it."""

    module: Module
    given: Mapping[str, object] = field(default_factory=dict)
    depth: int = 0


_BYTES = {
    "secrets.token_bytes": 32,
    "os.urandom": None,
    "Crypto.Random.get_random_bytes": None,
    "Cryptodome.Random.get_random_bytes": None,
    "nacl.utils.random": 32,
}
_TEXTS = {
    "secrets.token_hex": (32, 8.0, 4.0),
    "secrets.token_urlsafe": (32, 8.0, 6.0),
    "werkzeug.security.gen_salt": (None, _LETTERS_AND_DIGITS, _LETTERS_AND_DIGITS),
    "authlib.common.security.generate_token": (30, _LETTERS_AND_DIGITS, _LETTERS_AND_DIGITS),
    "django.utils.crypto.get_random_string": (12, _LETTERS_AND_DIGITS, _LETTERS_AND_DIGITS),
}
"""Functions that make text: the length they take without an argument, bits for each unit of it and each character."""

_INTEGERS = ("secrets.randbits", "secrets.SystemRandom.getrandbits", "random.SystemRandom.getrandbits")
_PICKS = frozenset({"secrets.choice", "secrets.SystemRandom.choice", "random.SystemRandom.choice"})
_SEVERAL = frozenset(
    f"{module}.SystemRandom.{name}" for module in ("random", "secrets") for name in ("choices", "sample")
)
_HEX = frozenset({"hex", "hexlify", "hexdigest", "hexencode", "b16encode"})
_ENCODERS = frozenset("b64encode urlsafe_b64encode standard_b64encode".split())
_SAME = frozenset("str bytes decode encode strip rstrip lstrip lower upper".split())
_HASHES = frozenset("md5 sha1 sha224 sha256 sha384 sha512 sha3_256 sha3_512 blake2b blake2s digest".split())
_UUID_TEXT = frozenset({"hex"})
_ALPHABETS = {f"string.{name}": getattr(string, name) for name in dir(string) if name.isascii() and name.islower()}


def entropy(module: Module, node: ast.expr) -> Entropy | None:
    """Return the most that a value can hold, None where it is made of anything that cannot be told."""
    return _entropy(_Scope(module), node)


def _entropy(scope: _Scope, node: ast.expr) -> Entropy | None:
    if scope.depth > _DEEPEST:
        return None
    if isinstance(node, ast.Call):
        return _called(scope, node)
    if isinstance(node, ast.Subscript):
        return _cut(scope, node)
    if isinstance(node, ast.Attribute) and node.attr in _UUID_TEXT:
        return _entropy(scope, node.value)
    if isinstance(node, ast.JoinedStr):
        return _together(scope, [part.value for part in node.values if isinstance(part, ast.FormattedValue)])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _together(scope, [node.left, node.right])
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _entropy(scope, node.values[-1])
    if isinstance(node, ast.Name):
        value = _bound(scope, node)
        return _entropy(_deeper(scope), value) if value is not None else None
    return None


def _deeper(scope: _Scope) -> _Scope:
    return _Scope(scope.module, scope.given, scope.depth + 1)


def _bound(scope: _Scope, node: ast.Name) -> ast.expr | None:
    return bound(scope.module, node) if node.id not in scope.given else None


def bound(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the one expression that a local variable is given, None for anything else and for one that changes."""
    function = module.function_of(node)
    if function is None or not isinstance(node, ast.Name):
        return None
    found = [each for each in _assignments(function) if last_name(_target(each)) == node.id]
    only = found[0] if len(found) == 1 and isinstance(_target(found[0]), ast.Name) else None
    return only.value if isinstance(only, ast.Assign | ast.AnnAssign) else None


def _assignments(function: Function) -> Iterator[ast.Assign | ast.AnnAssign | ast.AugAssign]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign))


def _target(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> ast.expr:
    return node.targets[0] if isinstance(node, ast.Assign) else node.target


def _together(scope: _Scope, parts: list[ast.expr]) -> Entropy | None:
    """Return what parts hold together; constants hold nothing, and one part that is unknown may hold anything."""
    total, each = 0.0, 0.0
    for part in parts:
        if isinstance(scope.module.constant(part), str | int):
            continue
        found = _entropy(scope, part)
        if found is None:
            return None
        total, each = total + found.bits, found.each if not total else 0.0
    return Entropy(total, each) if total else None


def _cut(scope: _Scope, node: ast.Subscript) -> Entropy | None:
    """Return what is left of a text that is cut: `[:8]`, `[2:10]`, `[-6:]`."""
    piece = node.slice
    whole = _entropy(scope, node.value)
    if whole is None or not whole.each or not isinstance(piece, ast.Slice) or piece.step is not None:
        return None
    lower = scope.module.constant(piece.lower) if piece.lower is not None else 0
    upper = scope.module.constant(piece.upper) if piece.upper is not None else None
    if isinstance(lower, int) and lower < 0 and upper is None:
        return Entropy(min(whole.bits, -lower * whole.each), whole.each)
    if isinstance(lower, int) and isinstance(upper, int) and 0 <= lower < upper:
        return Entropy(min(whole.bits, (upper - lower) * whole.each), whole.each)
    return None


def _called(scope: _Scope, call: ast.Call) -> Entropy | None:
    name = last_name(call)
    qualified = scope.module.qualified(call.func) or ""
    made = _made(scope, call, qualified)
    if made is not None:
        return made
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "join" and len(call.args) == 1:
        return _joined(scope, call.args[0])
    if name == "format" and inner is not None and isinstance(scope.module.constant(inner), str):
        return _together(scope, [*call.args, *(keyword.value for keyword in call.keywords)])
    method = inner is not None and (name in _SAME or not (call.args or call.keywords))
    carried = inner if method else call.args[0] if len(call.args) == 1 else None
    if carried is None:
        return _of_project(scope, call)
    return _carried(scope, name, carried) or _of_project(scope, call)


def _carried(scope: _Scope, name: str, node: ast.expr) -> Entropy | None:
    found = _entropy(scope, node) if name in (*_SAME, *_HEX, *_ENCODERS, *_HASHES) else None
    if found is None or name in _SAME:
        return found
    if name in _HASHES:
        return Entropy(found.bits)
    return Entropy(found.bits, 4.0 if name in _HEX else 6.0)


def _made(scope: _Scope, call: ast.Call, qualified: str) -> Entropy | None:
    """Return what a call of a strong generator makes."""
    if qualified in _BYTES:
        count = _count(scope, call, _BYTES[qualified])
        return Entropy(8.0 * count) if count else None
    if qualified in _TEXTS:
        default, unit, each = _TEXTS[qualified]
        count = _count(scope, call, default)
        return Entropy(unit * count, each) if count else None
    if qualified in _INTEGERS:
        count = _count(scope, call, None)
        return Entropy(count) if count else None
    if qualified == "secrets.randbelow":
        count = _count(scope, call, None)
        return Entropy(math.log2(count)) if count and count > 1 else None
    if qualified in _PICKS and call.args:
        alphabet = _alphabet(scope, call.args[0])
        return Entropy(math.log2(len(alphabet)), math.log2(len(alphabet))) if len(alphabet) > 1 else None
    return Entropy(UUID, 4.0) if qualified == "uuid.uuid4" else None


def _count(scope: _Scope, call: ast.Call, default: int | None) -> int | None:
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg in ("nbytes", "length", "k"))]
    if not given:
        return default
    known = _number(scope, given[0])
    return known if isinstance(known, int) and known > 0 else None


def _number(scope: _Scope, node: ast.expr) -> object:
    if isinstance(node, ast.Name) and node.id in scope.given:
        return scope.given[node.id]
    return scope.module.constant(node)


def _joined(scope: _Scope, node: ast.expr) -> Entropy | None:
    """Return what `"".join(choice(letters) for _ in range(n))` or `"".join(system.choices(letters, k=n))` holds."""
    if isinstance(node, ast.Call) and (scope.module.qualified(node.func) or "") in _SEVERAL and node.args:
        alphabet = _alphabet(scope, node.args[0])
        counts = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "k")]
        count = _number(scope, counts[0]) if counts else None
        each = math.log2(len(alphabet)) if len(alphabet) > 1 else 0.0
        return Entropy(each * count, each) if each and isinstance(count, int) else None
    if not isinstance(node, ast.GeneratorExp | ast.ListComp) or len(node.generators) != 1 or node.generators[0].ifs:
        return None
    repeats, one = node.generators[0].iter, _entropy(scope, node.elt)
    if one is None or not isinstance(repeats, ast.Call) or last_name(repeats) not in ("range", "xrange"):
        return None
    count = _number(scope, repeats.args[0]) if len(repeats.args) == 1 else None
    return Entropy(one.bits * count, one.each) if isinstance(count, int) else None


def _alphabet(scope: _Scope, node: ast.expr) -> str:
    """Return the characters that are picked from, "" where that cannot be told."""
    known = _number(scope, node)
    if isinstance(known, str):
        return known
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _alphabet(scope, node.left), _alphabet(scope, node.right)
        return left + right if left and right else ""
    if isinstance(node, ast.Name):
        value = _bound(scope, node)
        return _alphabet(_deeper(scope), value) if value is not None and scope.depth < _DEEPEST else ""
    return _ALPHABETS.get(scope.module.qualified(node) or "", "") if isinstance(node, ast.Attribute) else ""


def _of_project(scope: _Scope, call: ast.Call) -> Entropy | None:
    """Return what a function of the project answers, called as it is here; the most of its returns."""
    target = scope.module.resolve(call.func)
    if not isinstance(target, Definition) or isinstance(target.node, ast.ClassDef):
        return None
    values = [each.value for each in target.module.returns(target.node)]
    inside = _Scope(target.module, _given(scope, call, target.node), scope.depth + 1)
    found = [_entropy(inside, value) if value is not None else None for value in values]
    every = [each for each in found if each is not None]
    return max(every, key=lambda each: each.bits) if every and len(every) == len(found) else None


def _given(scope: _Scope, call: ast.Call, function: Function) -> dict[str, object]:
    """Return what the parameters of a function hold in a call, UNKNOWN where that cannot be told."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    names = [each.arg for each in arguments]
    defaults = zip(reversed(arguments), reversed(function.args.defaults), strict=False)
    given: dict[str, object] = dict.fromkeys(names, UNKNOWN)
    given.update({each.arg: scope.module.constant(value) for each, value in defaults})
    own = names[1:] if names[:1] in (["self"], ["cls"]) else names
    given.update({name: _number(scope, value) for name, value in zip(own, call.args, strict=False)})
    given.update({each.arg: _number(scope, each.value) for each in call.keywords if each.arg in given})
    return given
