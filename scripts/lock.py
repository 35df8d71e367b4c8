"""Pin every distribution of each environment with its hashes, without any download address, into requirements/."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path("requirements")
ENVIRONMENTS = {
    "dev": ("--extra", "scan", "--extra", "service", "--extra", "dev", "pyproject.toml"),
    "httpbin": (str(REQUIREMENTS / "httpbin.in"),),
    "appbuilder": (str(REQUIREMENTS / "appbuilder.in"),),
    "ihatemoney": (str(REQUIREMENTS / "ihatemoney.in"),),
    "openctf": (str(REQUIREMENTS / "openctf.in"),),
    "headless": (str(REQUIREMENTS / "headless.in"),),
    "opentaxii": (str(REQUIREMENTS / "opentaxii.in"),),
    "praetorian": (str(REQUIREMENTS / "praetorian.in"),),
    "security": (str(REQUIREMENTS / "security.in"),),
    "bench": (str(REQUIREMENTS / "bench.in"),),
    "browser": (str(REQUIREMENTS / "browser.in"),),
    "bench-spec": (str(REQUIREMENTS / "bench-spec.in"),),
    "pre-commit": (str(REQUIREMENTS / "pre-commit.in"),),
    "loop": (str(REQUIREMENTS / "loop.in"),),
    "proxy": (str(REQUIREMENTS / "proxy.in"),),
    "bench-sweep": (str(REQUIREMENTS / "bench-sweep.in"),),
}


def compile_lock(name: str, sources: tuple[str, ...]) -> None:
    """Write requirements/NAME.txt from these sources."""
    flags = "--quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate"
    flags += " --no-emit-index-url --no-emit-find-links --no-emit-trusted-host"
    output = ("--output-file", str(REQUIREMENTS / f"{name}.txt"))
    subprocess.run([sys.executable, "-m", "piptools", "compile", *flags.split(), *output, *sources], check=True)


def pin_alone(name: str) -> None:
    """Write requirements/NAME.txt from NAME.in: these distributions, without what they depend on."""
    flags = "--quiet --disable-pip-version-check --dry-run --ignore-installed --no-deps --only-binary :all: --report -"
    command = [sys.executable, "-m", "pip", "install", *flags.split(), "-r", str(REQUIREMENTS / f"{name}.in")]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    lines = [
        f"{found['metadata']['name'].lower().replace('_', '-')}=={found['metadata']['version']} \\\n"
        f"    --hash=sha256:{found['download_info']['archive_info']['hashes']['sha256']}\n"
        for found in report["install"]
    ]
    (REQUIREMENTS / f"{name}.txt").write_text("".join(sorted(lines)))


if __name__ == "__main__":
    for lock_name, lock_sources in ENVIRONMENTS.items():
        compile_lock(lock_name, lock_sources)
    pin_alone("documents")
