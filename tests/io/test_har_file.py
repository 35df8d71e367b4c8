"""A recording read from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from stopper.io.files import FileError
from stopper.io.har import read_recording


def test_a_recording_is_read_from_its_file(tmp_path: Path) -> None:
    """An empty recording is one without exchanges."""
    path = tmp_path / "traffic.har"
    path.write_text('{"log": {"entries": []}}')
    assert read_recording(path).exchanges == ()


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    """The line holds the path and the cause, nothing of the content."""
    path = tmp_path / "traffic.har"
    path.write_text('{"secret": ')
    with pytest.raises(FileError) as error:
        read_recording(path)
    assert str(error.value) == f"{path}: not valid JSON (line 1)"
