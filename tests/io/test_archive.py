"""Archives: what is unpacked, and what is not."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from stopper.io.archive import Quota, is_archive, unpack
from stopper.io.files import FileError, Skip


def zipped(path: Path, *entries: tuple[str, str, int]) -> Path:
    """Write a zip file of (name, content, mode) entries."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def python(path: str) -> bool:
    """Tell whether a path names a Python file."""
    return path.endswith(".py")


FILE = stat.S_IFREG | 0o644


def test_plain_files_are_unpacked_and_the_rest_is_told(tmp_path: Path) -> None:
    """Wanted files stand where they are named, links do not, and what is named twice is written once."""
    entries = [("a/b.py", "x", FILE), ("link.py", "/etc/passwd", stat.S_IFLNK | 0o777), ("c.png", "x", FILE)]
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(tmp_path / "a.zip", *entries, ("a/b.py", "y", FILE), ("a\x1b.py/", "", stat.S_IFDIR))
    folder = tmp_path / "out"
    folder.mkdir()
    assert unpack(path, folder, python) == [
        Skip("link.py", "link, not followed"),
        Skip("a/b.py", "named twice"),
        Skip(".", "not of a kind that is read", 1),
    ]
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == ["a/b.py"]
    assert (folder / "a" / "b.py").read_text() == "x"


def test_quotas_end_the_unpacking(tmp_path: Path) -> None:
    """Beyond the bytes in all, or the number of entries, nothing more is unpacked, and that is said."""
    path = zipped(tmp_path / "a.zip", *((f"{number}.py", "x" * 10, FILE) for number in range(9)))
    for quota in (Quota(bytes=35), Quota(entries=3)):
        folder = tmp_path / str(quota.entries)
        folder.mkdir()
        (skip,) = unpack(path, folder, python, quota)
        assert skip.ended
        assert len(list(folder.iterdir())) == 3


def test_too_long_a_directory_is_refused(tmp_path: Path) -> None:
    """A zip file whose directory alone would take much memory is not opened."""
    path = zipped(tmp_path / "a.zip", ("a.py", "x", FILE))
    with pytest.raises(FileError, match="too many entries"):
        unpack(path, tmp_path, python, Quota(directory_bytes=10))


def test_what_is_no_archive(tmp_path: Path) -> None:
    """A text and a folder are none."""
    (tmp_path / "a.zip").write_text("x")
    assert not is_archive(tmp_path / "a.zip")
    assert not is_archive(tmp_path)
