"""A random sample of what the source witness finds in real repositories, drawn to be judged by hand.

usage: field_sample.py CORPUS [COUNT [SEED]]     CORPUS holds the repositories as OWNER+NAME (default 60, 20261123)

Every repository is scanned by the command as its users run it, which leaves tests out. All findings are put in one
order, COUNT of them are drawn by a generator with the seed, and each is printed as a row of the table in docs/field.md:
number, repository, place, control, severity, message. The same findings and seed give the same sample.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

COUNT, SEED = 60, 20261123

Found = tuple[str, str, str, int, str, str]
"""Repository, control, file, line, severity, message."""


def findings(repository: Path, report: Path) -> Iterator[Found]:
    """Scan one repository and yield its findings; raises RuntimeError where there is no report."""
    words = ("scan", str(repository), "--no-cache", "--format", "json", "-o", str(report))
    done = subprocess.run([sys.executable, "-m", "stopper", *words], capture_output=True, text=True, check=False)
    if not report.is_file():
        raise RuntimeError(f"{repository.name}: {done.stderr.strip()}")
    for each in json.loads(report.read_text())["findings"]:
        place = each["place"] or {"uri": "", "line": 0}
        name = repository.name.replace("+", "/", 1)
        yield name, each["control"], place["uri"], place["line"], each["severity"], each["message"]


def main() -> int:
    """Scan, draw and print."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        print("field_sample: CORPUS must name a folder with the repositories as OWNER+NAME", file=sys.stderr)
        return 2
    count, seed = (int(word) for word in (*sys.argv[2:4], *(str(COUNT), str(SEED))[len(sys.argv[2:4]) :]))
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="stopper-field-") as folder:
        for repository in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
            found.extend(findings(repository, Path(folder) / f"{repository.name}.json"))
    found.sort()
    drawn = random.Random(seed).sample(found, min(count, len(found)))
    for number, (name, control, uri, line, severity, message) in enumerate(drawn, 1):
        print(f"| {number} | {name} | {uri}:{line} | {control} | {severity} | {message} |")
    print(f"field-sample: {len(drawn)} of {len(found)} findings, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
