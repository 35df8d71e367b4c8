"""Pin every distribution of each environment with its hashes, without any download address, into requirements/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path("requirements")
ENVIRONMENTS = {
    "dev": ("--extra", "scan", "--extra", "service", "--extra", "dev", "pyproject.toml"),
    "httpbin": (str(REQUIREMENTS / "httpbin.in"),),
    "appbuilder": (str(REQUIREMENTS / "appbuilder.in"),),
    "bench": (str(REQUIREMENTS / "bench.in"),),
}


def compile_lock(name: str, sources: tuple[str, ...]) -> None:
    """Write requirements/NAME.txt from these sources."""
    flags = "--quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate"
    flags += " --no-emit-index-url --no-emit-find-links --no-emit-trusted-host"
    output = ("--output-file", str(REQUIREMENTS / f"{name}.txt"))
    subprocess.run([sys.executable, "-m", "piptools", "compile", *flags.split(), *output, *sources], check=True)


if __name__ == "__main__":
    for lock_name, lock_sources in ENVIRONMENTS.items():
        compile_lock(lock_name, lock_sources)
