"""Pin every distribution of each environment with its hashes, without any download address, into requirements/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXTRAS = {"dev": ("scan", "service", "dev")}
REQUIREMENTS = Path("requirements")


def compile_lock(name: str, extras: tuple[str, ...]) -> None:
    """Write requirements/NAME.txt for the base install with these extras."""
    flags = "--quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate"
    flags += " --no-emit-index-url --no-emit-find-links --no-emit-trusted-host"
    chosen = [argument for extra in extras for argument in ("--extra", extra)]
    output = ["--output-file", str(REQUIREMENTS / f"{name}.txt"), "pyproject.toml"]
    subprocess.run([sys.executable, "-m", "piptools", "compile", *flags.split(), *chosen, *output], check=True)


if __name__ == "__main__":
    for lock_name, lock_extras in EXTRAS.items():
        compile_lock(lock_name, lock_extras)
