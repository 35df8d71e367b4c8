"""Finds which of some keys signed a JSON Web Signature, and mints tokens with it."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from stopper.observe.views import Signer
from stopper.secret import Secret

_KEY_TYPES: Mapping[str, type[Any]] = {"HS": OctKey, "RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A text that may be a signing key, and where it stands (`app.config JWT_SECRET_KEY`)."""

    where: str
    value: Secret = field(repr=False)


def key_bytes(secret: Secret) -> bytes:
    """Return a key's bytes: UTF-8, with surrogate escapes for what was bytes from the start."""
    return secret.reveal().encode("utf-8", "surrogateescape")


def signing_key(token: Secret, keys: Iterable[FoundKey]) -> tuple[FoundKey, Signer] | None:
    """Return the first key under which the token's signature is good, with a signer that uses it; None without one.

    A public key that only verifies is passed over. The signer takes header and claims and signs with the token's own
    algorithm, or with the header's where that is of the same family.
    """
    signing_input, _, signature = token.reveal().rpartition(".")
    algorithm = _algorithm(signing_input)
    if not algorithm:
        return None
    for found in keys:
        key = _imported(key_bytes(found.value), algorithm)
        if key is not None and _verifies(algorithm, key, signing_input, signature):
            return found, _signer(algorithm, key)
    return None


def _algorithm(signing_input: str) -> str:
    """Return the algorithm that the header names (RFC 7515 §4.1.1), or nothing where it names none we know."""
    try:
        name = json.loads(_decoded(signing_input.partition(".")[0])).get("alg")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return name if isinstance(name, str) and name[:2] in _KEY_TYPES and name in JWSRegistry.algorithms else ""


def _imported(value: bytes, algorithm: str) -> Any:
    """Return a private or symmetric key of the algorithm's kind, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key = _KEY_TYPES[algorithm[:2]].import_key(value)
    except (JoseError, ValueError, TypeError):
        return None
    return key if key.is_private else None


def _verifies(algorithm: str, key: Any, signing_input: str, signature: str) -> bool:
    try:
        return JWSRegistry.algorithms[algorithm].verify(signing_input.encode(), _decoded(signature), key)
    except (JoseError, ValueError, TypeError, AttributeError):
        return False


def _signer(algorithm: str, key: Any) -> Signer:
    def sign(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Secret:
        """Return a compact JWS of this header and these claims."""
        asked = str(header.get("alg"))
        same_family = asked[:2] == algorithm[:2] and asked in JWSRegistry.algorithms
        method = JWSRegistry.algorithms[asked if same_family else algorithm]
        signing_input = f"{_encoded(_json(header))}.{_encoded(_json(claims))}"
        return Secret(f"{signing_input}.{_encoded(method.sign(signing_input.encode(), key))}")

    return sign


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
