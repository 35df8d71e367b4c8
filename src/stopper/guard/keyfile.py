"""The file that signing keys are kept in: only its owner can read it, and changes wait for each other under a lock."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stopper.guard.settings import ConfigurationError
from stopper.guard.store import StoreError


class KeyFile:
    """A file as the place of the document of keys. Other users of the machine cannot read it."""

    shared = False

    def __init__(self, path: Path) -> None:
        """Take the path; nothing is opened before the first use."""
        self._path = path

    def read_keys(self) -> str | None:
        """Return the document, or None where there is no file; raise ConfigurationError where others can read it."""
        try:
            with self._path.open(encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise ConfigurationError(f"{self._path.name} can be read by others: chmod 600")
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._path.name} cannot be read: {type(error).__name__}") from None

    def replace_keys(self, old: str | None, new: str) -> bool:
        """Put a document in place of another, or of none; return False, changing nothing, where it is not that one."""
        try:
            with self._locked():
                if self.read_keys() != old:  # another worker was faster
                    return False
                self._write(new)
                return True
        except OSError as error:
            raise StoreError(f"{self._path.name} cannot be written: {type(error).__name__}") from None

    def _write(self, document: str) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
