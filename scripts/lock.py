"""Pin every distribution of each environment with its hashes, without any download address, into requirements/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXTRAS = {"dev": ("scan", "service", "dev")}
REQUIREMENTS = Path("requirements")


def compile_lock(name: str, extras: tuple[str, ...]) -> None:
    """Write requirements/NAME.txt for the base install with these extras."""
    chosen = [argument for extra in extras for argument in ("--extra", extra)]
    subprocess.run(
        [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--strip-extras"]
        + ["--allow-unsafe", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        + ["--no-emit-trusted-host", *chosen, "--output-file", str(REQUIREMENTS / f"{name}.txt"), "pyproject.toml"],
        check=True,
    )


if __name__ == "__main__":
    for lock_name, lock_extras in EXTRAS.items():
        compile_lock(lock_name, lock_extras)
