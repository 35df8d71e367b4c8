"""Walking, reading and writing without following, blocking or leaving half a file."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from stopper.io import files
from stopper.io.files import FileError, Skip, SourceFile, WalkLimits, walk


def _fill(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")


def test_a_walk_gives_python_files_in_order_and_counts_the_rest(tmp_path: Path) -> None:
    """Paths are relative with slashes; what is no Python file is one entry with its number."""
    _fill(tmp_path, "b/z.py", "a.py", "b/a.py", "b/notes.txt", "README", "b/c.pyc")
    assert list(walk(tmp_path)) == [
        SourceFile("a.py", b"# a.py\n"),
        SourceFile("b/a.py", b"# b/a.py\n"),
        SourceFile("b/z.py", b"# b/z.py\n"),
        Skip(".", "not of a kind that is read", 3),
    ]


def test_excluded_folders_are_told_and_the_root_is_never_one(tmp_path: Path) -> None:
    """What others wrote is skipped in sight; scanning such a folder itself works."""
    _fill(
        tmp_path,
        "app.py",
        "env311/pyvenv.cfg",
        "env311/lib/q.py",
        ".git/hook.py",
        "venv/lib/site-packages/x.py",
        "node_modules/y.py",
        "x.egg-info/z.py",
    )
    found = list(walk(tmp_path))
    assert [entry.path for entry in found if isinstance(entry, SourceFile)] == ["app.py"]
    assert {entry.path for entry in found if isinstance(entry, Skip) and entry.reason == "excluded folder"} == {
        ".git",
        "venv",
        "node_modules",
        "x.egg-info",
    }
    assert Skip("env311", "virtual environment") in found
    inside = list(walk(tmp_path / "venv/lib/site-packages"))
    assert [entry.path for entry in inside] == ["x.py"]


def test_links_pipes_sockets_and_devices_are_neither_followed_nor_opened(tmp_path: Path) -> None:
    """A loop of links ends, a pipe does not block, and each is told with its kind."""
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    _fill(outside, "secret.py")
    _fill(root, "app.py")
    (root / "loop").symlink_to(root)
    (root / "out.py").symlink_to(outside / "secret.py")
    (root / "folder").symlink_to(outside)
    (root / "dangling.py").symlink_to("nowhere")
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket.py"))
        found = list(walk(root))
    assert [entry.path for entry in found if isinstance(entry, SourceFile)] == ["app.py"]
    assert {(entry.path, entry.reason) for entry in found if isinstance(entry, Skip)} == {
        ("loop", "link, not followed"),
        ("out.py", "link, not followed"),
        ("folder", "link, not followed"),
        ("dangling.py", "link, not followed"),
        ("pipe.py", "named pipe"),
        ("socket.py", "socket"),
    }


def test_odd_names_are_escaped_and_read(tmp_path: Path) -> None:
    """Bytes that are no text, control and direction-changing characters, and the longest names."""
    odd = [
        b"caf\xff.py",
        b"line\nbreak.py",
        "r\u202etl.py".encode(),
        b"esc\x1b[31m.py",
        b"x" * 252 + b".py",
        "é.py".encode(),
    ]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    found = {entry.path: entry.data for entry in walk(tmp_path) if isinstance(entry, SourceFile)}
    assert found == {
        "caf\\udcff.py": odd[0],
        "line\\nbreak.py": odd[1],
        "r\\u202etl.py": odd[2],
        "esc\\x1b[31m.py": odd[3],
        "x" * 252 + ".py": odd[4],
        "é.py": odd[5],
    }


def test_names_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    """Neither hides the other."""
    _fill(tmp_path, "app.py", "App.py")
    assert [entry.path for entry in walk(tmp_path)] == ["App.py", "app.py"]


def test_a_walk_has_bounds_and_says_where_it_stopped(tmp_path: Path) -> None:
    """Bytes of a file, files, entries and depth: reaching one is an entry of its own, never a silent end."""
    _fill(tmp_path, "a.py", "b.py", "c/d/e.py")
    (tmp_path / "a.py").write_bytes(b"x" * 101)
    assert Skip("a.py", "larger than 100 bytes") in list(walk(tmp_path, limits=WalkLimits(file_bytes=100)))
    assert list(walk(tmp_path, limits=WalkLimits(files=2)))[2:] == [Skip(".", "stopped after 2 files", ended=True)]
    assert list(walk(tmp_path, limits=WalkLimits(entries=2))) == [Skip(".", "stopped after 2 entries", ended=True)]
    assert Skip("c/d", "more than 1 folders deep") in list(walk(tmp_path, limits=WalkLimits(depth=1)))


def test_a_walk_reads_one_file_at_a_time(tmp_path: Path) -> None:
    """The second file is not opened before it is asked for, and no descriptor is left when the walk is dropped."""
    _fill(tmp_path, "a.py", "b.py")
    before = len(list(Path("/proc/self/fd").iterdir()))
    walked = walk(tmp_path)
    next(walked)
    (tmp_path / "b.py").write_text("changed")
    assert next(walked) == SourceFile("b.py", b"changed")
    walked.close()  # type: ignore[attr-defined]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreadable file and folder are entries with the system's words, and the walk goes on."""
    _fill(tmp_path, "a.py", "b/c.py", "d.py")
    opened = os.open

    def refusing(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path in ("a.py", "b"):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refusing)
    assert list(walk(tmp_path)) == [
        Skip("a.py", "permission denied"),
        Skip("b", "permission denied"),
        SourceFile("d.py", b"# d.py\n"),
    ]


def test_a_folder_that_is_none_is_one_line(tmp_path: Path) -> None:
    """Missing, or a file: the path and the cause."""
    _fill(tmp_path, "file")
    for name, cause in (("missing", "no such file or directory"), ("file", "not a directory")):
        with pytest.raises(FileError) as error:
            list(walk(tmp_path / name))
        assert str(error.value) == f"{tmp_path / name}: {cause}"


def test_reading_one_file_is_bounded_and_does_not_block(tmp_path: Path) -> None:
    """A file larger than allowed, a pipe without a writer and a missing file are errors."""
    _fill(tmp_path, "file")
    os.mkfifo(tmp_path / "pipe")
    assert files.read(tmp_path / "file", 7) == b"# file\n"
    for name, most, cause in (
        ("file", 6, "larger than 6 bytes"),
        ("pipe", 6, "named pipe"),
        ("gone", 6, "no such file or directory"),
    ):
        with pytest.raises(FileError) as error:
            files.read(tmp_path / name, most)
        assert str(error.value) == f"{tmp_path / name}: {cause}"


# --------------------------------------------------------------------------- references


def test_a_reference_stays_in_its_folder(tmp_path: Path) -> None:
    """Relative paths inside are read, percent-encoded and through links that stay inside too."""
    root = tmp_path / "root"
    _fill(root, "a/common schemas.yaml", "b.yaml")
    (root / "link.yaml").symlink_to("b.yaml")
    assert files.read_in_jail(root, "a/common%20schemas.yaml") == b"# a/common schemas.yaml\n"
    assert files.read_in_jail(root, "a/../b.yaml") == b"# b.yaml\n"
    assert files.read_in_jail(root, "./link.yaml") == b"# b.yaml\n"


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.yaml",
        "..%2Fsecret.yaml",
        "folder/../../secret.yaml",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "//host/share",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "..\\secret.yaml",
        "out.yaml",
        "outside/secret.yaml",
        "loop/x",
        "missing.yaml",
        "pipe",
        "folder",
        "large.yaml",
        "a\x00b",
        "x" * 5000,
        "",
        ".",
    ],
)
def test_a_reference_leads_nowhere_else(tmp_path: Path, reference: str) -> None:
    """Not up, not to absolute paths, not through links, not to what is no file: an error without the content."""
    root = tmp_path / "root"
    _fill(root, "folder/a.yaml", "large.yaml")
    (root / "large.yaml").write_text("x" * 1001)
    _fill(tmp_path, "secret.yaml")
    (root / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "outside").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with pytest.raises(FileError) as error:
        files.read_in_jail(root, reference, 1000)
    assert "# secret" not in str(error.value)
    if reference in ("..%2Fsecret.yaml", "folder/../../secret.yaml", "out.yaml", "outside/secret.yaml"):
        assert str(error.value) == f"{reference}: leads out of the folder"
    assert str(tmp_path) not in str(error.value)
    assert len(str(error.value)) < 300


# --------------------------------------------------------------------------- writing


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing but the file is left, with the permissions of any new file."""
    path = tmp_path / "report.json"
    path.write_text("old")
    files.write(path, "new é \ud800")
    assert path.read_bytes() == "new é \\ud800".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is an error of one line, and neither half a report nor a temporary file remains."""
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError) as error:
        files.write(path, "new")
    assert str(error.value) == f"{path}: no space left on device"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_a_link_keeps_pointing_and_its_target_is_replaced(tmp_path: Path) -> None:
    """Writing through a link does not turn it into a file."""
    (tmp_path / "link").symlink_to("real")
    files.write(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "text"


def test_a_device_or_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """`-o /dev/null` must not put a file in the device's place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    files.write(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_or_a_missing_one_is_an_error(tmp_path: Path) -> None:
    """The path and the cause in one line."""
    for path, cause in ((tmp_path, "is a folder"), (tmp_path / "gone" / "x", "no such file or directory")):
        with pytest.raises(FileError) as error:
            files.write(path, "text")
        assert str(error.value) == f"{path}: {cause}"


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Also where one that others could read stood in its place."""
    path = tmp_path / "traffic.har"
    files.write(path, "old")
    path.chmod(0o644)
    files.write_private(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
