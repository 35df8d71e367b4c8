"""The project's settings: `stopper.toml`, or `[tool.stopper]` of `pyproject.toml`.

    header = "Authorization"            # how a token is presented (these are the defaults)
    scheme = "Bearer"
    targets = ["openapi.yaml", "shop", "shop:create_app"]  # what is scanned where nothing is named (default: none)
    include_tests = false               # true judges tests and other people's code too, at low severity
    baseline = "stopper-baseline.json"  # known findings, beside this file (default: none)

    [guess]                             # how the key of a token is guessed, offline (BT208)
    words = "words.txt"                 # a guess on each line, beside this file (default: none)
    leaked = "leaked.txt"               # secrets that are known to have leaked, likewise
    salts = ["confirm"]                 # further salts that itsdangerous may have been given
    seconds = 20                        # the bounds of what goes beyond the quick guesses
    keys = 100_000_000
    state = "stopper-guesses.json"      # keeps how far it came, so that the next scan goes on (default: none)

    [login]                             # or [[login]], once for each token endpoint; the first is the identity
    method = "POST"
    url = "/auth/login"                 # behind the base URL
    headers = { Accept = "application/json" }
    json = { username = "ada", password = "${SHOP_PASSWORD}" }    # or form = {…}, or body = "…"
    basic = { username = "ada", password = "${SHOP_PASSWORD}" }   # HTTP Basic, beside or instead of a body
    token = { pointer = "/access_token" }                         # or { header = "X-Auth" }, or { cookie = "session" },
                                        # or { text = "token: (\\S+)" }, a pattern ("": the whole answer is the token),
                                        # or { value = "${SHOP_TOKEN}" }, a token at hand: then nothing is sent
    header = "Authorization"            # or "Cookie", whose name is the scheme
    scheme = "Bearer"
    another = false                     # true: another user than the first
    throwaway = false                   # true: nobody needs this identity, and the scan may end its sessions
    samples = 20                        # how often it may log in, to compare its tokens (BT203)
    tries = 0                           # how often it may try wrong passwords (BT424); it may be locked out

    [login.refresh]                     # how the identity renews its token when that ends during the scan
    method = "POST"                     # with url, headers and json, form or body, as for a login
    url = "/auth/refresh"
    bearer = "refresh"                  # the token that is presented: access, refresh or none

    [login.logout]                      # of a throw-away identity: logout and password (changes it) end its sessions,
    url = "/auth/logout"                # disable is sent by the user who is `another`, and ends the account (BT503)

`${access_token}` and `${refresh_token}` stand for the identity's tokens in the address and body of these operations.
`${NAME}` stands for an environment variable in every text of a login.
"""

from __future__ import annotations

import base64
import difflib
import json
import os
import re
import secrets
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from stopper.engine.guessing import Guessing
from stopper.io.login import ACCESS_MARK, REFRESH_MARK, LoginFlow, NamedOperation, Place
from stopper.secret import Secret

_KEYS = ("baseline", "guess", "header", "include_tests", "login", "scheme", "targets")
_REQUEST_KEYS = ("body", "form", "headers", "json", "method", "url")
_HARMLESS, _ANOTHERS = "refresh", "disable"
_OPERATIONS = (_ANOTHERS, "logout", "password", _HARMLESS)
_PRESENTED = {_HARMLESS: "refresh", _ANOTHERS: "none"}
_IDENTITY_KEYS = ("another", "header", "samples", "scheme", "throwaway", "token", "tries")
_LOGIN_KEYS = (*_REQUEST_KEYS, *_OPERATIONS, *_IDENTITY_KEYS, "basic")
_GUESS_KEYS = ("keys", "leaked", "salts", "seconds", "state", "words")
_SAMPLES = 20
_BODY_KEYS = ("json", "form", "body")
_PLACES: tuple[Place, ...] = ("pointer", "header", "cookie", "text")
_KINDS: Mapping[type, str] = {str: "a text", dict: "a table", bool: "true or false", list: "a list of texts"}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HTTP_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PASSWORD_NAME = re.compile(r"(?i)pass|pwd|pin$")
_SECRET_NAME = re.compile(r"(?i)pass|pwd|pin$|secret|token|key|code|otp|assertion|credential|auth|cookie|^body$")

Table = Mapping[str, Any]


class SettingsError(Exception):
    """Settings that cannot be used; one line that names the file and the cause, without any value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the project says about itself; without a file, the defaults.

    `header` and `scheme` are how a token is presented. `source` is the file's name, `tables` are its logins as written.
    `include_tests` asks for tests and other people's code too, `baseline` is the file of the known findings;
    `guessing` says how keys are guessed; `targets` are what is scanned where nothing is named.
    """

    header: str = "Authorization"
    scheme: str = "Bearer"
    source: str = ""
    tables: tuple[Table, ...] = field(default=(), repr=False)
    include_tests: bool = False
    baseline: Path | None = None
    guessing: Guessing = field(default_factory=Guessing)
    targets: tuple[str, ...] = ()

    @property
    def logins(self) -> tuple[LoginFlow, ...]:
        """Return the login flows, the identity's first, with the environment's values put in.

        Asked for only where there is something to log in to: it raises SettingsError where a variable is not set.
        """
        return tuple(self._flow(table, os.environ) for table in self.tables)

    def checked(self) -> Settings:
        """Return itself where all logins can be read, whatever the environment. Raises SettingsError."""
        flows = [self._flow(table, defaultdict(lambda: "/")) for table in self.tables]
        if any(flow.operation(_ANOTHERS) for flow in flows) and not any(flow.another for flow in flows):
            raise SettingsError(f"{self.source}: login: {_ANOTHERS}: there is no login that is marked `another = true`")
        return self

    def _flow(self, table: Table, environment: Mapping[str, str]) -> LoginFlow:
        where = f"{self.source}: login"
        _check_keys(table, _LOGIN_KEYS, where)
        for own in ("tries", *(name for name in _OPERATIONS if name != _HARMLESS)):
            if own in table and not _typed(table, "throwaway", bool, False, where):
                raise SettingsError(f"{where}: {own}: only for an identity that is marked `throwaway = true`")
        written = _typed(table, "token", dict, {"pointer": "/access_token"}, where)
        if "value" in written:
            return self._given(table, written, environment, where)
        texts = _Texts(where, environment)
        basic = texts.all(_typed(table, "basic", dict, {}, where), "basic")
        content, body = _body(table, texts, where)
        words = tuple(texts.plain)
        headers = _headers(texts.all(_typed(table, "headers", dict, {}, where), "headers"), where)
        if any(key.lower() == "content-type" for key, _ in headers):
            content = []
        place, name = _place(written, where)
        wrong = partial(self._with_wrong_password, table, environment)
        return LoginFlow(
            path=_path(texts.all(_typed(table, "url", str, "", where), "url"), where),
            method=_http_token(_typed(table, "method", str, "POST", where), "method", where).upper(),
            headers=(*headers, *content, *_basic(basic, texts, where)),
            body=body,
            place=place,
            name=name,
            header=_http_token(_typed(table, "header", str, self.header, where), "header", where),
            scheme=_typed(table, "scheme", str, self.scheme, where),
            throwaway=_typed(table, "throwaway", bool, False, where),
            samples=int(_number(table, "samples", _SAMPLES, where)),
            words=words,
            operations=self._operations(table, environment, texts.secrets),
            secrets=tuple(texts.secrets),
            another=_typed(table, "another", bool, False, where),
            tries=int(_number(table, "tries", 0, where)),
            wrong=wrong if _with_password(table, "") != table else None,
        )

    def _given(self, table: Table, written: Table, environment: Mapping[str, str], where: str) -> LoginFlow:
        """Return the identity of a token at hand."""
        _check_keys(written, ("value",), f"{where}: token")
        for key in (*_REQUEST_KEYS, *_OPERATIONS, "basic", "samples", "throwaway"):
            if key in table:
                raise SettingsError(f"{where}: {key}: a token at hand is not logged in for")
        value = _Texts(where, environment).all(_typed(written, "value", str, "", f"{where}: token"), "token")
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise SettingsError(f"{where}: token.value is nothing that a header can carry")
        return LoginFlow(
            path="",
            header=_http_token(_typed(table, "header", str, self.header, where), "header", where),
            scheme=_typed(table, "scheme", str, self.scheme, where),
            secrets=(Secret(value),),
            given=Secret(value),
            another=_typed(table, "another", bool, False, where),
        )

    def _with_wrong_password(self, table: Table, environment: Mapping[str, str]) -> LoginFlow:
        """Return a login whose passwords are wrong, and other ones each time."""
        return self._flow(_with_password(table, secrets.token_urlsafe(12)), environment)

    def _operations(
        self, table: Table, environment: Mapping[str, str], hidden: list[Secret]
    ) -> tuple[tuple[str, NamedOperation], ...]:
        """Return the operations that a login names, and keep what in them must not be shown."""
        tokens = {"access_token": ACCESS_MARK, "refresh_token": REFRESH_MARK}
        found: list[tuple[str, NamedOperation]] = []
        for name in _OPERATIONS:
            if name not in table:
                continue
            where = f"{self.source}: login: {name}"
            written = _typed(table, name, dict, {}, where)
            _check_keys(written, (*_REQUEST_KEYS, "bearer"), where)
            bearer = _typed(written, "bearer", str, _PRESENTED.get(name, "access"), where)
            if name == _ANOTHERS and bearer != "none":
                raise SettingsError(f"{where}: it is sent with the token of the other user, bearer must be none")
            if bearer not in ("access", "refresh", "none"):
                raise SettingsError(f"{where}: bearer must be access, refresh or none")
            texts = _Texts(where, environment, tokens)
            content, body = _body(written, texts, where)
            headers = _headers(texts.all(_typed(written, "headers", dict, {}, where), "headers"), where)
            path = _path(texts.all(_typed(written, "url", str, "", where), "url"), where)
            method = _http_token(_typed(written, "method", str, "POST", where), "method", where).upper()
            found.append((name, NamedOperation(path, method, (*headers, *content), body, bearer)))
            hidden += [secret for secret in texts.secrets if secret.reveal() not in tokens.values()]
        return tuple(found)


def load(config: Path | None, folders: Iterable[Path]) -> Settings:
    """Return the settings of the given file, else of the first folder that has some, else the defaults.

    A folder has some in `stopper.toml`, or in `pyproject.toml` under `[tool.stopper]`. Raises SettingsError.
    """
    candidates = [folder / name for folder in folders for name in ("stopper.toml", "pyproject.toml")]
    for path in [config] if config is not None else [path for path in candidates if path.is_file()]:
        document = _read(path)
        table = document if path.name != "pyproject.toml" else _tool(document)
        if table is not None:
            return _settings(path, table)
    return Settings()


def _read(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise SettingsError(f"{path.name}: {os.strerror(error.errno or 0)}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}: is not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line \d+", str(error))
        raise SettingsError(f"{path.name}: is not TOML{f' ({place[0]})' if place else ''}") from None


def _tool(document: Table) -> Any:
    """Return `[tool.stopper]`, or None where a pyproject.toml has none."""
    tool = document.get("tool")
    return tool.get("stopper") if isinstance(tool, dict) else None


def _settings(path: Path, table: Any) -> Settings:
    source = path.name
    if not isinstance(table, dict):
        raise SettingsError(f"{source}: tool.stopper must be a table")
    _check_keys(table, _KEYS, source)
    logins = table.get("login", [])
    logins = [logins] if isinstance(logins, dict) else logins
    if not isinstance(logins, list) or not all(isinstance(login, dict) for login in logins):
        raise SettingsError(f"{source}: login must be a table, or tables")
    baseline = _typed(table, "baseline", str, "", source)
    return Settings(
        header=_http_token(_typed(table, "header", str, "Authorization", source), "header", source),
        scheme=_typed(table, "scheme", str, "Bearer", source),
        source=source,
        tables=tuple(logins),
        include_tests=_typed(table, "include_tests", bool, False, source),
        baseline=path.parent / baseline if baseline else None,
        guessing=_guessing(_typed(table, "guess", dict, {}, source), f"{source}: guess", path.parent),
        targets=tuple(_targets(_typed(table, "targets", list, [], source), source, path.parent)),
    ).checked()


def _targets(words: list[Any], source: str, folder: Path) -> Iterator[str]:
    """Yield what is scanned; files and folders are relative to the file of the settings."""
    for word in words:
        if not isinstance(word, str):
            raise SettingsError(f"{source}: targets must be texts")
        yield str(folder / word) if (folder / word).exists() else word


def _guessing(table: Table, where: str, folder: Path) -> Guessing:
    """Return how keys are guessed; paths are relative to the file of the settings."""
    _check_keys(table, _GUESS_KEYS, where)
    salts = _typed(table, "salts", list, [], where)
    if not all(isinstance(salt, str) for salt in salts):
        raise SettingsError(f"{where}: salts must be texts")
    state = _typed(table, "state", str, "", where)
    usual = Guessing()
    return Guessing(
        lists=tuple(folder / name for key in ("leaked", "words") if (name := _typed(table, key, str, "", where))),
        salts=tuple(salts),
        seconds=_number(table, "seconds", usual.seconds, where),
        keys=int(_number(table, "keys", usual.keys, where)),
        state=folder / state if state else None,
    )


def _number(table: Table, key: str, default: float, where: str) -> float:
    value = table.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e15:
        raise SettingsError(f"{where}: {key} must be a number that is not below 0")
    return value


# --------------------------------------------------------------------------- the parts of a login


class _Texts:
    """Puts the environment's values into texts, and remembers those that must not be shown."""

    def __init__(self, where: str, environment: Mapping[str, str], own: Mapping[str, str] | None = None) -> None:
        """Take values from the environment, those in `own` before it."""
        self.secrets: list[Secret] = []
        self.plain: list[str] = []
        self._where = where
        self._environment = environment
        self._own = own or {}

    def all(self, value: Any, name: str) -> Any:
        """Return a value with every text in it filled in; `name` is its key."""
        if isinstance(value, dict):
            return {key: self.all(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.all(item, name) for item in value]
        return self._text(value, name) if isinstance(value, str) else value

    def _text(self, template: str, name: str) -> str:
        filled = _VARIABLE.sub(lambda found: self._value(found[1]), template)
        if _SECRET_NAME.search(name):
            hidden = [self._value(variable) for variable in _VARIABLE.findall(template)] or [filled]
            self.secrets += map(Secret, hidden)
        elif filled:
            self.plain.append(filled)
        return filled

    def _value(self, variable: str) -> str:
        if variable in self._own:
            return self._own[variable]
        try:
            return self._environment[variable]
        except KeyError:
            raise SettingsError(f"{self._where}: the environment variable {variable} is not set") from None


def _check_keys(table: Table, known: Collection[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise SettingsError(f"{where} has no key {key!r}: {advice}")


def _typed(table: Table, key: str, kind: type, default: Any, where: str) -> Any:
    value = table.get(key, default)
    if not isinstance(value, kind):
        raise SettingsError(f"{where}: {key} must be {_KINDS[kind]}")
    return value


def _path(path: str, where: str) -> str:
    if not re.fullmatch(r"/[\x21-\x7e]*", path) or path.startswith("//"):
        raise SettingsError(f"{where}: url must be a path that begins with one '/', it is put behind the base URL")
    return path


def _http_token(value: str, key: str, where: str) -> str:
    if not _HTTP_TOKEN.fullmatch(value):
        raise SettingsError(f"{where}: {key} holds what HTTP does not allow there")
    return value


def _headers(table: Table, where: str) -> list[tuple[str, str]]:
    for name, value in table.items():
        _http_token(name, "headers", where)
        if not isinstance(value, str) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise SettingsError(f"{where}: headers.{name} must be one line of text")
    return list(table.items())


def _body(table: Table, texts: _Texts, where: str) -> tuple[list[tuple[str, str]], bytes | None]:
    """Return the content type, where the body implies one, and the body."""
    given = [key for key in _BODY_KEYS if key in table]
    if len(given) > 1:
        raise SettingsError(f"{where}: {' and '.join(given)} exclude each other")
    if "json" in given:
        try:
            return [("Content-Type", "application/json")], json.dumps(texts.all(table["json"], "json")).encode()
        except TypeError:
            raise SettingsError(f"{where}: json holds a date or time: write it as a text") from None
    if "form" in given:
        form = texts.all(_typed(table, "form", dict, {}, where), "form")
        return [("Content-Type", "application/x-www-form-urlencoded")], urlencode(form, doseq=True).encode()
    if "body" in given:
        return [], texts.all(_typed(table, "body", str, "", where), "body").encode()
    return [], None


def _basic(table: Table, texts: _Texts, where: str) -> list[tuple[str, str]]:
    """Return the header of HTTP Basic (RFC 7617 §2)."""
    if not table:
        return []
    _check_keys(table, ("username", "password"), f"{where}: basic")
    pair = f"{_typed(table, 'username', str, '', where)}:{_typed(table, 'password', str, '', where)}"
    credentials = base64.b64encode(pair.encode()).decode()
    texts.secrets.append(Secret(credentials))
    return [("Authorization", f"Basic {credentials}")]


def _with_password(table: Table, password: str) -> Table:
    """Return a login's table with another password in the place of each; operations stay as they are."""
    return {key: item if key in _OPERATIONS else _mistaken(item, password, key) for key, item in table.items()}


def _mistaken(value: Any, password: str, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _mistaken(item, password, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_mistaken(item, password, name) for item in value]
    if not isinstance(value, str):
        return value
    if _PASSWORD_NAME.search(name):
        return password
    return _VARIABLE.sub(lambda found: password if _PASSWORD_NAME.search(found[1]) else found[0], value)


def _place(table: Table, where: str) -> tuple[Place, str]:
    _check_keys(table, (*_PLACES, "value"), f"{where}: token")
    if len(table) != 1:
        raise SettingsError(f"{where}: token needs one of pointer, header, cookie, text and value")
    place = next(place for place in _PLACES if place in table)
    name: str = _typed(table, place, str, "", f"{where}: token")
    if place == "pointer" and name and not name.startswith("/"):
        raise SettingsError(f"{where}: token.pointer must begin with '/', as JSON pointers do")
    if place == "text" and name and not _one_group(name):
        raise SettingsError(f"{where}: token.text must be a pattern with one group, the token")
    return place, name


def _one_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except (re.error, RecursionError):
        return False
