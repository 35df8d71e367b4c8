"""DPoP nonces (RFC 9449 §8): a client can make no proof that is used later than the server allows.

A nonce is a keyed digest of the time, so that every process knows the current one and none is kept.
"""

from __future__ import annotations

import functools
import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable


class Nonces:
    """The nonces of one API, which change after so many seconds; the one before is taken as well."""

    def __init__(self, read_secret: Callable[[], bytes], seconds: int) -> None:
        """Take what returns the secret of all processes, asked at first use, and the seconds, 0 for no nonces."""
        self._read_secret = read_secret
        self._seconds = seconds

    @functools.cached_property
    def _secret(self) -> bytes:
        return self._read_secret()

    def current(self, now: float) -> str:
        """Return the nonce of a moment, empty where none is asked for."""
        return self._of(now // self._seconds) if self._seconds else ""

    def admits(self, nonce: str, now: float) -> bool:
        """Tell whether a proof with this nonce is taken: it is the current one or the one before."""
        if not self._seconds:
            return True
        period = now // self._seconds
        return any(hmac.compare_digest(nonce.encode(), self._of(one).encode()) for one in (period, period - 1))

    def successor(self, nonce: str) -> str:
        """Return the nonce that a client with this one shall go on with, empty where it has it already (§8.2)."""
        current = self.current(time.time())
        return "" if nonce == current else current

    def _of(self, period: float) -> str:
        digest = hmac.digest(self._secret, f"{period:.0f}".encode(), "sha256")
        return urlsafe_b64encode(digest[:18]).decode()
