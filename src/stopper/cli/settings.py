"""The project's settings: `stopper.toml`, or `[tool.stopper]` of `pyproject.toml`.

    header = "Authorization"            # how a token is presented (these are the defaults)
    scheme = "Bearer"

    [login]                             # or [[login]], once for each token endpoint; the first is the identity
    method = "POST"
    url = "/auth/login"                 # behind the base URL
    headers = { Accept = "application/json" }
    json = { username = "ada", password = "${SHOP_PASSWORD}" }    # or form = {…}, or body = "…"
    basic = { username = "ada", password = "${SHOP_PASSWORD}" }   # HTTP Basic, beside or instead of a body
    token = { pointer = "/access_token" }                         # or { header = "X-Auth" }, or { cookie = "session" }
    header = "Authorization"
    scheme = "Bearer"

`${NAME}` stands for an environment variable in every text of a login.
"""

from __future__ import annotations

import base64
import difflib
import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from stopper.io.login import LoginFlow
from stopper.secret import Secret

_KEYS = ("header", "login", "scheme")
_LOGIN_KEYS = ("basic", "body", "form", "header", "headers", "json", "method", "scheme", "token", "url")
_PLACES: tuple[Literal["pointer", "header", "cookie"], ...] = ("pointer", "header", "cookie")
_BODIES = ("json", "form", "body")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET_NAME = re.compile(r"(?i)pass|pwd|pin$|secret|token|key|code|otp|assertion|credential|auth|cookie|^body$")


class SettingsError(Exception):
    """Settings that cannot be used; one line that names the file and the cause, without any value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the project says about itself; without a file, the defaults.

    `header` and `scheme` are how a token is presented.
    """

    header: str = "Authorization"
    scheme: str = "Bearer"
    source: str = ""
    tables: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def logins(self) -> tuple[LoginFlow, ...]:
        """Return the login flows, the identity's first, with the environment's values put in.

        Asked for only where there is something to log in to: it raises SettingsError where a variable is not set.
        """
        return tuple(_flow(table, self, os.environ) for table in self.tables)


def load(config: Path | None, folders: Iterable[Path]) -> Settings:
    """Return the settings of the given file, else of the first folder that has some, else the defaults.

    A folder has some in `stopper.toml`, or in `pyproject.toml` under `[tool.stopper]`. Raises SettingsError.
    """
    if config is not None:
        document = _read(config)
        return _settings(config.name, document.get("tool", {}).get("stopper", {}) if _pyproject(config) else document)
    for folder in folders:
        if (folder / "stopper.toml").is_file():
            return _settings("stopper.toml", _read(folder / "stopper.toml"))
        if (folder / "pyproject.toml").is_file():
            tool = _read(folder / "pyproject.toml").get("tool", {})
            if isinstance(tool, dict) and "stopper" in tool:
                return _settings("pyproject.toml", tool["stopper"])
    return Settings()
