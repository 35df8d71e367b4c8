"""The processes that read the source: as many at a time as asked for, each with a share of the modules.

A child reads its modules, tells each answer through a pipe and ends, and its memory with it. What a hostile file can do
(never end, exhaust the stack) it does to a child: the module is told as timed out, and another child reads the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle  # only between a process and the child that it forked
import signal
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from stopper.engine.reading import KILLED, Reading
from stopper.observe.source import FileState, Module, State

MODULE_SECONDS = 60.0
"""Time for one module, after which it is given up."""

SHARE_BYTES = 2 << 20
"""Source that one child reads at most: its trees take some forty times as much memory."""

_LENGTH = struct.Struct("!Q")

Answer = tuple[Reading, tuple[str, ...]]
"""What one module had to say, and the secrets written in it, in clear."""


@dataclass(frozen=True, slots=True)
class _Child:
    """A child while it reads."""

    process: int
    answers: asyncio.StreamReader
    transport: asyncio.BaseTransport

    def end(self) -> None:
        """Let the child go, whatever it is doing, and wait for its end."""
        self.transport.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)


async def ask(
    shares: Sequence[Sequence[Module]],
    read: Callable[[Module], Answer],
    jobs: int,
    take: Callable[[Answer], None],
    seconds: float = MODULE_SECONDS,
) -> None:
    """Give `take` what `read` says of each module, in no order, from up to `jobs` processes.

    Each share is one process's; `seconds` bound a single module.
    """
    free = asyncio.Semaphore(jobs)

    gc.freeze()  # what the children share must not be written to by a collection
    async with asyncio.TaskGroup() as group:
        for share in shares:
            group.create_task(_serve(share, read, take, seconds, free))


def shares(modules: Sequence[Module], jobs: int) -> list[list[Module]]:
    """Return the modules in shares of neighbours, which import each other; a small project is one share."""
    whole = sum(len(module.source) for module in modules)
    most = SHARE_BYTES if whole <= SHARE_BYTES else min(whole // jobs + 1, SHARE_BYTES)
    found: list[list[Module]] = []
    size = most
    for module in modules:
        if size + len(module.source) > most:
            found.append([])
            size = 0
        found[-1].append(module)
        size += len(module.source)
    return found


async def _serve(
    modules: Sequence[Module],
    read: Callable[[Module], Answer],
    take: Callable[[Answer], None],
    seconds: float,
    free: asyncio.Semaphore,
) -> None:
    """Read one share when a process is free for it."""
    async with free:
        await _read_share(modules, read, take, seconds)


async def _read_share(
    modules: Sequence[Module], read: Callable[[Module], Answer], take: Callable[[Answer], None], seconds: float
) -> None:
    """Read one share; a module that ends its child or does not come to an end is told as that."""
    position = 0
    while position < len(modules):
        child = await _fork(modules[position:], read)
        try:
            while position < len(modules):
                take(await _next(child, seconds))
                position += 1
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            late = isinstance(error, TimeoutError)
            why = f"not read within {seconds:g} seconds" if late else KILLED
            path = modules[position].path
            state = FileState(path, State.TIMED_OUT if late else State.NOT_PARSED, why)
            take((Reading(path, state), ()))
            position += 1
        finally:
            child.end()


async def _next(child: _Child, seconds: float) -> Answer:
    async with asyncio.timeout(seconds):
        (length,) = _LENGTH.unpack(await child.answers.readexactly(_LENGTH.size))
        answer: Answer = pickle.loads(await child.answers.readexactly(length))
        return answer


async def _fork(modules: Sequence[Module], read: Callable[[Module], Answer]) -> _Child:
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        _ended(lambda: _tell(modules, read, writing))
    os.close(writing)
    stream = asyncio.StreamReader()
    pipe: BinaryIO = os.fdopen(reading, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), pipe
    )
    return _Child(process, stream, transport)


def _ended(work: Callable[[], None]) -> NoReturn:
    """Do the work of a forked child and end it: nothing of the parent's may run in it, no handler and no buffer."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent ends its children
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()
        work()
        status = 0
    finally:
        os._exit(status)


def _tell(modules: Sequence[Module], read: Callable[[Module], Answer], descriptor: int) -> None:
    for module in modules:
        answer = pickle.dumps(read(module))
        _write(descriptor, _LENGTH.pack(len(answer)) + answer)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
