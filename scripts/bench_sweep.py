"""Sweeping log lines without hits beside ripgrep and detect-secrets: processor time, one process each, in turn.

    python -m scripts.bench_sweep [--rounds N] [--size MIB] [--memory]

The peers are installed from requirements/bench-sweep.txt into an environment of their own under .work/bench-sweep. The
lines are made up from a fixed seed as servers write them: access lines with identifiers and user agents, JSON events
with digests, pieces of base64, tracebacks, words such as `token` and `session` in paths and in prose. None holds a
credential, and we must say so. ripgrep gets the forms that we look for as its patterns, without what it cannot express
(looking behind), and counts lines; it names lines of words that our second look takes out, so that it too has work to
do with what it finds. detect-secrets scans a piece of the same file, as it is slow, with all its plugins.

Each is a whole process with its start; all take turns in every round, and what counts is the least processor time of
each. It fails where our share of ripgrep's speed is below 0.1, or our speed below 50 times that of detect-secrets.
`--memory` also sweeps a file of 2 GiB, sparse but for log lines in between, and fails above 200 MiB.

The last line is `bench-sweep: stopper A MB/s, ripgrep B, detect-secrets C, share S`, S = A/B.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.environments import installed

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "bench-sweep.txt"
WORK = ROOT / ".work" / "bench-sweep"
PIECE = 1 << 20
LEAST_SHARE = 0.1
LEAST_TIMES = 50.0
MOST_MEBIBYTES = 200.0
PATIENCE = 600.0
SEED = 20261123
LARGE = 2 << 30
PLANTED = "Private Key"
"""What detect-secrets calls the one line that is added to its piece, to see that it read that to its end."""

PATTERNS = (
    r"e[wy][A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,3}",
    r"[a-z0-9_]{1,40}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}",
    r"gh[opsur]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{34,64}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{20,255}|xox[abeoprs]-[A-Za-z0-9-]{10,255}",
    r"xapp-[0-9]-[A-Za-z0-9-]{10,255}|[prs]k_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/=]{24,255}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,1024}|GOCSPX-[A-Za-z0-9_-]{20,64}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}|SK[0-9a-f]{32}|pypi-AgE[A-Za-z0-9_-]{50,1024}",
    r"dop_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dapi[0-9a-f]{32}|lin_api_[A-Za-z0-9]{40}",
    r"sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9][A-Za-z0-9_-]{31,255}|hv[bsr]\.[A-Za-z0-9_-]{24,255}",
    r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|ZXlK[A-Za-z0-9+/_-]{24,8192}={0,2}",
    r"\.([A-Za-z0-9_-]{6}\.)?(?:[A-Za-z0-9_-]{86}|[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{27})",
    r"(?i:\b(bearer|basic|dpop))(?:[ \t]|%20|\+){1,4}[A-Za-z0-9._~+/-]{8,}=*",
    r"(?i:token|jwt|secret|secret[_-]?(?:access[_-]?)?key|pass(?:word|wd|phrase)|pwd"
    r"|(?:api|app|private|signing|encryption|access|auth|jwt|master|account|shared)[_-]?key|authorization|credentials?"
    r"|code[_-]?verifier|client[_-]?assertion|session(?:[_-]?id)?|sessid|pepper)"
    r"(?:\\{0,3}[\"']|%22|&quot;|&#3[49];)?\]?[ \t]{0,3}(?:=>|={1,2}|:|%3[dDaA]|>|,)[ \t]{0,3}b?"
    r"(?:\\{0,3}[\"']|%22|&quot;|&#3[49];)?[^\s\"'\\&;,<>(){}\[\]]",
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
    r"://[^\s/:@?#\"'<>]{0,128}:[^\s/@\"'<>]{1,256}@",
)


# --------------------------------------------------------------------------- the lines

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
    "curl/8.5.0",
)
WORDS = "order invoice customer payment shipment session token key basket search password login index static".split()
HEXADECIMAL = "0123456789abcdef"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def log(size: int) -> bytes:
    """Return that many bytes of lines, and the rest of the last one."""
    chance = random.Random(SEED)
    lines: list[str] = []
    left = size
    while left > 0:
        lines.append(chance.choices(LINES, SHARES)[0](chance) + "\n")
        left -= len(lines[-1])
    return "".join(lines).encode()


def digits(chance: random.Random, length: int, alphabet: str = HEXADECIMAL) -> str:
    """Return random characters."""
    return "".join(chance.choices(alphabet, k=length))


def uuid(chance: random.Random) -> str:
    """Return an identifier."""
    return "-".join(digits(chance, length) for length in (8, 4, 4, 4, 12))


def moment(chance: random.Random) -> str:
    """Return a time."""
    return f"2026-11-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:{chance.randrange(60):02}:07.123Z"


def access(chance: random.Random) -> str:
    """Return a line of an access log."""
    address = ".".join(str(chance.randrange(256)) for _ in range(4))
    path = f"/api/v1/{chance.choice(WORDS)}s/{uuid(chance)}?page={chance.randrange(50)}&sort=-created"
    return (
        f'{address} - - [{chance.randrange(1, 29):02}/Nov/2026:{chance.randrange(24):02}:12:07 +0000] "GET {path} '
        f'HTTP/1.1" 200 {chance.randrange(90000)} "https://shop.example/{chance.choice(WORDS)}" '
        f'"{chance.choice(AGENTS)}" rid={uuid(chance)}'
    )


def event(chance: random.Random) -> str:
    """Return an event in JSON."""
    return json.dumps(
        {
            "time": moment(chance),
            "level": "info",
            "logger": f"shop.{chance.choice(WORDS)}",
            "message": f"{chance.choice(WORDS)} stored",
            "request_id": uuid(chance),
            "etag": digits(chance, 40),
            "ms": chance.randrange(900),
        }
    )


def job(chance: random.Random) -> str:
    """Return a line of a worker."""
    return f"{moment(chance)} INFO shop.{chance.choice(WORDS)}: job {uuid(chance)} sha256:{digits(chance, 64)} done"


def cache(chance: random.Random) -> str:
    """Return a line with pieces of base64."""
    etag, body = digits(chance, 20, BASE64), digits(chance, 80, BASE64)
    return f'{moment(chance)} DEBUG cache miss for {chance.choice(WORDS)}:{chance.randrange(9999)} "{etag}" body {body}'


def frame(chance: random.Random) -> str:
    """Return two lines of a traceback."""
    name = f"_execute_context_with_{chance.choice(WORDS)}"
    return (
        f'  File "/srv/shop/venv/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line '
        f"{chance.randrange(3000)}, in {name}\n"
        "    self.dialect.do_execute(cursor, str_statement, effective_parameters, context)"
    )


def prose(chance: random.Random) -> str:
    """Return a line that speaks of tokens."""
    return f"{moment(chance)} WARNING auth: token expired for user {chance.randrange(9999)}; password reset offered"


def syslog(chance: random.Random) -> str:
    """Return a line of syslog."""
    return (
        f"Nov 23 21:12:07 web{chance.randrange(9)} systemd[1]: Started session {chance.randrange(99999)} of user ada."
    )


LINES: tuple[Callable[[random.Random], str], ...] = (access, event, job, cache, frame, prose, syslog)
SHARES = (50, 15, 15, 6, 7, 4, 3)


# --------------------------------------------------------------------------- one process each


def seconds(command: list[str], folder: Path, wanted: tuple[int, ...] = (0,), told: str = "") -> float:
    """Run a command in a folder and return the processor time that it took, its children's included.

    Its output must hold `told`: a reader that left the file out would be quick.
    """
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=folder)
    after = os.times()
    if done.returncode not in wanted or told not in done.stdout:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-300:]}")
    return after.children_user - before.children_user + after.children_system - before.children_system


def memory(folder: Path) -> float:
    """Return the most memory, in MiB, that sweeping 2 GiB takes; the file is sparse, with log lines in between."""
    path, lines = folder / "large.log", log(1 << 20)
    with path.open("wb") as file:
        for place in range(0, LARGE, LARGE // 16):
            file.seek(place)
            file.write(lines)
        file.truncate(LARGE)
    command = [sys.executable, "-c", _PEAK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    path.unlink()
    return float(done.stdout.split()[-1])


_PEAK = """
import sys
from stopper.sweep.sources import sources
from stopper.sweep.sweeping import Sweep
from stopper.sweep.tally import Tally
sweep = Sweep(Tally())
sweep.over(sources(sys.argv[1:]))
assert sweep.bytes == 2 << 30 and not sweep.tally.rows and not sweep.skipped
(line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(int(line.split()[1]) / 1024)
"""


def main() -> int:
    """Print what each took, and return 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--size", type=int, default=64, metavar="MIB")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    peers = installed(WORK, LOCK)
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="stopper-bench-sweep-") as name:
        folder = Path(name)
        whole, piece, patterns = folder / "access.log", folder / "piece.log", folder / "patterns.txt"
        data = log(arguments.size << 20)
        whole.write_bytes(data)
        piece.write_bytes(data[:PIECE] + b"\n-----BEGIN RSA PRIVATE KEY-----\n")
        patterns.write_text("\n".join(PATTERNS) + "\n")
        stopper = [str(Path(sys.executable).parent / "stopper"), "sweep", str(whole)]
        ripgrep = [str(peers / "rg"), "-j1", "--no-config", "-c", "-f", str(patterns), str(whole)]
        detect = [str(peers / "detect-secrets"), "scan", piece.name]
        took: list[tuple[float, float, float]] = []
        for turn in range(arguments.rounds):
            took.append(
                (
                    seconds(stopper, folder, told="0 credentials in 1 sources"),
                    seconds(ripgrep, folder, (0, 1)),
                    seconds(detect, folder, told=PLANTED),
                )
            )
            print(f"round {turn + 1}: stopper {took[-1][0]:.2f} s, ripgrep {took[-1][1]:.2f} s,", end=" ")
            print(f"detect-secrets {took[-1][2]:.2f} s for {PIECE >> 20} of {arguments.size} MiB", flush=True)
        least = [min(column) for column in zip(*took, strict=True)]
        ours, theirs = (len(data) / each / 1e6 for each in least[:2])
        slow = PIECE / least[2] / 1e6
        if arguments.memory:
            held = memory(folder)
            print(f"memory: {held:.0f} MiB for 2 GiB")
            missed += [f"more than {MOST_MEBIBYTES:.0f} MiB of memory"] if held > MOST_MEBIBYTES else []
    missed += [f"the share is below {LEAST_SHARE}"] if ours / theirs < LEAST_SHARE else []
    missed += [f"less than {LEAST_TIMES:.0f} times detect-secrets"] if ours / slow < LEAST_TIMES else []
    for line in missed:
        print(f"missed: {line}")
    print(
        f"bench-sweep: stopper {ours:.1f} MB/s, ripgrep {theirs:.1f}, detect-secrets {slow:.2f}, "
        f"share {ours / theirs:.2f}"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
