"""Files of settings beside the code: .env files, YAML, TOML, JSON and INI, read without being interpreted.

A file is told to be one by its path. What is in it is read by name: tables and lists around an entry do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from stopper.model import Place
from stopper.observe.source.configuration import documents, ignored, lines
from stopper.observe.source.configuration.entries import Configuration, Entry, Serves, UnreadableConfigurationError
from stopper.observe.source.configuration.lines import Found
from stopper.observe.source.configuration.secrets_written import secrets
from stopper.observe.source.flows.secret_names import means_secret
from stopper.secret import Secret, redact

__all__ = ["Configuration", "Entry", "Serves", "read", "reads", "secrets"]

LARGEST = 512 * 1024
"""Bytes of a file above which it is data and no settings."""

_READERS: dict[str, Callable[[str], Iterable[Found]]] = {
    **dict.fromkeys(("yaml", "yml"), documents.yaml),
    "json": documents.json,
    "toml": documents.toml,
    **dict.fromkeys(("ini", "cfg", "conf", "properties"), lines.entries),
}
_NAMED = frozenset(
    "config configs configuration conf settings setting secret secrets credentials environment application app "
    "appsettings compose env account instance production prod staging".split()
)
"""Words of a file's name that make it settings; of the folder that it stands in, the first five and `instance`."""
_FOLDERS = frozenset("config configs configuration conf settings instance secrets".split())
_NOT_SETTINGS = re.compile(
    r"(?:^|/)(?:\.(?:github|circleci|vscode|idea|git)|locales?|i18n|translations|static|assets|public)/"
    r"|(?:^|/)(?:pyproject\.toml|setup\.cfg|tsconfig[^/]*|app\.json|manifest[^/]*\.json|package[^/]*\.json)$"
)
_DOTENV = re.compile(r"(?:.*/)?(?:\.env(?:[._-][\w.-]+)?|\.flaskenv|[\w.-]+\.env)")
_COPIED = frozenset("example examples sample samples template templates tmpl tpl dist skeleton".split())
_DEVELOPMENT = frozenset("dev develop development local localhost test tests testing testdata debug ci".split())
_WORD = re.compile(r"[a-z0-9]+")
_STANDS_IN = re.compile(r"^\$\{\w+:?-([^{}$]+)\}$")


def reads(path: str) -> bool:
    """Tell whether a path, relative with forward slashes, names a file of settings, or what git leaves out of them."""
    return path.rpartition("/")[2] == ignored.NAME or _reader(path) is not None


def read(files: Mapping[str, bytes]) -> Iterator[Configuration]:
    """Yield the files of settings among these, in their order, each with what it is for and whether it is committed.

    Never raises for what a file holds: `Configuration.unread` says what could not be read.
    """
    rules = {
        path.rpartition("/")[0]: data.decode("utf-8", "replace")
        for path, data in files.items()
        if path.rpartition("/")[2] == ignored.NAME
    }
    for path, data in files.items():
        reader = _reader(path)
        if reader is not None:
            yield _read(path, data, reader, committed=not ignored.ignored(path, rules))


def _read(path: str, data: bytes, reader: Callable[[str], Iterable[Found]], committed: bool) -> Configuration:
    environment = _DOTENV.fullmatch(path.lower()) is not None or "compose" in path.rpartition("/")[2].lower()
    unread: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    try:
        text = _text(data)
        entries = tuple(_entry(path, text.split("\n"), found) for found in reader(text))
    except UnreadableConfigurationError as error:
        unread = (str(error),)
    return Configuration(path, entries, _serves(path), committed, environment, unread)


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise UnreadableConfigurationError(f"larger than {LARGEST // 1024} KiB: no settings")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise UnreadableConfigurationError("its bytes are no UTF-8 text") from None


def _entry(path: str, written: list[str], found: Found) -> Entry:
    name, value, line = found
    stands_in = _STANDS_IN.match(value)
    secret = Secret(stands_in[1] if stands_in is not None else value)
    text = written[line - 1] if 0 < line <= len(written) else ""
    shown = redact(text, (secret,) if means_secret(name) and value else ())
    return Entry(name, secret, Place(path, line, 1, shown.strip()), default=stands_in is not None)


def _reader(path: str) -> Callable[[str], Iterable[Found]] | None:
    lowered = path.lower()
    if _NOT_SETTINGS.search(lowered):
        return None
    if _DOTENV.fullmatch(lowered):
        return None if lowered.endswith((".swp", ".py", ".js", ".ts", ".sh", ".md")) else lines.entries
    *folders, file = lowered.split("/")
    parts = file.split(".")
    while len(parts) > 2 and parts[-1] in _COPIED:
        parts.pop()
    settings = not _NAMED.isdisjoint(_WORD.findall(".".join(parts[:-1]))) or not _FOLDERS.isdisjoint(folders[-1:])
    return _READERS.get(parts[-1]) if settings else None


def _serves(path: str) -> Serves:
    *folders, file = path.lower().split("/")
    words = set(_WORD.findall(file))
    if words & _COPIED:
        return Serves.COPYING
    around = {word for folder in folders for word in _WORD.findall(folder)}
    return Serves.DEVELOPMENT if (words | around) & _DEVELOPMENT else Serves.RUNNING
