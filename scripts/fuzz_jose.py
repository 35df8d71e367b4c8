"""Hold the guard's reader of signed tokens against joserfc and PyJWT on tokens made to be misread.

    python scripts/fuzz_jose.py [--tokens N] [--seed SEED]

Whatever the guard accepts, both libraries must accept with the same key and algorithm, and must read the same claims
from it; the reverse is not demanded, the guard is the stricter one. Tokens are built and bent on each level, in the
JSON of header and claims, in the base64url, in the signature, in the text, and most are signed again *after* they
were bent, so that a good signature never is what hides a difference. The last line is `fuzz-jose: N tokens, accepted
by guard G, joserfc J, PyJWT P, D differences`.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt as pyjwt
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from jwt.algorithms import OKPAlgorithm

from stopper.guard.jose import JoseError, json_object, parse, verified
from stopper.guard.keys import Key

KEYS = (
    Key("ed", "EdDSA", OKPKey.generate_key("Ed25519")),
    Key("ec", "ES256", ECKey.generate_key("P-256")),
    Key("ps", "PS256", RSAKey.generate_key(2048)),
    Key("rs", "RS256", RSAKey.generate_key(2048)),
    Key("hs", "HS256", OctKey.generate_key(256)),
)
SECONDS = 600.0
"""After which a run ends with what it has."""


@dataclass(frozen=True)
class Case:
    """A token and the key that a verifier has."""

    token: str
    key: Key


# --------------------------------------------------------------------------- three readers


def guard_reads(case: Case) -> dict[str, Any] | None:
    """Return the claims as the guard reads them, or None where it refuses."""
    try:
        return json_object(verified(parse(case.token), case.key))
    except JoseError:
        return None


def joserfc_reads(case: Case) -> dict[str, Any] | None:
    """Return the claims as joserfc reads them, or None where it refuses.

    Its limits of size and its refusal of unknown header members are settings, not readings: RFC 7515 §4 has unknown
    members ignored, and the guard has limits of its own.
    """
    registry = JWSRegistry(algorithms=list(case.key.names), strict_check_header=False)
    registry.max_header_length = 1 << 20
    try:
        return joserfc_jwt.decode(case.token, case.key.material, registry=registry).claims
    except Exception:
        return None


_PYJWT_OPTIONS: Any = {"verify_signature": True} | {
    f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
# PyJWT knows Ed25519 by its older name only (RFC 8037), and takes the newer one (RFC 9864) when told.
pyjwt.register_algorithm("Ed25519", OKPAlgorithm())


def pyjwt_reads(case: Case) -> dict[str, Any] | None:
    """Return the claims as PyJWT reads them, or None where it refuses."""
    material = case.key.material
    secret: Any = material.raw_value if isinstance(material, OctKey) else material.public_key
    try:
        claims: dict[str, Any] = pyjwt.decode(case.token, secret, list(case.key.names), _PYJWT_OPTIONS)
    except Exception:
        return None
    return claims


# --------------------------------------------------------------------------- tokens made to be misread

Chance = random.Random

_TEXTS = (
    "",
    "a",
    "https://id.test/keys",
    "http://id.test/keys",
    "é",
    "\x00",
    "\ud800",
    "at+jwt",
    "../../dev/null",
    "' OR 1=1 --",
    "\u2028",
    "A" * 600,
    '"',
    "\\",
)
_VALUES: tuple[Any, ...] = (*_TEXTS, None, True, False, 0, -1, 1.5, 1e300, 2**63, [], [[]], {}, {"a": 1}, ["exp"])
_RAW_VALUES = ("NaN", "Infinity", "-Infinity", "1e999", "01", "+1", "1.", "'a'", "1" * 5000, "[" * 40 + "]" * 40, "tru")
_MEMBERS = (
    "alg kid typ cty jwk jku x5u x5c x5t x5t#S256 crit b64 zip enc p2c epk iss ppt nonce url foo Alg ALG alg\u0000"
).split()
_NAMES = (
    "none",
    "None",
    "HS256",
    "hs256",
    "RS256",
    "PS256",
    "ES256",
    "ES512",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "HS256 ",
    "",
)


def _a_header(chance: Chance, key: Key) -> bytes:
    """Return the header's bytes: mostly good, sometimes with members, spellings or encodings that readers split on."""
    members: list[tuple[str, str]] = [("alg", json.dumps(chance.choice(key.names)))]
    more = chance.choices(_MEMBERS[1:], k=chance.choice((0, 0, 1, 2)))
    members += [(name, _a_value(chance)) for name in more]
    if chance.randrange(10) == 0:
        members[0] = ("alg", json.dumps(chance.choice(_NAMES)))
    if chance.randrange(12) == 0:
        members.append((chance.choice(("alg", "kid", "foo")), json.dumps(chance.choice(_NAMES))))
        members.append(chance.choice(members))
    chance.shuffle(members)
    return _encoded_text(chance, _object(chance, members))


def _a_payload(chance: Chance) -> bytes:
    names = chance.choices(("sub", "iss", "exp", "aud", "x", ""), k=chance.randrange(4))
    members = [(name, _a_value(chance)) for name in (names if chance.randrange(6) == 0 else set(names))]
    if chance.randrange(20) == 0:
        return chance.choice((b"", b"[]", b"1", b"null", b"{", b'{"a"}', b"{}{}"))
    return _encoded_text(chance, _object(chance, members))


def _a_value(chance: Chance) -> str:
    if chance.randrange(20) == 0:
        return chance.choice(_RAW_VALUES)
    return json.dumps(chance.choice(_VALUES), ensure_ascii=bool(chance.randrange(2)))


def _object(chance: Chance, members: Iterable[tuple[str, str]]) -> str:
    space = chance.choice(("", " ", "\n", "\t\r", "\u00a0", "\x0b")) if chance.randrange(4) == 0 else ""
    name = _escaped if chance.randrange(10) == 0 else json.dumps
    body = f",{space}".join(f"{name(key)}:{space}{value}" for key, value in members)
    return f"{space}{{{body}{',' if chance.randrange(40) == 0 else ''}}}{space}"


def _escaped(name: str) -> str:
    return '"' + "".join(f"\\u{ord(character):04x}" for character in name) + '"'


def _encoded_text(chance: Chance, text: str) -> bytes:
    way = chance.randrange(24)
    if way == 0:
        return text.encode(chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7")), "surrogatepass")
    if way == 1:
        return text.encode("utf-8", "surrogatepass") + chance.choice((b"\xff", b"\xc0\x80", b"\x00", b"\xed\xa0\x80"))
    return text.encode("utf-8", "surrogatepass")


def _segment(chance: Chance, data: bytes) -> str:
    """Return base64url as it should be or, one time in eight, as readers might still take it."""
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    way = chance.randrange(64)
    if way == 0:
        return text + "=" * (-len(text) % 4)
    if way == 1:
        return text.replace("-", "+").replace("_", "/")
    if way == 2:
        return text + chance.choice(("=", "==", "A", "\n", " ", ".", "\u00e9", "\x00"))
    if way == 3 and text:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice(("\n", " ", "\r\n", "=", "%3d", "\u200b", "*")) + text[at:]
    if way == 4 and len(text) % 4 in (2, 3):
        return text[:-1] + chr(ord(text[-1]) + 1)
    if way == 5:
        return text[:-1]
    return text


def _signature(chance: Chance, key: Key, signing_input: bytes) -> bytes:
    """Return a good signature most of the time, else one of another key, form or length."""
    good = JWSRegistry.algorithms[key.algorithm].sign(signing_input, key.material)
    way = chance.randrange(40)
    if way == 0:
        return b""
    if way == 1:
        return bytes(len(good))
    if way == 2:
        return good + b"\0"
    if way == 3:
        return good[:-1]
    if way == 4:
        return b"\0" + good
    if way == 5:
        return good[len(good) // 2 :] + good[: len(good) // 2]
    if way == 6:
        half = len(good) // 2
        return encode_dss_signature(int.from_bytes(good[:half]), int.from_bytes(good[half:]))
    if way == 7:
        other = chance.choice(KEYS)
        return JWSRegistry.algorithms[other.algorithm].sign(signing_input, other.material)
    if way == 8 and key.algorithm == "EdDSA":
        order = 2**252 + 27742317777372353535851937790883648493  # RFC 8032 §5.1.7: s must be below the group's order
        return good[:32] + ((int.from_bytes(good[32:], "little") + order) % 2**256).to_bytes(32, "little")
    return good


def _bent(chance: Chance, token: str) -> str:
    """Return a token with its text changed after it was signed, one time in four."""
    way = chance.randrange(24)
    at = chance.randrange(len(token) + 1)
    first, _, rest = token.partition(".")
    if way == 0:
        return token[:at] + chance.choice('AQgw-_=+/. {}"\n\x00é') + token[at:]
    if way == 1:
        return token[:at] + token[at + 1 :]
    if way == 2:
        return json.dumps({"protected": first, "payload": rest.partition(".")[0], "signature": rest.partition(".")[2]})
    if way == 3:
        return token + chance.choice((".", "..", ".a", ".a.b", "\n", " ", ","))
    if way == 4:
        return chance.choice((" ", ".", "Bearer ", "\ufeff", '"')) + token
    if way == 5:
        parts = token.split(".")
        chance.shuffle(parts)
        return ".".join(parts)
    return token


def mutant(chance: Chance, payload: bytes | None = None) -> Case:
    """Return a token for one of the keys, bent where chance will have it; `payload` replaces the one of its own."""
    key = chance.choice(KEYS)
    header = _segment(chance, _a_header(chance, key))
    claims = _segment(chance, _a_payload(chance) if payload is None else payload)
    signing_input = f"{header}.{claims}"
    signature = _segment(chance, _signature(chance, key, signing_input.encode()))
    verifier = chance.choice(KEYS) if chance.randrange(50) == 0 else key
    return Case(_bent(chance, f"{signing_input}.{signature}"), verifier)


# --------------------------------------------------------------------------- the comparison

READERS: Mapping[str, Callable[[Case], dict[str, Any] | None]] = {
    "guard": guard_reads,
    "joserfc": joserfc_reads,
    "PyJWT": pyjwt_reads,
}


@dataclass(frozen=True)
class Comparison:
    """How many tokens were read, by whom they were accepted, and those on which the guard stands alone."""

    tokens: int
    accepted: Counter[str]
    differences: tuple[str, ...]


def difference(case: Case, accepted: Counter[str]) -> str:
    """Count who accepts a token; return how another reader contradicts the guard's acceptance, empty if none does."""
    read = {name: reader(case) for name, reader in READERS.items()}
    accepted.update(name for name, claims in read.items() if claims is not None)
    ours = read["guard"]
    if ours is None:
        return ""
    for name in ("joserfc", "PyJWT"):
        if read[name] is None:
            return f"{name} refuses a token that the guard accepts: {case.token!r} ({case.key})"
        if repr(read[name]) != repr(ours):
            return f"{name} reads other claims than the guard: {case.token!r} ({case.key})"
    return ""


def compare(cases: Iterator[Case], wanted: int) -> Comparison:
    """Read `wanted` tokens with all three readers."""
    accepted: Counter[str] = Counter()
    differences: list[str] = []
    deadline = time.monotonic() + SECONDS
    number = 0
    while number < wanted and time.monotonic() < deadline:
        number += 1
        if found := difference(next(cases), accepted):
            differences.append(found)
    return Comparison(number, accepted, tuple(differences))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
CHOICES = st.randoms(use_true_random=False)
PAYLOADS = st.none() | JSON.map(lambda value: json.dumps(value).encode())


def explore(wanted: int) -> Comparison:
    """Read about `wanted` tokens whose choices and claims hypothesis makes."""
    accepted: Counter[str] = Counter()
    cases: list[str] = []

    @settings(max_examples=wanted, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(CHOICES, PAYLOADS)
    def look(chance: Chance, payload: bytes | None) -> None:
        cases.append(difference(mutant(chance, payload), accepted))

    look()
    return Comparison(len(cases), accepted, tuple(filter(None, cases)))


def mutants(seed: int) -> Iterator[Case]:
    """Yield tokens without end, the same for the same seed and keys."""
    chance = random.Random(seed)
    while True:
        yield mutant(chance)


def main() -> int:
    """Compare, print, and return 1 where the readers differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=20_000, help="how many tokens to make (default: 20000)")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="what chance begins with")
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explored = explore(wanted.tokens // 20)
        bent = compare(mutants(wanted.seed), wanted.tokens - explored.tokens)
    print(f"{explored.tokens} tokens of hypothesis, {bent.tokens} of the mutator")
    differences = explored.differences + bent.differences
    for line in differences[:20]:
        print(line)
    by, tokens = explored.accepted + bent.accepted, explored.tokens + bent.tokens
    print(
        f"fuzz-jose: {tokens} tokens, accepted by guard {by['guard']}, joserfc {by['joserfc']}, "
        f"PyJWT {by['PyJWT']}, {len(differences)} differences"
    )
    return 1 if differences or tokens < wanted.tokens or not by["guard"] else 0


if __name__ == "__main__":
    sys.exit(main())
