"""What the guard answers: RFC 6750 challenges in RFC 9457 bodies, never cacheable, never with a word of the token.

A client learns the code of RFC 6750 §3.1, the log learns the reason, neither learns the token.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES, parse_set_header
from werkzeug.wrappers import Response

from stopper.guard.token import Token

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Refusal(HTTPException):
    """A request that the guard does not let through.

    `code` is the HTTP status, `error` the RFC 6750 §3.1 code (empty where no token was presented), `description` what
    the client is told, `reason` what the log is told. An application may render it itself with
    `@app.errorhandler(Refusal)`; status and challenge stay as they are.
    """

    code: int  # not here, or Flask would keep a handler for Refusal under this status alone
    error = ""
    challenges = True
    token: Token | None = None
    """The token that was refused, where it is known whose it is; for the log."""
    nonce = ""
    """The DPoP nonce that the client shall use (RFC 9449 §8)."""

    def __init__(self, description: str, reason: str = "", scopes: Iterable[str] = ()) -> None:
        """Take what the client and the log are told, and the scopes that would have been needed."""
        super().__init__(description)
        self.reason = reason or description
        self.scopes = tuple(sorted(scopes))

    def challenge(self, realm: str, resource_metadata: str = "", scheme: str = "Bearer") -> str:
        """Return the value of WWW-Authenticate (RFC 6750 §3), with the address of metadata where there is any."""
        parts = [f'realm="{realm}"']
        if self.error:
            parts += f'error="{self.error}"', f'error_description="{self.description}"'
        if self.scopes:
            parts.append(f'scope="{" ".join(self.scopes)}"')
        if resource_metadata:
            parts.append(f'resource_metadata="{resource_metadata}"')  # RFC 9728 §5.1
        return f"{scheme} {', '.join(parts)}"

    def get_response(self, environ: WSGIEnvironment | None = None, scope: dict[str, object] | None = None) -> Response:  # type: ignore[override]  # werkzeug's own annotation is of its sans-I/O response
        """Return the RFC 9457 problem document; the guard adds the challenge when the answer leaves."""
        status = self.code
        problem: dict[str, object] = {"title": HTTP_STATUS_CODES[status], "status": status, "detail": self.description}
        if self.error:
            problem["error"] = self.error
        return Response(json.dumps(problem) + "\n", status, content_type="application/problem+json")


class Unauthenticated(Refusal):
    """No credential was presented: 401 with a challenge that has no error code (RFC 6750 §3.1)."""

    code = 401


class InvalidToken(Refusal):
    """A token that is unknown, expired, revoked or not one at all: the client is not told which."""

    code = 401
    error = "invalid_token"

    def __init__(self, reason: str, token: Token | None = None) -> None:
        """Take what the log is told."""
        super().__init__("The access token is not valid.", reason)
        self.token = token


class InvalidRequest(Refusal):
    """A token presented in a way that RFC 6750 §2 does not allow."""

    code = 400
    error = "invalid_request"


class InsufficientScope(Refusal):
    """A good token that does not reach so far; the challenge names the scopes that would (RFC 6750 §3.1)."""

    code = 403
    error = "insufficient_scope"


class InsecureTransport(Refusal):
    """The request came in clear: 403, and no redirect, which would hide that a token has crossed (ASVS 4.1.2)."""

    code = 403
    challenges = False


class StaleAuthentication(Refusal):
    """A good token of somebody who proved who they are too long ago for this route (RFC 9470 §3)."""

    code = 401
    error = "insufficient_user_authentication"

    def __init__(self, max_age: int) -> None:
        """Take the age in seconds that would do."""
        super().__init__("More recent authentication is needed.", "authentication too old")
        self.max_age = max_age

    def challenge(self, realm: str, resource_metadata: str = "", scheme: str = "Bearer") -> str:
        """Return the challenge with the age that would do."""
        return f'{super().challenge(realm, resource_metadata, scheme)}, max_age="{self.max_age}"'


class InvalidProof(Refusal):
    """A DPoP proof that does not hold, or that is missing where one is needed (RFC 9449 §5, §7.1)."""

    code = 401
    error = "invalid_dpop_proof"

    def __init__(self, reason: str) -> None:
        """Take what the log is told."""
        super().__init__("The DPoP proof is not valid.", reason)


class NonceNeeded(InvalidProof):
    """A DPoP proof without the nonce that is asked for now; the answer holds it (RFC 9449 §8, §9)."""

    error = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        """Take the nonce."""
        super().__init__("no current nonce in the proof")
        self.description = "The DPoP proof must hold the nonce of this answer."
        self.nonce = nonce


class InvalidGrant(Refusal):
    """A refresh token that is not taken: the client is not told why (RFC 6749 §5.2)."""

    code = 400
    error = "invalid_grant"
    challenges = False

    def __init__(self, reason: str, token: Token | None = None) -> None:
        """Take what the log is told."""
        super().__init__("The refresh token is not valid.", reason)
        self.token = token


class ReusedGrant(InvalidGrant):
    """A refresh token that was used before: somebody else has it too, so its family has been ended."""


class Unavailable(Refusal):
    """The guard cannot decide now, so it does not let anybody through."""

    code = 503
    challenges = False


# --------------------------------------------------------------------------- headers, as WSGI has them

Headers = list[tuple[str, str]]

NO_STORE = ("Cache-Control", "no-store")
NOT_TO_KEEP = (NO_STORE, ("X-Content-Type-Options", "nosniff"))
"""The headers of an answer that refuses, or that hands out a token (RFC 6749 §5.1)."""


def without(headers: Headers, *names: str) -> Headers:
    """Return headers without those of some names, given in lower case."""
    return [header for header in headers if header[0].lower() not in names]


def varied(headers: Headers, name: str) -> Headers:
    """Return headers whose Vary lists one more (RFC 9110 §12.5.5)."""
    listed = parse_set_header(", ".join(value for header, value in headers if header.lower() == "vary"))
    listed.add(name)
    return [*without(headers, "vary"), ("Vary", listed.to_header())]
