"""The key's name in a token reaches a file or a query.

## What is wrong

The API uses `kid` from the token's header, which the caller writes, as a part of a path or of an SQL statement.

## Why it matters

The caller chooses what the token is verified with: an empty file, or a value that a query returns because the caller
wrote it there. With either, any token can be signed; and the query can be made to do more (RFC 8725 section 3.10,
CWE-22, CWE-89).

## Bad

    key = open(f"keys/{header['kid']}").read()
    key = db.execute(f"SELECT key FROM keys WHERE kid = '{header['kid']}'").fetchone()[0]

## Good

    key = KEYS.get(header["kid"])
    if key is None:
        refuse()

## References

RFC 7515 section 4.1.4; RFC 8725 section 3.10; CWE-22, CWE-78, CWE-89, CWE-347.
"""

from __future__ import annotations

from collections.abc import Iterable

from stopper.model import Control, Severity
from stopper.observe.views import Credential
from stopper.observe.wire.jwt import keyed

CONTROL = Control(
    id="BT409",
    name="kid_injectable",
    severity=Severity.CRITICAL,
    title="The key's name reaches a file or a query",
    witnesses="M",
    requirements=("V07",),
    cwe=(22, 78, 89),
    implied_by=("BT402", "BT403", "BT405"),
    guard="keys.KeyRing",
)

_SECRET = "stopper"

_PATHS = ("../../../../../../../../dev/null", "/dev/null", "..%2f..%2f..%2f..%2f..%2f..%2f..%2fdev%2fnull")
"""The file that is empty everywhere, so that the key is empty too."""

_QUERIES = (
    f"stopper-unknown' UNION SELECT '{_SECRET}",
    f"stopper-unknown' UNION SELECT '{_SECRET}' -- ",
    f'stopper-unknown" UNION SELECT "{_SECRET}',
)
"""Statements that read nothing and change nothing: they answer with a word of ours."""


def mutate(credential: Credential) -> Iterable[Credential]:
    """Give the token, where it names its key, with names that lead to a key of ours; nothing is read or changed."""
    if credential.jwt is None or "kid" not in credential.jwt.header:
        return
    yield keyed(credential, b"", "kid that is a path to an empty file", kid=_PATHS[0])
    yield keyed(credential, _SECRET.encode(), "kid that is a part of an SQL statement", kid=_QUERIES[0])
    for path in _PATHS[1:]:
        yield keyed(credential, b"", "kid that is a path to an empty file", kid=path)
    for query in _QUERIES[1:]:
        yield keyed(credential, _SECRET.encode(), "kid that is a part of an SQL statement", kid=query)
