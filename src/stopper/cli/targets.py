"""Telling targets apart by looking: URL, specification, folder, archive of one, application, recorded traffic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stopper.io import files
from stopper.io.archive import is_archive
from stopper.observe.spec import looks_like_spec
from stopper.observe.wire.har import looks_like_har

LARGEST = 64 << 20
"""Bytes of a specification or HAR file above which it is not read."""

_APPLICATION = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*(?:\(\))?")


class TargetError(Exception):
    """A target that is none of the kinds, or too many of one; one line that names it and the cause."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The user's targets by kind; `words` are they as typed."""

    words: tuple[str, ...]
    urls: tuple[str, ...] = ()
    specs: tuple[Path, ...] = ()
    recordings: tuple[Path, ...] = ()
    folder: Path | None = None
    archive: Path | None = None
    application: str = ""


def told_apart(words: Iterable[str]) -> Targets:
    """Return the targets by kind. Raises TargetError for what is none, FileError for what cannot be read."""
    urls: list[str] = []
    specs: list[Path] = []
    recordings: list[Path] = []
    folders: list[Path] = []
    archives: list[Path] = []
    applications: list[str] = []
    for word in words:
        path = Path(word)
        if re.match(r"https?://", word, re.IGNORECASE):
            urls.append(word)
        elif path.is_dir():
            folders.append(path)
        elif is_archive(path):
            archives.append(path)
        elif path.exists():
            (specs if _is_spec(path) else recordings).append(path)
        elif _APPLICATION.fullmatch(word):
            applications.append(word)
        else:
            raise TargetError(f"{_shown(word)}: no such file or folder, and neither a URL nor module:app")
    for kind, found in (("folder", [*folders, *archives]), ("application", applications)):
        if len(found) > 1:
            raise TargetError(f"one {kind} at a time: {', '.join(map(str, found))}")
    return Targets(
        words=tuple(words),
        urls=tuple(urls),
        specs=tuple(specs),
        recordings=tuple(recordings),
        folder=folders[0] if folders else None,
        archive=archives[0] if archives else None,
        application=applications[0] if applications else "",
    )


def _shown(word: str) -> str:
    """Return a word as it may be repeated: a misspelt address without its user and password."""
    user, _, rest = word.rpartition("@")
    return files.escape(f"…@{rest}" if ":" in user else word)


def _is_spec(path: Path) -> bool:
    """Tell a specification from a HAR file. Raises TargetError for a file that is neither."""
    data = files.read(path, LARGEST)
    if looks_like_har(data):
        return False
    if looks_like_spec(data):
        return True
    raise TargetError(f"{files.escape(str(path))}: neither an OpenAPI or Swagger document nor a HAR file")
