"""What becomes of credentials that were found at rest: whether the store still knows them, and their end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from stopper.guard import respond
from stopper.guard.settings import ConfigurationError, Settings
from stopper.guard.store import REDIS_SCHEMES
from stopper.guard.token import Token
from stopper.guard.tokens import Tokens, as_token
from stopper.secret import Secret
from stopper.sweep.sighting import Judge, Life, judged_by_itself

__all__ = ["ending", "kept_in", "standing"]

_LONGEST = 10 * 366 * 86_400
_LIVES = {"expired": Life.EXPIRED, "revoked": Life.REVOKED, "unknown": Life.FOREIGN}


def kept_in(store: str) -> Tokens:
    """Return the tokens of a store by its URL, with the peppers of the environment.

    Raises ConfigurationError, and StoreError where it cannot be reached.

    How long refresh tokens live there, the store does not say: what is revoked stays so for ten years.
    """
    settings = Settings.from_config({"STOPPER_STORE": store, "STOPPER_REFRESH_LIFETIME": _LONGEST}, "")
    tokens = Tokens(lambda: settings)
    if not store.startswith(REDIS_SCHEMES) and _is_missing_file(store):
        raise ConfigurationError("the store's file does not exist")
    tokens.store.newest_revocation()
    return tokens


def _is_missing_file(store: str) -> bool:
    """Tell whether a URL is of an SQLite file that opening it would make."""
    import sqlalchemy as sa

    try:
        url = sa.make_url(store)
    except (sa.exc.ArgumentError, ValueError):
        return False  # which the store says better
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()


def standing(tokens: Tokens) -> Judge:
    """Return what tells from the store whether a credential of the guard lives. It raises StoreError."""

    def judge(form: str, credential: Secret) -> Life:
        return _standing(tokens, form, credential)[0]

    return judge


def ending(tokens: Tokens, end: Callable[[Token], object]) -> Judge:
    """Return what also ends every credential of the guard that lives, by `end`, with all of its family."""

    def judge(form: str, credential: Secret) -> Life:
        life, token = _standing(tokens, form, credential)
        if life is not Life.ALIVE or token is None:
            return life
        end(token)
        return Life.REVOKED_NOW

    return judge


def _standing(tokens: Tokens, form: str, credential: Secret) -> tuple[Life, Token | None]:
    value = credential.reveal()
    if form not in ("opaque token", "JWT") or not value.isascii():
        return Life.UNKNOWN, None
    refresh = tokens.find_refresh(value)
    if refresh is not None:
        known = as_token(refresh, value)
        expired = min(refresh.expires_at, refresh.idle_until) <= time.time()
        return (Life.EXPIRED, known) if expired else _unless_revoked(tokens, known)
    try:
        return _unless_revoked(tokens, tokens.verify(value))
    except respond.InvalidToken as refusal:
        if refusal.reason in _LIVES and (form == "opaque token" or refusal.token):
            return _LIVES[refusal.reason], refusal.token
    except respond.Unavailable:  # the keys of a remote issuer
        pass
    return judged_by_itself(form, credential), None


def _unless_revoked(tokens: Tokens, token: Token) -> tuple[Life, Token]:
    """Ask the store itself: the feed would learn of what this very sweep has ended only within the lag."""
    return (Life.REVOKED if tokens.store.is_revoked(token) else Life.ALIVE), token
