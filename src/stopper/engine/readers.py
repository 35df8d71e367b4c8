"""The processes that read the source: as many at a time as asked for, each with a share of the modules.

A child reads its modules, tells each answer through a pipe and ends, and its memory with it. What a hostile file can do
(never end, exhaust the stack) it does to a child: the module is told as timed out, and another child reads the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import pickle  # only between a process and the child that it forked
import signal
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import BinaryIO, NoReturn

from stopper.engine.reading import KILLED, Reading
from stopper.observe.source import FileState, Module, State

MODULE_SECONDS = 60.0
"""Time for one module, after which it is given up."""

SHARE_BYTES = 2 << 20
"""Source that is given to one child at most: what it has looked up for one module serves the next."""

LEAST_BYTES = 512 << 10
"""Source that is not worth another child, which has to look up much that the first one knows."""

WORN_BLOCKS = 600_000
"""Blocks of memory, some fifty mebibytes of trees, after which a child ends and another reads on.

A child that is alone may take as much as two: what it has looked up, no other one has to look up again.
"""

_LENGTH = struct.Struct("!Q")

_WORN = _LENGTH.pack(0)
"""What a child says that has no room for more; an answer is longer than that."""

Answer = tuple[Reading, tuple[str, ...]]
"""What one module had to say, and the secrets written in it, in clear."""

Tell = Callable[[Sequence[Module], int], None]
"""Writes what modules say to a pipe's descriptor: what a child does."""


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
    tell = functools.partial(_tell, read, WORN_BLOCKS if jobs > 1 else 2 * WORN_BLOCKS)

    gc.freeze()  # what the children share must not be written to by a collection
    async with asyncio.TaskGroup() as group:
        for share in shares:
            group.create_task(_serve(share, tell, take, seconds, free))


def largest(modules: Iterable[Module], jobs: int) -> int:
    """Return the bytes of source of the largest share into which these modules are divided: a few for each process."""
    return min(SHARE_BYTES, max(LEAST_BYTES, size(modules) // (4 * jobs)))


def size(modules: Iterable[Module]) -> int:
    """Return how many bytes of source these modules have."""
    return sum(len(module.source) for module in modules)


def shares(parts: Iterable[Sequence[Module]], most: int) -> list[list[Module]]:
    """Return the modules of these parts in shares of at most so many bytes; a part that fits into one is not divided.

    The modules of a part import each other. Neighbouring small parts share a child.
    """
    found: list[list[Module]] = [[]]
    for part in parts:
        for piece in [part] if size(part) <= most else [[module] for module in part]:
            if found[-1] and size(found[-1]) + size(piece) > most:
                found.append([])
            found[-1].extend(piece)
    return [share for share in found if share]


async def _serve(
    modules: Sequence[Module],
    tell: Tell,
    take: Callable[[Answer], None],
    seconds: float,
    free: asyncio.Semaphore,
) -> None:
    """Read one share when a process is free for it."""
    async with free:
        await _read_share(modules, tell, take, seconds)


async def _read_share(modules: Sequence[Module], tell: Tell, take: Callable[[Answer], None], seconds: float) -> None:
    """Read one share; a module that ends its child or does not come to an end is told as that."""
    position = 0
    while position < len(modules):
        try:
            async with _child(modules[position:], tell) as answers:
                while position < len(modules) and (answer := await _next(answers, seconds)):
                    take(answer)
                    position += 1
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            late = isinstance(error, TimeoutError)
            why = f"not read within {seconds:g} seconds" if late else KILLED
            path = modules[position].path
            state = FileState(path, State.TIMED_OUT if late else State.NOT_PARSED, why)
            take((Reading(path, state), ()))
            position += 1


@contextlib.asynccontextmanager
async def _child(modules: Sequence[Module], tell: Tell) -> AsyncIterator[asyncio.StreamReader]:
    """Give what a child says that reads these modules; it has ended when the block is left, whatever happens."""
    process, pipe = _fork(modules, tell)
    with contextlib.ExitStack() as stack:
        stack.callback(_end, process)
        stack.callback(pipe.close)
        stream = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        stack.callback(transport.close)
        yield stream


async def _next(answers: asyncio.StreamReader, seconds: float) -> Answer | None:
    """Return a child's next answer, None where it leaves the rest to another."""
    async with asyncio.timeout(seconds):
        length = await answers.readexactly(_LENGTH.size)
        if length == _WORN:
            return None
        answer: Answer = pickle.loads(await answers.readexactly(*_LENGTH.unpack(length)))
        return answer


def _fork(modules: Sequence[Module], tell: Tell) -> tuple[int, BinaryIO]:
    """Return a child that reads these modules, and the pipe on which it tells what they say."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        _ended(lambda: tell(modules, writing))
    os.close(writing)
    return process, os.fdopen(reading, "rb", 0)


def _end(process: int) -> None:
    """Let a child go, whatever it is doing, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, 0)


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


def _tell(read: Callable[[Module], Answer], blocks: int, modules: Sequence[Module], descriptor: int) -> None:
    """Write the answers one after the other; after so many blocks of memory, that another one goes on."""
    most = sys.getallocatedblocks() + blocks
    for module in modules:
        answer = pickle.dumps(read(module))
        _write(descriptor, _LENGTH.pack(len(answer)) + answer)
        if sys.getallocatedblocks() > most:
            _write(descriptor, _WORN)
            return


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
