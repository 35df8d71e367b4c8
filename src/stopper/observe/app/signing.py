"""Mints tokens with an asymmetric private key of the application's; `observe.wire.jwt` does so with HMAC keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stopper.observe.views import Credential, Seal, Signer
from stopper.observe.wire.jwt import compact
from stopper.observe.wire.keys import asymmetric, imported, seal, verifies
from stopper.secret import Secret


def with_private_key(found: Credential, keys: Iterable[Secret]) -> Credential:
    """Return the credential with a signer, where one of the keys is the private one to its signature; else unchanged.

    Keys are PEM, or a JWK as JSON; texts that are none are passed over. The signer keeps to the token's own algorithm
    and leaves the header as it is given.
    """
    algorithm = str(found.jwt.header.get("alg")) if found.jwt else ""
    if found.jwt is None or not asymmetric(algorithm):
        return found
    signed = found.token.reveal().rpartition(".")[0].encode()
    for candidate in keys:
        key = imported(candidate.reveal(), algorithm)
        if key is not None and key.is_private and verifies(algorithm, key, signed, found.jwt.signature):
            made = seal(algorithm, key)
            return replace(found, sign=_signer(made), seal=made)
    return found


def _signer(made: Seal) -> Signer:
    def sign(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Secret:
        return Secret(compact(header, claims, made))

    return sign
