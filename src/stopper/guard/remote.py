"""The keys of a remote issuer: fetched over https from the one configured address, capped, kept, kept on in outages.

No token has any say in where keys come from (RFC 8725 §3.10), redirects are not followed and no proxy of the
environment is used.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from stopper.guard.jose import JoseError, json_object
from stopper.guard.keys import Key, KeyRing, RefusedKeyError, from_jwks
from stopper.guard.settings import ConfigurationError, is_key_set_address

logger = logging.getLogger("stopper")

LARGEST_SET = 256 * 1024
FETCH_SECONDS = 5.0
FRESH_SECONDS = 3600.0
RETRY_SECONDS = 30.0
"""How often an unknown `kid`, or a failed fetch, may cause another one."""


class RemoteKeysError(Exception):
    """The keys cannot be had now, and none are known from before."""


def fetch(url: str) -> bytes:
    """Return what an https address answers with 200, at most 256 KiB within five seconds; raise OSError otherwise."""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(parts.netloc, timeout=FETCH_SECONDS, context=context)
    # A socket's timeout is one for each read: a server that drips would never meet it.
    ends = time.monotonic() + FETCH_SECONDS
    deadline = threading.Timer(FETCH_SECONDS, _cut, (connection,))
    deadline.daemon = True
    deadline.start()
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path or "/", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"answered {answer.status}")
        data = b""
        while time.monotonic() < ends and len(data) <= LARGEST_SET:
            chunk = answer.read1(65_536)
            if not chunk:
                break
            data += chunk
        if len(data) > LARGEST_SET or time.monotonic() >= ends:
            raise OSError("answered too much or too slowly")
        return data
    except http.client.HTTPException as error:
        raise OSError(f"malformed answer: {type(error).__name__}") from None
    finally:
        deadline.cancel()
        connection.close()


def _cut(connection: http.client.HTTPSConnection) -> None:
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


class RemoteKeys:
    """The key set at one address. Only one thread fetches at a time, and the others go on with what is known."""

    def __init__(self, url: str, algorithm: str, get: Callable[[str], bytes] = fetch) -> None:
        """Take the https address, and the algorithm of RSA keys that name none."""
        if not is_key_set_address(url):
            raise ConfigurationError("the address of a key set must be https, with a host and without credentials")
        self._url = url
        self._algorithm = algorithm
        self._get = get
        self._ring: KeyRing | None = None
        self._fetched_at = self._tried_at = -float("inf")
        self._lock = threading.Lock()

    def find(self, key_id: str | None) -> Key | None:
        """Return the key of an id, or None; raise RemoteKeysError where no set was ever fetched."""
        now = time.monotonic()
        key = self._ring.find(key_id) if self._ring else None
        stale = now - self._fetched_at >= FRESH_SECONDS
        if (key is None or stale) and now - self._tried_at >= RETRY_SECONDS:
            self._refresh(now)
            key = self._ring.find(key_id) if self._ring else None
        if self._ring is None:
            raise RemoteKeysError("no keys of the issuer are known")
        return key

    def _refresh(self, now: float) -> None:
        if not self._lock.acquire(blocking=self._ring is None):
            return
        try:
            if now - self._tried_at < RETRY_SECONDS:
                return  # another thread has tried while this one waited
            self._tried_at = now
            ring = from_jwks(json_object(self._get(self._url)), self._algorithm)
            if any(key.is_symmetric or key.is_private for key in ring):
                raise RefusedKeyError("the set holds private or symmetric keys")
            self._ring, self._fetched_at = ring, now
        except (OSError, JoseError, RefusedKeyError) as error:
            logger.error("keys of %s could not be fetched: %s", urlsplit(self._url).hostname, error)
        finally:
            self._lock.release()
