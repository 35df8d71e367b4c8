"""The history of a git repository: every version of every file that a reference reaches, or did of late, and messages.

Nothing of the repository's own is run: objects are read raw, without hooks, filters, replacements and pagers, and what
is missing is not fetched.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stopper.sweep.files import member_steps, printable
from stopper.sweep.packed import BROKEN, Peeked
from stopper.sweep.sighting import Skipped, Step

__all__ = ["Repository"]

_SETTINGS = ("safe.directory=*", "core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.allow=never")
_COMMAND = ("git", "--no-pager", "--no-replace-objects", *(word for each in _SETTINGS for word in ("-c", each)))
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_ALL = ("--all", "--reflog")  # also what an amended or a reset commit has left behind
_CHUNK = 1 << 16


class _GitError(Exception):
    """Git does not do what is asked of it."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository by its folder: that of the work tree, or the repository itself where it is bare."""

    folder: Path

    @staticmethod
    def is_at(folder: Path) -> bool:
        """Tell whether a folder is a repository or the root of its work tree."""
        bare = all((folder / name).exists() for name in ("HEAD", "objects", "refs"))
        return bare or (folder / ".git").exists()

    @property
    def identity(self) -> str:
        """Return what it is known by: the digest of where it is, as a token may stand in that."""
        return f"git {hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()}"

    def steps(self, reached: dict[str, Any]) -> Iterator[Step]:
        """Yield what stands in it, the oldest commit first; goes on where it was left if no reference has moved."""
        shown = printable(str(self.folder))
        try:
            tips = hashlib.sha256(self._said("for-each-ref") + self._said("rev-list", "--no-walk", *_ALL)).hexdigest()
            anew: dict[str, Any] = {"tips": tips, "objects": 0, "skipped": []}
            known = reached if reached.get("tips") == tips else anew
            yield Step(tuple(Skipped(what, why) for what, why in known["skipped"]))
            yield from self._objects(shown, known)
        except (_GitError, *BROKEN) as error:
            yield Step((Skipped(f"{shown} (git history)", str(error) if isinstance(error, _GitError) else "broken"),))

    def _objects(self, shown: str, known: dict[str, Any]) -> Iterator[Step]:
        listing = ("rev-list", "--objects", "--in-commit-order", "--reverse", *_ALL)
        with self._running(*listing) as listed, self._running("cat-file", "--batch") as read:
            assert listed.stdout and read.stdin and read.stdout
            commit, skipped = "", list(known["skipped"])
            for number, line in enumerate(listed.stdout, 1):
                name, _, path = line.rstrip(b"\n").partition(b" ")
                if b" " not in line:
                    commit = name.decode("ascii")
                if number > known["objects"]:
                    read.stdin.write(name + b"\n")
                    read.stdin.flush()
                    item = f"{commit[:12]}:{printable(os.fsdecode(path))}" if path else f"{commit[:12]} message"
                    for step in _contents(read.stdout, shown, item):
                        skipped += ((found.what, found.why) for found in step.found if isinstance(found, Skipped))
                        yield step
                    yield Step((), {"tips": known["tips"], "objects": number, "skipped": skipped})
            if listed.wait():
                raise _GitError("git cannot list its objects")

    def _said(self, *arguments: str) -> bytes:
        with self._running(*arguments) as process:
            assert process.stdout
            said = process.stdout.read()
            if process.wait():
                raise _GitError("git cannot read it")
        return said

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            process = subprocess.Popen(
                [*_COMMAND, "-C", str(self.folder), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**kept, **_ENVIRONMENT},
            )
        except OSError:
            raise _GitError("git is not installed") from None
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def _contents(stream: IO[bytes], shown: str, item: str) -> Iterator[Step]:
    """Yield what stands in the object that git writes next: `name type size`, a line feed, and its bytes."""
    words = stream.readline().split()
    if len(words) != 3:
        yield Step((Skipped(f"{shown} {item}", "the object is missing"),))
        return
    content = _Sized(stream, int(words[2]))
    if words[1] != b"tree":
        yield from member_steps(shown, item, Peeked(content))
    while content.read(_CHUNK):
        pass
    stream.read(1)


class _Sized:
    """So many bytes of a stream."""

    def __init__(self, stream: IO[bytes], left: int) -> None:
        self._stream, self._left = stream, left

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left)) if self._left else b""
        if self._left and not data:
            raise EOFError
        self._left -= len(data)
        return data
