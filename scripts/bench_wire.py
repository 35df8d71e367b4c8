"""Measure what a scan costs the API that it asks, and how near it comes to what the API can serve.

    python -m scripts.bench_wire

The leaky example is served by gunicorn on loopback, over TLS and in clear, and scanned with its specification, its
source and every check; guessing keys takes no requests, and its time is told beside. Then the very requests of that
scan are sent once more by the same client, sixteen at a time and with nobody looking at the answers: that is the
server's limit, of which the scan's own rate has a share. At last an API with forty operations and one with two hundred
are scanned: what the second costs must not grow faster than its size.
The last line is `bench-wire: Q requests, P per operation, S seconds, share H`.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.serving import Application, certificates, served
from stopper.cli import inputs, settings
from stopper.cli.targets import told_apart
from stopper.controls import catalogue
from stopper.engine import Limits, Scan
from stopper.engine.events import Event, Guessed, Sent
from stopper.io import http
from stopper.io.policy import Policy
from stopper.model import Report, Witness
from stopper.observe.views import Request

ROOT = Path(__file__).resolve().parents[1]
LEAKY = ROOT / "examples" / "leaky"
MANY = ROOT / "scripts" / "exhibits"
CONCURRENCY = 16
ROUNDS = 3
SMALL, LARGE = 40, 200
"""Operations of the APIs on which growth is measured."""

MOST_REQUESTS, MOST_PER_OPERATION, LEAST_SHARE, MOST_GROWTH = 550, 12.0, 0.5, 5.5
"""What is wanted."""


@dataclass
class Timed:
    """Takes a scan's events; knows how long it asked over the wire, and how long it guessed keys instead."""

    last: float = 0.0
    asking: float = 0.0
    guessing: float = 0.0
    guesses: int = 0
    guessed: bool = False

    def take(self, event: Event) -> None:
        """Look at the clock where a request went over the wire; time in which keys were guessed is guessing's own."""
        if isinstance(event, Guessed):
            self.guessed, self.guesses = True, event.tried
        elif isinstance(event, Sent) and event.witness is Witness.WIRE:
            now = time.perf_counter()
            passed = now - self.last if self.last else 0.0
            if self.guessed:
                self.guessing += passed
            else:
                self.asking += passed
            self.last, self.guessed = now, False


@dataclass(frozen=True)
class Scanned:
    """A scan: its report, the requests that it sent over the wire, where its time went, and its seconds of CPU."""

    report: Report
    requests: tuple[Request, ...]
    time: Timed
    processor: float

    @property
    def rate(self) -> float:
        """Return how many requests a second were sent."""
        return len(self.requests) / self.time.asking


async def scan(words: list[str], authority: Path | None, home: Path, limits: Limits) -> Scanned:
    """Scan as the command does, and keep what was sent."""
    given = settings.load(None, [home])
    options = inputs.Options(given, limits, ca_file=authority, clear_token=True, out_of_band=True)
    timed = Timed()
    async with inputs.opened(told_apart(words), options) as read:
        running = Scan(read, dict(catalogue()), limits, timed.take)
        began = time.process_time()
        report = await running.run()
        taken = time.process_time() - began
    if report.incomplete or report.failures:
        raise RuntimeError(f"the scan is not whole: {report.incomplete or report.failures}")
    wire = tuple(exchange.request for exchange in running.exchanges if exchange.witness is Witness.WIRE)
    return Scanned(report, wire, timed, taken)


async def limit(requests: tuple[Request, ...], urls: tuple[str, ...], authority: Path) -> float:
    """Return how many of these requests a second the server answers to our client, sixteen at a time."""
    bounds = http.Limits(requests=len(requests) * 3, concurrency=CONCURRENCY)
    async with http.Client(Policy.typed(urls), bounds, authority) as client:
        await asyncio.gather(*map(client.send, requests[:CONCURRENCY]))
        began = time.perf_counter()
        answers = await asyncio.gather(*map(client.send, requests))
        seconds = time.perf_counter() - began
    lost = sum(answer.response is None for answer in answers)
    if lost > len(answers) // 20:
        raise RuntimeError(f"{lost} of {len(answers)} requests were not answered")
    return len(requests) / seconds


def described(folder: Path, operations: int) -> Path:
    """Write the specification of an API with so many operations, for `scripts/exhibits/many.py` to serve."""
    answers = {"200": {"description": "One"}, "401": {"description": "Not known"}}
    login = {"post": {"operationId": "login", "security": [], "responses": {"200": {"description": "A token"}}}}
    paths = {f"/things/{number}": {"get": {"responses": answers}} for number in range(operations)}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Many", "version": "1"},
        "servers": [{"url": "https://many.test"}],
        "security": [{"bearer": []}],
        "paths": {"/login": login, **paths},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
    written = folder / f"many-{operations}.json"
    written.write_text(json.dumps(document))
    return written


def cost(folder: Path, authority: Path, operations: int) -> Scanned:
    """Return a scan of an API with so many operations, unbounded by the budget of a scan."""
    environment = os.environ | {"EXHIBIT_PASSWORD": secrets.token_urlsafe(), "EXHIBIT_OPERATIONS": str(operations)}
    os.environ["EXHIBIT_PASSWORD"] = environment["EXHIBIT_PASSWORD"]
    with served(Application(Path(sys.executable), "many:app", MANY), folder, environment, tls=True) as url:
        words = [url, str(described(folder, operations))]
        return asyncio.run(scan(words, authority, MANY, Limits(requests=100_000)))


def leaky(folder: Path, authority: Path) -> tuple[Scanned, float]:
    """Return the quickest of some scans of the leaky example, and the limit of its server in requests a second.

    Scan and limit are measured in turn and the best of each counts: what else the machine does disturbs both alike.
    """
    environment: Mapping[str, str] = os.environ | {
        "SHOP_DATABASE": str(folder / "shop.sqlite"),
        "SHOP_PASSWORD": secrets.token_urlsafe(),
    }
    os.environ["SHOP_PASSWORD"] = environment["SHOP_PASSWORD"]
    application = Application(Path(sys.executable), "shop:create_app()", LEAKY)
    with (
        served(application, folder, environment, tls=True) as secure,
        served(application, folder, environment, tls=False) as clear,
    ):
        words = [secure, clear, str(LEAKY / "openapi.yaml"), str(LEAKY)]
        rounds = []
        for _ in range(ROUNDS):
            done = asyncio.run(scan(words, authority, LEAKY, Limits()))
            rounds.append((done, asyncio.run(limit(done.requests, (secure, clear), authority))))
    return max((done for done, _ in rounds), key=lambda done: done.rate), max(most for _, most in rounds)


def main() -> int:
    """Measure and print; return 1 where something wanted was missed."""
    with tempfile.TemporaryDirectory(prefix="stopper-bench-") as temporary:
        folder = Path(temporary)
        authority = certificates(folder)
        done, most = leaky(folder, authority)
        small, large = (cost(folder, authority, operations) for operations in (SMALL, LARGE))
    growth = len(large.requests) / len(small.requests)
    longer = large.processor / small.processor
    for size, scanned in ((SMALL, small), (LARGE, large)):
        print(f"{size} operations: {len(scanned.requests)} requests, {scanned.processor:.2f} s of CPU")
    print(f"{LARGE} operations cost {growth:.2f} times the requests of {SMALL}, and {longer:.2f} times the CPU")
    print(f"beside: {done.time.guesses:,} guesses of the key (BT208), {done.time.guessing:.1f} s")
    number, seconds, coverage = len(done.requests), done.time.asking, done.report.coverage
    print(f"{coverage.operations} operations, of which {coverage.eligible} are asked")
    each, share = number / coverage.operations, done.rate / most
    print(f"{done.rate:.0f} requests/s, the server's limit {most:.0f} requests/s")
    print(f"bench-wire: {number} requests, {each:.1f} per operation, {seconds:.1f} seconds, share {share:.2f}")
    wanted = number <= MOST_REQUESTS and each <= MOST_PER_OPERATION and share >= LEAST_SHARE
    return 0 if wanted and max(growth, longer) < MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
