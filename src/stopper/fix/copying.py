"""A copy of a project in a temporary folder: where repairs are tried, and the project's own tests run."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stopper.io.files import EXCLUDED, FileError, escape

TEST_SECONDS = 3600.0
"""Time for the project's own tests."""

_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "requirements.txt", ".git")
"""What lies at the root of a project: what stands above a scanned folder belongs to it then."""


@dataclass(frozen=True, slots=True)
class Tests:
    """How the project's tests ended: their command's status, and the last lines that they wrote."""

    status: int
    tail: str


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Give a copy of a folder, under its own name; what tools made and what is no file is left out.

    Raises FileError where something cannot be copied.
    """
    with TemporaryDirectory(prefix="stopper-") as outer:
        copy = Path(outer).resolve() / (root.resolve().name or "project")
        if copy.is_relative_to(root.resolve()):
            raise FileError(f"{escape(str(root))}: holds the folder for temporary files, and cannot be copied into it")
        try:
            shutil.copytree(root, copy, symlinks=True, ignore=_left_out)
        except (OSError, shutil.Error):
            raise FileError(f"{escape(str(root))}: cannot be copied whole") from None
        yield copy


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Return the names in a folder that are not copied."""
    left = []
    for name in names:
        mode = os.lstat(Path(folder) / name).st_mode
        virtual = stat.S_ISDIR(mode) and (Path(folder) / name / "pyvenv.cfg").exists()
        fit = stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode)
        if name in EXCLUDED or virtual or not fit:
            left.append(name)
    return left


def project_root(folder: Path | None, specs: Sequence[Path]) -> Path:
    """Return what has to be copied: the working directory where it is a project around all targets, else the folder.

    Without a folder that of the first specification.
    """
    here = Path.cwd()
    targets = (*((folder,) if folder else ()), *specs)
    inside = all(path.resolve().is_relative_to(here) for path in targets)
    if inside and any((here / mark).exists() for mark in _MARKS):
        return here
    return folder.resolve() if folder else specs[0].resolve().parent


def tested(command: str, copy: Path) -> Tests:
    """Run a command in a copy, whose own modules are imported before installed ones. Raises FileError."""
    words = shlex.split(command)
    if not words:
        raise FileError("--tests: the command is empty")
    if "/" in words[0] and not Path(words[0]).is_absolute():
        # Environments are not copied; the link that makes an interpreter one of an environment must not be followed.
        words[0] = str(Path(words[0]).absolute())
    paths = [str(copy / "src"), str(copy), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PWD": str(copy)}
    try:
        ended = subprocess.run(
            words,
            cwd=copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Tests(-1, f"not ended within {TEST_SECONDS:g} seconds")
    except OSError as error:
        raise FileError(f"--tests: {escape(words[0])}: {(error.strerror or 'cannot be run').lower()}") from None
    return Tests(ended.returncode, "\n".join(ended.stdout.decode("utf-8", "replace").splitlines()[-20:]))
