"""A secret has a default in the source.

## What is wrong

Where the setting is missing, a literal takes its place: `os.environ.get("SECRET_KEY", "dev")`, `or "dev"`, the default
of a settings class.

## Why it matters

Nothing fails when the setting is forgotten. The service runs in production with a key that everybody can read, and
nobody notices until tokens are forged (CWE-1188; CVE-2023-27524 was found this way on thousands of hosts).

## Bad

    SECRET_KEY = os.environ.get("SECRET_KEY", "dev")

    SECRET_KEY = os.environ.get("SECRET_KEY") or "dev"

    # docker-compose.yml
    SECRET_KEY: ${SECRET_KEY:-dev}

## Good

    SECRET_KEY = os.environ["SECRET_KEY"]

A default is harmless where the program compares the key with it and refuses to start.

## References

RFC 8725 section 3.5; ASVS 5.0.0 13.3.1; CWE-798, CWE-1188; CVE-2023-27524.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Configuration, Module, within
from stopper.observe.source.configuration import Serves, secrets
from stopper.observe.source.flows import Literal, last_name, literals, place
from stopper.observe.source.rewriting import (
    before,
    named,
    removed,
    replaced,
    span,
    statement_of,
    without_argument,
    written,
)
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT206",
    name="secret_with_default",
    severity=Severity.HIGH,
    title="A secret has a default that stands in the source",
    witnesses="S",
    requirements=("G15",),
    labels=("hardcoded_secret",),
    cwe=(798, 1188),
    local=True,
)


def source(module: Module) -> Iterable[Verdict]:
    """Look at every setting that holds a secret for a literal that is taken where the setting is missing."""
    for literal in literals(module):
        if literal.node is None:
            yield Verdict(True, f"{literal.name} has no default", place=place(module, literal.anchor))
        elif literal.default and literal.refused:
            message = f"{literal.name} has a default, and the program refuses to run with it"
            yield Verdict(True, message, place=place(module, literal.anchor, literal.value))
        elif literal.default:
            yield from _broken(module, literal)


def configuration(configuration: Configuration) -> Iterable[Verdict]:
    """Look at `${SECRET_KEY:-…}` in files of settings: what is taken where the variable is not set."""
    for entry, value in secrets(configuration):
        if entry.default and value and configuration.committed:
            yield Verdict(
                kept=False,
                message=f"where {entry.name} is not set, a value that is kept with the code takes its place",
                place=entry.place,
                severity=CONTROL.severity if configuration.serves is Serves.RUNNING else Severity.LOW,
            )


def _broken(module: Module, literal: Literal) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"where {literal.name} is not set, a literal in the source takes its place, known to all its readers",
        place=place(module, literal.anchor, literal.value),
        endpoints=module.endpoints(literal.anchor),
    )


# --------------------------------------------------------------------------- the repair

_DEFAULTS = frozenset({"default", "failobj", "fallback", "default_factory"})
_LOOKUPS = ("decouple.", "environs.", "environ.", "starlette.config.")
"""Libraries that refuse a setting which is missing and has no default."""


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Demand the setting: without it the program ends at its start, instead of running open."""
    for literal in literals(module):
        if literal.default and place(module, literal.anchor, literal.value) == where and literal.node is not None:
            return _demanded(module, literal, literal.node)
    return None


def _demanded(module: Module, literal: Literal, default: ast.expr) -> Rewrite | ByHand | None:
    """Return the repair of the expression that has the default, which may itself be the default of another one."""
    whole: ast.AST | None = module.parent(default)
    while isinstance(whole, ast.keyword | ast.Lambda):
        whole = module.parent(whole)
    lines = (f'{literal.name} = os.environ["{literal.name.upper()}"]',)
    if isinstance(whole, ast.arguments):
        return ByHand("whoever calls the function has to give the secret: take the default out, and see who does not")
    if isinstance(whole, ast.BoolOp) and whole.values[-1] is default:
        return _after_others(module, whole)
    if isinstance(whole, ast.IfExp):
        return _chosen(module, whole)
    if isinstance(whole, ast.AnnAssign):
        return _required(module, whole)
    if not isinstance(whole, ast.Call):
        return None
    if _stands_in(module, whole):
        return ByHand("it stands in for another setting: demand the last of them alone", lines)
    if last_name(whole) in ("Field", "field"):
        return _field(module, whole, default)
    if last_name(whole) == "setdefault":
        return _set_by_default(module, whole) or ByHand("the setting has no other source here: give it one", lines)
    return _asked(module, whole, default) or ByHand("what is asked has no other way to refuse", lines)


def _stands_in(module: Module, call: ast.Call) -> bool:
    """Tell whether a lookup is itself an argument of another one, which is worked out though it may not be needed."""
    outer = module.parent(call)
    outer = module.parent(outer) if isinstance(outer, ast.keyword) else outer
    return isinstance(outer, ast.Call) and last_name(outer) in ("get", "getenv", "config", "env", "getattr")


def _rewrite(variable: object, *changes: Change, kind: str = "environment variable") -> Rewrite | None:
    if not isinstance(variable, str) or not changes:
        return None
    decide = f"set the {kind} {variable} to a random secret: `openssl rand -hex 32` makes one"
    return Rewrite(f"without {variable} the program ends instead of running open", changes, Risk.SETTING, (decide,))


def _after_others(module: Module, whole: ast.BoolOp) -> Rewrite | None:
    """Demand what is asked for last: `os.getenv("A") or os.environ["B"]`."""
    *others, asked, _ = whole.values
    if not isinstance(asked, ast.Call) or not asked.args:
        return None
    if any(module.constant(each) not in (None, "") for each in (*asked.args[1:], *(k.value for k in asked.keywords))):
        return None
    text, imports = _from_environment(module, asked)
    told = " or ".join([*(written(module, other) for other in others), text])
    return _rewrite(module.constant(asked.args[0]), replaced(module, whole, told), *imports) if text else None


def _from_environment(module: Module, asked: ast.Call) -> tuple[str, tuple[Change, ...]]:
    """Return what refuses where `os.environ.get(NAME, …)` or `os.getenv(NAME, …)` does not, "" for other calls."""
    if not asked.args:
        return "", ()
    name, known = written(module, asked.args[0]), module.qualified(asked.func)
    if known == "os.environ.get" and isinstance(asked.func, ast.Attribute):
        return f"{written(module, asked.func.value)}[{name}]", ()
    if known == "os.getenv":
        environ, imports = named(module, "os.environ", asked)
        return f"{environ}[{name}]", imports
    return "", ()


def _chosen(module: Module, whole: ast.IfExp) -> Rewrite | None:
    """Take what is looked up without asking whether it is there: `os.environ[NAME] if NAME in os.environ else …`."""
    looked_up = whole.body
    if not isinstance(looked_up, ast.Subscript) or module.qualified(looked_up.value) != "os.environ":
        return None
    if not isinstance(whole.test, ast.Compare) or not isinstance(whole.test.ops[0], ast.In):
        return None
    return _rewrite(module.constant(looked_up.slice), replaced(module, whole, written(module, looked_up)))


def _asked(module: Module, call: ast.Call, default: ast.expr) -> Rewrite | None:
    """Ask without a default, in the way in which what is asked then refuses."""
    variable = module.constant(call.args[0]) if call.args else None
    text, imports = _from_environment(module, call)
    if text:
        return _rewrite(variable, replaced(module, call, text), *imports)
    keyword = next((each.arg for each in call.keywords if each.value is default and each.arg in _DEFAULTS), None)
    if keyword == "fallback" and len(call.args) == 2:
        return _rewrite(module.constant(call.args[1]), without_argument(module, call, keyword), kind="option")
    if (module.qualified(call.func) or "").startswith(_LOOKUPS):
        if keyword is not None:
            return _rewrite(variable, without_argument(module, call, keyword))
        if len(call.args) == 2 and call.args[1] is default:
            return _rewrite(variable, replaced(module, call, _without_second(module, call)))
    return None


def _without_second(module: Module, call: ast.Call) -> str:
    left = [written(module, each) for each in (call.args[0], *call.keywords)]
    return f"{written(module, call.func)}({', '.join(left)})"


def _set_by_default(module: Module, call: ast.Call) -> Rewrite | None:
    """Refuse to start where a variable is missing that `os.environ.setdefault` would set."""
    statement = module.parent(call)
    if not isinstance(statement, ast.Expr) or module.qualified(call.func) != "os.environ.setdefault":
        return None
    variable = module.constant(call.args[0])
    environ = written(module, call.func.value) if isinstance(call.func, ast.Attribute) else "os.environ"
    test = f"if {written(module, call.args[0])} not in {environ}:"
    refusal = f'{test}\n    raise RuntimeError("the environment variable {variable} has to be set")'
    return _rewrite(variable, before(module, statement, refusal), removed(module, statement))


# --------------------------------------------------------------------------- settings classes


def _field(module: Module, call: ast.Call, default: ast.expr) -> Rewrite | ByHand | None:
    """Take the default out of pydantic's `Field(…)`: what has none is demanded."""
    statement = statement_of(module, call)
    if not isinstance(statement, ast.AnnAssign) or not _of_pydantic(module, statement):
        return ByHand("fields without a default stand before those with one: move it up, and take the default out")
    variable = _setting(module, statement)
    if call.args and call.args[0] is default:
        left = ", ".join(written(module, each) for each in (*call.args[1:], *call.keywords))
        return _rewrite(variable, replaced(module, call, f"{written(module, call.func)}({left})"))
    names = [each.arg for each in call.keywords if each.arg in _DEFAULTS]
    return _rewrite(variable, *(without_argument(module, call, name) for name in names if name))


def _required(module: Module, statement: ast.AnnAssign) -> Rewrite | ByHand | None:
    """Declare a setting without a value: `secret_key: str`."""
    if not _of_pydantic(module, statement) or statement.lineno != statement.end_lineno:
        return ByHand("fields without a default stand before those with one: move it up, and take the default out")
    whole = span(module, statement)
    comment = module.lines[statement.lineno - 1][whole.end_column :]
    declared = f"{written(module, statement.target)}: {written(module, statement.annotation)}"
    if comment.strip() and not comment.lstrip().startswith("#"):
        return None
    change = before(module, statement, declared + comment.rstrip())
    return _rewrite(_setting(module, statement), change, removed(module, statement))


def _of_pydantic(module: Module, statement: ast.AnnAssign) -> bool:
    owner = module.parent(statement)
    return isinstance(owner, ast.ClassDef) and any(last_name(base) == "BaseSettings" for base in owner.bases)


def _setting(module: Module, statement: ast.AnnAssign) -> str:
    """Return what a settings class asks the environment for, with the prefix that the class puts before its names."""
    owner = module.parent(statement)
    told = (each for each in within(owner) if isinstance(each, ast.keyword)) if owner is not None else ()
    prefix = next((module.constant(each.value) for each in told if each.arg == "env_prefix"), "")
    return f"{prefix}{last_name(statement.target)}".upper()
