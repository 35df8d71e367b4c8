"""The folder of kept results: the user's own, whole files only, never in the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stopper.io import cache
from stopper.io.cache import Cache

KEY = "0" * 64


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    """A result comes back under its key and under no other; folder and file are the user's alone."""
    kept = Cache(tmp_path / "kept")
    kept.put(KEY, b"said")
    assert kept.get(KEY) == b"said"
    assert kept.get("1" * 64) is None
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "kept" / KEY).stat().st_mode) == 0o600


def test_a_folder_that_others_can_write_to_is_not_believed(tmp_path: Path) -> None:
    """Results that somebody else could have put there are neither taken nor added to."""
    kept = Cache(tmp_path)
    kept.put(KEY, b"said")
    tmp_path.chmod(0o777)
    assert kept.get(KEY) is None
    kept.put("1" * 64, b"said")
    assert not (tmp_path / ("1" * 64)).exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in a result's place is nothing."""
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / KEY).symlink_to(tmp_path / "other")
    assert Cache(tmp_path).get(KEY) is None


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many results are kept."""
    monkeypatch.setattr(cache, "MOST", 2)
    kept = Cache(tmp_path)
    for number in range(3):
        kept.put(str(number) * 64, b"said")
        os.utime(tmp_path / (str(number) * 64), (number, number))
    kept.put("3" * 64, b"said")
    assert {path.name[0] for path in tmp_path.iterdir()} == {"2", "3"}


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    """Where nothing can be kept, nothing is kept."""
    (tmp_path / "file").write_bytes(b"")
    kept = Cache(tmp_path / "file" / "kept")
    kept.put(KEY, b"said")
    assert kept.get(KEY) is None


def test_the_default_is_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME counts where it is absolute, else the home folder's .cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.default_folder() == Path("/somewhere/stopper")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ada")
    assert cache.default_folder() == Path("/home/ada/.cache/stopper")
