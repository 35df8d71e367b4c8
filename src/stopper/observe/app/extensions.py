"""What the extensions of a running application make: tokens with which key, sessions for logins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stopper.observe.views import AppSnapshot
from stopper.secret import Secret

JWT_EXTENDED = "flask-jwt-extended"
"""The name under which Flask-JWT-Extended stands in `app.extensions`."""

_RAW = re.compile(r"[\x00-\xff]*[\x80-\x9f][\x00-\xff]*")
"""Bytes that were read one by one: no text has these control characters."""
_LOGIN = "flask_login.login_manager.LoginManager"


_ACCESS = "JWT_ACCESS_TOKEN_EXPIRES"


def configured_lifetime(snapshot: AppSnapshot | None) -> tuple[str, float] | None:
    """Return the setting that says how many seconds access tokens work, and what it says; None where there is none."""
    if snapshot is None or JWT_EXTENDED not in snapshot.extensions:
        return None
    seconds = snapshot.config.get(_ACCESS)
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return _ACCESS, float(seconds)
    return None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the configuration, by its setting; `algorithm` is the HMAC algorithm that it signs with."""

    setting: str
    key: Secret
    algorithm: str

    @property
    def size(self) -> int:
        """Return the length of the key in bytes."""
        text = self.key.reveal()
        return len(text) if _RAW.fullmatch(text) else len(text.encode())


def token_keys(snapshot: AppSnapshot) -> Iterator[SigningKey]:
    """Yield the keys that JWTs are signed with by HMAC.

    `JWT_SECRET_KEY` says so by its name; without it Flask-JWT-Extended takes `SECRET_KEY`.
    """
    algorithm = snapshot.config.get("JWT_ALGORITHM") or "HS256"
    names = ["JWT_SECRET_KEY", "SECRET_KEY"] if JWT_EXTENDED in snapshot.extensions else ["JWT_SECRET_KEY"]
    for name in names:
        key = snapshot.config.get(name)
        if isinstance(key, Secret) and key.reveal():
            if str(algorithm).startswith("HS") and not key.reveal().startswith("-----BEGIN"):
                yield SigningKey(name, key, str(algorithm))
            return


def session_keeper(snapshot: AppSnapshot) -> str:
    """Return the name of what keeps a login in Flask's session, an empty text where nothing is known to do so."""
    return "Flask-Login" if any(part.kind == _LOGIN for part in snapshot.parts.values()) else ""


def token_cookies(snapshot: AppSnapshot) -> bool:
    """Tell whether Flask-JWT-Extended sends tokens in cookies."""
    locations = snapshot.config.get("JWT_TOKEN_LOCATION") or ()
    return JWT_EXTENDED in snapshot.extensions and (locations == "cookies" or "cookies" in tuple(locations))
