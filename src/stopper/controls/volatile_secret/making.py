"""Whether a value is made anew in each process: told from the calls it comes from, and from whether it is kept."""

from __future__ import annotations

import ast
import enum

from stopper.observe.source import Definition, Function, Module, within
from stopper.observe.source.flows import last_name, words
from stopper.observe.source.names import Assigned, bindings_of


class Fresh(enum.Enum):
    """When a value is made anew."""

    ALWAYS = "always"
    FALLBACK = "where none is given"


_MAKERS = frozenset(
    {
        *(f"secrets.{name}" for name in ("token_hex", "token_urlsafe", "token_bytes", "randbits", "choice")),
        *("os.urandom", "uuid.uuid4", "uuid.uuid1", "werkzeug.security.gen_salt", "nacl.utils.random"),
        *("cryptography.fernet.Fernet.generate_key", "Crypto.Random.get_random_bytes", "Crypto.PublicKey.RSA.generate"),
        *("cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key", "rsa.newkeys"),
        *("cryptography.hazmat.primitives.asymmetric.ec.generate_private_key",),
        *("authlib.common.security.generate_token", "authlib.jose.JsonWebKey.generate_key"),
        *("random.SystemRandom.choice", "random.SystemRandom.getrandbits", "random.choice", "random.choices"),
        *("secrets.SystemRandom.choice", "secrets.SystemRandom.getrandbits"),
    }
)
_MAKER_NAMES = frozenset(name.rpartition(".")[2] for name in _MAKERS)
_READERS = frozenset({"get", "getenv", "config", "env", "str", "pop", "setdefault", "Field", "field", "getattr"})
_KEEPING = frozenset("open write dump save store persist put insert commit execute set add read load touch".split())
"""Words of functions that keep a value beyond the process, or find the one that was kept."""

_DEEPEST = 6


def fresh(module: Module, node: ast.expr | None, depth: int = 0) -> Fresh | None:
    """Return when an expression is made anew by the process that evaluates it, None where it is not, or is kept."""
    if node is None or depth > _DEEPEST:
        return None
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return Fresh.FALLBACK if fresh(module, node.values[-1], depth + 1) else None
    if isinstance(node, ast.IfExp):
        made = fresh(module, node.body, depth + 1) or fresh(module, node.orelse, depth + 1)
        return Fresh.FALLBACK if made else None
    if isinstance(node, ast.Name):
        return _named(module, node, depth)
    if isinstance(node, ast.Call):
        return _called(module, node, depth)
    if isinstance(node, ast.Attribute) and node.attr == "hex":
        return fresh(module, node.value, depth + 1)
    return None


def _called(module: Module, call: ast.Call, depth: int) -> Fresh | None:
    if last_name(call) in _MAKER_NAMES and module.qualified(call.func) in _MAKERS:
        return Fresh.ALWAYS
    if last_name(call) in _READERS and not (isinstance(call.func, ast.Name) and call.func.id == "str"):
        return _default(module, call, depth)
    target = module.resolve(call.func)
    if isinstance(target, Definition):
        return _answered(target, depth) if not isinstance(target.node, ast.ClassDef) else None
    if last_name(call) == "join":
        return Fresh.ALWAYS if any(_picks(module, part) for part in within(call)) else None
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    carried = [each for each in (inner, *call.args[:1]) if isinstance(each, ast.Call | ast.Attribute)]
    return next((made for each in carried if (made := fresh(module, each, depth + 1))), None)


def _picks(module: Module, node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last_name(node) in _MAKER_NAMES and module.qualified(node.func) in _MAKERS


def _default(module: Module, call: ast.Call, depth: int) -> Fresh | None:
    """Return when a setting's default is made: `environ.get("KEY", os.urandom(24))`, `Field(default_factory=…)`."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    factory = named.get("default_factory")
    given = factory.body if isinstance(factory, ast.Lambda) else named.get("default", next(iter(call.args[1:]), None))
    return Fresh.FALLBACK if given is not None and fresh(module, given, depth + 1) else None


def _answered(target: Definition, depth: int) -> Fresh | None:
    """Return when a function of the project makes its answer; one that reads or writes something keeps it."""
    assert not isinstance(target.node, ast.ClassDef)
    if keeps(target.node):
        return None
    found = [fresh(target.module, each.value, depth + 1) for each in target.module.returns(target.node)]
    if not any(found):
        return None
    return Fresh.ALWAYS if all(each is Fresh.ALWAYS for each in found) else Fresh.FALLBACK


def keeps(function: Function) -> bool:
    """Tell whether a function writes to or reads from something that outlives the process."""
    return any(
        isinstance(node, ast.Call) and not _KEEPING.isdisjoint(words(last_name(node))) for node in within(function)
    )


def _named(module: Module, node: ast.Name, depth: int) -> Fresh | None:
    found = bindings_of(module, node, node.id)
    if found is None or kept(module, node.id, node):
        return None
    values = [binding.value for binding in found[1] if isinstance(binding, Assigned) and not binding.inside]
    made = [None if refused(module, value) else fresh(module, value, depth + 1) for value in values]
    if not any(made):
        return None
    certain = len(found[1]) == 1 and made[0] is Fresh.ALWAYS and not _conditional(module, values[0])
    return Fresh.ALWAYS if certain else Fresh.FALLBACK


def _conditional(module: Module, node: ast.AST) -> bool:
    return any(isinstance(outer, ast.If | ast.Try) for outer in module.ancestors(node))


def refused(module: Module, node: ast.AST) -> bool:
    """Tell whether the program may stop rather than draw a key: something is raised in the branch that draws."""
    branches = (outer for outer in module.ancestors(node) if isinstance(outer, ast.If))
    return any(_stops(each) for outer in branches for each in within(outer))


def _stops(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and last_name(node) in ("exit", "abort"))


def kept(module: Module, name: str, node: ast.AST) -> bool:
    """Tell whether the code around a node gives a variable to something that outlives the process."""
    around = module.function_of(node) or module.tree
    calls = (each for each in within(around) if isinstance(each, ast.Call))
    keeping = (call for call in calls if not _KEEPING.isdisjoint(words(last_name(call))))
    given = (part for call in keeping for each in (*call.args, *call.keywords) for part in within(each))
    return any(last_name(part) == name for part in given)
