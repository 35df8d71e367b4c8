"""What a project is built from: the files that name its packages and their releases, read without resolving anything.

A file is told to be a manifest by its name, or by another manifest that includes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from stopper.observe.source.manifests import declared, locked, requirements
from stopper.observe.source.manifests.pins import Kind, Manifest, Page, Pin, UnreadableManifestError

__all__ = ["Kind", "Manifest", "Pin", "included", "read", "reads"]

_Reader = Callable[[Page], Iterable[Pin]]

_REQUIREMENTS: tuple[Kind, _Reader] = (Kind.DECLARED, requirements.pins)

_NAMED: tuple[tuple[str, tuple[Kind, _Reader]], ...] = (
    (r"[^/]*(?:requirement|constraint)s?[^/]*\.(?:txt|in)", _REQUIREMENTS),
    (r"(?:requirements|constraints)/[^/]+\.(?:txt|in)", _REQUIREMENTS),
    (r"pyproject\.toml", (Kind.DECLARED, declared.pyproject)),
    (r"Pipfile", (Kind.DECLARED, declared.pipfile)),
    (r"setup\.cfg", (Kind.DECLARED, declared.setup_cfg)),
    (r"setup\.py", (Kind.DECLARED, declared.setup_py)),
    (r"(?:poetry|uv|pdm)\.lock|pylock(?:\.[^/.]+)?\.toml", (Kind.LOCKED, locked.toml)),
    (r"Pipfile\.lock", (Kind.LOCKED, locked.pipfile)),
    (r"[^/]+\.dist-info/METADATA", (Kind.INSTALLED, locked.metadata)),
)
"""By the end of its path, what a file is and who reads it."""

_READERS = tuple((re.compile(f"(?:.*/)?(?:{pattern})"), reader) for pattern, reader in _NAMED)


def reads(path: str) -> bool:
    """Tell whether a path, relative with forward slashes, names a manifest."""
    return _known(path) is not None


def included(path: str, data: bytes) -> frozenset[str]:
    """Return the paths of the files that a requirements file includes or is constrained by, those outside left out.

    Nothing for other manifests and for what cannot be decoded.
    """
    if path.endswith(".py"):
        return frozenset()
    _, reader = _known(path) or _REQUIREMENTS
    return requirements.included(path, data) if reader is requirements.pins else frozenset()


def read(path: str, data: bytes) -> Manifest:
    """Return what a manifest asks for; a file that was included by another one is read as requirements.

    Never raises for what the file holds: `Manifest.unread` says what could not be read.
    """
    kind, reader = _known(path) or _REQUIREMENTS
    try:
        page = Page.of(path, data)
        pins = tuple(reader(page))
    except UnreadableManifestError as error:
        return Manifest(path, kind, (), (str(error),))
    return Manifest(path, kind, pins, page.unread)


def _known(path: str) -> tuple[Kind, _Reader] | None:
    if path.endswith(".py") and not path.endswith("setup.py"):
        return None  # most files of a project, told in a hundredth of the time
    return next((reader for pattern, reader in _READERS if pattern.fullmatch(path)), None)
