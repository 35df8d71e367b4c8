"""What the guard adds to a request beside its peers: CPU microseconds, in process, in turn, in one run.

Each case is a small Flask application with one route that answers with the caller's name, called as a WSGI server calls
it. Cases take turns in many short rounds and the best round of each counts, so that whatever else runs on the machine
hits all alike. `first` gives each request a token that the process has not seen, `repeat` the same token again.

The last line is `bench-guard: first R1, repeat R2, opaque R3, opaque-repeat R4, eddsa R5, redact U us`: signed (HS256)
beside Flask-JWT-Extended, opaque beside Authlib's opaque tokens on SQLite, EdDSA beside the bare primitive, and the
microseconds that redaction takes for a clean record.
"""

from __future__ import annotations

import itertools
import logging
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.integrations.flask_oauth2 import current_token as authlib_token
from authlib.oauth2.rfc6750 import BearerTokenValidator
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask_httpauth import HTTPTokenAuth
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required
from werkzeug.test import EnvironBuilder

from stopper.guard import Guard, current_token, redact

ROUNDS, BATCH, TOKENS = 60, 50, 400
DISTINCT_FOR_MEMORY = 1_000_000
Call = Callable[[], None]


def calling(app: Flask, tokens: list[str]) -> Call:
    """Return a function that makes one request, each with the next of the tokens."""
    environments = [
        EnvironBuilder("/me", base_url="https://localhost", headers={"Authorization": f"Bearer {token}"}).get_environ()
        for token in tokens
    ]
    rotation = itertools.cycle(environments)
    statuses: list[str] = []

    def start(status: str, headers: object, error: object = None) -> Any:
        statuses[:] = [status]

    def call() -> None:
        for _ in app(dict(next(rotation)), start):
            pass

    call()
    if not statuses[0].startswith("200"):
        raise RuntimeError(f"a case does not work: {statuses[0]}")
    return call


def bare() -> Call:
    """Answer without looking at anything."""
    app = Flask("bare")
    app.add_url_rule("/me", "me", lambda: {"user": "alice"})
    return calling(app, ["x"])


def guarded(folder: Path, cache: int, **settings: object) -> Flask:
    """Return a guarded application that keeps its things in a folder."""
    app = Flask("guarded", instance_path=str(folder))
    app.config.update({f"STOPPER_{name.upper()}": value for name, value in settings.items()}, STOPPER_CACHE_SIZE=cache)
    guard = Guard(app)
    app.add_url_rule("/me", "me", guard.require("read")(lambda: {"user": current_token.subject}))
    return app


def guard_case(folder: Path, *, tokens: int, **settings: object) -> Call:
    """Return the guard with so many tokens in turn; with several, the process remembers none of them."""
    app = guarded(folder, 1 if tokens > 1 else 100, **settings)
    with app.app_context():
        return calling(app, [Guard().issue("alice", ("read",))["access_token"] for _ in range(tokens)])


def flask_jwt_extended() -> Call:
    """Return Flask-JWT-Extended with HS256."""
    app = Flask("fje")
    app.config["JWT_SECRET_KEY"] = "k" * 20 + "0123456789abcdefghij"
    JWTManager(app)
    app.add_url_rule("/me", "me", jwt_required()(lambda: {"user": get_jwt_identity()}))
    with app.app_context():
        return calling(app, [create_access_token("alice") for _ in range(TOKENS)])


def authlib_opaque(database: sqlite3.Connection) -> Call:
    """Return Authlib's resource protector over opaque tokens in SQLite."""

    class Kept:
        def __init__(self, subject: str, scope: str, until: float) -> None:
            self.subject, self.scope, self.until = subject, scope, until

        def is_expired(self) -> bool:
            return self.until < time.time()

        def is_revoked(self) -> bool:
            return False

        def get_scope(self) -> str:
            return self.scope

    class Validator(BearerTokenValidator):  # type: ignore[misc]
        def authenticate_token(self, token_string: str) -> Kept | None:
            row = database.execute("SELECT subject, scope, until FROM t WHERE token = ?", (token_string,)).fetchone()
            return Kept(*row) if row else None

    require = ResourceProtector()
    require.register_token_validator(Validator())
    app = Flask("authlib")
    app.add_url_rule("/me", "me", require("read")(lambda: {"user": authlib_token.subject}))
    return calling(app, [f"token{number}" for number in range(TOKENS)])


def flask_httpauth(database: sqlite3.Connection) -> Call:
    """Return Flask-HTTPAuth over tokens in SQLite."""
    auth = HTTPTokenAuth("Bearer")

    @auth.verify_token
    def verify(token: str) -> str | None:
        row = database.execute("SELECT subject FROM t WHERE token = ?", (token,)).fetchone()
        return row[0] if row else None

    app = Flask("httpauth")
    app.add_url_rule("/me", "me", auth.login_required(lambda: {"user": auth.current_user()}))
    return calling(app, [f"token{number}" for number in range(TOKENS)])


def primitive() -> Call:
    """Return one Ed25519 verification of a token-sized message."""
    key = Ed25519PrivateKey.generate()
    message = b"x" * 300
    signature, public = key.sign(message), key.public_key()
    return lambda: public.verify(signature, message)


def best_of(cases: dict[str, Call]) -> dict[str, float]:
    """Return the microseconds of CPU of each case in its best round."""
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(ROUNDS):
        for name, call in cases.items():
            began = time.process_time_ns()
            for _ in range(BATCH):
                call()
            best[name] = min(best[name], (time.process_time_ns() - began) / BATCH / 1000)
    return best


def database(folder: Path) -> sqlite3.Connection:
    """Return a database of tokens as the peers' documentation keeps them."""
    found = sqlite3.connect(folder / "peers.db")
    found.execute("CREATE TABLE t (token TEXT PRIMARY KEY, subject TEXT, scope TEXT, until REAL)")
    rows = [(f"token{number}", "alice", "read", time.time() + 3600) for number in range(TOKENS)]
    found.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    found.commit()
    return found


def redaction() -> Call:
    """Return what redaction does with the text of one clean record."""
    line = "2026-11-23 14:31:48,123 INFO shop.api: order 4711 of user 42 stored in 12 ms"
    return lambda: (redact.clean(line), None)[1]


def memory(folder: Path) -> Iterator[str]:
    """Verify a million distinct signed tokens and yield what the process held before, on the way and after."""
    app = guarded(folder, 10_000, token_format="jwt", issuer="https://shop.test", algorithm="HS256")
    with app.app_context():
        tokens, guard = app.extensions["stopper"].tokens, Guard()
        logging.getLogger("stopper.audit").setLevel(logging.ERROR)
        for number in range(DISTINCT_FOR_MEMORY):
            tokens.verify(guard.issue("alice", ("read",))["access_token"])
            if number + 1 in (DISTINCT_FOR_MEMORY // 10, DISTINCT_FOR_MEMORY):
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                yield f"memory after {number + 1} distinct tokens: {peak:.1f} MiB"


def main() -> int:
    """Measure and print."""
    logging.getLogger("stopper.audit").setLevel(logging.ERROR)
    signed = {"token_format": "jwt", "issuer": "https://shop.test"}
    with tempfile.TemporaryDirectory(prefix="stopper-bench-") as temporary:
        folder = Path(temporary)
        rows = database(folder)
        cases = {
            "bare": bare(),
            "Flask-JWT-Extended HS256": flask_jwt_extended(),
            "Authlib opaque, SQLite": authlib_opaque(rows),
            "Flask-HTTPAuth, SQLite": flask_httpauth(rows),
            "guard HS256, first": guard_case(folder / "a", tokens=TOKENS, algorithm="HS256", **signed),
            "guard HS256, repeat": guard_case(folder / "b", tokens=1, algorithm="HS256", **signed),
            "guard EdDSA, first": guard_case(folder / "c", tokens=TOKENS, algorithm="EdDSA", **signed),
            "guard opaque, first": guard_case(folder / "d", tokens=TOKENS),
            "guard opaque, repeat": guard_case(folder / "e", tokens=1),
            "Ed25519 alone": primitive(),
            "redaction alone": redaction(),
        }
        best = best_of(cases)
        added = {name: micros - best["bare"] * (not name.endswith("alone")) for name, micros in best.items()}
        print(f"{'bare Flask route':28} {best['bare']:7.1f} us")
        for name in list(cases)[1:]:
            print(f"{name:28} {added[name]:+7.1f} us")
        for line in memory(folder / "f") if "--memory" in sys.argv else ():
            print(line)
    jwt, opaque = added["Flask-JWT-Extended HS256"], added["Authlib opaque, SQLite"]
    print(
        f"bench-guard: first {added['guard HS256, first'] / jwt:.3f}, repeat {added['guard HS256, repeat'] / jwt:.3f}, "
        f"opaque {added['guard opaque, first'] / opaque:.2f}, "
        f"opaque-repeat {added['guard opaque, repeat'] / opaque:.2f}, "
        f"eddsa {added['guard EdDSA, first'] / best['Ed25519 alone']:.2f}, redact {best['redaction alone']:.2f} us"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
