"""Keeps what the application does inside its process: no network, and for trials of what writes, nothing that stays.

Like `app_runner.py` it needs the standard library alone, and never imports `stopper`.
"""

from __future__ import annotations

import errno
import gc
import ipaddress
import logging
import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

COPY_CAP = 256 << 20
"""Bytes up to which a database file is copied."""
PREFIX = "file:"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
GOES_OUT = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
CHANGES_FILES = frozenset(
    "os.remove os.rename os.rmdir os.mkdir os.link os.symlink os.truncate os.chmod os.chown os.utime os.setxattr "
    "os.removexattr os.chflags shutil.rmtree shutil.move shutil.copyfile shutil.copytree".split()
)
STARTS = frozenset(
    "subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty os.kill os.killpg pty.spawn".split()
)
BEYOND = (
    "MySQLdb ibm_db mysql.connector oracledb cx_Oracle pyodbc pymssql duckdb lmdb plyvel apsw pysqlite3 psycopg "
    "psycopg2 sqlcipher3 pysqlcipher3 libsql _gdbm _dbm berkeleydb bsddb3 rocksdb h5py pyarrow zmq confluent_kafka "
    "grpc pycurl uwsgi"
).split()
"""Modules whose own machine code writes or connects, which Python does not see."""


class Fence:
    """An audit hook. Connections and datagrams beyond loopback are refused; `refused` holds where they would go.

    The application sees a machine without a network, as it may be prepared for. Once it is `sealed`, which is for good
    because threads outlive a request, the machine has no network at all, its files cannot be changed but those below
    `folder`, and no program can be started.
    """

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.sealed = False
        self.folder = ""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at one audit event and raise OSError when it is a way out."""
        if event in GOES_OUT:
            address = arguments[1]
            if isinstance(address, tuple) and address and not _loopback(str(address[0])):
                self.refused.add(f"{address[0]}:{address[1]}")
                raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
            if self.sealed:
                raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        elif self.sealed and self._changes(event, arguments):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def _changes(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return bool(arguments[2] & WRITES) and not self._inside(arguments[0])
        if event == "sqlite3.connect":
            return not in_memory(arguments[0]) and not self._inside(file_of(arguments[0]))
        return event in STARTS or (event in CHANGES_FILES and not all(map(self._inside, arguments[:1])))

    def _inside(self, path: Any) -> bool:
        """Tell whether a path is that of a file which may be changed; a number is a file that is open already."""
        if isinstance(path, int):
            return True
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        named = Path(os.fsdecode(path)).resolve()
        return str(named) == os.devnull or (bool(self.folder) and Path(self.folder) in named.parents)


def _loopback(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


class Copies:
    """Throw-away copies of the SQLite files that the application names, in a folder that somebody else removes.

    `left` names the files that were not copied: what is written to them stays.
    """

    def __init__(self) -> None:
        self.folder = ""
        self.left: list[str] = []
        self._made: dict[Path, Path] = {}

    def __call__(self, database: Any) -> Any:
        """Return the copy that is opened in the place of a database, or the name itself for what is in memory."""
        if not self.folder or not isinstance(database, (str, bytes, os.PathLike)) or in_memory(database):
            return database
        named = os.fsdecode(database)
        path = Path(file_of(database)).resolve()
        if path not in self._made:
            self._made[path] = self._copied(path)
        if not named.startswith(PREFIX):
            return str(self._made[path])
        _, mark, options = named.partition("?")
        return f"{PREFIX}{quote(str(self._made[path]))}{mark}{options}"

    def _copied(self, path: Path) -> Path:
        """Return the copy of a file, the file itself where it is none that could be copied."""
        if not path.parent.is_dir() or path.is_dir() or Path(self.folder) in path.parents:
            return path
        if path.exists() and path.stat().st_size > COPY_CAP:
            self.left.append(f"{path.name} has more than {COPY_CAP >> 20} MiB")
            return path
        copy = Path(self.folder, f"{len(self._made)}-{path.name}")
        for end in ("", "-wal", "-journal"):
            written = path.with_name(path.name + end)
            if written.is_file():
                with written.open("rb") as source, copy.with_name(copy.name + end).open("wb") as target:
                    shutil.copyfileobj(source, target)
        return copy


def in_memory(database: Any) -> bool:
    """Tell whether SQLite keeps a database in memory, or in a temporary file of its own."""
    name = os.fsdecode(database) if isinstance(database, (str, bytes, os.PathLike)) else ""
    return name in ("", ":memory:") or (name.startswith(PREFIX) and (":memory:" in name or "mode=memory" in name))


def file_of(database: Any) -> str:
    """Return the path of the file that a database's name or URI stands for."""
    name = os.fsdecode(database)
    if not name.startswith(PREFIX):
        return name
    path = unquote(name[len(PREFIX) :].partition("?")[0].partition("#")[0])
    return "/" + path[2:].partition("/")[2] if path.startswith("//") else path


def not_undone(copies: Copies, channel: int, handlers: list[logging.Handler]) -> list[str]:
    """Return why what the application writes could stay behind, one reason each; none where it cannot.

    `channel` is the descriptor of our own socket. Sockets of log handlers are not used while those are mute.
    """
    reasons = [] if copies.folder else ["it runs in a process that is not its own"]
    reasons += copies.left
    engines = [each for each in gc.get_objects() if _is_engine(each)] if "sqlalchemy" in sys.modules else []
    kinds = sorted({engine.dialect.name for engine in engines} - {"sqlite"})
    reasons += [f"its database is of {kind}" for kind in kinds]
    reasons += [f"it uses {name}, whose writes are not seen" for name in BEYOND if name in sys.modules]
    reasons += ["it has processes of its own"] if _workers() else []
    own = {channel, *(_number(getattr(handler, "socket", None)) for handler in handlers)}
    return reasons + [f"it is connected to {peer}" for peer in _peers(own)]


def _workers() -> bool:
    """Tell whether processes were started before that take work: no fence stands around them."""
    multiprocessing = sys.modules.get("multiprocessing")
    return multiprocessing is not None and bool(multiprocessing.active_children())


def seal(fence: Fence) -> None:
    """Close the fence for good."""
    import _posixsubprocess

    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # What multiprocessing starts by it raises no audit event.
    _posixsubprocess.fork_exec = refuse
    fence.sealed = True


def _is_engine(thing: Any) -> bool:
    return type(thing).__name__ == "Engine" and type(thing).__module__ == "sqlalchemy.engine.base"


def _number(held: Any) -> int:
    return held.fileno() if isinstance(held, socket.socket) else -1


def _peers(own: set[int]) -> Iterator[str]:
    """Yield what the sockets of this process are connected to, but for those given and for pairs within it."""
    for name in Path("/dev/fd").iterdir():
        number = int(name.name)
        try:
            if number in own or not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as held:
                peer = held.getpeername()
        except OSError:  # not connected, or the listing's own descriptor
            continue
        if peer:
            yield f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer)
