"""The catalogue: every folder beside this file is one control.

A control's module has a docstring (its page), `CONTROL`, and hooks: functions found by their name. Presence is
registration; there is no list to edit.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from stopper.model import Control, Strength, Verdict
from stopper.observe.source import Module

HOOKS = (
    *("spec", "wire", "mutate", "probe", "source", "manifest", "configuration", "frontend", "app", "joint", "rest"),
    "fix",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A control with its page (Markdown) and its hooks by name."""

    control: Control
    page: str
    hooks: Mapping[str, Callable[..., Any]]


class UnknownControlError(LookupError):
    """No control has this id or name."""


def entry_of(module: ModuleType) -> Entry:
    """Return the catalogue entry of one control's module; raises AttributeError without a CONTROL."""
    hooks = {name: getattr(module, name) for name in HOOKS if callable(getattr(module, name, None))}
    if "source" in hooks:
        hooks["source"] = functools.partial(_of_source, module.CONTROL.local, hooks["source"])
    return Entry(module.CONTROL, (module.__doc__ or "").strip(), hooks)


def _of_source(local: bool, hook: Callable[[Module], Iterable[Verdict]], module: Module) -> Iterable[Verdict]:
    """Yield what a control says of a module; of one that is read in part, what the lines that are left can show."""
    if not module.partial:
        yield from hook(module)
    elif local:
        yield from (replace(verdict, strength=Strength.PARTIAL) for verdict in hook(module) if not verdict.kept)


@functools.cache
def catalogue() -> Mapping[str, Entry]:
    """Return every control by id, in the order of ids."""
    folders = (info.name for info in pkgutil.iter_modules(__path__) if info.ispkg)
    entries = [entry_of(importlib.import_module(f"{__name__}.{folder}")) for folder in folders]
    return {entry.control.id: entry for entry in sorted(entries, key=lambda entry: entry.control.id)}


def find(word: str) -> Entry:
    """Return the control with this id (any case) or name; raises UnknownControlError naming the word."""
    for entry in catalogue().values():
        if word.upper() == entry.control.id or word.lower() == entry.control.name:
            return entry
    raise UnknownControlError(f"no control is called {word!r}; `stopper controls` lists them")
