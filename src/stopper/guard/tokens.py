"""The life of tokens: issued, verified, renewed, revoked. One object an application, used by its gate and its CLI."""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from stopper.guard import opaque, present, redact, respond, signed
from stopper.guard.claims import PROFILES, ClaimError, Expectation
from stopper.guard.feed import Feed
from stopper.guard.jose import JoseError
from stopper.guard.kept_keys import KeptKeys
from stopper.guard.pem import PemKeys, signing_keys
from stopper.guard.remembered import Remembered, refuse_bound
from stopper.guard.remote import RemoteKeys, RemoteKeysError
from stopper.guard.settings import Settings
from stopper.guard.signed import FindKey, SignedTokens, Verified
from stopper.guard.store import Kind, Redemption, Store, open_store
from stopper.guard.token import Refresh, Token, user
from stopper.secret import fingerprint

Found = TypeVar("Found")


class Tokens:
    """The tokens of one application. Methods raise StoreError where the store cannot be asked.

    `old` are verifiers for what another library handed out before (see `compat.old`); each returns None for the rest.
    """

    def __init__(self, read_settings: Callable[[], Settings]) -> None:
        """Take what reads the configuration, which happens at first use."""
        self._read_settings = read_settings
        self._memories: list[Remembered] = []
        self.old: list[Callable[[str], Token | None]] = []

    @functools.cached_property
    def settings(self) -> Settings:
        """The configuration, frozen at first use."""
        return self._read_settings()

    @functools.cached_property
    def store(self) -> Store:
        """Where tokens are kept."""
        return open_store(self.settings.store)

    @functools.cached_property
    def feed(self) -> Feed:
        """What this process knows of revocations."""
        settings = self.settings
        lag, bound, grace = settings.revocation_lag, settings.revocation_bound, settings.store_grace
        return Feed(self.store, lag, bound, grace, self._forget)

    @functools.cached_property
    def keys(self) -> KeptKeys | PemKeys:
        """Our own signing keys."""
        return signing_keys(self.settings, lambda: self.store)

    @functools.cached_property
    def audiences(self) -> list[str]:
        """The names under which this API is meant."""
        return list(self.settings.audiences) or [self.settings.issuer]

    @functools.cached_property
    def bearers(self) -> Remembered:
        """The headers that present a token which whoever bears it may use."""
        return self.remembered(present.bearer, refuse_bound)

    def remembered(self, read: Callable[[str], str | None], admit_bound: Callable[[Token], None]) -> Remembered:
        """Return a memory of headers over these tokens, with what reads them and what is asked about bound tokens."""
        made = Remembered(self.feed, self.settings.cache_size, read, self._verify, admit_bound)
        self._memories.append(made)
        return made

    def _forget(self) -> None:
        for memory in self._memories:
            memory.clear()

    @functools.cached_property
    def _signed(self) -> SignedTokens:
        settings = self.settings
        issuers: dict[str, tuple[Expectation, FindKey]] = {}
        for name, remote in settings.trusted_issuers.items():
            audiences = frozenset(remote.audiences or self.audiences)
            profile = PROFILES[remote.profile]
            expected = Expectation(name, audiences, profile, remote.longest_lifetime, settings.leeway)
            issuers[name] = expected, RemoteKeys(remote.jwks, remote.algorithm).find
        if settings.issuer:
            audiences, profile = frozenset(self.audiences), PROFILES["rfc9068"]
            own = Expectation(settings.issuer, audiences, profile, settings.access_lifetime, settings.leeway)
            issuers[settings.issuer] = own, self.keys.find
        return SignedTokens(issuers)

    # ----------------------------------------------------------------------- verify

    def verify(self, credential: str) -> Token:
        """Return the token of an access credential, which is not remembered.

        Raises InvalidToken, or Unavailable where keys cannot be had.
        """
        self.feed.refresh()
        return self._verify(credential).token

    def _verify(self, credential: str) -> Verified:
        changes = self.feed.changes
        verified = self._verify_old(credential) if self.old else None
        if verified is None:
            verified = self._verify_signed(credential) if "." in credential else self._find(credential)
        token = verified.token
        if self.feed.ends_at_first_sight(token):
            raise respond.InvalidToken("revoked", token)
        if token.expires_at <= time.time():
            raise respond.InvalidToken("expired", token)
        verified.changes = changes
        return verified

    def _verify_old(self, credential: str) -> Verified | None:
        for verify in self.old:
            token = verify(credential)
            if token is not None:
                return Verified(token)
        return None

    def _find(self, credential: str) -> Verified:
        if not opaque.is_well_formed(credential):
            raise respond.InvalidToken("not a token of this API")
        if self.settings.peppers:
            token = self._first(credential, self.store.find)
        else:
            token = self.store.find(opaque.digest(credential))
        if token is None:
            raise respond.InvalidToken("unknown")
        return Verified(token)

    def _digest(self, credential: str) -> bytes:
        """Return the digest that a new credential is kept under: keyed with the newest pepper, where there is one."""
        peppers = self.settings.peppers
        return opaque.peppered(credential, peppers[0]) if peppers else opaque.digest(credential)

    def _first(self, credential: str, look_up: Callable[[bytes], Found | None]) -> Found | None:
        """Return what is kept of a credential under any of the live peppers, the newest first."""
        for pepper in self.settings.peppers or (opaque.NO_PEPPER,):
            found = look_up(opaque.peppered(credential, pepper))
            if found is not None:
                return found
        return None

    def _verify_signed(self, credential: str) -> Verified:
        try:
            verified = self._signed.verify(credential)
        except (JoseError, ClaimError) as error:
            raise respond.InvalidToken(str(error)) from None
        except RemoteKeysError:
            raise respond.Unavailable("Tokens cannot be checked now.", "keys of the issuer unavailable") from None
        if verified.token.id:
            return verified
        # Some issuers give no jti. An empty id would make the revocation of one such token that of all of them.
        verified.token = replace(verified.token, id=fingerprint(credential))
        return verified

    # ----------------------------------------------------------------------- issue and renew

    def issue(self, wanted: Token) -> tuple[str, Token]:
        """Make a credential for an access token and return both, the token with its id."""
        if self.settings.token_format == "jwt":
            token = replace(wanted, id=secrets.token_hex(16), issuer=self.settings.issuer)
            credential = signed.issue(token, self.audiences, next(iter(self.keys.ring())))
        else:
            credential, token = self._issue_opaque(wanted)
        redact.carry(credential)
        return credential, token

    def _issue_opaque(self, wanted: Token) -> tuple[str, Token]:
        while True:
            credential = opaque.generate(self.settings.token_prefix)
            token = replace(wanted, id=fingerprint(credential))
            if self.store.add(self._digest(credential), token):
                return credential, token

    def begin_family(self, token: Token, lifetime: int | None = None) -> tuple[Token, str]:
        """Return the token as first of a new family, and the refresh credential that continues it.

        `lifetime` is in seconds and may only shorten the configured one.
        """
        longest = self.settings.refresh_lifetime
        first = replace(token, family=secrets.token_hex(16))
        refresh = Refresh(
            family=first.family,
            subject=first.subject,
            scopes=first.scopes,
            issued_at=first.issued_at,
            expires_at=first.issued_at + min(lifetime or longest, longest),
            idle_until=first.issued_at + self.settings.refresh_idle,
            claims=first.claims,
            client=first.client,
            authenticated_at=first.authenticated_at,
        )
        return first, self._keep_refresh(refresh)

    def _keep_refresh(self, refresh: Refresh) -> str:
        credential = opaque.generate(f"{self.settings.token_prefix}_r")
        self.store.add_refresh(self._digest(credential), refresh)
        redact.carry(credential)
        return credential

    def renewable(self, credential: str, client: str = "") -> Refresh:
        """Return what a refresh credential stands for without using it.

        Raises InvalidGrant for one that is unknown or of another client, which so leaves it to its own.
        """
        redact.carry(credential)
        if not opaque.is_well_formed(credential):
            raise respond.InvalidGrant("not a refresh token of this API")
        refresh = self._first(credential, self.store.find_refresh)
        if refresh is None:
            raise respond.InvalidGrant("unknown refresh token")
        if refresh.client != client:  # RFC 6749 §10.4
            raise respond.InvalidGrant("refresh token of another client", as_token(refresh, credential))
        return refresh

    def renew(self, credential: str, refresh: Refresh) -> tuple[Refresh, str]:
        """Use a renewable refresh credential: return its successor, as what it stands for and as a credential.

        Raises InvalidGrant for one that is expired or revoked. One that was used before ends its whole family
        (RFC 9700 §4.14.2): either it was stolen, or the thief has used it first.
        """
        now, grace = time.time(), self.settings.refresh_grace
        following = opaque.generate(f"{self.settings.token_prefix}_r")
        successor = replace(refresh, issued_at=now, idle_until=now + self.settings.refresh_idle)

        def redeem(digest: bytes) -> Redemption | None:
            redemption = self.store.redeem(digest, now, grace, self._digest(following), successor)
            return redemption if redemption.refresh else None

        redemption = self._first(credential, redeem)
        known = as_token(refresh, credential)
        if redemption is None:
            raise respond.InvalidGrant("unknown refresh token", known)
        if redemption.reused:
            self.revoke(Kind.FAMILY, refresh.family)
            raise respond.ReusedGrant("a used refresh token came again: its family is revoked", known)
        if min(refresh.expires_at, refresh.idle_until) <= now:
            raise respond.InvalidGrant("expired refresh token", known)
        if self.store.is_revoked(known):
            raise respond.InvalidGrant("revoked refresh token", known)
        redact.carry(following)
        return successor, following

    def find_refresh(self, credential: str) -> Refresh | None:
        """Return what a refresh credential stands for without using it, or None."""
        return self._first(credential, self.store.find_refresh) if opaque.is_well_formed(credential) else None

    # ----------------------------------------------------------------------- revoke

    def revoke_subject(self, subject: str, issuer: str = "") -> None:
        """End all that an issuer's subject was given; our own where none is named, of either format."""
        own = self.settings.issuer
        if issuer in ("", own):
            self.revoke(Kind.SUBJECT, user("", subject))
            issuer = own
        if issuer:
            self.revoke(Kind.SUBJECT, user(issuer, subject))

    def revoke(self, kind: Kind, value: str = "") -> None:
        """End a token by id, a family, all of a subject, or all; every process knows within the lag."""
        settings = self.settings
        longest = max(
            settings.access_lifetime,
            settings.refresh_lifetime,
            *(issuer.longest_lifetime for issuer in settings.trusted_issuers.values()),
        )
        self._revoke(kind, value, time.time() + longest + settings.leeway)

    def end(self, token: Token) -> None:
        """End a token, and its whole family where it has one (RFC 7009 §2.1)."""
        if token.family:
            self.revoke(Kind.FAMILY, token.family)
        else:
            self._revoke(Kind.TOKEN, token.id, token.expires_at)

    def _revoke(self, kind: Kind, value: str, dead_anyway: float) -> None:
        """Write a revocation that is kept until what it ends would be dead anyway, and every process has seen that."""
        self.store.revoke(kind, value, time.time(), dead_anyway + self.settings.revocation_lag)
        self.feed.look_again()


def as_token(refresh: Refresh, credential: str) -> Token:
    """Return a refresh token as revocations and the audit see it."""
    fields: Mapping[str, Any] = {
        name: getattr(refresh, name) for name in ("subject", "scopes", "issued_at", "expires_at", "client", "family")
    }
    return Token(id=fingerprint(credential), **fields)
