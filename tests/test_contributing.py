"""CONTRIBUTING's walk-through, done as it is written in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WRITTEN = re.compile(r"^`(src/[^`]+)`\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module in the copy, on the copy's own sources."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src")}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )


def written() -> dict[str, str]:
    """Return the walk-through's files: path and text."""
    return dict(WRITTEN.findall((ROOT / "CONTRIBUTING.md").read_text()))


def copied(folder: Path, files: dict[str, str]) -> Path:
    """Return a copy of the project with these files in it."""
    copy = folder / "copy"
    for part in ("src", "tests"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, text in files.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text)
    return copy


def test_adding_a_control_touches_one_folder(tmp_path: Path) -> None:
    """The walk-through's files lie in one folder, pass the harness and put the control into the catalogue."""
    files = written()
    assert len(files) == 2
    assert all(name.startswith("src/stopper/controls/version_banner/") for name in files)
    copy = copied(tmp_path, files)
    tested = run(copy, "pytest", "tests/test_controls.py", "-k", "BT318", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert "version_banner" in run(copy, "stopper", "controls").stdout
    assert "An answer tells which software serves it." in run(copy, "stopper", "explain", "BT318").stdout


def test_the_walk_through_can_fail(tmp_path: Path) -> None:
    """With a case that expects the opposite the harness fails: the walk-through's test is not empty."""
    files = {name: text.replace("### ok", "### bad", 1) for name, text in written().items()}
    copy = copied(tmp_path, files)
    assert run(copy, "pytest", "tests/test_controls.py", "-k", "BT318", "-p", "no:cacheprovider").returncode == 1
