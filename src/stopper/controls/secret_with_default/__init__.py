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
from stopper.observe.source import Configuration, Module
from stopper.observe.source.configuration import Serves, secrets
from stopper.observe.source.flows import Literal, literals, place
from stopper.observe.source.rewriting import named, replaced, written
from stopper.rewrite import Change, Rewrite, Risk

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


def fix(module: Module, where: Place) -> Rewrite | None:
    """Demand the variable of the environment: without it the program ends at its start, instead of running open."""
    for literal in literals(module):
        if literal.default and place(module, literal.anchor, literal.value) == where and literal.node is not None:
            return _demanded(module, literal.node)
    return None


def _demanded(module: Module, default: ast.expr) -> Rewrite | None:
    """Return the rewrite of `os.environ.get(NAME, default)`, `os.getenv(NAME, default)` or either with `or default`."""
    whole: ast.AST | None = module.parent(default)
    if isinstance(whole, ast.keyword):
        whole = module.parent(whole)
    asked = whole.values[0] if isinstance(whole, ast.BoolOp) and len(whole.values) == 2 else whole
    if not isinstance(whole, ast.Call | ast.BoolOp) or not isinstance(asked, ast.Call) or not asked.args:
        return None
    changes = _from_environment(module, asked, whole)
    variable = module.constant(asked.args[0])
    if not changes or not isinstance(variable, str):
        return None
    decide = f"set the environment variable {variable} to a random secret: `openssl rand -hex 32` makes one"
    return Rewrite(f"without {variable} the program ends instead of running open", changes, Risk.SETTING, (decide,))


def _from_environment(module: Module, asked: ast.Call, whole: ast.expr) -> tuple[Change, ...]:
    name = written(module, asked.args[0])
    known = module.qualified(asked.func)
    if known == "os.environ.get" and isinstance(asked.func, ast.Attribute):
        return (replaced(module, whole, f"{written(module, asked.func.value)}[{name}]"),)
    if known == "os.getenv":
        environ, imports = named(module, "os.environ")
        return replaced(module, whole, f"{environ}[{name}]"), *imports
    return ()
