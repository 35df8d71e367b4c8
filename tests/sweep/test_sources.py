"""What a sweep reads: packed and rotated files, archives, databases, histories; what it cannot read it says."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import os
import random
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stopper.secret import fingerprint
from stopper.sweep import packed, state, sweeping, tally
from stopper.sweep.sighting import Life
from stopper.sweep.sources import sources
from stopper.sweep.sweeping import Sweep
from stopper.sweep.tally import Tally
from tests.sweep.corpus import Leak as Made
from tests.sweep.corpus import jwt, nginx, opaque, text_of

TOKEN = jwt()
LINE = nginx(Made("JWT", TOKEN)) + "\n"
QUIET = 'GET /me HTTP/1.1" 200 12\n' * 400


def swept(*names: Path | str, resume: Path | None = None) -> Sweep:
    """Sweep what is named."""
    sweep = Sweep(Tally(), resume)
    sweep.over(sources(map(str, names), leave_out=resume))
    return sweep


def counts(sweep: Sweep) -> dict[str, int]:
    """Return how often each credential was seen, by fingerprint."""
    return {row.fingerprint: row.count for row in sweep.tally.rows}


# --------------------------------------------------------------------------- files


def test_one_token_in_many_lines_is_one_row(tmp_path: Path) -> None:
    """A thousand lines with the same token are a row with a count and the first places."""
    log = tmp_path / "access.log"
    log.write_text((QUIET[:26] + LINE) * 1_000)
    (row,) = swept(log).tally.rows
    assert (row.form, row.fingerprint, row.count) == ("JWT", fingerprint(TOKEN), 1_000)
    assert [(spot.line, spot.time) for spot in row.spots] == [(n, "23/Nov/2026:21:03:16 +0000") for n in (2, 4, 6)]


PACKERS = {
    "access.log": lambda data: data,
    "access.log.1": lambda data: data,
    "access.log.2.gz": gzip.compress,
    "old.bz2": bz2.compress,
    "old.xz": lzma.compress,
    "twice.gz.bz2": lambda data: bz2.compress(gzip.compress(data)),
    "members.gz": lambda data: gzip.compress(data[:5000]) + gzip.compress(data[5000:]),
    "windows.log": lambda data: codecs.BOM_UTF16_LE + data.decode().encode("utf-16-le"),
    "crlf.log": lambda data: data.replace(b"\n", b"\r\n"),
    "named_wrongly.txt": gzip.compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_packed_files_are_read_as_they_are(name: str, tmp_path: Path) -> None:
    """Rotated, compressed and recoded logs: the first bytes decide and not the name; the line is that of the text."""
    (tmp_path / name).write_bytes(PACKERS[name]((QUIET + LINE).encode()))
    sweep = swept(tmp_path)
    (row,) = sweep.tally.rows
    assert (row.fingerprint, row.spots[0].line, sweep.skipped) == (fingerprint(TOKEN), 401, [])


def archive_of(members: dict[str, bytes], form: str) -> bytes:
    """Return an archive."""
    held = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, data in members.items():
                zipped.writestr(name, data)
        return held.getvalue()
    with tarfile.open(fileobj=held, mode=f"w:{form}") as tarred:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tarred.addfile(info, io.BytesIO(data))
    return held.getvalue()


@pytest.mark.parametrize("form", ["zip", "", "gz", "xz"])
def test_archives_are_read_and_what_is_in_them_is_named(form: str, tmp_path: Path) -> None:
    """A backup of logs, one of them compressed; an archive in it is said to be left out."""
    inner = archive_of({"x": LINE.encode()}, "zip")
    members = {"logs/a.log": LINE.encode(), "logs/b.log.gz": gzip.compress(LINE.encode()), "inner.zip": inner}
    (tmp_path / "backup").write_bytes(archive_of(members, form))
    sweep = swept(tmp_path / "backup")
    assert [(spot.item, spot.line) for spot in sweep.tally.rows[0].spots] == [("logs/a.log", 1), ("logs/b.log.gz", 1)]
    assert [(skip.what, skip.why) for skip in sweep.skipped] == [
        (f"{tmp_path}/backup inner.zip", "an archive within another")
    ]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A file that is cut off, one that is missing and a pipe are each said; what was read before counts."""
    whole = gzip.compress(LINE.encode() * 3 + os.urandom(9000))
    (tmp_path / "cut.gz").write_bytes(whole[:-4000])
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    sweep = swept(tmp_path, tmp_path / "missing.log")
    assert {(Path(skip.what).name, skip.why) for skip in sweep.skipped} == {
        ("cut.gz", "broken or cut off"),
        ("pipe", "not a regular file"),
        ("missing.log", "no such file or directory"),
    }
    assert counts(sweep) == {fingerprint(TOKEN): 3}


@pytest.mark.parametrize(
    "start", [b"7z\xbc\xaf\x27\x1c\0\x04", b"Rar!\x1a\x07\x01\0", b"\x04\x22\x4d\x18", b"LZIP\x01", b"\x1f\x9d\x90"]
)
def test_what_is_packed_in_another_way_is_said(start: bytes, tmp_path: Path) -> None:
    """A packed file that is not unpacked was not looked at, wherever it lies, and is never said to be clean."""
    (tmp_path / "packed").write_bytes(start + os.urandom(99))
    (tmp_path / "backup.zip").write_bytes(archive_of({"inner": start + os.urandom(99)}, "zip"))
    whats = [skip.what for skip in swept(tmp_path).skipped if skip.why.endswith("which is not read")]
    assert whats == [f"{tmp_path}/backup.zip inner", f"{tmp_path}/packed"]


def test_a_broken_member_hides_no_other(tmp_path: Path) -> None:
    """A file in a zip archive that is packed in an unheard-of way is said, and those after it are read."""
    data = bytearray(archive_of({name: LINE.encode() for name in ("a.log", "b.log", "c.log")}, "zip"))
    second = data.find(b"PK\1\2", data.find(b"PK\1\2") + 1)
    data[second + 10] = 99  # how it is packed, as the archive's list has it
    data[data.find(b"PK\3\4", 4) + 8] = 99
    (tmp_path / "odd.zip").write_bytes(data)
    sweep = swept(tmp_path)
    assert [spot.item for spot in sweep.tally.rows[0].spots] == ["a.log", "c.log"]
    assert [skip.what for skip in sweep.skipped] == [f"{tmp_path}/odd.zip b.log"]


@pytest.mark.parametrize("form", ["zip", "", "gz", "xz"])
def test_no_damage_ends_a_sweep(form: str, tmp_path: Path) -> None:
    """However an archive is damaged, the sweep goes on to the next file, shows no token and never calls it clean."""
    whole, chance = archive_of({"a.log": LINE.encode() * 9, "b.log": QUIET.encode()}, form), random.Random(form)
    (tmp_path / "0.log").write_text(LINE)
    for _ in range(12):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 4))):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        end = chance.choice((len(damaged), chance.randrange(len(damaged) // 2, len(damaged))))
        (tmp_path / "a").write_bytes(damaged[:end])
        sweep = swept(tmp_path)
        assert sweep.tally.rows[0].spots[0].source == f"{tmp_path}/0.log"
        assert counts(sweep)[fingerprint(TOKEN)] > 1 or sweep.skipped
        assert TOKEN not in f"{sweep.tally.rows} {sweep.skipped}"


@pytest.mark.parametrize("form", ["", "gz"])
def test_what_stands_behind_a_broken_header_is_not_called_clean(form: str, tmp_path: Path) -> None:
    """A tar archive whose second header is broken, or behind whose end another follows, was not read to its end."""
    first, second = (archive_of({name: text.encode()}, "") for name, text in (("a.log", QUIET), ("b.log", LINE)))
    whole = archive_of({"a.log": QUIET.encode(), "b.log": LINE.encode()}, "")
    broken = whole.replace(b"b.log", b"?.log", 1)  # the header's checksum is of the other name
    for data in (first + second, broken, broken[: broken.index(b"?.log") + 100]):
        (tmp_path / "a.tar").write_bytes(gzip.compress(data) if form else data)
        assert [skip.why for skip in swept(tmp_path).skipped] == ["broken, or more follows behind its end"]
    (tmp_path / "a.tar").write_bytes(gzip.compress(whole) if form else whole)
    assert swept(tmp_path).skipped == []


def test_holes_of_a_file_are_not_read(tmp_path: Path) -> None:
    """A log that is nearly all hole, as one that was cut while it was written to, is read at once, with true places."""
    log, kept = tmp_path / "sparse.log", tmp_path / "state.json"
    with log.open("wb") as file:
        file.write(LINE.encode())
        file.seek(1 << 32)
        file.write(f"\n{LINE}".encode())
    sweep = swept(tmp_path, resume=kept)
    (row,) = sweep.tally.rows
    assert [spot.line for spot in row.spots] == [1, 3]
    assert [spot.offset for spot in row.spots] == [LINE.index("ey"), (1 << 32) + 1 + LINE.index("ey")]
    assert sweep.bytes < 1 << 20
    with log.open("ab") as file:
        file.write(LINE.encode())
    assert [spot.line for spot in swept(tmp_path, resume=kept).tally.rows[0].spots] == [1, 3, 4]


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What lies at a path when it is read is looked at again: nobody makes a sweep hang or follow a link."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(LINE)
    found = list(sources([str(tmp_path)]))
    for name in ("a.log", "b.log"):
        (tmp_path / name).unlink()
    os.mkfifo(tmp_path / "a.log")
    (tmp_path / "b.log").symlink_to("/etc/hostname")
    sweep = Sweep(Tally())
    sweep.over(found)
    assert [skip.why for skip in sweep.skipped] == ["not a regular file", "too many levels of symbolic links"]


def test_folders_may_nest_deeply(tmp_path: Path) -> None:
    """Folders within folders, more than a stack is deep, end no sweep."""
    folder = tmp_path.joinpath(*"d" * 400)
    folder.mkdir(parents=True)
    (folder / "a.log").write_text(LINE)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(380)
    try:
        found = counts(swept(tmp_path))
    finally:
        sys.setrecursionlimit(limit)
    assert found == {fingerprint(TOKEN): 1}


def test_what_unfolds_to_too_much_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that unfolds without end is given up and said (CWE-409)."""
    monkeypatch.setattr(packed, "ALWAYS_UNFOLDED", 1 << 20)
    monkeypatch.setattr(packed, "MOST_UNFOLDED", 100)
    (tmp_path / "bomb.bz2").write_bytes(bz2.compress(bytes(24 << 20)))
    assert [skip.why for skip in swept(tmp_path).skipped] == ["unfolds to too much"]


def test_holes_of_an_archive_s_member_are_not_followed_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small tar archive with a sparse file, which is nearly all hole, is given up and said (CWE-409)."""
    monkeypatch.setattr(packed, "ALWAYS_UNFOLDED", 1 << 20)
    with tarfile.open(tmp_path / "sparse.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("hole")
        info.size = 512
        info.pax_headers = {"GNU.sparse.map": "0,512", "GNU.sparse.size": str(1 << 28)}
        archive.addfile(info, io.BytesIO(bytes(512)))
    assert [skip.why for skip in swept(tmp_path).skipped] == ["unfolds to too much"]


def test_no_name_shows_a_token(tmp_path: Path) -> None:
    """Names of files, folders, members, tables and columns may be tokens: neither report nor state shows one."""
    folder = tmp_path / f"backup-{TOKEN}"
    folder.mkdir()
    (folder / f"\n{TOKEN}.log").write_text(LINE)
    (folder / "a.zip").write_bytes(archive_of({f"of-{TOKEN}": LINE.encode()}, "zip"))
    os.mkfifo(folder / f"{TOKEN}.pipe")
    with sqlite3.connect(folder / "a.db") as connection:
        connection.execute(f'CREATE TABLE "{TOKEN}" ("{TOKEN}" TEXT)')
        connection.execute(f'INSERT INTO "{TOKEN}" VALUES (?)', (LINE,))
    connection.close()
    git(folder, "init", "-q")
    kept = tmp_path / "state.json"
    sweep = swept(folder, resume=kept)
    assert counts(sweep) == {fingerprint(TOKEN): 3}
    assert len(sweep.skipped) == 1
    assert TOKEN not in f"{sweep.tally.rows} {sweep.skipped} {kept.read_text()}"


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """A file's name is shown with its control characters written out (CWE-150)."""
    (tmp_path / "a\x1b[2J.log").write_text(LINE)
    assert swept(tmp_path).tally.rows[0].spots[0].source.endswith("a\\x1b[2J.log")


def test_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log with a new token in each line fills no memory: beyond a bound they are counted together."""
    monkeypatch.setattr(tally, "ROWS", 5)
    (tmp_path / "a.log").write_text("".join(f"{opaque('stop')}\n" for _ in range(9)))
    sweep = swept(tmp_path)
    assert (len(sweep.tally.rows), sweep.tally.further) == (5, 4)


# --------------------------------------------------------------------------- going on


def test_a_sweep_goes_on_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the midst and called again, it comes to the same counts and lines as in one go."""
    monkeypatch.setattr("stopper.sweep.stream.BLOCK", 4096)
    monkeypatch.setattr("stopper.sweep.stream.REACH", 2048)
    monkeypatch.setattr(sweeping, "SAVED_EVERY", 0.0)
    log, kept = tmp_path / "a.log", tmp_path / "state.json"
    log.write_text("".join(QUIET[:2600] + nginx(Made("JWT", jwt())) + "\n" + LINE for _ in range(10)))
    in_one_go = swept(log).tally.written()

    def until(steps: int) -> None:
        left = steps
        take = Tally.take

        def interrupted(into: Tally, sighting: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise KeyboardInterrupt
            take(into, sighting)  # type: ignore[arg-type]

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Tally, "take", interrupted)
            swept(log, resume=kept)

    until(5)
    until(6)
    assert 0 < len(state.kept(kept)["tally"]["rows"]) < 11  # type: ignore[index]
    assert swept(log, resume=kept).tally.written() == in_one_go
    assert TOKEN not in kept.read_text()


def test_a_log_that_grew_and_was_rotated_is_read_on(tmp_path: Path) -> None:
    """The same file under a new name goes on at its end; the new file of the old name is read from its beginning."""
    log, kept = tmp_path / "a.log", tmp_path / "state.json"
    log.write_text(QUIET + LINE)
    assert counts(swept(tmp_path, resume=kept)) == {fingerprint(TOKEN): 1}
    with log.open("a") as grown:
        grown.write(LINE)
    log.rename(tmp_path / "a.log.1")
    log.write_text(QUIET + LINE * 3)
    assert counts(swept(tmp_path, resume=kept)) == {fingerprint(TOKEN): 5}
    assert counts(swept(tmp_path, resume=kept)) == {fingerprint(TOKEN): 5}


def test_packed_files_are_not_counted_twice(tmp_path: Path) -> None:
    """A later sweep leaves out what it has read to its end, and says again what it could not read."""
    kept = tmp_path / "state.json"
    (tmp_path / "a.gz").write_bytes(gzip.compress(LINE.encode()))
    (tmp_path / "b.gz").write_bytes(gzip.compress(os.urandom(3000) + LINE.encode())[:-9])
    first, second = swept(tmp_path, resume=kept), swept(tmp_path, resume=kept)
    assert counts(first) == counts(second)
    assert [skip.why for skip in second.skipped] == ["broken or cut off"]


PLACELESS = {"form": "password", "fingerprint": "z", "life": "alive", "count": 1, "spots": []}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"version": 1}',
        '{"version": 1, "reached": {}, "tally": {"rows": 7}}',
        json.dumps({"version": 1, "reached": {}, "tally": {"rows": [PLACELESS], "further": 0}}),
    ],
)
def test_another_file_is_no_state(text: str, tmp_path: Path) -> None:
    """A file that is no state of a sweep is refused and stays as it is."""
    (tmp_path / "notes.txt").write_text(text)
    with pytest.raises(state.StateError, match="not the state of a sweep"):
        swept(tmp_path, resume=tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == text


# --------------------------------------------------------------------------- databases


def test_a_file_of_sqlite_is_read_by_table_and_column(tmp_path: Path) -> None:
    """Text, blob, JSON and what hides in a column of numbers; told by table, column and key."""
    path = tmp_path / "shop.db"
    tokens = [jwt() for _ in range(4)]
    bare = text_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEF", 32)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, age INTEGER, api_token TEXT)"
        )
        connection.execute(
            "INSERT INTO users VALUES (7, ?, ?, ?, ?)", (f"x {tokens[0]}", tokens[1].encode(), tokens[2], bare)
        )
        connection.execute("INSERT INTO users VALUES (8, 'ada', x'00ff', 36, ?)", ("a" * 63 + "1",))
        connection.execute('CREATE TABLE "odd name" (data JSON)')
        connection.execute('INSERT INTO "odd name" VALUES (?)', (json.dumps({"deep": [{"token": tokens[3]}]}),))
    connection.close()
    before = path.read_bytes()
    found = {row.fingerprint: row.spots[0].item for row in swept(path).tally.rows}
    assert found == {
        fingerprint(tokens[0]): "users.name [id=7]",
        fingerprint(tokens[1]): "users.photo [id=7]",
        fingerprint(tokens[2]): "users.age [id=7]",
        fingerprint(bare): "users.api_token [id=7]",
        fingerprint(tokens[3]): "odd name.data [row 1]",
    }
    assert path.read_bytes() == before


def test_a_primary_key_that_is_a_token_is_not_shown(tmp_path: Path) -> None:
    """Where the token itself is the key, the row is told by its number, and in other columns' places redacted."""
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE sessions (token TEXT PRIMARY KEY, note TEXT)")
        connection.execute("INSERT INTO sessions VALUES (?, ?)", (TOKEN, f"was {jwt()}"))
    connection.close()
    items = [spot.item for row in swept(tmp_path / "a.db").tally.rows for spot in row.spots]
    assert items[0] == "sessions.token [row 1]"
    assert TOKEN not in str(items) and f"[redacted {fingerprint(TOKEN)}]" in items[1]


@pytest.mark.parametrize(
    "name",
    [
        "nosuch://u:hunter2pass@h/d",
        "postgresql:u:hunter2pass@h/d",
        "postgresql//u:hunter2pass@h/d",
        "u:hunter2pass@h:5432/d",
        "POSTGRESQL://h/d?pw=hunter2pass",
        "env:NO_SUCH_VARIABLE",
    ],
)
def test_a_wrong_address_is_refused_without_its_password(name: str, tmp_path: Path) -> None:
    """A misspelt name among others ends the sweep before anything is read, in one line that repeats no password."""
    with pytest.raises(ValueError, match=r"the address|is not set") as raised:
        swept(tmp_path, name)
    assert "hunter2pass" not in str(raised.value)


def test_a_file_may_be_named_as_addresses_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name could be an address is read, as it is there."""
    monkeypatch.chdir(tmp_path)
    Path("mail:ada@shop.log").write_text(LINE)
    assert counts(swept("mail:ada@shop.log")) == {fingerprint(TOKEN): 1}


def test_a_database_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not looked at, and neither user nor password are told."""
    monkeypatch.setenv("SHOP_DATABASE", "postgresql+psycopg://ada:hunter2pass@127.0.0.1:1/shop?connect_timeout=2")
    (skip,) = swept("env:SHOP_DATABASE").skipped
    assert skip.what == "postgresql+psycopg://127.0.0.1:1/shop"
    assert "hunter2pass" not in skip.why


# --------------------------------------------------------------------------- git


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """Yield a repository whose configuration and attributes would run commands that leave a mark."""
    folder, mark = tmp_path / "shop", tmp_path / "was_run"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitattributes").write_text("* diff=own filter=own\n")
    for name in ("core.fsmonitor", "diff.own.textconv", "filter.own.smudge", "filter.own.clean", "core.pager"):
        git(folder, "config", name, f"touch {mark}; cat")
    hook = folder / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    yield folder
    assert not mark.exists()


def git(folder: Path, *arguments: str) -> str:
    """Run git with an author; nothing that the repository configures runs."""
    quiet = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "filter.own.clean=cat")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@shop.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *quiet, *who, "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, message: str, **files: str) -> str:
    """Commit these files and return the commit."""
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")[:12]


def test_history_is_read_once_and_nothing_of_it_runs(repository: Path) -> None:
    """Removed files, other branches, messages and the work tree; told by the commit that brought it and the path."""
    removed, branch, message = jwt(), opaque("stop"), jwt()
    first = commit(repository, "begin", config=f"# settings\nTOKEN={removed}\n", other="nothing")
    commit(repository, "remove it", config="# settings\n")
    git(repository, "checkout", "-q", "-b", "trial")
    second = commit(repository, "try", again=f"# settings\nTOKEN={removed}\n", key=branch)
    git(repository, "checkout", "-q", "main")
    third = commit(repository, f"used {message}")
    sweep = swept(repository)
    spots = {row.fingerprint: [(spot.item, spot.line) for spot in row.spots] for row in sweep.tally.rows}
    assert spots[fingerprint(removed)] == [(f"{first}:config", 2)]
    assert spots[fingerprint(branch)] == [(f"{second}:key", 1)]
    assert spots[fingerprint(message)][0][0] == f"{third} message"
    assert sweep.skipped == []


def test_what_an_amended_commit_left_behind_is_read(repository: Path) -> None:
    """A token that was amended away lies in the repository yet, packed or not, as long as git remembers the commit."""
    commit(repository, "begin", config="x")
    first = commit(repository, "slip", config=f"TOKEN={TOKEN}\n")
    (repository / "config").write_text("TOKEN=\n")
    git(repository, "commit", "-q", "-a", "--amend", "-m", "settings")
    for pack in (False, True):
        if pack:
            git(repository, "gc", "-q")
        assert [spot.item for spot in swept(repository).tally.rows[0].spots] == [f"{first}:config"]


def test_history_goes_on(repository: Path, tmp_path: Path) -> None:
    """A sweep that was kept reads a history again only when a reference has moved."""
    commit(repository, "begin", config=f"TOKEN={TOKEN}\n")
    kept = tmp_path / "state.json"
    first = swept(repository, resume=kept)
    second = swept(repository, resume=kept)
    assert counts(first) == counts(second)
    assert second.bytes < first.bytes


def test_a_broken_repository_is_said(repository: Path) -> None:
    """Where git cannot list the objects, the history was not looked at."""
    commit(repository, "begin", config="x")
    (repository / ".git" / "HEAD").write_text("nothing\n")
    assert [skip.what for skip in swept(repository).skipped] == [f"{repository} (git history)"]


# --------------------------------------------------------------------------- what lives


def test_a_jwt_says_itself_whether_it_may_live(tmp_path: Path) -> None:
    """Without a store: an expiry to come may be alive, one that has passed is not, none is not known."""
    (tmp_path / "a.log").write_text("\n".join((jwt(exp=4102444800), jwt(exp=1_600_000_000), jwt(), opaque("stop"))))
    lives = [row.life for row in swept(tmp_path).tally.rows]
    assert lives == [Life.MAY_BE_ALIVE, Life.EXPIRED, Life.UNKNOWN, Life.UNKNOWN]
