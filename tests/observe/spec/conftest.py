"""Limits for readings of hostile input: the kernel ends what takes too long or too much."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

MEBIBYTE = 1 << 20
CPU_SECONDS = 10
MEMORY = 400 * MEBIBYTE

Bounded = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def bounded() -> Bounded:
    """Return a function that runs another in a child with 10 s of CPU and 400 MiB more memory than this process."""
    return _run


def _run(work: Callable[[], Any]) -> Any:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, work))
    child.start()
    theirs.close()
    try:
        result = ours.recv()
    except EOFError:
        child.join()
        pytest.fail(f"the reading broke its limits (child ended with {child.exitcode})")
    child.join()
    if isinstance(result, Exception):
        raise result
    return result


def _child(connection: Connection, work: Callable[[], Any]) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        connection.send(work())
    except Exception as error:
        connection.send(error)
