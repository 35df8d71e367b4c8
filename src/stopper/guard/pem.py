"""Signing keys that the operator brings: PEM blocks from a file or from the environment, the newest first.

What makes and rotates them is outside; here the first signs, and the others, which may be public keys, go on verifying.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from joserfc.errors import JoseError as LibraryError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jwk import Key as Material

from stopper.guard.kept_keys import KeptKeys, KeyPlace
from stopper.guard.keyfile import KeyFile
from stopper.guard.keys import Key, KeyRing, RefusedKeyError, from_jwk
from stopper.guard.settings import ConfigurationError, Settings

# RFC 7468 §3: a label at both ends of one block
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
_KINDS: tuple[type[RSAKey] | type[ECKey] | type[OKPKey], ...] = (RSAKey, ECKey, OKPKey)


class PemKeys:
    """The ring of keys that the configuration holds. It does not change while the process runs."""

    def __init__(self, text: str, algorithm: str) -> None:
        """Take PEM blocks and the configured algorithm, which decides for RSA keys between RS256 and PS256.

        Raises ConfigurationError for a text without a usable key, and where the first key cannot sign.
        """
        blocks = [found[0] for found in _BLOCK.finditer(text)]
        if not blocks:
            raise ConfigurationError("STOPPER_SIGNING_KEYS holds no PEM block")
        try:
            self._ring = KeyRing([_key(block, algorithm) for block in blocks])
        except RefusedKeyError as error:
            raise ConfigurationError(f"STOPPER_SIGNING_KEYS: {error}") from None
        if not next(iter(self._ring)).is_private:
            raise ConfigurationError("STOPPER_SIGNING_KEYS begins with a public key, which cannot sign")

    def ring(self) -> KeyRing:
        """Return the keys, the signing one first."""
        return self._ring

    def find(self, key_id: str | None) -> Key | None:
        """Return the key of an id, or None."""
        return self._ring.find(key_id)

    def check(self) -> None:
        """Do nothing more: what will not do was refused when it was taken."""

    def listed(self) -> list[Key]:
        """Return the keys, the signing one first."""
        return list(self._ring)

    def rotate(self) -> Key:
        """Raise RefusedKeyError: a new key is put first by whoever configures the keys."""
        raise RefusedKeyError("the keys are configured: put the new one first in STOPPER_SIGNING_KEYS and restart")

    def retire(self, key_id: str) -> None:
        """Raise RefusedKeyError: an old key is taken away by whoever configures the keys."""
        raise RefusedKeyError("the keys are configured: take it out of STOPPER_SIGNING_KEYS and restart")


def signing_keys(settings: Settings, store: Callable[[], KeyPlace]) -> KeptKeys | PemKeys:
    """Return our own signing keys: those of the configuration, else those of the key file or, if so wanted, the store.

    Raises ConfigurationError for a configuration that cannot be used; opens neither file nor store.
    """
    if settings.signing_keys:
        return PemKeys(settings.signing_keys.reveal(), settings.algorithm)
    if settings.signing_keys_file:
        return PemKeys(read_file(Path(settings.signing_keys_file)), settings.algorithm)
    algorithm, encryption_key, grace = settings.algorithm, settings.key_encryption_key, settings.store_grace
    if settings.key_storage == "store":
        return KeptKeys(store(), "the store", algorithm, encryption_key, grace)
    path = Path(settings.key_file)
    return KeptKeys(KeyFile(path), path.name, algorithm, encryption_key, grace)


def read_file(path: Path) -> str:
    """Return the text of a PEM file; raise ConfigurationError where it cannot be read, or by everybody."""
    try:
        if path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{path.name} can be read by everybody: chmod o=")
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read as PEM: {type(error).__name__}") from None


def _key(block: str, algorithm: str) -> Key:
    material = _material(block)
    jwk = material.as_dict(private=material.is_private)
    wanted = {"EC": "", "OKP": "", "RSA": algorithm if algorithm in ("RS256", "PS256") else "PS256"}[material.key_type]
    # The id is the key's thumbprint (RFC 7638): the same in every process that is given the key.
    return from_jwk(jwk, wanted)


def _material(block: str) -> Material:
    for kind in _KINDS:
        try:
            return kind.import_key(block)
        except (ValueError, TypeError, LibraryError):
            continue
    raise RefusedKeyError("a PEM block that is no RSA, EC or Ed25519 key, or is encrypted")
