"""A refresh token that was used works again.

## What is wrong

A refresh token that was exchanged for a new one is taken once more, or its use a second time is refused and the tokens
of its family live on.

## Why it matters

A refresh token used twice is in two hands, and nobody can say which is the thief's: the family must end (RFC 9700
section 4.14.2, RFC 6749 section 10.4, ASVS 5.0.0 10.4.5).

## Bad

    @app.post("/refresh")
    def refresh():
        return {"access_token": issue(owner_of(request.json["refresh_token"]))}

## Good

    app.register_blueprint(guard.endpoints(clients))    # grant_type=refresh_token: rotated, reuse ends the family

## References

RFC 6749 section 10.4; RFC 9700 sections 2.2.2 and 4.14.2; ASVS 5.0.0 10.4.5; CWE-294, CWE-613.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from stopper.model import Control, Scope, Severity, Strength, Verdict
from stopper.observe.views import Credential, Exchange, Live, NotAskedError, Request
from stopper.observe.wire.answers import named_tokens
from stopper.observe.wire.compare import answer_in_words, refused, succeeded
from stopper.observe.wire.evidence import evidence
from stopper.secret import Secret

CONTROL = Control(
    id="BT504",
    name="refresh_reuse_undetected",
    severity=Severity.HIGH,
    title="A refresh token that was used works again",
    witnesses="C A",
    requirements=("S09", "S10"),
    cwe=(294, 613),
    guard="Guard.issue_with_refresh",
    scope=Scope.IDENTITY,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Log in, use the refresh token twice, and then the one that the first use gave."""
    given = live.throwaway
    if given is None or given.refresh is None:
        raise NotAskedError("no operation is named that renews a token (`[login.refresh]`)")
    made = given.read((yield given.login))
    if not isinstance(made, Credential) or not _refresh(made):
        raise NotAskedError("the login of the throw-away identity gives no refresh token")
    first = yield given.refresh(made)
    renewed = _renewed(made, first)
    if renewed is None:
        raise NotAskedError(f"the refresh token is not taken even once: {answer_in_words(first)}")
    again = yield given.refresh(made)
    endpoint = first.endpoint or live.endpoint
    if _renewed(made, again):
        rotated = _refresh(renewed) not in ("", _refresh(made))
        how = "although a new one was given for it" if rotated else "and no new one is given for it"
        message = f"{endpoint} takes a refresh token that was used, {how}"
        return (_broken(message, live, again, first, None if rotated else Severity.MEDIUM),)
    if not refused(again) and not (again.response and again.response.status == 400):  # RFC 6749, 5.2
        raise NotAskedError(f"the second use proves nothing: {answer_in_words(again)}")
    if _refresh(renewed):
        family = yield given.refresh(renewed)
        if _renewed(renewed, family):
            message = f"{endpoint} refuses a used refresh token and leaves the one that took its place alive"
            return (_broken(message, live, family, first, None),)
    message = f"{endpoint} refuses a refresh token that was used"
    return (Verdict(True, message, endpoints=(endpoint,), strength=Strength.PROVEN),)


def _refresh(held: Credential) -> str:
    return next((token.reveal() for name, token in held.siblings if "refresh" in name.lower()), "")


def _renewed(held: Credential, exchange: Exchange) -> Credential | None:
    """Return the credential with the tokens of a successful answer in the place of its own; None without any."""
    if not succeeded(exchange) or exchange.response is None:
        return None
    tokens = named_tokens(exchange.response)
    if not tokens:
        return None
    made = tuple((name, Secret(token)) for name, token in tokens if "refresh" in name.lower())
    access = next((token for name, token in tokens if "refresh" not in name.lower()), held.token.reveal())
    return replace(held, token=Secret(access), siblings=made)


def _broken(message: str, live: Live, shown: Exchange, first: Exchange, severity: Severity | None) -> Verdict:
    return Verdict(
        kept=False,
        message=message,
        endpoints=(first.endpoint or live.endpoint,),
        evidence=(evidence("the first use, and the one that had to be refused", first, shown),),
        strength=Strength.PROVEN,
        cause="the refresh tokens",
        severity=severity,
    )
