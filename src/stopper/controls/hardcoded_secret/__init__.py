"""A signing key or client secret stands in the source.

## What is wrong

The key that signs tokens, or a secret that this service shares with another, is a literal in code or configuration
that is kept with the code.

## Why it matters

Everybody who can read the repository, a container image, a backup or a copy of an old laptop can sign tokens for
anybody. The key cannot be changed without a release, so it never is (ASVS 5.0.0 13.3.1, CWE-798).

## Bad

    app.config["JWT_SECRET_KEY"] = "super-secret"

    token = jwt.encode(claims, "super-secret", algorithm="HS256")

    # .env, kept with the code
    SECRET_KEY=changeme

## Good

    app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]

The guard makes its keys at first start, keeps them in the store and rotates them.

## References

RFC 8725 section 3.5; ASVS 5.0.0 13.3.1; OWASP API8:2023; CWE-321, CWE-798.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Configuration, Module
from stopper.observe.source.configuration import Serves, secrets
from stopper.observe.source.flows import Literal, literals, place

CONTROL = Control(
    id="BT205",
    name="hardcoded_secret",
    severity=Severity.HIGH,
    title="A signing key or secret is written in the source",
    witnesses="S",
    requirements=("G14",),
    labels=("hardcoded_secret",),
    cwe=(321, 798),
    local=True,
)


def source(module: Module) -> Iterable[Verdict]:
    """Look at every name that means a secret, and at every key a token is signed with, for a literal."""
    for literal in literals(module):
        if literal.default:
            continue
        if literal.node is None:
            yield Verdict(True, f"{literal.name} comes from outside the source", place=place(module, literal.anchor))
        elif literal.refused:
            message = f"{literal.name} is written here, but the program refuses to run with it"
            yield Verdict(True, message, place=place(module, literal.anchor, literal.value))
        else:
            yield from _broken(module, literal)


def configuration(configuration: Configuration) -> Iterable[Verdict]:
    """Look at every entry of a file of settings that is named like a secret, where git keeps the file with the code."""
    for entry, written in secrets(configuration):
        if entry.default:
            continue
        if not configuration.committed:
            yield Verdict(True, f"{entry.name} stands in a file that git leaves out", place=entry.place)
        elif written:
            lesser = configuration.serves is not Serves.RUNNING
            yield Verdict(
                kept=False,
                message=f"{entry.name} stands in a file that is kept with the code: whoever reads it knows the secret",
                place=entry.place,
                severity=Severity.LOW if lesser else CONTROL.severity,
            )
        elif configuration.serves is Serves.RUNNING:
            yield Verdict(True, f"{entry.name} is taken from elsewhere", place=entry.place)


def _broken(module: Module, literal: Literal) -> Iterable[Verdict]:
    yield Verdict(
        kept=False,
        message=f"{literal.name} is a literal in the source: whoever reads the code knows the secret",
        place=place(module, literal.anchor, literal.value),
        endpoints=module.endpoints(literal.anchor),
    )
