"""What the guard adds to a request, beside Flask-JWT-Extended, Authlib and Flask-HTTPAuth: CPU time over bare Flask.

    python scripts/bench_guard.py [--rounds N] [--tokens N]

The peers are installed from requirements/bench.txt into an environment of their own under .work/bench. There each
application answers the same route in process. All take turns in every round, beginning elsewhere in each, and what
counts is the median over the rounds of what each took more than bare Flask did in the same round: what else runs on the
machine meets all alike. `first` is with a token that was not seen before, `repeat` with the same one again.
R1 to R4 are ratios to the peer named in the issue (HS256 first and repeat to Flask-JWT-Extended's HS256, opaque first
and repeat to Authlib's on SQLite), R5 is the guard's EdDSA at first sight to one bare Ed25519 verification, U is what
redaction adds to a clean log record within a request. Before the last line stands how much memory grew over `--tokens`
distinct tokens (default 100,000; the claim is made for 1,000,000), and before that what a plain token costs where
tokens may be bound to keys (DPoP is switched on), as a share of what it costs where they may not.

The last line is `bench-guard: first R1, repeat R2, opaque R3, opaque-repeat R4, eddsa R5, redact U us`.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import logging
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "bench.txt"
WORK = ROOT / ".work" / "bench"
REQUESTS = 100
"""Requests of one case that are timed in one round: few, so that all cases of a round find the same machine."""
UNTIMED = 20
"""Requests before them, which bring the case's code back into the processor's caches."""
LARGEST_GROWTH = 4.0
"""Mebibytes by which the process may grow from the first quarter of the distinct tokens to the last."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Any]


# --------------------------------------------------------------------------- outside: an environment for the peers


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


# --------------------------------------------------------------------------- inside: the applications


@dataclass(frozen=True)
class Case:
    """An application and the tokens that its requests carry, one for each request that is to be measured."""

    name: str
    application: Wsgi
    tokens: Callable[[int], list[str]]


def bare() -> Case:
    """Return a route that nobody guards."""
    from flask import Flask

    app = Flask("bare")
    app.add_url_rule("/me", view_func=lambda: {"user": "alice"})
    return Case("bare Flask", app, lambda count: ["x"] * count)


def primitive() -> Case:
    """Return a route that does one bare Ed25519 verification of a token's length and nothing else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from flask import Flask

    private, message = Ed25519PrivateKey.generate(), os.urandom(400)
    signature, public = private.sign(message), private.public_key()
    app = Flask("primitive")

    @app.get("/me")
    def me() -> Any:
        public.verify(signature, message)
        return {"user": "alice"}

    return Case("Ed25519 verification, bare", app, lambda count: ["x"] * count)


def jwt_extended(algorithm: str) -> Case:
    """Return Flask-JWT-Extended with its defaults."""
    from flask import Flask
    from flask_jwt_extended import JWTManager, create_access_token, jwt_required  # type: ignore[import-not-found]

    app = Flask("jwt_extended")
    if algorithm == "HS256":
        app.config["JWT_SECRET_KEY"] = os.urandom(32).hex()
    else:
        app.config.update(JWT_ALGORITHM=algorithm, **_pem_pair())
    JWTManager(app)

    @app.get("/me")
    @jwt_required()  # type: ignore[untyped-decorator]
    def me() -> Any:
        return {"user": "alice"}

    def tokens(count: int) -> list[str]:
        with app.app_context():
            return [create_access_token("alice") for _ in range(count)]

    return Case(f"Flask-JWT-Extended {algorithm}", app, tokens)


def _pem_pair() -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, pem = Ed25519PrivateKey.generate(), serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "JWT_PRIVATE_KEY": private.private_bytes(pem, form, plain).decode(),
        "JWT_PUBLIC_KEY": public.decode(),
    }


@dataclass
class StoredToken:
    """A token as Authlib asks its application for it."""

    scope: str
    expires_at: float
    revoked: bool

    def is_expired(self) -> bool:
        """Tell whether it has expired."""
        return self.expires_at < time.time()

    def is_revoked(self) -> bool:
        """Tell whether it was revoked."""
        return self.revoked

    def get_scope(self) -> str:
        """Return its scopes."""
        return self.scope


def authlib_opaque(folder: Path) -> Case:
    """Return Authlib's resource protector over SQLite, with one open connection and one indexed look-up a request."""
    import secrets

    from authlib.integrations.flask_oauth2 import ResourceProtector  # type: ignore[import-untyped]
    from authlib.oauth2.rfc6750 import BearerTokenValidator  # type: ignore[import-untyped]
    from flask import Flask

    database = sqlite3.connect(folder / "authlib.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE token (access_token TEXT PRIMARY KEY, scope TEXT, expires_at REAL, revoked INTEGER)")

    class Validator(BearerTokenValidator):  # type: ignore[misc]
        def authenticate_token(self, token_string: str) -> StoredToken | None:
            statement = "SELECT scope, expires_at, revoked FROM token WHERE access_token = ?"
            row = database.execute(statement, (token_string,)).fetchone()
            return StoredToken(*row) if row else None

    protector = ResourceProtector()
    protector.register_token_validator(Validator())
    app = Flask("authlib")

    @app.get("/me")
    @protector("read")  # type: ignore[untyped-decorator]
    def me() -> Any:
        return {"user": "alice"}

    def tokens(count: int) -> list[str]:
        made = [secrets.token_urlsafe(32) for _ in range(count)]
        rows = [(token, "read", time.time() + 3600, 0) for token in made]
        database.execute("BEGIN")
        database.executemany("INSERT INTO token VALUES (?, ?, ?, ?)", rows)
        database.execute("COMMIT")
        return made

    return Case("Authlib opaque, SQLite", app, tokens)


def httpauth() -> Case:
    """Return Flask-HTTPAuth with a dictionary of tokens."""
    from flask import Flask
    from flask_httpauth import HTTPTokenAuth  # type: ignore[import-untyped]

    app, auth = Flask("httpauth"), HTTPTokenAuth()
    known = {"token-of-alice": "alice"}
    auth.verify_token(known.get)

    @app.get("/me")
    @auth.login_required  # type: ignore[untyped-decorator]
    def me() -> Any:
        return {"user": "alice"}

    return Case("Flask-HTTPAuth, dictionary", app, lambda count: ["token-of-alice"] * count)


def guarded(folder: Path, name: str, **settings: object) -> Case:
    """Return the guard, with a fresh token for each request."""
    from flask import Flask

    from stopper.guard import Guard

    app = Flask("guarded", instance_path=str(folder / name.replace(" ", "-")))
    app.config.update({f"STOPPER_{key.upper()}": value for key, value in settings.items()})
    guard = Guard(app)

    @app.get("/me")
    @guard.require("read")
    def me() -> Any:
        return {"user": "alice"}

    def tokens(count: int) -> list[str]:
        with app.app_context():
            return [guard.issue("alice", ("read",))["access_token"] for _ in range(count)]

    return Case(f"guard {name}", app, tokens)


def repeating(case: Case) -> Case:
    """Return a case with one token for all its requests."""
    kept = case.tokens(1)
    return Case(case.name.replace(" first", " repeat"), case.application, lambda count: kept * count)


# --------------------------------------------------------------------------- inside: measuring


def environ(token: str) -> dict[str, Any]:
    """Return what a server hands over for one request."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/me",
        "QUERY_STRING": "",
        "SERVER_NAME": "shop.test",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": "shop.test",
        "HTTP_USER_AGENT": "bench",
        "HTTP_ACCEPT": "*/*",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def microseconds(case: Case, tokens: list[str], untimed: int = 0) -> float:
    """Return the CPU time of a request in µs, without the first so many; raises RuntimeError where one is refused."""
    requests = [environ(token) for token in tokens]
    statuses: list[str] = []

    def start(status: str, headers: object, error: object = None) -> None:
        statuses.append(status)

    application = case.application
    for request in requests[:untimed]:
        application(request, start).close()
    began = time.process_time()
    for request in requests[untimed:]:
        application(request, start).close()
    taken = time.process_time() - began
    if set(statuses) != {"200 OK"}:
        raise RuntimeError(f"{case.name} answered {sorted(set(statuses))}")
    return taken / (len(requests) - untimed) * 1e6


def added(cases: list[Case], rounds: int) -> dict[str, float]:
    """Return what each case adds to the first one, in µs: the median of the differences within each round."""
    taken: dict[str, list[float]] = {case.name: [] for case in cases}
    for case in cases:
        microseconds(case, case.tokens(50))
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        minted = {case.name: case.tokens(UNTIMED + REQUESTS) for case in cases}
        gc.collect()
        for case in _turned(cases, number):
            taken[case.name].append(microseconds(case, minted[case.name], UNTIMED))
    return {name: _median_difference(values, taken[cases[0].name]) for name, values in taken.items()}


def _median_difference(more: list[float], less: list[float]) -> float:
    return statistics.median(one - other for one, other in zip(more, less, strict=True))


def _turned(cases: list[Case], number: int) -> list[Case]:
    """Return the cases beginning elsewhere in each round, so that none always follows the same one."""
    at = number % len(cases)
    return cases[at:] + cases[:at]


class Silent(logging.Handler):
    """A handler that makes its text and drops it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Format, as a handler does that writes."""
        self.format(record)


def redaction_microseconds(rounds: int, plain: Callable[[logging.Handler, logging.LogRecord], Any]) -> float:
    """Return what redaction adds to a clean record within a request, in µs; `plain` is `Handler.handle` without it."""
    from stopper.guard import redact

    line = "%s GET /orders/%d 200 in %d ms"
    record = logging.LogRecord("shop", logging.INFO, "shop.py", 1, line, ("192.0.2.7", 17, 12), None)
    with_it, without = Silent(), Silent()
    redact.carry_anew("Bearer " + os.urandom(32).hex())
    count, mine, theirs = 500, [], []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(count):
            with_it.handle(record)
        middle = time.process_time()
        for _ in range(count):
            plain(without, record)
        mine.append(middle - began)
        theirs.append(time.process_time() - middle)
    redact.carry_anew(None)
    return _median_difference(mine, theirs) / count * 1e6


def resident_mebibytes() -> float:
    """Return the memory of this process that is in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def growth(case: Case, tokens: int) -> tuple[float, float]:
    """Return the memory after a quarter of so many distinct tokens, and how much it has grown at the end, in MiB."""
    batches = max(4, tokens // 1000)
    quarter = 0.0
    for number in range(batches):
        microseconds(case, case.tokens(tokens // batches))
        if number == batches // 4:
            quarter = resident_mebibytes()
    gc.collect()
    return quarter, resident_mebibytes() - quarter


def measure(rounds: int, tokens: int) -> int:
    """Measure everything in this process, print it, and return 1 where a wanted figure was missed."""
    plain_handle = logging.Handler.handle
    with tempfile.TemporaryDirectory(prefix="stopper-bench-") as temporary:
        folder = Path(temporary)
        signed = {"token_format": "jwt", "issuer": "https://shop.test"}
        hs256 = guarded(folder, "HS256 first", algorithm="HS256", **signed)
        opaque = guarded(folder, "opaque SQLite first")
        eddsa = guarded(folder, "EdDSA first", algorithm="EdDSA", **signed)
        binding = guarded(folder, "opaque SQLite, DPoP first", dpop=["https://shop.test"])
        cases = [
            bare(),
            primitive(),
            jwt_extended("HS256"),
            jwt_extended("EdDSA"),
            authlib_opaque(folder),
            httpauth(),
            *(hs256, repeating(hs256), opaque, repeating(opaque), binding, repeating(binding)),
            *(eddsa, repeating(eddsa)),
        ]
        costs = added(cases, rounds)
        redaction = redaction_microseconds(rounds, plain_handle)
        for name, value in costs.items():
            print(f"{name:32} {value:8.1f} µs added")
        for turn in ("first", "repeat"):
            share = costs[f"guard opaque SQLite, DPoP {turn}"] / costs[f"guard opaque SQLite {turn}"]
            print(f"a plain token where DPoP is on, {turn}: {share:.2f} of what it costs elsewhere")
        quarter, more = growth(hs256, tokens)
        print(f"memory over {tokens} distinct tokens: {quarter:.1f} MiB after a quarter, {more:+.1f} MiB from there on")
    peer, authlib = costs["Flask-JWT-Extended HS256"], costs["Authlib opaque, SQLite"]
    figures = {
        "first": (costs["guard HS256 first"] / peer, 0.15),
        "repeat": (costs["guard HS256 repeat"] / peer, 0.04),
        "opaque": (costs["guard opaque SQLite first"] / authlib, 0.8),
        "opaque-repeat": (costs["guard opaque SQLite repeat"] / authlib, 0.1),
        "eddsa": (costs["guard EdDSA first"] / costs["Ed25519 verification, bare"], 1.25),
        "redact": (redaction, 1.5),
    }
    return report(figures, more)


def report(figures: Mapping[str, tuple[float, float]], more: float) -> int:
    """Print what was missed and the last line."""
    missed = [f"{name} {value:.3f}, wanted at most {most}" for name, (value, most) in figures.items() if value > most]
    if more > LARGEST_GROWTH:
        missed.append(f"memory grew by {more:.1f} MiB, wanted at most {LARGEST_GROWTH}")
    for line in missed:
        print(f"missed: {line}")
    texts = [f"{name} {value:.3f}" for name, (value, _) in figures.items()]
    print(f"bench-guard: {', '.join(texts)} us")
    return 1 if missed else 0


def main() -> int:
    """Measure in the peers' environment."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=101, help="how often all take turns (default: 101)")
    parser.add_argument("--tokens", type=int, default=100_000, help="distinct tokens for the memory (default: 100000)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.inside:
        return measure(wanted.rounds, wanted.tokens)
    words = ["--inside", "--rounds", str(wanted.rounds), "--tokens", str(wanted.tokens)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run([str(prepared()), "-B", __file__, *words], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
