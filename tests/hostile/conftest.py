"""One process with every hostile server, for the whole run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Site:
    """URLs by case, and the certificate of the authority that the good ones have theirs from."""

    urls: dict[str, str]
    ca_file: Path

    def url(self, case: str, path: str = "") -> str:
        """Return the URL of a path at a case's server."""
        return self.urls[case] + path


@pytest.fixture(scope="session")
def hostile() -> Iterator[Site]:
    """Start the servers in a process of their own, so that what they allocate is not measured."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout
        started = json.loads(process.stdout.readline())
        yield Site(started["site"], Path(started["ca_file"]))
    finally:
        process.terminate()
        process.communicate(timeout=10)
