"""Runs a Flask application in a child process of its own interpreter, and carries requests to it.

The child executes `app_start.py`; one socket pair, inherited by number, carries JSON lines both ways. What the
application prints goes to the null device: it may hold tokens. The child leads a process group of its own, which is
ended with it, so that nothing the application starts stays behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from stopper.model import Witness
from stopper.observe.app.exchange import call_command, exchange
from stopper.observe.app.failure import ended, failure
from stopper.observe.app.snapshot import found_keys, snapshot
from stopper.observe.views import AppSnapshot, Exchange, Request
from stopper.secret import Secret

PEER = "192.0.2.10"
"""The address that requests seem to come from: of TEST-NET-1 (RFC 5737), as servers and applications trust loopback."""

_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_RUNNER = Path(__file__).with_name("app_start.py")
_LINE_CAP = 32 * 1024 * 1024
_GRACE = 2.0


class ChildError(Exception):
    """The application cannot be examined; the text is one line that names the cause and holds no secret."""


def interpreter(folder: Path) -> Path:
    """Return the Python of the virtual environment in a folder or beside it (`.venv`, `venv`), else our own."""
    for parent in (folder, folder.parent):
        for name in (".venv", "venv"):
            python = parent / name / "bin" / "python"
            if (parent / name / "pyvenv.cfg").is_file() and python.exists():
                return python
    return Path(sys.executable)


class _EndedError(Exception):
    """The child closed its end, or said what cannot be understood; holds its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class _Channel:
    """A running child and the socket to it: one question at a time, each answered by one line."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._asked = 0

    @classmethod
    async def open(cls, python: Path, folder: Path, env: Mapping[str, str]) -> _Channel:
        """Start the runner. Raises OSError where the interpreter cannot be executed."""
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(
                [python, "-B", _RUNNER, str(theirs.fileno())],
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, *await asyncio.open_connection(sock=ours, limit=_LINE_CAP))

    async def ask(self, command: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Return the answer to one command. Ends the child and raises TimeoutError or _EndedError where none comes."""
        async with self._turn:
            try:
                async with asyncio.timeout(seconds):
                    return await self._exchanged(command)
            except TimeoutError:
                await self.close(grace=0.0)
                raise
            except (OSError, EOFError, ValueError):
                raise _EndedError(await self.close()) from None

    async def _exchanged(self, command: Mapping[str, Any]) -> dict[str, Any]:
        self._asked += 1
        self._writer.write(json.dumps({**command, "number": self._asked}).encode() + b"\n")
        await self._writer.drain()
        while line := await self._reader.readline():
            answer: dict[str, Any] = json.loads(line)
            if answer["number"] == self._asked:  # not the late answer to a question that was given up
                return answer
        raise EOFError

    async def close(self, grace: float = _GRACE) -> int:
        """Close the socket, at which the runner ends by itself; end its whole group; return its exit status.

        `grace` seconds are given to ending by itself. The group is signalled before the child is reaped: until then
        its number cannot belong to anybody else.
        """
        self._writer.close()
        try:
            if self._process.returncode is None:
                await self._exited(grace)
        finally:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            status = self._process.wait()
        return status

    async def _exited(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.01)


class AppChild:
    """The named application in a process of its own; an asynchronous context manager and a transport.

    `target` is `module:attribute`, an application or a factory that takes no arguments; it is imported from `cwd`,
    which is also the working directory. `root` is the folder that places are told relative to (default: `cwd`).
    `timeout` seconds are given to importing and making the application, `call_timeout` to each request. `env` is the
    child's whole environment (default: ours). `peer` is the address that requests seem to come from. Connections that
    the application's Python sockets open beyond loopback are refused, and noted in the snapshot. Files of SQLite are
    copied when it opens them, and the copies thrown away in the end: what it writes to them is lost.

    Entering raises ChildError where there is no application to examine.
    """

    def __init__(
        self,
        target: str,
        *,
        python: Path | str | None = None,
        cwd: Path | str = ".",
        root: Path | str | None = None,
        timeout: float = 30.0,
        call_timeout: float = 10.0,
        env: Mapping[str, str] | None = None,
        peer: str = PEER,
    ) -> None:
        self.target = target.removesuffix("()")
        self.folder = Path(cwd).absolute()
        self.root = Path(root).absolute() if root is not None else self.folder
        self.python = Path(python) if python is not None else interpreter(self.folder)
        self._timeout = timeout
        self._call_timeout = call_timeout
        self._env = dict(os.environ if env is None else env)
        self._peer = peer
        self._channel: _Channel | None = None
        self._copies: TemporaryDirectory[str] | None = None

    async def __aenter__(self) -> Self:
        """Start the child and make the application."""
        try:
            self._channel = await self._started()
            self._copies = TemporaryDirectory(prefix="stopper-", ignore_cleanup_errors=True)
            command = {
                "command": "load",
                "target": self.target,
                "folder": str(self.folder),
                "copies": self._copies.name,
                "seconds": self._timeout,
            }
            answer = await self._ask(command, self._timeout, "while the application was made")
            if "failed" in answer:
                raise ChildError(failure(answer["failed"], self.target, self.root, self._timeout))
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child and whatever it started."""
        await self._stop()

    # ----------------------------------------------------------------------- what it can be asked

    async def snapshot(self) -> AppSnapshot:
        """Return what Flask knows of the application now."""
        answer = await self._ask({"command": "snapshot"}, self._timeout, "while it was looked at")
        return snapshot(answer, self.target, self.root)

    async def send(self, request: Request) -> Exchange:
        """Carry one request to the application; whatever goes wrong stands in the exchange's `error`.

        "timeout" and "exception: TypeName" (one that Flask let through) leave the application usable; after
        "application gone" every further request ends the same way.
        """
        command = call_command(request, self._peer, self._call_timeout)
        if command is None:
            return Exchange(request, None, "malformed request", witness=Witness.APP)
        try:
            answer = await self._ask(command, self._call_timeout, "while it answered a request")
        except ChildError:
            return Exchange(request, None, "application gone", witness=Witness.APP)
        return exchange(request, answer, self.root)

    async def move_clock(self, seconds: float) -> bool:
        """Move the application's wall clock so far from the true time, 0 meaning back; tell whether that was possible.

        It takes time-machine in the application's environment. The clocks of databases and of C code do not move.
        """
        answer = await self._ask({"command": "clock", "seconds": seconds}, self._call_timeout, "while its clock moved")
        return bool(answer.get("moved"))

    async def keys(self) -> tuple[Secret, ...]:
        """Return texts that may be signing keys; whether one is, the signature of a token shows.

        They stand in the configuration, in the constants of the project's modules and in the environment.
        """
        answer = await self._ask({"command": "keys"}, self._call_timeout, "while its keys were read")
        return found_keys(answer)

    async def mint(self, requests: Sequence[Request]) -> tuple[Secret, str] | None:
        """Return a token that the application lets in for one of these requests, and the library that made it.

        It is made with the application's own key, by its own library; None where that cannot be done.
        """
        calls = [call for request in requests if (call := call_command(request, self._peer, self._call_timeout))]
        command = {"command": "mint", "calls": calls, "seconds": self._call_timeout}
        try:
            answer = await self._ask(command, self._call_timeout, "while a token was minted")
        except ChildError:  # every further request says so
            return None
        return (Secret(answer["token"]), answer["by"]) if answer["token"] else None

    # ----------------------------------------------------------------------- the process

    async def _started(self) -> _Channel:
        if not _TARGET.fullmatch(self.target):
            raise ChildError(f"{self.target} names no application: write module:app or module:factory")
        if not self.folder.is_dir():
            raise ChildError(f"{self.target}: there is no folder {self.folder.name} to run it in")
        env = {**self._env, "FLASK_RUN_FROM_CLI": "true"}  # Flask then ignores app.run(), as under `flask run`
        python = shutil.which(self.python)
        if python is None:
            raise ChildError(f"{self.target}: there is no interpreter {self.python}")
        try:
            return await _Channel.open(Path(python).absolute(), self.folder, env)
        except OSError as error:
            raise ChildError(f"{self.target}: {self.python} cannot be run: {os.strerror(error.errno or 0)}") from None

    async def _ask(self, command: Mapping[str, Any], seconds: float, doing: str) -> dict[str, Any]:
        if self._channel is None:
            raise ChildError(f"{self.target} is not running")
        try:
            answer = await self._channel.ask(command, seconds + _GRACE)
        except TimeoutError:
            await self._stop()
            raise ChildError(f"{self.target} did not return within {seconds:g} s {doing}") from None
        except _EndedError as error:
            await self._stop()
            raise ChildError(ended(self.target, error.status, doing)) from None
        if "crashed" in answer:
            raise ChildError(f"{self.target}: {answer['crashed']} {doing}")
        return answer

    async def _stop(self) -> None:
        if self._channel is not None:
            channel, self._channel = self._channel, None
            await channel.close()
        if self._copies is not None:
            self._copies.cleanup()
