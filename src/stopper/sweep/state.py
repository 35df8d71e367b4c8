"""How far a sweep came, in a file that is replaced whole: an interrupted sweep goes on there and counts nothing twice.

The file holds places and fingerprints, no token.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from stopper.sweep.sighting import SweepError

__all__ = ["StateError", "keep", "kept"]

VERSION = 1


class StateError(SweepError):
    """The file cannot be read or written, or is no state of a sweep."""


def kept(path: Path) -> dict[str, Any] | None:
    """Return what an earlier sweep kept, or None where there is nothing yet. Raises StateError."""
    try:
        read = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (ValueError, RecursionError):
        raise StateError(f"{path}: not the state of a sweep") from None
    if not isinstance(read, dict) or read.get("version") != VERSION or not isinstance(read.get("reached"), dict):
        raise StateError(f"{path}: not the state of a sweep")
    return read


def keep(path: Path, state: dict[str, Any]) -> None:
    """Put a new state in the place of the old one. Raises StateError."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump({"version": VERSION, **state}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from None
