"""Both example shops, each opened once for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.examples.shops import Shop, opened


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with all of the faults."""
    yield from opened("leaky", tmp_path_factory.mktemp("leaky"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop on the guard."""
    yield from opened("guarded", tmp_path_factory.mktemp("guarded"))
