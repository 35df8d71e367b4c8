"""Read every specification at hand and many made-up ones: no crash, no hang, and the security that stands in them.

    python -m scripts.spec_suite [--documents N]

The specifications at hand are those that the distributions of this environment ship, and those of the distributions in
requirements/documents.txt, which are unpacked below .work/documents, without what they depend on and without being
run. The made-up ones are valid documents of every version, some with broken parts beside what is valid. What is in
force for each operation is read a second time by tests/observe/spec/oracle.py, which shares nothing with the reader.
Each made-up text is read once more with its end cut off, and each one at hand cut in ten places: whatever is left is
read or refused.

A reading hangs where it takes more than 2 s of processor time or 10 s in all. The last line is
`spec-suite: D documents, 0 crashes, 0 hangs, 0 differences`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings

from stopper.observe.spec import SpecError, read
from stopper.observe.views import SpecDocument
from tests.observe.spec.documents import Generated, generated
from tests.observe.spec.oracle import Oracle, ours

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "documents.txt"
WORK = ROOT / ".work" / "documents"
SUFFIXES = frozenset((".json", ".yaml", ".yml"))
PROCESSOR_SECONDS = 2.0
SECONDS = 10.0
MENTIONS = re.compile(rb"\b(openapi|swagger)\b")
CUTS = 10


class Hang(BaseException):
    """A reading took longer than it may; no handler of exceptions catches it."""


@contextmanager
def limited() -> Iterator[None]:
    """End what runs inside at its limits of processor time and of time."""

    def stop(*_: Any) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, stop)
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


# --------------------------------------------------------------------------- what is read


@dataclass(frozen=True)
class Document:
    """A specification: its name, its bytes, how to read files beside it, and what the oracle makes of it."""

    name: str
    data: bytes
    beside: Callable[[str], bytes] | None
    oracle: Oracle


class _PlainLoader(yaml.CSafeLoader):
    """Gives every scalar as text, so that no status, version or word changes its type; merge keys are merged."""


_PlainLoader.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}


def plain(data: bytes, suffix: str) -> Any:
    """Return a file's plain data; raises ValueError or YAMLError where it is none."""
    return json.loads(data) if suffix == ".json" else yaml.load(data, Loader=_PlainLoader)


def prepared() -> Path:
    """Return the folder of the distributions that the lock names, unpacking them where need be."""
    stamp = WORK / ".ready"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(WORK, ignore_errors=True)
        flags = "--quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: --no-compile"
        command = [sys.executable, "-m", "pip", "install", *flags.split(), "--target", str(WORK), "-r", str(LOCK)]
        subprocess.run(command, check=True)
        stamp.write_text(digest)
    return WORK


def at_hand() -> Iterator[Document]:
    """Yield the specifications that distributions ship: mappings with a version and paths."""
    for folder in (Path(sysconfig.get_path("purelib")), prepared()):
        for path in sorted(folder.rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file():
                continue
            data = path.read_bytes()
            if not MENTIONS.search(data):
                continue
            try:
                root = plain(data, path.suffix)
            except (ValueError, yaml.YAMLError):
                continue
            if isinstance(root, dict) and root.keys() & {"openapi", "swagger"} and isinstance(root.get("paths"), dict):
                yield Document(str(path.relative_to(folder)), data, None, Oracle(root))


def made_up(count: int) -> list[Document]:
    """Return that many made-up specifications, always the same ones."""
    found: list[Document] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(generated())
    def collect(made: Generated) -> None:
        oracle = Oracle(made.root, made.beside)
        data = made.written(made.root)
        found.append(Document(f"made up {len(found) + 1} ({made.form})", data, made.beside_written, oracle))

    collect()
    return found


# --------------------------------------------------------------------------- what comes of it


@dataclass
class Tally:
    """What was met, counted."""

    documents: int = 0
    operations: int = 0
    crashes: int = 0
    hangs: int = 0
    differences: int = 0

    def judge(self, document: Document) -> None:
        """Read a document and compare each operation."""
        self.documents += 1
        found = self.attempt(document, document.data)
        if found is None:
            return
        said, wanted = dict(ours(found.operations)), document.oracle.read()
        self.operations += len(wanted)
        for name in sorted({name for name in said.keys() | wanted.keys() if said.get(name) != wanted.get(name)}):
            self.differences += 1
            print(f"{document.name}: {name}: read {said.get(name)}, in force {wanted.get(name)}")

    def attempt(self, document: Document, data: bytes, whole: bool = True) -> SpecDocument | None:
        """Read bytes within the limits; a refusal of a whole document is a difference."""
        try:
            with limited():
                return read("shop.yaml", data, document.beside)
        except SpecError as error:
            if whole:
                self.differences += 1
                print(f"{document.name}: refused: {error}")
        except Hang:
            self.hangs += 1
            print(f"{document.name}: hangs")
        except Exception:
            self.crashes += 1
            print(f"{document.name}: {traceback.format_exc(limit=-2)}")
        return None


def run(count: int) -> Tally:
    """Judge all documents, whole and cut."""
    tally = Tally()
    for document in at_hand():
        before: Mapping[str, int] = dict(vars(tally))
        tally.judge(document)
        for part in range(1, CUTS):
            tally.attempt(document, document.data[: len(document.data) * part // CUTS], whole=False)
        print(f"{document.name}: {tally.operations - before['operations']} operations", flush=True)
    for document in made_up(count):
        tally.judge(document)
        tally.attempt(document, document.data[: len(document.data) * 2 // 3], whole=False)
    return tally


def main() -> int:
    """Print what was met, and return 1 where anything was, or where too little was read."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=2_000, metavar="N", help="how many are made up")
    count = parser.parse_args().documents
    tally = run(count)
    print(f"{tally.operations:,} operations compared")
    met = f"{tally.crashes} crashes, {tally.hangs} hangs, {tally.differences} differences"
    print(f"spec-suite: {tally.documents} documents, {met}")
    wrong = tally.crashes + tally.hangs + tally.differences
    return 1 if wrong or tally.documents <= count or not tally.operations else 0


if __name__ == "__main__":
    sys.exit(main())
