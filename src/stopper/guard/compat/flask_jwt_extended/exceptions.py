"""What the stand-in raises where a request is not let through, under the names that applications catch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class JWTExtendedException(Exception):  # noqa: N818  # the name that applications catch
    """A request that is not let through."""


class NoAuthorizationError(JWTExtendedException):
    """No bearer token was presented."""


class InvalidHeaderError(JWTExtendedException):
    """The Authorization header is malformed."""


class CSRFError(JWTExtendedException):
    """Never raised, as no token is taken from a cookie; for applications that catch it."""


class InvalidQueryParamError(JWTExtendedException):
    """Never raised, as no token is taken from a URL; for applications that catch it."""


class JWTDecodeError(JWTExtendedException):
    """The token is none of this application."""


class WrongTokenError(JWTExtendedException):
    """A refresh token where an access token is wanted, or the other way round."""


class JudgedTokenError(JWTExtendedException):
    """A token of this application that is not let through, with its header and payload for the callbacks."""

    def __init__(self, message: str, jwt_header: Mapping[str, Any], jwt_data: Mapping[str, Any]) -> None:
        """Take the message, the header and the payload."""
        super().__init__(message)
        self.jwt_header = dict(jwt_header)
        self.jwt_data = dict(jwt_data)


class ExpiredTokenError(JudgedTokenError):
    """The token has expired."""


class RevokedTokenError(JudgedTokenError):
    """The token was revoked."""


class FreshTokenRequired(JudgedTokenError):  # noqa: N818  # the name that applications catch
    """A token that came from a refresh, where the user must have logged in."""


class UserLookupError(JudgedTokenError):
    """The application knows no user for the token."""


class UserClaimsVerificationError(JudgedTokenError):
    """The application's own check of the token failed."""
