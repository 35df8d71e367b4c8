"""A key is made anew whenever the program starts.

## What is wrong

The key that signs or encrypts tokens, sessions or stored data is drawn at random while the program is loaded, and kept
nowhere: each worker process has its own, and each restart brings another.

## Why it matters

A token that one worker signed is refused by the next, and all are void after a restart or a crash. Such faults are
mended in a hurry, by a single worker or by a literal in the source. Nobody can rotate a key that nobody holds (ASVS
5.0.0 11.1.1, 13.3.1, CWE-665). Where the drawn key only stands in for a missing setting, it counts as low: a forgotten
setting should stop the program.

## Bad

    app.secret_key = os.urandom(24)

    SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex(32)

## Good

    app.secret_key = os.environ["SECRET_KEY"]

The guard makes its keys at first start under a lock, and keeps them in the store, where every worker finds them.

## References

Flask documentation, SECRET_KEY; ASVS 5.0.0 11.1.1, 13.3.1; CWE-665.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from stopper.controls.volatile_secret.making import Fresh, fresh, kept, refused
from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module, within
from stopper.observe.source.development import in_development_alone
from stopper.observe.source.flows import Says, credential, last_name, place, words

CONTROL = Control(
    id="BT211",
    name="volatile_secret",
    severity=Severity.MEDIUM,
    title="A key is made anew whenever the program starts",
    witnesses="S",
    requirements=("G12",),
    labels=("hardcoded_secret",),
    cwe=(665,),
)

_SPEAKS = ("secret", "signing_key", "private_key", "encryption_key", "hmac_key", "jwt_key", "fernet", "serializer")
_CIPHERS = ("Fernet", "Serializer", "Signer")
_OUTSIDE = frozenset({"environ", "getenv"})
_LOADS = frozenset({"from_pyfile", "from_envvar", "from_prefixed_env", "from_file", "from_json"})
"""Methods of the configuration that let a file or the environment replace what the code has set."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at every key that is set while the program is loaded, for one that the process draws for itself."""
    if not module.mentions(*_SPEAKS):
        return
    for node, name, value in (*_set(module), *_given(module)):
        made = fresh(module, value)
        if made is None and any(last_name(part) in _OUTSIDE for part in within(value)):
            yield Verdict(True, f"{name} comes from outside the program", place(module, node))
        if made is None or in_development_alone(module, node) or refused(module, node) or kept(module, name, node):
            continue
        if made is Fresh.ALWAYS and not _replaceable(module, node):
            message = f"{name} is drawn anew by every worker and at every start"
            yield Verdict(False, message, place(module, node))
        else:
            message = f"{name} is drawn anew by every worker and at every start, where none is given"
            yield Verdict(False, message, place(module, node), severity=Severity.LOW)


def _set(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """Yield the keys that are set: module and class variables, settings of the application wherever they are set."""
    found: list[tuple[ast.AST, str, ast.expr]] = []
    for assign in module.nodes(ast.Assign, ast.AnnAssign):
        target = assign.targets[0] if isinstance(assign, ast.Assign) else assign.target
        name = _key_name(module, target)
        if name and assign.value is not None:
            found.append((assign, name, assign.value))
    yield from (each for position, each in enumerate(found) if not _replaced(module, each, found[position + 1 :]))
    for call in module.nodes(ast.Call):
        holder = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        if last_name(call) in ("update", "from_mapping") and last_name(holder) == "config":
            yield from ((each, each.arg, each.value) for each in call.keywords if each.arg and _is_key(each.arg))


def _replaced(module: Module, one: tuple[ast.AST, str, ast.expr], later: list[tuple[ast.AST, str, ast.expr]]) -> bool:
    """Tell whether the same setting is set once more afterwards, whatever happens in between."""
    return any(
        name.lower() == one[1].lower()
        and module.scope(node) is module.scope(one[0])
        and not any(isinstance(outer, ast.If | ast.Try) for outer in module.ancestors(node))
        for node, name, _ in later
    )


def _key_name(module: Module, target: ast.expr) -> str:
    """Return the name of a key that lives as long as the process, "" for any other target."""
    if isinstance(target, ast.Subscript):
        key = target.slice.value if isinstance(target.slice, ast.Constant) else ""
        return key if isinstance(key, str) and _is_key(key) and last_name(target.value) == "config" else ""
    if isinstance(target, ast.Attribute):
        return target.attr if target.attr == "secret_key" and "app" in words(last_name(target.value)) else ""
    name = target.id if isinstance(target, ast.Name) else ""
    return name if name and module.function_of(target) is None and _is_key(name) else ""


def _is_key(name: str) -> bool:
    return credential(name) is Says.SECRET or words(name)[-2:] == ("fernet", "key")


def _given(module: Module) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """Yield the keys that ciphers and signers are made with while the module is loaded."""
    for call in module.nodes(ast.Call):
        name = last_name(call)
        if name.endswith(_CIPHERS) and call.args and module.function_of(call) is None:
            yield call, f"the key of {name}", call.args[0]


def _replaceable(module: Module, node: ast.AST) -> bool:
    """Tell whether the key only stands in: set where one is missing, or before a configuration is read."""
    for outer in module.ancestors(node):
        if isinstance(outer, ast.If | ast.Try):
            return True
        if isinstance(outer, ast.ClassDef) and any(last_name(base).endswith("Settings") for base in outer.bases):
            return True
    around = module.function_of(node) or module.tree
    return any(
        isinstance(call, ast.Call) and last_name(call) in _LOADS and call.lineno >= getattr(node, "lineno", 0)
        for call in within(around)
    )
