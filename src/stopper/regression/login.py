"""The login of the settings as a test writes it: values of the environment stay there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stopper.regression.subject import literal

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class LoginWritten:
    """The lines of a fixture that logs in, and the variables made up for secrets in the settings."""

    lines: tuple[str, ...]
    invented: tuple[str, ...] = ()


class _Texts:
    """Writes values as Python does, secrets as variables of the environment."""

    def __init__(self, secrets: Collection[str]) -> None:
        self.secrets = secrets
        self.invented: list[str] = []

    def value(self, value: Any, name: str = "") -> str:
        """Return the expression for a value of the settings; `name` is its key."""
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{literal(key)}: {self.value(item, key)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self.value(item, name) for item in value) + "]"
        return self.text(value, name) if isinstance(value, str) else repr(value)

    def text(self, text: str, name: str) -> str:
        """Return the expression for a text: a literal, a variable, or both in one."""
        if text in self.secrets:
            variable = re.sub(r"\W", "_", f"TEST_{name}").upper()
            self.invented.append(variable)
            return f'os.environ["{variable}"]'
        whole = _VARIABLE.fullmatch(text)
        if whole:
            return f'os.environ["{whole[1]}"]'
        if not _VARIABLE.search(text):
            return literal(text)
        pieces = _VARIABLE.split(text)
        parts = [f'os.environ["{piece}"]' if odd % 2 else literal(piece) for odd, piece in enumerate(pieces) if piece]
        return " + ".join(parts)


def written(login: Mapping[str, Any], secrets: Collection[str], base: str) -> LoginWritten:
    """Return the login of a settings table as lines of Python; texts in `secrets` are never written."""
    texts = _Texts(secrets)
    method = str(login.get("method", "POST")).upper()
    arguments = [
        texts.value(login.get("url", "/"), "url"),
        f"method={literal(method)}",
        f"base_url={literal(base)}",
    ]
    arguments += _sent(login, texts)
    place, name = next(iter(login.get("token", {"pointer": "/access_token"}).items()))
    lines = (
        f"answer = client.open({', '.join(arguments)})",
        'assert answer.status_code < 400, "the login of these tests does not work"',
        *_found(place, name, str(login.get("scheme", "Bearer"))),
    )
    return LoginWritten(lines, tuple(dict.fromkeys(texts.invented)))


def _sent(login: Mapping[str, Any], texts: _Texts) -> Iterator[str]:
    for key, argument in (("json", "json"), ("form", "data"), ("body", "data"), ("headers", "headers")):
        if key in login:
            yield f"{argument}={texts.value(login[key], key)}"
    if "basic" in login:
        user, password = (texts.text(login["basic"].get(key, ""), key) for key in ("username", "password"))
        yield f"auth=({user}, {password})"


def _found(place: str, name: str, scheme: str) -> Iterator[str]:
    """Yield the lines that take the token from the answer."""
    if place == "header":
        yield f"return answer.headers[{literal(name)}].removeprefix({literal(f'{scheme} ')})"
    elif place == "cookie":
        yield f"cookie = client.get_cookie({literal(name)})"
        yield 'assert cookie is not None, "the login of these tests sets no such cookie"'
        yield "return cookie.value"
    else:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in name.split("/")[1:]]
        path = "".join(f"[{step if step.isdigit() else literal(step)}]" for step in steps)
        yield f"token: str = answer.get_json(){path}"
        yield "return token"
