"""Environments of their own, apart from the project's: each holds exactly what its lock names."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

SECONDS_TO_INSTALL = 600.0


def installed(home: Path, lock: Path) -> Path:
    """Return the folder of commands of the environment in `home`, which is made where its lock has changed.

    Raises subprocess.CalledProcessError where a distribution cannot be had or has another digest.
    """
    commands, stamp = home / "bin", home / ".lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        print(f"installing {lock.stem}", file=sys.stderr, flush=True)
        venv.create(home, clear=True, with_pip=True, symlinks=True)
        flags = "--quiet --disable-pip-version-check --require-hashes --requirement"
        command = [str(commands / "python"), "-m", "pip", "install", *flags.split(), str(lock)]
        subprocess.run(command, check=True, timeout=SECONDS_TO_INSTALL)
        stamp.write_text(digest)
    return commands
