"""An API key cannot be told from any other text.

## What is wrong

A long-lived API key is bare random characters: nothing at its beginning says whose it is, and nothing in it says that
it is whole.

## Why it matters

Keys end up in repositories, chats and logs. Code hosts and scanners find those that begin with a name of their own,
tell their issuer, and stop them before they are pushed; a checksum spares them the look-alikes. A bare hexadecimal text
is found by nobody but the one who tries it. This is advice: such a key is no weaker, and lies about for longer.

## Bad

    user.api_key = secrets.token_urlsafe(32)

## Good

    user.api_key = f"shop_{body}_{checksum(body)}"

The guard's opaque tokens have a prefix and a checksum.

## References

GitHub, Behind GitHub's new authentication token formats; GitHub secret scanning partner program; RFC 8959; CWE-540.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.controls.short_token.entropy import entropy
from stopper.controls.short_token.made import credentials
from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Definition, Module, within
from stopper.observe.source.flows import place, words

CONTROL = Control(
    id="BT213",
    name="token_unrecognisable",
    severity=Severity.ADVICE,
    title="An API key cannot be told from any other text",
    witnesses="S",
    requirements=("G17",),
    cwe=(540,),
    guard="Guard.issue",
)

_API_KEYS = (("api", "key"), ("apikey",), ("api", "token"), ("personal", "access", "token"))
"""How the names of credentials end that people copy into programs; tokens of a login end before they are found."""

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[-_.]")
"""A name with what parts it from the rest: `shop_`."""


def source(module: Module) -> Iterable[Verdict]:
    """Look at the first place where a module makes API keys of random characters alone."""
    if not module.mentions("api_key", "apikey", "api_token", "access_token"):
        return
    for name, value in credentials(module):
        if not _is_api_key(name) or entropy(module, value) is None:
            continue
        if any(_PREFIX.fullmatch(text) for text in _texts(module, value)):
            yield Verdict(True, f"{name} begins with a name", place(module, value))
        else:
            message = f"{name} is bare random text, which no scanner can tell from another"
            yield Verdict(False, message, place(module, value), module.endpoints(value))
            return


def _is_api_key(name: str) -> bool:
    told = words(name.removeprefix("what ").partition("(")[0])
    return any(told[-len(each) :] == each for each in _API_KEYS)


def _texts(module: Module, value: ast.expr) -> Iterator[str]:
    """Yield the texts that are written in a value, or in what the project's function answers that makes it."""
    for part in within(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        target = module.resolve(part.func) if isinstance(part, ast.Call) else None
        if isinstance(target, Definition) and not isinstance(target.node, ast.ClassDef):
            returned = (each.value for each in target.module.returns(target.node) if each.value is not None)
            constants = (inner for each in returned for inner in within(each) if isinstance(inner, ast.Constant))
            yield from (each.value for each in constants if isinstance(each.value, str))
