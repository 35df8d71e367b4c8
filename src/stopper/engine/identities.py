"""Keeps the credential of a scan alive: it is renewed before it ends, and when the answers show that it has ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from time import monotonic

from stopper.engine.recorder import CutShortError, Listener, Login, Recorder, Target
from stopper.observe.views import Credential
from stopper.secret import Secret

MARGIN = 30.0
"""Seconds before its end at which a credential is renewed; one that lives for less than a minute, at half its life."""

UNSEEN = 20
"""Requests after which a credential that does not tell its end is asked for once more: so much may be asked again."""

ON_TOP = 50
"""Requests that renewals may take on top of the budget: a token of two seconds must not cost an API its checks."""


@dataclass(slots=True)
class Renewal:
    """When the credential of a scan ends, and what takes its place.

    `login` is what made it, None where it was given and cannot be renewed; `since` is when that began, by the monotonic
    clock, and `seen` when it last was let in, after `sent` requests. `lived` is for how many seconds one worked that
    ended although nothing had announced it: longer than that none is trusted from then on. `repeated` is a token that
    another login gave once more. `on_top` is how many requests of renewals do not count against the budget any more.
    """

    target: Target
    recorder: Recorder
    listener: Listener
    login: Login | None = None
    since: float = 0.0
    seen: float = 0.0
    sent: int = 0
    lived: float | None = None
    repeated: Secret | None = None
    on_top: int = ON_TOP

    async def log_in(self, login: Login, base: str) -> Credential | str:
        """Log in at a base address; every token of the answer is kept out of all outputs."""
        return self.learnt(await login(self.recorder, base))

    def learnt(self, made: Credential | str) -> Credential | str:
        """Keep the tokens of a credential out of all outputs, and return it."""
        if isinstance(made, Credential):
            for secret in (made.token, *(token for _, token in made.siblings)):
                self.listener.learnt(secret)
        return made

    def due(self, held: Credential) -> bool:
        """Tell whether the credential is so near to its end that it is to be renewed first."""
        lives = min(filter(None, (lifetime(held), self.lived)), default=None)
        if self.login is None or lives is None or held.token == self.repeated:
            return False
        return lives - (monotonic() - self.since) < min(MARGIN, lives / 2)

    def worked(self) -> None:
        """Note that the credential was let in now."""
        self.seen, self.sent = monotonic(), self.recorder.sent

    def ended(self) -> None:
        """Note that the credential has ended unannounced: it lived from its login until it was let in last."""
        lived = self.seen - self.since
        self.lived = min(
            filter(None, (self.lived, lived if lived > 0 else (monotonic() - self.since) / 2)), default=None
        )

    def doubtful(self, held: Credential | None) -> bool:
        """Tell whether a credential may have ended unnoticed.

        It is older than one was that did, or nothing says when it ends and it was long not seen to be let in.
        """
        if self.login is None or held is None:
            return False
        if self.lived is not None:
            return monotonic() - self.since > self.lived
        return lifetime(held) is None and self.recorder.sent - self.sent > UNSEEN

    async def ahead(self, held: Credential) -> Credential:
        """Return what takes the place of a credential that still works; an API may give the same until it ends."""
        made = await self._made(held)
        self.repeated = made.token if made.token == held.token else None
        return made

    async def renewed(self, held: Credential) -> Credential:
        """Return what takes the place of a credential that has ended. Raises CutShortError where nothing does."""
        made = await self._made(held)
        if made.token == held.token:
            raise CutShortError("the credential ended, and its login gives the same one again")
        return made

    async def _made(self, held: Credential) -> Credential:
        """Return another credential: by the refresh flow where there is one, else by another login.

        Raises CutShortError where neither gives one: what is left was not looked at.
        """
        if self.login is None:
            raise CutShortError("the credential no longer works")
        began, base, sent = monotonic(), self.target.base, self.recorder.sent
        made: Credential | str = "no refresh flow"
        if self.target.refresh and self.login is self.target.logins[0]:
            made = self.learnt(await self.target.refresh(self.recorder, base, held))
        if not isinstance(made, Credential):
            made = await self.log_in(self.login, base)
        free = min(self.recorder.sent - sent, self.on_top)
        self.on_top -= free
        self.recorder.budget += free
        if not isinstance(made, Credential):
            raise CutShortError(f"the credential ended and could not be renewed: {made}")
        self.since = began
        return made


def lifetime(held: Credential) -> float | None:
    """Return for how many seconds after it was made a credential works, as its answer or its claims say."""
    said = [held.lifetime] if held.lifetime else []
    claims = held.jwt.claims if held.jwt else {}
    ends, begins = claims.get("exp"), claims.get("iat", time.time())
    if isinstance(ends, int | float) and isinstance(begins, int | float):
        said.append(float(ends - begins))
    return min((each for each in said if each > 0), default=None)
