"""The secrets that a file of settings holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stopper.observe.source.configuration.entries import Configuration, Entry, Serves
from stopper.observe.source.flows.secret_names import is_secret, looks_random, means_secret

_SHIPPED = re.compile(r"^(?:REACT_APP|VITE|NEXT_PUBLIC|NUXT_PUBLIC|GATSBY|EXPO_PUBLIC|VUE_APP)_")
"""Names of what is built into the code that every browser gets: no secrets by intention."""

_CODE = re.compile(r"^[A-Za-z_][\w.]*[\[(].*[\])]")
"""A call or an element: the settings that Flask reads from Python files may ask the environment."""

_SHORTEST = 16


def secrets(configuration: Configuration) -> Iterator[tuple[Entry, bool]]:
    """Yield the entries that are named like a secret, and whether the secret itself stands there.

    In a template that people copy, only what a generator made counts: the rest says what to fill in.
    """
    for entry in configuration.entries:
        if means_secret(entry.name) and not _SHIPPED.match(entry.name) and entry.value.reveal():
            yield entry, _written(configuration, entry)


def _written(configuration: Configuration, entry: Entry) -> bool:
    text = entry.value.reveal()
    if _CODE.match(text) or not is_secret(entry.name, text, entry.default):
        return False
    return configuration.serves is not Serves.COPYING or looks_random(text, _SHORTEST)
