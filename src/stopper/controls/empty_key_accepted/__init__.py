"""A token signed with no key at all is accepted.

## What is wrong

The API verifies an HMAC with an empty key: the setting was never filled in, a key was looked up and not found, or the
text `None` stands where a key should be.

## Why it matters

A key that everybody knows signs for everybody. HMAC fills a short key up with zeros, so that the empty key and any key
of zero bytes sign alike (RFC 2104 section 2, RFC 7518 section 3.2, CVE-2026-49852, CWE-1391).

## Bad

    jwt.decode(token, os.environ.get("JWT_KEY", ""), algorithms=["HS256"])
    jwt.decode(token, KEYS.get(header["kid"], ""), algorithms=["HS256"])

## Good

    jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])

Refuse to start without a key, and refuse a `kid` that you do not know.

## References

RFC 2104 section 2; RFC 7518 section 3.2; ASVS 5.0.0 9.1.1; CWE-1391, CWE-347.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import keyed

CONTROL = Control(
    id="BT405",
    name="empty_key_accepted",
    severity=Severity.CRITICAL,
    title="A token signed with an empty key is accepted",
    witnesses="M",
    requirements=("V05",),
    cwe=(347, 1391),
    implied_by=("BT402", "BT403"),
    guard="jose.verified",
)

_WORDS = ("None", "null")
"""What stands in the place of a key that is missing, once it has been made a text."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token signed with the empty key, with words that stand for none, and for a `kid` that nobody knows."""
    if credential.jwt is None:
        return
    yield keyed(credential, b"", "signed with an empty key")
    for word in _WORDS:
        yield keyed(credential, word.encode(), f"signed with the key `{word}`")
    yield keyed(credential, b"", "signed with an empty key, of an unknown kid", kid="stopper-unknown")
