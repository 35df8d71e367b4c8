"""The source witness of one scan: read once, remembered while nothing changes, and never with its secrets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from stopper.controls import catalogue
from stopper.engine import Inputs, Limits, Scan, readers
from stopper.engine.kept import Cache
from stopper.engine.source import SourceScan
from stopper.model import Failure, Report, Skip, Verdict, Witness
from stopper.observe.source import read_project
from stopper.observe.source.standing import EVERYTHING, Scope
from stopper.secret import Secret

CANARY = "canary-4f1c9b7d22"
FILES = {
    "shop.py": f"""
from flask import Flask
import jwt
app = Flask(__name__)
app.config["SECRET_KEY"] = "{CANARY}"

@app.get("/me")
def me():
    print("token", jwt.encode({{"sub": 1}}, "{CANARY}"))
    return "ok"
""",
    "tests/test_shop.py": 'SECRET_KEY = "another-5e1d8a"\nimport flask\n',
    "broken.py": "import flask\ndef (\n",
    "pinned/requirements.txt": "flask==3.1.2\n",
}


@dataclass
class Memory:
    """A cache in memory."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.kept[key] = data


def scanned(files: dict[str, str], cache: Cache | None, scope: Scope | None = None) -> Report:
    """Return the report of a scan of these files alone."""
    project = read_project((path, text.encode()) for path, text in files.items())
    inputs = Inputs(("shop",), project=project, cache=cache, scope=scope or Scope())
    return asyncio.run(Scan(inputs, dict(catalogue()), Limits(jobs=1), lambda _: None).run())


def same(one: Report, other: Report) -> bool:
    """Tell whether two reports say the same but for the time they took."""
    return replace(one, coverage=replace(one.coverage, seconds=0)) == replace(
        other, coverage=replace(other.coverage, seconds=0)
    )


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be read."""

    async def ask(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(readers, "ask", ask)


def test_the_second_scan_says_the_same_without_reading(request: pytest.FixtureRequest) -> None:
    """Unchanged files are answered from what was kept, the report is the same to the last word."""
    cache = Memory()
    first = scanned(FILES, cache)
    assert first.findings
    request.getfixturevalue("unread")
    assert same(first, scanned(FILES, cache))


def test_a_scan_without_a_cache_says_the_same() -> None:
    """Keeping what was said changes nothing of it."""
    assert same(scanned(FILES, Memory()), scanned(FILES, None))


@pytest.mark.parametrize(
    ("path", "text"),
    [("shop.py", FILES["shop.py"] + "\n"), ("more.py", "x = 1\n"), ("pinned/requirements.txt", "flask==3.1.1\n")],
)
def test_any_change_is_read(path: str, text: str, request: pytest.FixtureRequest) -> None:
    """A file that is edited, added or pinned anew means reading."""
    cache = Memory()
    scanned(FILES, cache)
    request.getfixturevalue("unread")
    with pytest.raises(AssertionError):
        scanned({**FILES, path: text}, cache)


def test_another_scope_is_read(request: pytest.FixtureRequest) -> None:
    """What is kept for one scope answers no other."""
    cache = Memory()
    scanned(FILES, cache)
    request.getfixturevalue("unread")
    with pytest.raises(AssertionError):
        scanned(FILES, cache, EVERYTHING)


def test_no_secret_is_kept() -> None:
    """The secrets of the source are in nothing that is kept."""
    cache = Memory()
    scanned(FILES, cache)
    assert cache.kept
    assert all(CANARY.encode() not in data for data in cache.kept.values())


def test_what_cannot_be_decoded_is_read_again() -> None:
    """A kept result of another shape is as good as none."""
    cache = Memory()
    first = scanned(FILES, cache)
    cache.kept = dict.fromkeys(cache.kept, b'{"unasked": 3}')
    assert same(first, scanned(FILES, cache))


def test_a_crashed_check_is_not_kept() -> None:
    """What may come out otherwise next time is not remembered."""

    def crash(_: object) -> None:
        raise RuntimeError(CANARY)

    cache = Memory()
    entries = dict(catalogue())
    entry = entries["BT205"]
    entries["BT205"] = replace(entry, hooks={**entry.hooks, "source": crash})
    project = read_project((path, text.encode()) for path, text in FILES.items())
    inputs = Inputs(("shop",), project=project, cache=cache)
    report = asyncio.run(Scan(inputs, entries, Limits(jobs=1), lambda _: None).run())
    assert {(failure.control, failure.error) for failure in report.failures} == {("BT205", "RuntimeError")}
    assert not cache.kept


@dataclass
class Heard:
    """A listener that keeps the secrets alone."""

    secrets: list[str] = field(default_factory=list)

    def judged(self, control: str, witness: Witness, verdict: Verdict) -> None:
        """Take no verdict."""

    def skipped(self, skip: Skip) -> None:
        """Take no skip."""

    def failed(self, failure: Failure) -> None:
        """Take no failure."""

    def learnt(self, secret: Secret) -> None:
        self.secrets.append(secret.reveal())


def test_secrets_are_learnt_again_beside_another_witness() -> None:
    """A remembered scan knows every secret of the source that the first one knew, those of a file read in part too."""
    partial = f'import flask\nSECRET_KEY = "partial-{CANARY}"\nprint "starting"\n'
    files = {**FILES, "old.py": partial}
    cache = Memory()

    def heard() -> list[str]:
        listener = Heard()
        project = read_project((path, text.encode()) for path, text in files.items())
        asyncio.run(SourceScan(project, Scope(), catalogue(), 1, cache, listener).run([], alone=False))
        return sorted(set(listener.secrets))

    first = heard()
    assert f"partial-{CANARY}" in first
    assert len(cache.kept) == 1
    assert heard() == first
