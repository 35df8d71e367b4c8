"""Scan both example shops as a user would, and hold the outcome against what they were made to show.

Each is served by gunicorn on loopback, over TLS and, by a second process on the same database, over plain HTTP. The
leaky one must come out with grade F, the guarded one with grade A and no finding of medium severity or higher.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.serving import Application, NotServedError, certificates, served

ROOT = Path(__file__).resolve().parents[1]
SERIOUS = frozenset({"critical", "high", "medium"})


@dataclass(frozen=True)
class Example:
    """An example with the outcome that its scan must have; reports go to `folder`."""

    name: str
    folder: Path
    grade: str
    status: int


EXAMPLES = (
    Example("leaky", ROOT, "F", 1),
    Example("guarded", ROOT / ".work" / "guarded", "A", 0),
)


def main() -> int:
    """Return 0 when both scans came out as they must."""
    started = time.monotonic()
    problems = [problem for example in EXAMPLES for problem in unexpected(example)]
    seconds = time.monotonic() - started
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    outcome = "not as it must be" if problems else "leaky has grade F, guarded has grade A"
    print(f"demo: {outcome}; {seconds:.1f} s")
    return 1 if problems else 0


def unexpected(example: Example) -> list[str]:
    """Serve and scan an example, and return what did not come out as it must, a sentence each."""
    name = f"examples/{example.name}"
    print(f"\n== {name}\n", flush=True)
    example.folder.mkdir(parents=True, exist_ok=True)
    outputs = example.folder / "report.json", example.folder / "report.sarif"
    for output in outputs:
        output.unlink(missing_ok=True)
    try:
        status = shown(example, outputs)
    except (NotServedError, subprocess.TimeoutExpired) as error:
        return [f"{name}: {error}"]
    missing = [output for output in outputs if not output.is_file()]
    if missing:
        return [f"the scan of {name} ended with {status} and wrote no {missing[0].name}"]
    report = json.loads(outputs[0].read_text())
    problems = []
    if status != example.status:
        problems.append(f"the scan of {name} ended with {status}, not {example.status}")
    if report["grade"] != example.grade:
        problems.append(f"{name} has grade {report['grade']}, not {example.grade}")
    if example.grade == "A":
        serious = [finding for finding in report["findings"] if finding["severity"] in SERIOUS]
        problems += [f"{name}: {finding['control']} {finding['message']}" for finding in serious]
    return problems


def shown(example: Example, outputs: tuple[Path, Path]) -> int:
    """Serve an example, scan it with all four witnesses, and return the scan's exit status."""
    with tempfile.TemporaryDirectory(prefix="stopper-demo-") as temporary:
        folder = Path(temporary)
        authority = certificates(folder)
        environment = os.environ | {
            "SHOP_DATABASE": str(folder / "shop.sqlite"),
            "SHOP_PASSWORD": secrets.token_urlsafe(),
        }
        application = Application(Path(sys.executable), "shop:create_app()", ROOT / "examples" / example.name)
        with (
            served(application, folder, environment, tls=True) as secure,
            served(application, folder, environment, tls=False) as clear,
        ):
            return scan(example.name, (secure, clear), authority, outputs, environment)


def scan(
    name: str, urls: tuple[str, str], authority: Path, outputs: tuple[Path, Path], environment: Mapping[str, str]
) -> int:
    """Run `stopper scan` as a user would; the example's `stopper.toml` says how to log in."""
    targets = [*urls, f"examples/{name}/openapi.yaml", f"examples/{name}", "shop:create_app"]
    options = ["--ca-file", str(authority), *(part for output in outputs for part in ("-o", str(output)))]
    print(f"$ stopper scan {' '.join(targets)} --ca-file {authority.name} -o report.json -o report.sarif", flush=True)
    command = [str(Path(sys.executable).with_name("stopper")), "scan", *targets, *options]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=120).returncode


if __name__ == "__main__":
    sys.exit(main())
