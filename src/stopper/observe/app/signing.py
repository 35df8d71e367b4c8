"""Mints tokens with an asymmetric private key of the application's; `observe.wire.jwt` does so with HMAC keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from stopper.observe.views import Credential, Seal, Signer
from stopper.observe.wire.jwt import compact
from stopper.secret import Secret

_KEY_TYPES: Mapping[str, type[Any]] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}


def with_private_key(found: Credential, keys: Iterable[Secret]) -> Credential:
    """Return the credential with a signer, where one of the keys is the private one to its signature; else unchanged.

    Keys are PEM, or a JWK as JSON; texts that are none are passed over. The signer keeps to the token's own algorithm
    and leaves the header as it is given.
    """
    algorithm = str(found.jwt.header.get("alg")) if found.jwt else ""
    if algorithm[:2] not in _KEY_TYPES or algorithm not in JWSRegistry.algorithms or found.jwt is None:
        return found
    signed = found.token.reveal().rpartition(".")[0].encode()
    for candidate in keys:
        key = _private_key(candidate, algorithm)
        if key is not None and _verifies(algorithm, key, signed, found.jwt.signature):
            return replace(found, sign=_signer(algorithm, key), seal=_seal(algorithm, key))
    return found


def _private_key(candidate: Secret, algorithm: str) -> Any:
    text = candidate.reveal()
    try:
        key = _KEY_TYPES[algorithm[:2]].import_key(json.loads(text) if text.startswith("{") else text)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return key if key.is_private else None


def _verifies(algorithm: str, key: Any, signed: bytes, signature: bytes) -> bool:
    try:
        return JWSRegistry.algorithms[algorithm].verify(signed, signature, key)
    except (JoseError, ValueError, TypeError):
        return False


def _signer(algorithm: str, key: Any) -> Signer:
    seal = _seal(algorithm, key)

    def sign(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Secret:
        return Secret(compact(header, claims, seal))

    return sign


def _seal(algorithm: str, key: Any) -> Seal:
    method = JWSRegistry.algorithms[algorithm]
    return lambda signed: method.sign(signed, key)
