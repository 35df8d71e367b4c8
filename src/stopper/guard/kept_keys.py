"""Our own signing keys, kept in a file or in the store: the newest signs, all verify.

What is kept is one document, which is only ever replaced as a whole and only where it still is what was read. So of
several workers that find none, one makes the first key, and of several that rotate none undoes another's work. Each
process notices within `LOOK_EVERY` seconds when another one has replaced it.
"""

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from stopper.guard.keys import Key, KeyRing, RefusedKeyError, from_jwk
from stopper.guard.settings import ConfigurationError
from stopper.guard.store import StoreError
from stopper.secret import Secret

LOOK_EVERY = 1.0
"""Seconds after which a process looks again for what others have changed."""

_PURPOSE = b"stopper keys"


class KeyPlace(Protocol):
    """Where the document of keys lies. Methods raise StoreError where it cannot be reached."""

    @property
    def shared(self) -> bool:
        """Whether others than this account can get at it, so that no key may lie there in clear."""

    def read_keys(self) -> str | None:
        """Return the document, or None where there is none."""

    def replace_keys(self, old: str | None, new: str) -> bool:
        """Put a document in place of another, or of none; return False, changing nothing, where it is not that one."""


class KeptKeys:
    """The ring of keys in one place."""

    def __init__(
        self, place: KeyPlace, name: str, algorithm: str, encryption_key: Secret | None = None, grace: float = 0.0
    ) -> None:
        """Take the place and what errors call it, the algorithm of new keys, and the 32 bytes that encrypt them.

        `grace` is for how many seconds more than usual the known keys do while the place cannot be reached. Raises
        ConfigurationError for a place that others can get at without an encryption key.
        """
        if place.shared and not encryption_key:
            raise ConfigurationError("signing keys in the store need STOPPER_KEY_ENCRYPTION_KEY")
        self._place = place
        self._name = name
        self._algorithm = algorithm
        self._cipher = AESGCM(_encryption_key(encryption_key)) if encryption_key else None
        self._grace = grace
        self._ring: KeyRing | None = None
        self._document: str | None = None
        self._looked_at = 0.0

    def ring(self) -> KeyRing:
        """Return the keys, the signing one first; make the first key where there is none.

        Raises StoreError where they cannot be had.
        """
        if self._ring is None or time.monotonic() - self._looked_at >= LOOK_EVERY:
            return self._look()
        return self._ring

    def find(self, key_id: str | None) -> Key | None:
        """Return the key of an id, or None; one that is not known here may be another worker's newest."""
        return self.ring().find(key_id) or self._look().find(key_id)

    def check(self) -> None:
        """Raise ConfigurationError for keys that cannot be used; make none, but encrypt those that are in clear."""
        document = self._place.read_keys()
        if document is None:
            return
        keys = self._opened(document)
        if self._cipher and not _is_sealed(json.loads(document)):
            self._place.replace_keys(document, self._sealed(keys))

    def listed(self) -> list[Key]:
        """Return the keys that there are, the signing one first; make none."""
        document = self._place.read_keys()
        return [] if document is None else self._opened(document)

    def rotate(self) -> Key:
        """Add a new key, which signs from now on; the old ones go on verifying. Return the new one."""
        key = new_key(self._algorithm)
        self._change(lambda keys: [key, *keys])
        return key

    def retire(self, key_id: str) -> None:
        """Take an old key away, with all that it signed; raise RefusedKeyError for the signing one."""

        def without(keys: list[Key]) -> list[Key]:
            if not keys or keys[0].id == key_id:
                raise RefusedKeyError("the signing key cannot be retired: rotate first")
            if all(key.id != key_id for key in keys):
                raise RefusedKeyError("no such key")
            return [key for key in keys if key.id != key_id]

        self._change(without)

    # ----------------------------------------------------------------------- the document

    def _look(self) -> KeyRing:
        now = time.monotonic()
        try:
            document = self._made()
            if self._ring is None or document != self._document:
                self._ring = KeyRing(self._opened(document))
                self._document = document
        except ConfigurationError as error:  # which it was not at start: somebody has changed it since
            raise StoreError(str(error)) from None
        except StoreError:
            if self._ring is None or now - self._looked_at > LOOK_EVERY + self._grace:
                raise
        else:
            self._looked_at = now
        return self._ring

    def _made(self) -> str:
        """Return the document, making the first one where there is none."""
        while (document := self._place.read_keys()) is None:
            # Of several workers the place takes one's; the others read that one's.
            self._place.replace_keys(None, self._sealed([new_key(self._algorithm)]))
        return document

    def _change(self, change: Callable[[list[Key]], list[Key]]) -> None:
        while True:
            document = self._place.read_keys()
            keys = [] if document is None else self._opened(document)
            if self._place.replace_keys(document, self._sealed(change(keys))):
                break
        self._look()

    def _sealed(self, keys: Iterable[Key]) -> str:
        text = json.dumps({"keys": [private(key) for key in keys]})
        if not self._cipher:
            return text
        nonce = secrets.token_bytes(12)
        return json.dumps(
            {"nonce": _text(nonce), "ciphertext": _text(self._cipher.encrypt(nonce, text.encode(), _PURPOSE))}
        )

    def _opened(self, document: str) -> list[Key]:
        """Return the keys of a document; raise ConfigurationError for anything but one of usable private keys."""
        try:
            members = json.loads(document)
            if _is_sealed(members):
                members = json.loads(self._decrypted(members))
            elif self._place.shared:  # whoever can write there could put a key of theirs in place of ours
                raise ConfigurationError(f"{self._name}: the keys are not encrypted")
            keys = [from_jwk(jwk) for jwk in members["keys"]]
            KeyRing(keys)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigurationError(f"{self._name} is no document of keys") from None
        except RefusedKeyError as error:
            raise ConfigurationError(f"{self._name}: {error}") from None
        if not keys or not all(key.is_private for key in keys):
            raise ConfigurationError(f"{self._name} holds no key that can sign")
        return keys

    def _decrypted(self, members: dict[str, str]) -> bytes:
        if not self._cipher:
            raise ConfigurationError(f"{self._name} is encrypted: set STOPPER_KEY_ENCRYPTION_KEY")
        try:
            return self._cipher.decrypt(_bytes(members["nonce"]), _bytes(members["ciphertext"]), _PURPOSE)
        except InvalidTag:
            raise ConfigurationError(f"STOPPER_KEY_ENCRYPTION_KEY does not open {self._name}") from None


def _is_sealed(members: Any) -> bool:
    return isinstance(members, dict) and "ciphertext" in members


def new_key(algorithm: str) -> Key:
    """Return a fresh key for an algorithm; its id is random and says nothing."""
    name = secrets.token_hex(8)
    if algorithm in ("EdDSA", "Ed25519"):
        return Key(name, algorithm, OKPKey.generate_key("Ed25519"))
    if algorithm == "ES256":
        return Key(name, algorithm, ECKey.generate_key("P-256"))
    if algorithm in ("PS256", "RS256"):
        return Key(name, algorithm, RSAKey.generate_key(3072))
    if algorithm == "HS256":
        return Key(name, algorithm, OctKey.generate_key(256))
    raise ConfigurationError(f"{algorithm} is not an algorithm for new keys")


def private(key: Key) -> dict[str, Any]:
    """Return the JWK with its private members, to be kept."""
    return {**key.material.as_dict(private=True), "kid": key.id, "alg": key.algorithm, "use": "sig"}


def _encryption_key(value: Secret) -> bytes:
    try:
        key = urlsafe_b64decode(value.reveal().encode() + b"==")
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigurationError("STOPPER_KEY_ENCRYPTION_KEY must be 32 bytes in base64url")
    return key


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text)
