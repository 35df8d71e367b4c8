"""What the application writes while it is tried: databases are copies; where something could stay it is not called."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stopper.io.app_seal import Copies, Fence, file_of, in_memory
from stopper.io.child import AppChild
from stopper.observe.views import Exchange, Leak, Request

TOKEN = "canary-5d41402abc4b2a76b9719d911017c592"
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a module `shop.py` into an empty folder and returns the folder."""

    def writer(source: str) -> Path:
        (tmp_path / "shop.py").write_text(textwrap.dedent(source))
        return tmp_path

    return writer


def post(path: str) -> Request:
    """Return a request whose effects are to be undone."""
    headers = (("Authorization", f"Bearer {TOKEN}"), ("Content-Type", "application/json"))
    return Request("POST", f"https://localhost{path}", headers, b"{}", undone=True)


def answer(exchange: Exchange) -> object:
    """Return the JSON of an answer that must be there."""
    assert exchange.response is not None, exchange.error
    return json.loads(exchange.response.body)


def stores(exchange: Exchange) -> list[Leak]:
    """Return the rows that took a token or its digest."""
    return [leak for leak in exchange.leaks or () if leak.kind == "database"]


ROWS = """
    import hashlib, multiprocessing, os, sqlite3, subprocess, socket
    from flask import Flask, request
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__, instance_path=os.path.abspath("."))
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///rows.sqlite"
    db = SQLAlchemy(app)

    class Token(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        value = db.Column(db.String)

    with app.app_context():
        db.create_all()

    @app.post("/clear")
    def clear():
        db.session.add(Token(value=request.headers["Authorization"]))
        db.session.commit()
        return {"rows": Token.query.count()}

    @app.post("/digest")
    def digest():
        made = hashlib.sha256(request.headers["Authorization"].split()[1].encode()).hexdigest()
        db.session.add(Token(value=made))
        db.session.commit()
        return {}

    @app.post("/plain")
    def plain():
        connection = sqlite3.connect("file:plain.sqlite?mode=rwc", uri=True)
        connection.execute("DELETE FROM users")
        connection.commit()
        return connection.execute("SELECT count(*) FROM users").fetchall()

    def outcome(action):
        try:
            action()
        except OSError as error:
            return type(error).__name__, error.errno
        return "done"

    @app.post("/ways-out")
    def ways_out():
        unwatched = sqlite3.Connection
        return [outcome(each) for each in (
            lambda: open("left.txt", "w"),
            lambda: os.open("left.txt", os.O_CREAT),
            lambda: os.mkdir("left"),
            lambda: os.remove("shop.py"),
            lambda: os.rename("shop.py", "left.py"),
            lambda: subprocess.run(["touch", "left"]),
            lambda: os.fork() or os._exit(0),
            lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
            lambda: unwatched("left.sqlite"),
            lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
            lambda: open("shop.py").close(),
            lambda: open(os.devnull, "w").close(),
        )]
"""


async def test_an_application_that_writes_leaves_nothing_behind(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are written and told by column, by SQLAlchemy and without; the files are afterwards as they were."""
    folder = write(ROWS)
    temporary = folder / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with sqlite3.connect(folder / "plain.sqlite") as users:
        users.execute("CREATE TABLE users (name)")
        users.execute("INSERT INTO users VALUES ('ada')")
    users.close()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    async with AppChild("shop:app", cwd=folder) as child:
        assert [each.name for each in temporary.iterdir()] != []
        first = await child.send(post("/clear"))
        second = await child.send(post("/clear"))
        digest = await child.send(post("/digest"))
        plain = await child.send(post("/plain"))
    assert (answer(first), answer(second), answer(plain)) == ({"rows": 1}, {"rows": 2}, [[0]])
    assert {leak.where for leak in stores(first)} == {"the column token.value"}
    assert [str(leak.place) for leak in stores(first)] == ["shop.py:20"]
    assert [(leak.digest, leak.form) for leak in stores(digest)] == [(True, "sha256 digest")]
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert not list(temporary.iterdir())


async def test_there_is_no_way_out(write: Write) -> None:
    """Files, other programs, forks and connections are refused while effects are undone; what reads is not."""
    folder = write(ROWS)
    async with AppChild("shop:app", cwd=folder) as child:
        told = answer(await child.send(post("/ways-out")))
    refused, offline = ["OSError", 30], ["OSError", 101]
    assert told == [*[refused] * 7, offline, refused, refused, "done", "done"]
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["shop.py"]


async def test_log_handlers_write_nothing_of_a_trial(write: Write) -> None:
    """A handler shows what it would write of a made-up token, and its file holds nothing of it."""
    folder = write(
        """
        import logging
        from flask import Flask, request
        app = Flask(__name__)
        app.logger.addHandler(logging.FileHandler("shop.log"))

        @app.route("/", methods=["GET", "POST"])
        def index():
            app.logger.warning("asked with %s", request.headers["Authorization"])
            return {}
        """
    )
    async with AppChild("shop:app", cwd=folder) as child:
        await child.send(replace(post("/"), method="GET", undone=False))
        written = (folder / "shop.log").read_text()
        tried = await child.send(post("/"))
    assert "logging.FileHandler" in {leak.where for leak in tried.leaks or ()}
    assert TOKEN in written
    assert (folder / "shop.log").read_text() == written


CANNOT = {
    "driver": ("import duckdb", "it uses duckdb, whose writes are not seen"),
    "engine": (
        "from sqlalchemy import create_engine\nfrom sqlalchemy.dialects import mysql\nimport types\n"
        "driver = types.SimpleNamespace(paramstyle='format', __version__='1')\n"
        "engine = create_engine('mysql+pymysql://', module=driver)",
        "its database is of mysql",
    ),
    "connection": (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "held = socket.create_connection(server.getsockname())",
        "it is connected to 127.0.0.1:",
    ),
    "processes": (
        "import multiprocessing, time\n"
        "held = multiprocessing.get_context('fork').Process(target=time.sleep, args=(9,), daemon=True)\nheld.start()",
        "it has processes of its own",
    ),
    "size": ("import sqlite3\nheld = sqlite3.connect('large.sqlite')", "large.sqlite has more than 256 MiB"),
}


@pytest.mark.parametrize("name", CANNOT)
async def test_what_cannot_be_undone_is_not_called(write: Write, name: str) -> None:
    """Where something could stay behind the view does not run, and the error says what; a safe call is as before."""
    source, why = CANNOT[name]
    folder = write(
        f"{source}\nfrom flask import Flask\napp = Flask(__name__)\n@app.route('/', methods=['GET', 'POST'])\n"
        "def index():\n    app.called = True\n    return {}\n@app.get('/called')\ndef called():\n"
        "    return {'called': hasattr(app, 'called')}\n"
    )
    (folder / "duckdb.py").touch()
    (folder / "large.sqlite").touch()
    os.truncate(folder / "large.sqlite", (256 << 20) + 1)
    async with AppChild("shop:app", cwd=folder) as child:
        tried = await child.send(post("/"))
        called = await child.send(Request("GET", "https://localhost/called"))
    assert tried.response is None
    assert tried.error.startswith(f"not called: {why}")
    assert answer(called) == {"called": False}


@pytest.mark.parametrize(
    ("database", "path"),
    [
        ("shop.sqlite", "shop.sqlite"),
        (b"shop.sqlite", "shop.sqlite"),
        (Path("a/shop.sqlite"), "a/shop.sqlite"),
        ("file:shop%20a.sqlite?mode=ro", "shop a.sqlite"),
        ("file:///var/shop.sqlite?cache=shared#x", "/var/shop.sqlite"),
        ("file://localhost/var/shop.sqlite", "/var/shop.sqlite"),
    ],
)
def test_a_database_s_file_is_found(database: object, path: str) -> None:
    """Names, bytes, paths and URIs of SQLite stand for a file."""
    assert file_of(database) == path
    assert not in_memory(database)


@pytest.mark.parametrize("database", [":memory:", "", "file::memory:?cache=shared", "file:x?mode=memory"])
def test_what_is_in_memory_is_opened_as_it_is(database: str, tmp_path: Path) -> None:
    """Nothing is copied of a database that has no file."""
    copies = Copies()
    copies.folder = str(tmp_path)
    assert in_memory(database)
    assert copies(database) == database
    assert not list(tmp_path.iterdir())


def test_one_file_has_one_copy(tmp_path: Path) -> None:
    """However a file is named its copy is the same, with its log of last writes; options stay; a new file has none."""
    (tmp_path / "copies").mkdir()
    (tmp_path / "a.sqlite").write_bytes(b"rows")
    (tmp_path / "a.sqlite-wal").write_bytes(b"more")
    copies = Copies()
    copies.folder = str(tmp_path / "copies")
    copy = Path(copies(tmp_path / "a.sqlite"))
    assert copies(f"file:{tmp_path}/x/../a.sqlite?mode=ro") == f"file:{copy}?mode=ro"
    assert copy.read_bytes() == b"rows"
    assert copy.with_name(f"{copy.name}-wal").read_bytes() == b"more"
    assert not Path(copies(tmp_path / "new.sqlite")).exists()
    assert copies(tmp_path / "nowhere" / "b.sqlite") == str(tmp_path / "nowhere" / "b.sqlite")


def test_an_open_fence_lets_files_be_written(tmp_path: Path) -> None:
    """Until it is sealed the fence looks at connections alone; sealed, it lets its own folder be written."""
    fence = Fence()
    fence("open", (str(tmp_path / "x"), "w", os.O_WRONLY))
    fence.sealed, fence.folder = True, str(tmp_path / "inside")
    fence("open", (str(tmp_path / "inside" / "x"), "w", os.O_WRONLY))
    fence("open", (3, "w", os.O_WRONLY))
    for path in (tmp_path / "x", tmp_path / "inside" / ".." / "x", tmp_path / "inside-not" / "x"):
        with pytest.raises(OSError, match="Read-only"):
            fence("open", (str(path), "w", os.O_WRONLY))
