"""Mints a token with the application's own key and library, in its own interpreter, for an application without a login.

What a token must be is heard where the application checks one: a made-up token is sent, and the library that is asked
to verify it is given the key, the algorithms and the claims that are wanted, however the application's own decoder
wraps it. Like `app_runner.py` it needs the standard library alone, and never imports `stopper`.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import inspect
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .app_watch import replaced

SUBJECT = "1"
"""Whose tokens are minted: the first user, as most databases number them."""
LIFETIME = 3600
ROUNDS = 3
"""How often what was heard is tried: a library may tell the claims it wants only once the signature is good."""

Make = Callable[[dict[str, Any]], str]


@dataclass
class Heard:
    """What verifiers were asked for: the library's name with what makes a token of claims, and the claims it wants."""

    makers: dict[str, Make] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)

    def wants(self, options: Any) -> None:
        """Keep the claims that are wanted, as Authlib and joserfc are told of them."""
        for name, option in dict(options or {}).items():
            values = [option.get("value"), *(option.get("values") or ())] if isinstance(option, dict) else []
            value = next((each for each in values if each is not None), None)
            if isinstance(value, (str, int)):
                self.claims[name] = value


def strange() -> str:
    """Return a JWT of a key that nobody has, so that a decoder looks at it."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": SUBJECT, "exp": int(time.time()) + LIFETIME})
    encoded = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join((*encoded, secrets.token_urlsafe(32)))


def claims(heard: Heard) -> dict[str, Any]:
    """Return the claims of a token for the first user."""
    now = int(time.time())
    usual = {"sub": SUBJECT, "user_id": int(SUBJECT), "iat": now, "nbf": now, "exp": now + LIFETIME}
    return {**usual, "jti": secrets.token_hex(16), **heard.claims}


def minted(app: Any, private: Iterable[str], letting_in: Callable[[str], bool]) -> tuple[str, str] | None:
    """Return a token that the application lets in, with the library that made it; None where none was found.

    `private` are private keys at hand, in PEM; `letting_in(token)` sends it to an operation that asks for one.
    """
    heard = Heard()
    with verifiers_heard(heard, tuple(private)):
        letting_in(strange())
        for _ in range(ROUNDS):
            before = (set(heard.makers), dict(heard.claims))
            for library, make in (*issuers(app).items(), *list(heard.makers.items())):
                token = _tried(make, claims(heard))
                if token and letting_in(token):
                    return token, library
            if (set(heard.makers), heard.claims) == before:
                return None
    return None


def _tried(make: Make, wanted: dict[str, Any]) -> str:
    """Return the token that a library makes, an empty text where it refuses: the key may be the public one."""
    with contextlib.suppress(Exception):
        token = make(wanted)
        return token.decode() if isinstance(token, bytes) else str(token)
    return ""


# --------------------------------------------------------------------------- extensions that issue


def issuers(app: Any) -> dict[str, Make]:
    """Return what the application's extensions issue tokens with, by name."""
    found: dict[str, Make] = {}

    def inside(issue: Callable[[], Any]) -> Make:
        def make(wanted: dict[str, Any]) -> str:
            with app.test_request_context("/", base_url="https://localhost"):
                return str(issue())

        return make

    extended = sys.modules.get("flask_jwt_extended")
    if extended is not None and "flask-jwt-extended" in app.extensions:
        found["Flask-JWT-Extended"] = inside(lambda: extended.create_access_token(identity=SUBJECT))
    guards = (each for each in app.extensions.values() if type(each).__module__ == "stopper.guard")
    guard = next((each for each in guards if hasattr(each, "issue")), None)
    if guard is not None:
        found["the guard"] = inside(lambda: guard.issue(SUBJECT)["access_token"])
    return found


# --------------------------------------------------------------------------- libraries that verify


@contextlib.contextmanager
def verifiers_heard(heard: Heard, private: tuple[str, ...]) -> Iterator[None]:
    """Hear what libraries are asked to verify while the context lasts, those of them that are loaded."""
    with contextlib.ExitStack() as stack:
        for module, path, name, take in VERIFIERS:
            owner: Any = sys.modules.get(module)
            for part in filter(None, path.split(".")):
                owner = getattr(owner, part, None)
            if hasattr(owner, name):
                stack.enter_context(replaced(owner, name, _listened(getattr(owner, name), take, heard, private)))
        yield


def _listened(original: Any, take: Callable[..., None], heard: Heard, private: tuple[str, ...]) -> Any:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def verify(*arguments: Any, **options: Any) -> Any:
        with contextlib.suppress(Exception):  # what is wrong with the call the library says itself
            take(signature.bind(*arguments, **options).arguments, heard, private)
        return original(*arguments, **options)

    return verify


def _pyjwt(given: dict[str, Any], heard: Heard, private: tuple[str, ...]) -> None:
    algorithms = list(given.get("algorithms") or ["HS256"])
    for name, wanted in (("aud", given.get("audience")), ("iss", given.get("issuer"))):
        if wanted:
            heard.claims[name] = wanted if isinstance(wanted, str) else next(iter(wanted))
    for number, key in enumerate((given.get("key"), *private)):
        for algorithm in algorithms:
            make = functools.partial(sys.modules["jwt"].encode, key=key, algorithm=algorithm)
            heard.makers[f"PyJWT {algorithm} {number}"] = make


def _joserfc(given: dict[str, Any], heard: Heard, private: tuple[str, ...]) -> None:
    for algorithm in given.get("algorithms") or ["HS256"]:
        header = {"alg": algorithm, "typ": "JWT"}
        encode = functools.partial(sys.modules["joserfc.jwt"].encode, header, algorithms=[algorithm])
        heard.makers[f"joserfc {algorithm}"] = functools.partial(encode, key=given["key"])


def _authlib(given: dict[str, Any], heard: Heard, private: tuple[str, ...]) -> None:
    heard.wants(given.get("claims_options"))
    for number, key in enumerate((given["key"], *private)):
        for algorithm in ("HS256", "RS256", "ES256", "EdDSA", "HS512"):
            encode = functools.partial(given["self"].encode, {"alg": algorithm, "typ": "JWT"})
            heard.makers[f"Authlib {algorithm} {number}"] = functools.partial(encode, key=key)


def _registry(given: dict[str, Any], heard: Heard, private: tuple[str, ...]) -> None:
    heard.wants(given["self"].options)


def _serializer(given: dict[str, Any], heard: Heard, private: tuple[str, ...]) -> None:
    dump, salt = given["self"].dumps, given.get("salt")

    def of_claims(wanted: dict[str, Any]) -> Any:
        return dump({**wanted, "id": int(SUBJECT), "user": SUBJECT, "username": SUBJECT}, salt=salt)

    heard.makers["itsdangerous, claims"] = of_claims
    heard.makers["itsdangerous, text"] = lambda wanted: dump(SUBJECT, salt=salt)
    heard.makers["itsdangerous, number"] = lambda wanted: dump(int(SUBJECT), salt=salt)


VERIFIERS: tuple[tuple[str, str, str, Callable[..., None]], ...] = (
    ("jwt.api_jwt", "PyJWT", "decode_complete", _pyjwt),
    ("joserfc.jwt", "", "decode", _joserfc),
    ("joserfc.jwt", "JWTClaimsRegistry", "validate", _registry),
    ("authlib.jose.rfc7519.jwt", "JsonWebToken", "decode", _authlib),
    ("authlib.jose.rfc7519.claims", "JWTClaims", "validate", _registry),
    ("itsdangerous.serializer", "Serializer", "loads", _serializer),
    ("itsdangerous.timed", "TimedSerializer", "loads", _serializer),
)
"""Module, class where it is a method, function, and what is made of its arguments."""
