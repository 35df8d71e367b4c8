"""`stopper scan` on hostile folders, rows 50 to 60 of the table of faults: it ends soon, stays small, says what it did

not read, runs nothing of what it reads, and never calls clean what it did not look at.
"""

from __future__ import annotations

import ast
import contextlib
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_hostile_targets import peak

COMMAND = (str(Path(sys.executable).with_name("stopper")),)
MODULE = (sys.executable, "-m", "stopper")
MEBIBYTES = 280
SOUND = "import requests\nrequests.get(url, verify=False)\n"
"""A file with a finding at line 2: whatever stands beside it, it is found."""


@dataclass
class Ended:
    """How a scan ended: status, report as an object and as text, what was printed, seconds and MiB."""

    status: int
    report: dict[str, Any]
    text: str
    printed: str
    seconds: float
    mebibytes: float

    @property
    def found(self) -> set[str]:
        """Return control, file and line of every finding."""
        return {f"{f['control']} {f['place']['uri']}:{f['place']['line']}" for f in self.report["findings"]}

    @property
    def reasons(self) -> dict[str, str]:
        """Return what was not read, and why."""
        return {skip["what"]: skip["why"] for skip in self.report["skips"]}


@pytest.fixture
def tree() -> Iterator[Path]:
    """Give a folder with one sound file in it, and take it away at once: some hold a million files."""
    folder = Path(tempfile.mkdtemp(prefix="stopper-hostile-"))
    (folder / "tree").mkdir()
    (folder / "tree" / "sound.py").write_text(SOUND)
    yield folder / "tree"
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def scanned(target: Path, *, within: float = 20.0, cwd: Path | None = None, command: Sequence[str] = COMMAND) -> Ended:
    """Run the real command on a folder, without any wish for its report's form."""
    output, printed = target.parent / "report.json", target.parent / "printed.txt"
    started = time.monotonic()
    with printed.open("w") as stream:
        words = [*command, "scan", str(target), "-o", str(output)]
        process = subprocess.Popen(words, stdout=stream, stderr=stream, cwd=cwd or target.parent)
        with contextlib.ExitStack() as stack:
            stack.callback(process.kill)
            mebibytes = peak(process)
    seconds = time.monotonic() - started
    assert seconds < within
    assert mebibytes < MEBIBYTES
    text = output.read_text() if output.exists() else "{}"
    return Ended(process.returncode, json.loads(text), text, printed.read_text(), seconds, mebibytes)


def unclean(ended: Ended, found: set[str]) -> None:
    """Show that the sound file and these places were found, and that the scan is not called done."""
    assert ended.found == {"BT110 sound.py:2", *found}
    assert ended.status == 3
    assert ended.report["grade"] is None
    assert "could not be read" in ended.report["incomplete"]


def test_fault_50_bytes_that_are_no_source(tree: Path) -> None:
    """NUL bytes, UTF-16, a wrong cookie, Latin-1 and a byte order mark: each is read as far as it can be, or told."""
    (tree / "nul.py").write_bytes(SOUND.encode() + b"\0\n")
    (tree / "wide.py").write_bytes(SOUND.encode("utf-16"))
    (tree / "cookie.py").write_bytes(b"# -*- coding: nonsense -*-\n" + SOUND.encode())
    (tree / "latin.py").write_bytes(SOUND.encode() + "name = 'é'\n".encode("latin-1"))
    (tree / "marked.py").write_bytes(SOUND.encode("utf-8-sig"))
    ended = scanned(tree)
    unclean(ended, {"BT110 wide.py:2", "BT110 cookie.py:3", "BT110 latin.py:2", "BT110 marked.py:2"})
    assert "NUL" in ended.reasons["nul.py"]
    assert {path for path, why in ended.reasons.items() if "pattern rules only" in why} == {
        "wide.py",
        "cookie.py",
        "latin.py",
    }
    assert ended.report["coverage"]["files_analysed"] == 2


@pytest.mark.parametrize("number", [2_000, 20_000, 70_000])
def test_fault_51_nesting(tree: Path, number: int) -> None:
    """Thousands of brackets or signs around one another end no process; the lines beside them are read."""
    (tree / "brackets.py").write_text(f"{SOUND}x = {'(' * number}{')' * number}\n")
    (tree / "signs.py").write_text(f"{SOUND}x = {'-' * number}1\n")
    (tree / "open.py").write_text(f"{SOUND}x = {'[' * number}\n")
    unclean(scanned(tree), {"BT110 brackets.py:2", "BT110 signs.py:2", "BT110 open.py:2"})


def test_fault_52_a_sum_of_20000(tree: Path) -> None:
    """A chain of twenty thousand operators, attributes, calls or branches takes no time, and the rest is read."""
    chains = {"sum": "1+" * 20_000 + "1", "attributes": "a" + ".b" * 20_000, "calls": "a" + "()" * 20_000}
    for name, text in chains.items():
        (tree / f"{name}.py").write_text(f"{SOUND}x = {text}\n")
    (tree / "branches.py").write_text(SOUND + "if a:\n  pass\n" + "elif b:\n  pass\n" * 20_000)
    ended = scanned(tree, within=30)
    unclean(ended, {f"BT110 {name}.py:2" for name in (*chains, "branches")})
    assert "deep" in ended.reasons["sum.py"]


def test_fault_53_large_files(tree: Path) -> None:
    """A line of 5 MB and a table of a million values are told as too large; 60,000 lines are read, in seconds."""
    (tree / "line.py").write_text(SOUND + "x = '" + "a" * 5_000_000 + "'\n")
    (tree / "lines.py").write_text(SOUND + "x = 1\n" * 60_000)
    (tree / "table.py").write_text(SOUND + "x = [" + "1, " * 500_000 + "]\n")
    (tree / "broken.py").write_text(SOUND + "print x\n" * 90_000)
    ended = scanned(tree, within=60)
    assert ended.found == {"BT110 sound.py:2", "BT110 lines.py:2", "BT110 broken.py:2"}
    assert "larger than" in ended.reasons["line.py"]
    assert "too large" in ended.reasons["table.py"]
    assert ended.status == 3


def test_fault_54_syntax_to_come(tree: Path) -> None:
    """Syntax newer than this Python is read line by line, and the scan is not called done."""
    news = {
        "alias": "type Token = str\n",
        "generic": "def load[T](x: T) -> T:\n    return x\nclass Kept[T]: ...\n",
        "nested": "x = f'{d['token']}'\n",
        "template": "x = t'{token}'\n",
        "bare": "try:\n    load()\nexcept KeyError, ValueError:\n    pass\n",
    }
    for name, text in news.items():
        (tree / f"{name}.py").write_text(SOUND + text)
    ended = scanned(tree)
    assert ended.found == {f"BT110 {name}.py:2" for name in (*news, "sound")}
    for name, text in news.items():
        assert ("pattern rules only" in ended.reasons.get(f"{name}.py", "")) is not _parses(text)
    assert ended.status == (1 if all(map(_parses, news.values())) else 3)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_fault_55_what_is_not_python_of_today(tree: Path) -> None:
    """Python 2, Cython, notebooks, stubs, templates: each is told for what it is, and read as far as it can be."""
    (tree / "old.py").write_text(SOUND + "print url\n")
    (tree / "fast.pyx").write_text("cimport numpy\ncdef int load(int x):\n    return 1\n" + SOUND)
    (tree / "types.pyi").write_text("import flask\ndef load(token: str) -> int: ...\n")
    cell = {"cell_type": "code", "source": ["%matplotlib inline\n", *SOUND.splitlines(keepends=True)]}
    (tree / "work.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}, indent=1))
    (tree / "other.ipynb").write_text('{"cells": [], "access_token": ')
    (tree / "read.me").write_text("flask")
    (tree / "login.html").write_text("<script>\nlocalStorage.setItem('token', data.token)\n</script>\n")
    (tree / "shop.min.js").write_text("localStorage.setItem('token', data.token)\n")
    ended = scanned(tree)
    line = next(n for n, row in enumerate((tree / "work.ipynb").read_text().split("\n"), 1) if "verify" in row)
    unclean(ended, {"BT110 old.py:2", "BT110 fast.pyx:5", "BT314 login.html:2", f"BT110 work.ipynb:{line}"})
    assert ended.reasons["other.ipynb"] == "no valid JSON, so no notebook"
    assert ended.reasons["shop.min.js"].startswith("a bundle")
    assert ended.reasons["."] == "not of a kind that is read"
    assert ended.report["coverage"]["files_irrelevant"] == 1


def test_fault_56_what_is_no_file(tree: Path) -> None:
    """Links, loops, pipes, sockets and devices are named and neither followed nor opened."""
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("SECRET_KEY = 'canary-5f1d-canary-5f1d'\n")
    links = {"loop": tree, "folder": outside, "file.py": outside / "secret.py", "self.py": tree / "self.py"}
    links |= {"proc": Path("/proc"), "zero.py": Path("/dev/zero"), "up": Path("..")}
    for name, target in links.items():
        (tree / name).symlink_to(target)
    os.mkfifo(tree / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tree / "socket.py"))
        ended = scanned(tree)
    assert ended.found == {"BT110 sound.py:2"}
    assert ended.status == 1
    assert {ended.reasons[name] for name in links} == {"link, not followed"}
    assert (ended.reasons["pipe.py"], ended.reasons["socket.py"]) == ("named pipe", "socket")
    assert "canary" not in ended.text + ended.printed


@pytest.mark.skipif("STOPPER_FAULTS" not in os.environ, reason="a million files take a minute: make faults ROWS=57")
@pytest.mark.timeout(400)
def test_fault_57_a_million_files(tree: Path) -> None:
    """A million files are walked in bounded memory up to the stated budget, which the report names."""
    for number in range(1000):
        folder = tree / f"{number:04}"
        folder.mkdir()
        for other in range(1000):
            os.close(os.open(folder / f"{other}.py", os.O_CREAT | os.O_WRONLY))
    ended = scanned(tree, within=200)
    assert ended.report["coverage"]["files"] == 200_000
    assert ended.reasons["."] == "stopped after 200000 files"
    assert ended.status == 3


def test_fault_57_names_of_every_kind(tree: Path) -> None:
    """Names of 255 bytes, of bytes that are no text, with controls, and such that differ in their case are all read."""
    shutil.copy(tree / "sound.py", tree / ("n" * 252 + ".py"))
    for name in (b"\xff\xfe.py", b"a\x1b[31m.py", b"line\nbreak.py", b"Case.py", b"case.py", "\u202egnp.py".encode()):
        Path(os.fsdecode(os.fsencode(tree) + b"/" + name)).write_text(SOUND)
    ended = scanned(tree)
    assert len(ended.found) == 8
    assert {"BT110 Case.py:2", "BT110 case.py:2"} <= ended.found
    assert not {"\x1b", "\u202e", "\udcff"} & set(ended.text + ended.printed)


def _archived(tree: Path, entries: dict[str, bytes], mode: str) -> Path:
    """Return an archive of the tree's sound file and of these entries, as they are named."""
    path = tree.parent / f"shop.{mode}"
    data = {"sound.py": SOUND.encode(), **entries}
    if mode == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in data.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, f"w:{mode.partition('.')[2]}") as archive:
        for name, content in data.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for kind, target in ((tarfile.SYMTYPE, "/etc"), (tarfile.LNKTYPE, "/etc/passwd"), (tarfile.FIFOTYPE, "")):
            info = tarfile.TarInfo(f"{kind.decode()}.py")
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return path


@pytest.mark.parametrize("mode", ["zip", "tar.gz", "tar.xz"])
def test_fault_58_archives(tree: Path, mode: str) -> None:
    """Of an archive only plain files below its folder are unpacked, as much as is allowed; the rest is told."""
    away = {"../up.py": b"x", "/absolute.py": b"x", "a/../../b.py": b"x", "c\\..\\d.py": b"x", "C:/e.py": b"x"}
    large = {"large.py": b"#" * (9 << 20), "picture.png": b"x", "sound.py/below.py": b"x"}
    before = set(tree.parent.iterdir())
    ended = scanned(_archived(tree, away | large, mode))
    assert ended.found == {"BT110 sound.py:2"}
    assert ended.status == 1
    assert {ended.reasons[name] for name in away} == {"leads out of the archive"}
    assert "larger than" in ended.reasons["large.py"]
    assert "sound.py/below.py" in ended.reasons
    assert ended.reasons["."] == "not of a kind that is read"
    assert mode == "zip" or {ended.reasons[f"{n}.py"] for n in (1, 2, 6)} == {"link, not followed", "device"}
    assert {path.name for path in set(tree.parent.iterdir()) - before} == {f"shop.{mode}", "report.json", "printed.txt"}


@pytest.mark.parametrize("mode", ["zip", "tar.gz"])
def test_fault_58_archive_bombs(tree: Path, mode: str) -> None:
    """An archive of a megabyte that unfolds to a gigabyte is left where the quota ends, and the scan is not done."""
    ended = scanned(_archived(tree, {f"{number}.bin": bytes(16 << 20) for number in range(40)}, mode), within=60)
    assert ended.found == {"BT110 sound.py:2"}
    assert ended.status == 3
    assert "unfolds to too much" in ended.report["incomplete"]


def test_fault_58_broken_archives(tree: Path) -> None:
    """An archive that ends too early, or with a header of a gigabyte, is a clear error."""
    whole = _archived(tree, {"a.py": os.urandom(9999)}, "tar.gz")
    whole.write_bytes(whole.read_bytes()[:-5000])
    assert scanned(whole).status == 2
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    long = tree.parent / "long.tar.gz"
    with gzip.open(long, "wb", 1) as file:
        file.write(tarfile.TarInfo("first.py").tobuf() + header.tobuf())
        for _ in range(1 << 8):
            file.write(bytes(1 << 20))
    ended = scanned(long)
    assert ended.status == 2
    assert "broken archive" in ended.printed


def test_fault_59_text_that_is_not_what_it_looks_like(tree: Path) -> None:
    """Directions that turn and names of two alphabets are told, and shown as escapes."""
    (tree / "turned.py").write_text(SOUND + 'if level != "user\u202e \u2066# admins\u2069 \u2066":\n    pass\n')
    (tree / "alike.py").write_text("import flask\ndef \u0441heck_token(token):\n    return True\n")
    (tree / "science.py").write_text("import flask\nΔx = 1  # c\u0442o\n")
    ended = scanned(tree)
    told = [note for note in ended.report["notes"] if note.startswith(("turned.py:3:", "alike.py:2:"))]
    assert len(told) == 2
    assert not [note for note in ended.report["notes"] if "science" in note]
    assert "BT110 turned.py:2" in ended.found
    assert not {"\u202e", "\u2066"} & set(ended.text + ended.printed)
    assert "turn the direction" in told[-1]


HOOK = "import pathlib\npathlib.Path({!r}).touch()\n"


@pytest.mark.parametrize("command", [COMMAND, MODULE], ids=["stopper", "python -m stopper"])
@pytest.mark.parametrize("inside", [False, True])
def test_fault_60_nothing_of_it_is_run(tree: Path, inside: bool, command: Sequence[str]) -> None:
    """No module, plugin, hook or configuration of a scanned folder is imported, run or obeyed, even from inside it."""
    mark = tree.parent / "ran"
    hook = HOOK.format(str(mark))
    names = "setup conftest sitecustomize usercustomize noxfile click flask yaml json ast rich aiohttp"
    for name in names.split():
        (tree / f"{name}.py").write_text(hook)
    (tree / "hook.pth").write_text(f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n")
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n'
        '[tool.pytest.ini_options]\naddopts = "-p conftest"\n[tool.mypy]\nplugins = ["setup"]\n'
    )
    (tree / "setup.cfg").write_text("[flake8:local-plugins]\nextension = X1 = setup:main\n")
    ended = scanned(tree, cwd=tree if inside else None, command=command)
    assert not mark.exists()
    assert ended.found == {"BT110 sound.py:2"}


def test_fault_60_settings_name_nothing_to_run(tree: Path) -> None:
    """Settings that ask for a plugin, an interpreter or an application are refused and not obeyed."""
    for key in ("plugins", "python", "application"):
        (tree / "stopper.toml").write_text(f'{key} = ["evil"]\n')
        ended = scanned(tree)
        assert ended.status == 2
        assert f"stopper.toml has no key '{key}'" in ended.printed
