"""Changed files put in the place of those that the plan was made on: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stopper.io.files import FileError, escape, read_in_jail


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file inside a folder, what it held when the plan was made and what it is to hold."""

    folder: Path
    path: str
    before: bytes
    after: bytes


def put(replacements: Sequence[Replacement]) -> None:
    """Write the files. Raises FileError, and then each is as it was.

    A file that was changed since the plan was made, that lies outside of its folder or is reached by a link is refused.
    """
    targets = [_checked(each) for each in replacements]
    with contextlib.ExitStack() as stack:
        pairs = zip(targets, replacements, strict=True)
        temporary = [stack.enter_context(_beside(target, each.after)) for target, each in pairs]
        moved: list[int] = []
        try:
            for number, target in enumerate(targets):
                temporary[number].replace(target)
                moved.append(number)
        except OSError as error:
            for number in moved:
                with _beside(targets[number], replacements[number].before) as former:
                    former.replace(targets[number])
            raise _failed(replacements[len(moved)].path, error) from None


def _checked(replacement: Replacement) -> Path:
    """Return the file's true path where it may be written."""
    shown = escape(replacement.path)
    now = read_in_jail(replacement.folder, quote(replacement.path))
    target = replacement.folder.resolve() / replacement.path
    if target.resolve() != target:
        raise FileError(f"{shown}: is reached by a link")
    if now != replacement.before:
        raise FileError(f"{shown}: changed since it was scanned; nothing is written")
    return target


@contextlib.contextmanager
def _beside(target: Path, data: bytes) -> Iterator[Path]:
    """Give a new file with the data and the permissions of the target; gone at the end if it was not moved."""
    temporary = target.with_name(f".stopper-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        yield temporary
    except OSError as error:
        raise _failed(target.name, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _failed(path: str, error: OSError) -> FileError:
    return FileError(f"{escape(path)}: {(error.strerror or 'cannot be written').lower()}; nothing is written")
