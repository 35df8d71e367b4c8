"""What goes to a monitoring service, without credentials: trees of texts as Sentry and OpenTelemetry send them.

Hidden is what `redact.clean` hides in a log, and besides: what a member's name calls a credential (`{"password": "x"}`
needs no form), and by value what the guarded applications of this process are configured with.
"""

from __future__ import annotations

import functools
import json
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask

from stopper.guard.redact import clean
from stopper.guard.settings import Settings
from stopper.secret import GUESSABLE, Secret, fingerprint, guessable, recognise, redact, suspicious

_FILTERED = "[Filtered]"
"""What stands for a value that the monitoring library has taken out by itself."""

_SHORTEST = 8
"""Characters of a configured secret that is hidden by value: `dev` or `test` would blacken half of every event."""

_configured: weakref.WeakKeyDictionary[Flask, tuple[Secret, ...]] = weakref.WeakKeyDictionary()


def know(app: Flask, settings: Settings) -> None:
    """Hide by value from now on what an application is configured with, in whichever thread it is met."""
    _configured[app] = tuple(_secrets_of(settings))


def _secrets_of(settings: Settings) -> Iterator[Secret]:
    for field in fields(settings):
        value = getattr(settings, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Secret):
                yield item
    password = urlsplit(settings.store).password
    if password and settings.store.count(password) == 1:  # `postgres:postgres@` is a word, which events are full of
        yield Secret(unquote(password))


def _known() -> Iterator[Secret]:
    """Yield what is hidden by value: the settings' secrets, and Flask's own, which may be set after the guard."""
    for app, secrets in list(_configured.items()):
        keys = (app.secret_key, *(app.config.get("SECRET_KEY_FALLBACKS") or ()))
        texts = (key if isinstance(key, str) else key.decode("utf-8", "replace") for key in keys if key)
        for secret in (*secrets, *map(_spelled_once, texts)):
            if len(secret.reveal()) >= _SHORTEST:
                yield secret


@functools.lru_cache(maxsize=64)
def _spelled_once(value: str) -> Secret:
    return Secret(value)


def cleaned(value: Any, name: str = "") -> Any:
    """Return a copy of a tree of mappings, sequences and texts without credentials; `name` is the value's own.

    What holds none is equal to what it was. Two texts that stand as a pair in a list, as headers and cookies may, are
    a name and its value. Returns None for a tree that is too deep to be looked through, or that holds itself.
    """
    try:
        return _cleaned(value, name, tuple(_known()))
    except RecursionError:
        return None


def _cleaned(value: Any, name: str, known: tuple[Secret, ...]) -> Any:
    if isinstance(value, str):
        return _cleaned_text(value, name, known)
    if isinstance(value, Mapping):
        return {_cleaned_key(key, known): _cleaned(item, str(key), known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_cleaned_item(item, name, known) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        return _cleaned_text(text, name, known).encode("utf-8", "surrogateescape")
    if isinstance(value, int) and not isinstance(value, bool) and _is_password(name, str(value)):
        return GUESSABLE
    return value


def _cleaned_key(key: Any, known: tuple[Secret, ...]) -> Any:
    return _cleaned_text(key, "", known) if isinstance(key, str) else key


def _cleaned_item(item: Any, name: str, known: tuple[Secret, ...]) -> Any:
    if isinstance(item, (list, tuple)) and len(item) == 2 and all(isinstance(part, str) for part in item):
        pair = [_cleaned_text(item[0], "", known), _cleaned_text(item[1], item[0], known)]
        return pair if isinstance(item, list) else tuple(pair)
    return _cleaned(item, name, known)


def _cleaned_text(text: str, name: str, known: tuple[Secret, ...]) -> str:
    for secret in known:
        for spelling in secret.spelled():
            if spelling in text:  # its fingerprint is not told, as people think of such secrets themselves
                text = text.replace(spelling, GUESSABLE)
    without = clean(text)
    if not name or not suspicious(name):
        return without
    if len(without) > 1 and without[0] == without[-1] and without[0] in "'\"":  # a local, as `repr` writes it
        return f"{without[0]}{_cleaned_by_name(without[1:-1], name)}{without[0]}"
    return _cleaned_by_name(without, name)


def _cleaned_by_name(text: str, name: str) -> str:
    """Return a text without the credential that its name says it is, as `recognise` would find it in JSON."""
    if text == _FILTERED:
        return text
    opening, escaped = f'"{name}": "', json.dumps(text, ensure_ascii=False)[1:-1]
    hidden = redact(f'{opening}{escaped}"')
    if hidden == f'{opening}{escaped}"':
        return text
    if escaped == text and hidden.startswith(opening):
        return hidden[len(opening) : -1]
    return GUESSABLE if _is_password(name, escaped) else f"[redacted {fingerprint(text)}]"


def _is_password(name: str, value: str) -> bool:
    """Tell whether a name calls its value a password; numbers under any other name are counts and ids."""
    return suspicious(name) and any(guessable(match.kind) for match in recognise(f'"{name}": "{value}"'))
