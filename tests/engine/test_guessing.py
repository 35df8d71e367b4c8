"""Guessing by the block: lists, bounds, processes, and going on where the last scan stopped."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from stopper.engine.guessing import Guessed, Guessing, guessed
from stopper.io import lists
from stopper.io.files import FileError
from stopper.observe.wire.jwt import hmac_signer
from stopper.observe.wire.lock import Lock, locks


def token(key: bytes) -> tuple[Lock, ...]:
    """Return what a key must fit to have signed a JWT."""
    return locks(hmac_signer(key)({"alg": "HS256"}, {"sub": "ada"}).reveal())


def run(found: tuple[Lock, ...], guessing: Guessing, told: list[int] | None = None) -> Guessed:
    """Guess to the end."""
    return asyncio.run(guessed(found, ["shop"], guessing, (told if told is not None else []).append))


def listed(folder: Path, number: int, *last: str, name: str = "words.txt") -> Path:
    """Return a list of so many words that are no key, and then those."""
    path = folder / name
    path.write_text("".join(f"word-{each:020d}\n" for each in range(number)) + "\n".join(last))
    return path


@pytest.mark.parametrize("processes", [1, 2])
def test_a_line_of_a_long_list_is_found(tmp_path: Path, processes: int) -> None:
    """The last line of a list of several pieces is found, and its number is told, with the number of all guesses."""
    path = listed(tmp_path, 120_000, "correct horse")
    told: list[int] = []
    result = run(token(b"correct horse"), Guessing((path,), processes=processes), told)
    assert (result.guess.key, result.guess.kind) == (b"correct horse", "line 120,001 of words.txt")
    assert result.guess.tried > 120_000
    assert told == sorted(told)
    assert len(told) > 3


def test_a_leaked_secret_of_the_second_list_is_found(tmp_path: Path) -> None:
    """Lists are tried one after the other."""
    paths = listed(tmp_path, 10), listed(tmp_path, 10, "s3cr3t-of-a-tutorial", name="leaked.txt")
    assert run(token(b"s3cr3t-of-a-tutorial"), Guessing(paths)).guess.kind == "line 11 of leaked.txt"


def test_six_digits_are_found() -> None:
    """The last of the numbers is found."""
    assert run(token(b"999999"), Guessing()).guess.kind == "digits"


def test_what_was_tried_is_told(tmp_path: Path) -> None:
    """Where no key fits, the number of guesses holds every list and every number; nothing was left out."""
    result = run(token(secrets.token_bytes(32)), Guessing((listed(tmp_path, 500),)))
    assert result.guess.key is None
    assert not result.unfinished
    assert 1_110_000 + 500 < result.guess.tried < 1_130_000


def test_bounds_are_kept_and_told(tmp_path: Path) -> None:
    """The number and the time bound what is tried beyond the quick guesses, and the reason is given."""
    found = token(secrets.token_bytes(32))
    few = run(found, Guessing(keys=150_000, processes=1))
    assert "number of guesses" in few.unfinished
    assert few.guess.tried < 500_000
    short = run(found, Guessing(seconds=0.0))
    assert "time for guessing" in short.unfinished


def test_guessing_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """With a file for it the next scan does not try again what was tried, and finds what lies behind."""
    state = tmp_path / "state.json"
    path = listed(tmp_path, 200_000, "correct horse")
    found = token(b"correct horse")
    first = run(found, Guessing((path,), keys=50_000, processes=1, state=state))
    assert first.guess.key is None
    assert first.unfinished
    second = run(found, Guessing((path,), processes=1, state=state))
    assert second.resumed > 0
    assert second.guess.kind == "line 200,001 of words.txt"
    assert second.guess.tried < 200_000
    assert "horse" not in state.read_text()


def test_a_finished_search_begins_anew(tmp_path: Path) -> None:
    """When all was tried, the file lets the next scan try all of it: the key may have changed."""
    state = tmp_path / "state.json"
    found = token(secrets.token_bytes(32))
    run(found, Guessing(state=state))
    assert run(found, Guessing(keys=0, state=state)).resumed == 0


def test_a_changed_list_begins_anew(tmp_path: Path) -> None:
    """What was tried of another list says nothing of this one."""
    state = tmp_path / "state.json"
    found = token(secrets.token_bytes(32))
    run(found, Guessing((listed(tmp_path, 100_000),), keys=50_000, processes=1, state=state))
    assert run(found, Guessing((listed(tmp_path, 9),), keys=0, state=state)).resumed == 0


@pytest.mark.parametrize("text", ["my notes", '{"auths": {}}', '{"search": "", "blocks": "1"}', "[]"])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    """Another file, given by mistake or by the settings of a project, is neither read as a state nor overwritten."""
    other = tmp_path / "notes.txt"
    other.write_text(text)
    with pytest.raises(FileError, match=r"notes\.txt: does not hold how far guessing came"):
        run(token(secrets.token_bytes(32)), Guessing(state=other))
    assert other.read_text() == text


def test_lists_must_be_regular_files(tmp_path: Path) -> None:
    """A folder, a missing file and a device are refused in one line."""
    for path in (tmp_path, tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(FileError):
            lists.checked(path)


def test_a_list_is_read_in_whole_lines(tmp_path: Path) -> None:
    """Whatever the pieces, every line comes once and whole; one without an end is cut."""
    lines = [f"{number:07d}" * (1 + number % 9) for number in range(60_000)]
    path = tmp_path / "list"
    path.write_text("\n".join(lines))
    read = [(first, data.decode().split("\n")) for first, data in lists.pieces(path)]
    assert len(read) > 1
    assert [line for _, piece in read for line in piece] == lines
    assert [first for first, _ in read] == [1 + sum(len(p) for _, p in read[:i]) for i in range(len(read))]
    path.write_bytes(b"x" * (lists.PIECE * 3))
    assert max(len(data) for _, data in lists.pieces(path)) <= lists.PIECE + lists.LONGEST
