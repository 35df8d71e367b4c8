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

from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Configuration, Module
from stopper.observe.source.configuration import Serves, secrets
from stopper.observe.source.flows import Literal, literals, place

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
    for entry, written in secrets(configuration):
        if entry.default and written and configuration.committed:
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
