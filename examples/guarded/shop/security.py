"""The guard that stands before every route of the shop, and the digests of credentials that the shop keeps itself."""

from __future__ import annotations

import hashlib
from typing import NoReturn

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from stopper.guard import Guard

guard = Guard()


def refuse(description: str) -> NoReturn:
    """Answer 401 to a wrong password or key; every 401 carries a challenge (RFC 9110 section 15.5.2)."""
    raise Unauthorized(description, www_authenticate=WWWAuthenticate("bearer", {"realm": "the shop"}))


def digest(credential: str) -> str:
    """Return what is kept of a random credential: enough to know it again, and nothing to present it with."""
    return hashlib.sha256(credential.encode()).hexdigest()
