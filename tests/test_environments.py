"""The environments that the scripts make of their own: as their locks say, and only where they are not there yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import environments


def test_an_environment_is_made_once_per_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lock installs once, another lock anew, and an installation that fails is not taken for done."""
    done: list[str] = []
    status = 0

    def run(command: list[str], **_: object) -> None:
        if status:
            raise subprocess.CalledProcessError(status, "pip")
        done.append(command[-1])

    def create(folder: Path, **_: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").unlink(missing_ok=True)

    monkeypatch.setattr(environments.venv, "create", create)
    monkeypatch.setattr(environments.subprocess, "run", run)
    home, lock = tmp_path / "work", tmp_path / "httpbin.txt"
    lock.write_text("one")
    environments.installed(home, lock)
    environments.installed(home, lock)
    assert done == [str(lock)]
    lock.write_text("two")
    status = 1
    with pytest.raises(subprocess.CalledProcessError):
        environments.installed(home, lock)
    status = 0
    environments.installed(home, lock)
    assert done == [str(lock), str(lock)]
