"""A token works after it was revoked.

## What is wrong

After the operation that the user named (logout, a change of the password, or another user's that ends the account) the
token that it should have ended is still let in, and still after a grace of a few seconds.

## Why it matters

Logging out is what a user does when a token is in the wrong hands: it must end it (ASVS 5.0.0 7.4.1 and 7.4.3, RFC 7009
section 2.1). A JWT that is only forgotten by the browser lives on until it expires.

## Bad

    @app.post("/logout")
    def logout():
        return {"message": "logged out"}

## Good

    @app.post("/logout")
    def logout():
        guard.revoke(guard.current_token)

## References

RFC 7009 section 2; ASVS 5.0.0 7.4.1, 7.4.2 and 7.4.3; CWE-613.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.views import Credential, Exchange, Live, NotAskedError, Request, Throwaway
from stopper.observe.wire.compare import alike, answer_in_words, refused, succeeded
from stopper.observe.wire.evidence import evidence

CONTROL = Control(
    id="BT503",
    name="revocation_ineffective",
    severity=Severity.HIGH,
    title="A token works after it was revoked",
    witnesses="C A",
    requirements=("S03", "S04", "S05"),
    cwe=(613,),
    guard="Guard.revoke",
    scope=Scope.IDENTITY,
)

GRACE = (0.0, 1.0, 2.0, 4.0)
"""Seconds that are waited before each question whether the token still works: a cache may hold it for a while."""

Make = Callable[[Credential], Request]
Conversation = Generator[Request, Exchange, Sequence[Verdict]]


def probe(live: Live) -> Conversation:
    """Log in with the throw-away identity, end the token by each operation that the user named, and use it again."""
    operations = _named(live)
    if live.throwaway is None or not operations:
        raise NotAskedError("no operation is named that ends a token (`[login.logout]`, `[login.password]`)")
    verdicts: list[Verdict] = []
    reasons: list[str] = []
    for name, make in operations:
        try:
            verdicts += yield from _ended(live, live.throwaway, name, make)
        except NotAskedError as reason:
            reasons.append(f"{name}: {reason}")
    if not verdicts:
        raise NotAskedError("; ".join(reasons))
    left_out = f" (not looked at: {'; '.join(reasons)})" if reasons else ""
    return [replace(verdict, message=verdict.message + left_out) for verdict in verdicts]


def _named(live: Live) -> list[tuple[str, Make]]:
    """Return the operations that end a token, the one that ends the account last: it is another user's to ask for."""
    given, another = live.throwaway, live.another
    if given is None:
        return []
    named: list[tuple[str, Make | None]] = [("logout", given.logout), ("the change of password", given.password)]
    disable = given.disable
    if disable and another:
        named.append(("the end of the account", lambda held: disable(held).with_headers(*another.headers())))
    return [(name, make) for name, make in named if make]


def _ended(live: Live, given: Throwaway, name: str, make: Make) -> Conversation:
    made = given.read((yield given.login))
    if not isinstance(made, Credential):
        raise NotAskedError(f"no token to end: {made}")
    before = yield live.with_credential(made)
    if not succeeded(before):
        raise NotAskedError(f"the throw-away identity is not let in: {answer_in_words(before)}")
    ending = yield make(made)
    if not succeeded(ending) and not _redirected(ending):
        raise NotAskedError(f"{name} did not succeed: {answer_in_words(ending)}")
    waited = 0.0
    after = before
    for pause in GRACE:
        waited += pause
        after = yield replace(live.with_credential(made), delay=pause)
        if not alike(after, before):
            break
    endpoint = ending.endpoint or live.endpoint
    if alike(after, before):
        return (
            Verdict(
                kept=False,
                message=f"{live.endpoint} still takes a token {waited:g} seconds after {name}",
                endpoints=(endpoint,),
                evidence=(evidence(f"{name}, and the token afterwards", ending, after),),
                strength=Strength.PROVEN,
                cause=name,
            ),
        )
    if not refused(after):
        raise NotAskedError(f"after {name} the answer proves nothing: {answer_in_words(after)}")
    taken = f"{waited:g} seconds after {name}" if waited else f"at once after {name}"
    return (Verdict(True, f"the token is refused {taken}", endpoints=(endpoint,), strength=Strength.PROVEN),)


def _redirected(exchange: Exchange) -> bool:
    """Tell whether a logout leads on, as those that browsers use do."""
    return exchange.response is not None and 300 <= exchange.response.status < 400
