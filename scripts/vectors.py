"""Run the published JOSE test vectors against the guard's own reader and key import.

    python scripts/vectors.py

`VECTORS` names the folder of the Wycheproof files (default `../shared/vectors`). What is refused although the vector
calls it valid must stand, with its reason, in docs/vectors-overlay.json, and so must a vector whose token and key stand
under another number with the opposite verdict, which no reader can satisfy; a row there that is not needed is an error
too. The last line is `vectors: N run, A invalid accepted, R valid refused, O in overlay`; encrypted tokens, which
one policy row of the overlay covers, are counted on a line of their own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stopper.guard.jose import JoseError, parse, verified
from stopper.guard.keys import KeyRing, RefusedKeyError, from_jwk, from_jwks

ROOT = Path(__file__).parents[1]
OVERLAY = ROOT / "docs" / "vectors-overlay.json"


@dataclass(frozen=True)
class Vector:
    """One test: a token, the keys to verify it with, and whether it is valid."""

    file: str
    number: int
    comment: str
    token: str
    keys: Mapping[str, Any]
    valid: bool
    encrypted: bool

    @property
    def name(self) -> str:
        """How the overlay names it."""
        return f"{self.file}#{self.number}"

    @property
    def content(self) -> tuple[str, str]:
        """What a reader is given."""
        return self.token, json.dumps(self.keys, sort_keys=True)


def read(folder: Path) -> Iterator[Vector]:
    """Yield every test of every file of a folder."""
    for path in sorted(folder.glob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8"))["testGroups"]:
            for test in group["tests"]:
                encrypted = "jwe" in test
                token = test["jwe"] if encrypted else test["jws"]
                text = token if isinstance(token, str) else json.dumps(token)
                keys = group.get("public") or group["private"]
                comment = f"{group['comment']}: {test['comment']}"
                yield Vector(path.stem, test["tcId"], comment, text, keys, test["result"] == "valid", encrypted)


def accepted(vector: Vector) -> bool:
    """Tell whether the guard's reader takes the token with these keys."""
    try:
        ring = from_jwks(vector.keys) if "keys" in vector.keys else KeyRing([from_jwk(vector.keys)])
        parsed = parse(vector.token)
        key = ring.find(parsed.key_id) or (next(iter(ring)) if len(ring) == 1 else None)
        if key is None:
            return False
        verified(parsed, key)
    except (JoseError, RefusedKeyError):
        return False
    return True


def main() -> int:
    """Run all vectors, compare with the overlay, print the figures; return the exit status."""
    folder = Path(os.environ.get("VECTORS") or ROOT.parent / "shared" / "vectors")
    vectors = list(read(folder))
    if not vectors:
        print(f"vectors: no vectors in {folder.name}", file=sys.stderr)
        return 2
    overlay = json.loads(OVERLAY.read_text(encoding="utf-8"))
    verdicts: dict[tuple[str, str], set[bool]] = {}
    for vector in vectors:
        verdicts.setdefault(vector.content, set()).add(vector.valid)
    policy_refused = 0
    wrongly_accepted, refused, contradictory = [], [], []
    for vector in vectors:
        taken = accepted(vector)
        if taken and not vector.valid and verdicts[vector.content] == {True, False}:
            contradictory.append(vector)
        elif taken and not vector.valid:
            wrongly_accepted.append(vector)
        elif not taken and vector.valid and vector.encrypted:
            policy_refused += 1
        elif not taken and vector.valid:
            refused.append(vector)
    problems = [f"accepted although invalid: {vector.name} {vector.comment}" for vector in wrongly_accepted]
    explained = {vector.name for vector in (*refused, *contradictory)}
    problems += [f"not in the overlay: {name}" for name in sorted(explained - overlay.keys())]
    problems += [f"in the overlay without need: {name}" for name in sorted(overlay.keys() - explained - {"policy"})]
    for problem in problems:
        print(problem)
    print(f"encrypted tokens: {policy_refused} valid ones refused by policy: {overlay['policy']}")
    print(f"contradictory: {len(contradictory)} called invalid and, with the same token and key, valid elsewhere")
    print(
        f"vectors: {len(vectors)} run, {len(wrongly_accepted)} invalid accepted, {len(refused)} valid refused, "
        f"{len(explained & overlay.keys())} in overlay"
    )
    return 1 if problems or len(refused) > 8 else 0


if __name__ == "__main__":
    sys.exit(main())
