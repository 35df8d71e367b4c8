"""Where the signing keys are kept: a file that only its owner can read, made on the first run under a lock.

The newest key signs, all verify. Each process notices within a second when another one has changed the file.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from stopper.guard.keys import Key, KeyRing, RefusedKeyError, from_jwk
from stopper.guard.settings import ConfigurationError
from stopper.secret import Secret

_LOOK_EVERY = 1.0


class KeyFile:
    """The ring of keys in one file."""

    def __init__(self, path: Path, algorithm: str, encryption_key: Secret | None = None) -> None:
        """Take the file, the algorithm of new keys, and the 32 bytes in base64url that encrypt the file, if any."""
        self._path = path
        self._algorithm = algorithm
        self._cipher = AESGCM(_encryption_key(encryption_key)) if encryption_key else None
        self._ring: KeyRing | None = None
        self._seen: tuple[int, int] | None = None
        self._looked_at = 0.0

    def ring(self) -> KeyRing:
        """Return the keys, the signing one first; make the first key where there is none."""
        now = time.monotonic()
        if self._ring is None or now - self._looked_at >= _LOOK_EVERY:
            self._looked_at = now
            state = self._state()
            if state is None:
                self._create()
            elif self._ring is None or state != self._seen:
                self._load()
        assert self._ring is not None
        return self._ring

    def check(self) -> None:
        """Raise ConfigurationError where others can read the file, or where it does not open; make nothing."""
        if self._state() is not None:
            self._load()

    def rotate(self) -> Key:
        """Add a new key, which signs from now on; the old ones go on verifying. Return the new one."""
        with self._locked():
            key = new_key(self._algorithm)
            self._write([key, *self._read()])
            return key

    def retire(self, key_id: str) -> None:
        """Take an old key away, with all that it signed; raise RefusedKeyError for the signing one."""
        with self._locked():
            keys = self._read()
            if not keys or keys[0].id == key_id:
                raise RefusedKeyError("the signing key cannot be retired: rotate first")
            if all(key.id != key_id for key in keys):
                raise RefusedKeyError("no such key")
            self._write([key for key in keys if key.id != key_id])

    # ----------------------------------------------------------------------- the file

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        if found.st_mode & 0o077:
            raise ConfigurationError(f"{self._path.name} can be read by others: chmod 600")
        return found.st_mtime_ns, found.st_ino

    def _create(self) -> None:
        with self._locked():
            if self._path.exists():  # another worker was faster
                self._load()
            else:
                self._write([new_key(self._algorithm)])

    def _load(self) -> None:
        self._seen = self._state()
        self._ring = KeyRing(self._read())

    def _read(self) -> list[Key]:
        document = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {"keys": []}
        if "ciphertext" in document:
            document = json.loads(self._decrypted(document))
        return [from_jwk(jwk) for jwk in document["keys"]]

    def _write(self, keys: list[Key]) -> None:
        document: dict[str, Any] = {"keys": [private(key) for key in keys]}
        if self._cipher:
            nonce = secrets.token_bytes(12)
            data = self._cipher.encrypt(nonce, json.dumps(document).encode(), b"stopper keys")
            document = {"nonce": _text(nonce), "ciphertext": _text(data)}
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._load()

    def _decrypted(self, document: Mapping[str, str]) -> bytes:
        if not self._cipher:
            raise ConfigurationError(f"{self._path.name} is encrypted: set STOPPER_KEY_ENCRYPTION_KEY")
        try:
            return self._cipher.decrypt(_bytes(document["nonce"]), _bytes(document["ciphertext"]), b"stopper keys")
        except InvalidTag:
            raise ConfigurationError(f"STOPPER_KEY_ENCRYPTION_KEY does not open {self._path.name}") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


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
