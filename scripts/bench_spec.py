"""Reading specifications beside openapi-spec-validator and prance: processor time, the reading of the file included.

    python scripts/bench_spec.py [--rounds N]

The peers are installed from requirements/bench-spec.txt into an environment of their own under .work/bench-spec, and
each does its main job there by its own front door: openapi-spec-validator reads a file and validates it, prance reads
it, resolves its references and validates it. Ours reads it to resolved operations. All get the same files, of 10, 100,
1,000 and 5,000 paths with two operations each, in JSON and in YAML. Every process is warmed up on a small file first;
all take turns in every round, and what counts is the least processor time of each over the rounds, which is what is
left when nothing else is in the way. A peer that takes more than 60 s for a file is left out at that size and said.

R is ours over the faster of the two, in the form (JSON or YAML) in which we do worse. It fails where R is above 0.7,
where 5,000 paths take more than 2.5 s of processor time or add more than 200 MiB, or where time grows by more than
1.5 times the number of paths from 100 to 5,000. The last line is
`bench-spec: ratio R at 10, R at 100, R at 1000, R at 5000`.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "bench-spec.txt"
WORK = ROOT / ".work" / "bench-spec"
SIZES = (10, 100, 1_000, 5_000)
FORMS = ("json", "yaml")
OURS = "stopper"
PEERS = ("openapi-spec-validator", "prance")
PATIENCE = 60.0
MOST_RATIO = 0.7
MOST_SECONDS = 2.5
MOST_MEBIBYTES = 200.0
MOST_GROWTH = 1.5

Read = Callable[[Path], int]


def prepared() -> Path:
    """Return the interpreter of the environment that holds exactly what the lock names, making it where need be."""
    python, stamp = WORK / "bin" / "python", WORK / ".ready"
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        venv.create(WORK, clear=True, with_pip=True, symlinks=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*command, "-r", str(LOCK)], check=True)
        stamp.write_text(digest)
    return python


# --------------------------------------------------------------------------- the documents


def document(paths: int) -> dict[str, Any]:
    """Return a valid document with that many paths: a list and a creation each, guarded, with schemas referred to."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example/v1"}],
        "security": [{"bearer": []}],
        "paths": {f"/shelf{number}/{{id}}": path_item(number) for number in range(paths)},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "oauth": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": "https://login.example/token",
                            "scopes": {"read": "to read", "write": "to write"},
                        }
                    },
                },
            },
            "parameters": {"page": {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}}},
            "responses": {"refused": {"description": "no valid token"}},
            "schemas": {
                "Item": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 80},
                        "price": {"type": "number", "minimum": 0},
                        "maker": {"$ref": "#/components/schemas/Maker"},
                    },
                },
                "Maker": {"type": "object", "properties": {"name": {"type": "string"}, "country": {"type": "string"}}},
            },
        },
    }


def path_item(number: int) -> dict[str, Any]:
    """Return one path item."""
    item = {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}
    refused = {"$ref": "#/components/responses/refused"}
    return {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "operationId": f"read{number}",
            "summary": f"What stands on shelf {number}",
            "parameters": [{"$ref": "#/components/parameters/page"}],
            "responses": {"200": {"description": "the items", "content": item}, "401": refused},
        },
        "post": {
            "operationId": f"create{number}",
            "security": [{"oauth": ["write"]}],
            "requestBody": {"required": True, "content": item},
            "responses": {"201": {"description": "the item", "content": item}, "401": refused},
        },
    }


def written(folder: Path) -> None:
    """Write every document in every form, YAML in the block style that people write."""
    import yaml

    for size in SIZES:
        made = document(size)
        (folder / f"{size}.json").write_text(json.dumps(made, indent=2))
        (folder / f"{size}.yaml").write_text(yaml.dump(made, Dumper=_Dumper(yaml), sort_keys=False))


def _Dumper(yaml: Any) -> Any:  # noqa: N802  # a class made once its base is known
    """Return a dumper that writes no aliases."""

    class Dumper(yaml.CSafeDumper):  # type: ignore[misc]
        def ignore_aliases(self, data: object) -> bool:
            return True

    return Dumper


# --------------------------------------------------------------------------- inside: one reader in its own process


def ours() -> Read:
    """Return our reading; it gives the number of operations."""
    from stopper.observe.spec import read

    return lambda path: len(read(path.name, path.read_bytes()).operations)


def validator() -> Read:
    """Return openapi-spec-validator's: the file is read and validated."""
    from openapi_spec_validator import validate
    from openapi_spec_validator.readers import read_from_filename

    def run(path: Path) -> int:
        specification, base = read_from_filename(str(path))
        validate(specification, base_uri=base)
        return sum(len(item) - 1 for item in specification["paths"].values())

    return run


def prance() -> Read:
    """Return prance's: the file is read, its references are resolved, and it is validated."""
    from prance import ResolvingParser

    def run(path: Path) -> int:
        parser = ResolvingParser(str(path), backend="openapi-spec-validator")
        return sum(len(item) - 1 for item in parser.specification["paths"].values())

    return run


READERS: dict[str, Callable[[], Read]] = {OURS: ours, PEERS[0]: validator, PEERS[1]: prance}


def inside(reader: str, path: Path) -> None:
    """Read one file as often as is worth timing and print the least processor time and the memory that it added."""
    read = READERS[reader]()
    read(path.with_stem("10"))
    before = peak()
    size = int(path.stem)
    times = []
    for _ in range(max(1, min(20, 500 // size))):
        gc.collect()
        began = time.process_time()
        operations = read(path)
        times.append(time.process_time() - began)
        if operations != 2 * size:
            raise SystemExit(f"{reader} found {operations} operations in {path.name}, and there are {2 * size}")
    print(json.dumps({"seconds": min(times), "mebibytes": peak() - before}))


def peak() -> float:
    """Return the most memory that this process held, in MiB; `getrusage` would count its parent's in."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


# --------------------------------------------------------------------------- outside: all take turns


Measured = dict[tuple[str, int, str], tuple[float, float]]


def measure(python: Path, folder: Path, rounds: int) -> Measured:
    """Return the least seconds, and the most mebibytes, of each reader on each file."""
    found: Measured = {}
    for turn in range(rounds):
        for size in SIZES:
            for form in FORMS:
                order = (OURS, *PEERS)
                for reader in order[turn % 3 :] + order[: turn % 3]:
                    program = Path(sys.executable) if reader == OURS else python
                    told = timed(program, reader, folder / f"{size}.{form}")
                    seconds, mebibytes = found.get((reader, size, form), (float("inf"), 0.0))
                    found[reader, size, form] = min(seconds, told[0]), max(mebibytes, told[1])
    return found


def timed(python: Path, reader: str, path: Path) -> tuple[float, float]:
    """Run one reader on one file in a process of its own; one that outlasts our patience took at least that long."""
    command = [str(python), __file__, "--inside", reader, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return PATIENCE, 0.0
    if done.returncode:
        raise SystemExit(f"{reader} failed on {path.name}: {done.stderr.strip().splitlines()[-1]}")
    told = json.loads(done.stdout)
    return told["seconds"], told["mebibytes"]


def ratio(found: Measured, size: int) -> float:
    """Return ours over the faster peer, in the form in which we do worse."""
    return max(found[OURS, size, form][0] / min(found[peer, size, form][0] for peer in PEERS) for form in FORMS)


def faults(found: Measured) -> list[str]:
    """Return in words which of the aims are missed."""
    missed = [f"the ratio at {size} is above {MOST_RATIO}" for size in SIZES if ratio(found, size) > MOST_RATIO]
    for form in FORMS:
        seconds, mebibytes = found[OURS, SIZES[-1], form]
        if seconds > MOST_SECONDS or mebibytes > MOST_MEBIBYTES:
            missed.append(f"5,000 paths in {form} take {seconds:.2f} s and {mebibytes:.0f} MiB")
        growth = (seconds / SIZES[-1]) / (found[OURS, 100, form][0] / 100)
        if growth > MOST_GROWTH:
            missed.append(f"a path among 5,000 in {form} takes {growth:.1f} times what it takes among 100")
    return missed


def main() -> int:
    """Print what each took, and return 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1, metavar="N")
    parser.add_argument("--inside", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments.inside[0], Path(arguments.inside[1]))
        return 0
    python = prepared()
    with tempfile.TemporaryDirectory(prefix="stopper-bench-spec-") as name:
        folder = Path(name)
        written(folder)
        found = measure(python, folder, arguments.rounds)
    for (reader, size, form), (seconds, mebibytes) in sorted(found.items(), key=lambda entry: entry[0][1:]):
        least = "at least " if seconds >= PATIENCE else ""
        print(f"{size:>5} paths  {form}  {reader:<22}  {least}{seconds * 1000:.1f} ms  +{mebibytes:.0f} MiB")
    missed = faults(found)
    for line in missed:
        print(f"missed: {line}")
    print("bench-spec: ratio " + ", ".join(f"{ratio(found, size):.2f} at {size}" for size in SIZES))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
