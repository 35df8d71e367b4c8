"""`make bench-guess`: how fast keys of HS256 are guessed, beside two processes of bare `hmac.digest`."""

from __future__ import annotations

import argparse
import asyncio
import hmac
import multiprocessing
import secrets
import tempfile
import time
from pathlib import Path

from stopper.engine.guessing import Guessing, guessed
from stopper.observe.wire.jwt import hmac_signer
from stopper.observe.wire.lock import locks

PROCESSES = 2
ROUNDS = 3
CLAIMS = {"sub": "ada", "iss": "https://shop.test", "aud": "shop", "iat": 1_800_000_000, "exp": 1_800_003_600}


def bare(signed: bytes, number: int) -> None:
    """Sign so often, as nothing but the standard library would."""
    for _ in range(number):
        hmac.digest(b"correct-horse", signed, "sha256")


def limit(signed: bytes, number: int) -> float:
    """Return how many HMACs a second the processes do together."""
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=bare, args=(signed, number // PROCESSES)) for _ in range(PROCESSES)]
    started = time.perf_counter()
    for child in children:
        child.start()
    for child in children:
        child.join()
    return number / (time.perf_counter() - started)


def ours(token: str, words: Path) -> float:
    """Return how many keys a second are tried, from the reading of the list to the answer."""
    guessing = Guessing((words,), seconds=600.0, processes=PROCESSES)
    started = time.perf_counter()
    result = asyncio.run(guessed(locks(token), ["shop"], guessing, lambda tried: None))
    return result.guess.tried / (time.perf_counter() - started)


def main() -> None:
    """Measure both in turn, and print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=2_000_000)
    number = parser.parse_args().words
    token = hmac_signer(secrets.token_bytes(32))({"alg": "HS256", "typ": "JWT"}, CLAIMS).reveal()
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words.txt"
        words.write_text("".join(f"word-{each:x}\n" for each in range(number)))
        pairs = [(ours(token, words), limit(token.rpartition(".")[0].encode(), number)) for _ in range(ROUNDS)]
    for rate, most in pairs:
        print(f"{rate:12,.0f} keys/s  {most:12,.0f} hmac.digest/s in {PROCESSES} processes  {rate / most:.2f}")
    best, most = max(rate for rate, _ in pairs), max(most for _, most in pairs)
    print(f"bench-guess: {best:,.0f} keys/s, share {best / most:.2f} of {PROCESSES} processes of hmac.digest")


if __name__ == "__main__":
    main()
