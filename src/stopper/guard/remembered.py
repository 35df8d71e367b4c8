"""What one process knows of the Authorization headers that it has seen, so that nearly every request needs no I/O."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from stopper.guard import present, respond
from stopper.guard.feed import Feed
from stopper.guard.recent import Recent
from stopper.guard.signed import Verified
from stopper.guard.token import Token


class Remembered:
    """The newest headers and the tokens that they present.

    A header is remembered by its digest: whoever reads this memory shall not find tokens in it.
    """

    __slots__ = ("_admit_bound", "_feed", "_read", "_recent", "_verify")

    def __init__(
        self,
        feed: Feed,
        size: int,
        read: Callable[[str], str | None],
        verify: Callable[[str], Verified],
        admit_bound: Callable[[Token], None],
    ) -> None:
        """Take the feed, how many headers to keep, and three functions.

        `read` returns the credential of a header, or None for one of another scheme; `verify` returns its token, and
        `admit_bound` is asked once about one that is bound to its sender's key.
        """
        self._feed = feed
        self._recent: Recent[bytes, Verified] = Recent(size)
        self._read = read
        self._verify = verify
        self._admit_bound = admit_bound

    def token(self, header: str) -> Token | None:
        """Return the token of an Authorization header, or None for one of another scheme.

        Raises InvalidRequest for a header that is malformed, and InvalidToken or Unavailable as its verification does.
        Nearly every header was seen before, and is answered without I/O and without taking it apart.
        """
        feed = self._feed
        if time.monotonic() - feed.read_at >= feed.lag:
            feed.refresh()
        digest = hashlib.sha256(header.encode()).digest()
        verified = self._recent.young.get(digest) or self._recent.get(digest)
        if verified is None or (verified.find_key is not None and not verified.has_its_key()):
            return self._at_first_sight(header, digest)
        token = verified.token
        if verified.changes != feed.changes:
            self._check_feed(verified)
        if token.expires_at <= time.time():
            raise respond.InvalidToken("expired", token)
        return token

    def _check_feed(self, verified: Verified) -> None:
        """Hold a token that is remembered against what the feed has read since it was last held against it."""
        changes = self._feed.changes  # before, as another thread may read on in between
        if self._feed.ends(verified.token):
            raise respond.InvalidToken("revoked", verified.token)
        verified.changes = changes

    def _at_first_sight(self, header: str, digest: bytes) -> Token | None:
        credential = self._read(header)
        if credential is None:
            return None
        forgotten = self._feed.forgotten
        try:
            verified = self._verify(credential)
        except respond.InvalidToken:
            present.check_grammar(credential)
            raise
        if "cnf" in verified.token.claims:
            self._admit_bound(verified.token)
        self._recent.put(digest, verified)
        if self._feed.forgotten != forgotten:  # a revocation of this very token may have come and gone in between
            self._recent.clear()
        return verified.token

    def clear(self) -> None:
        """Forget everything."""
        self._recent.clear()


def refuse_bound(token: Token) -> None:
    """Refuse a token that is bound to a key which nobody has shown (RFC 9449 §7.2, RFC 8705 §3)."""
    raise respond.InvalidToken("bound to a key that was not shown", token)
