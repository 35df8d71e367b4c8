"""The next token can be computed from others.

## What is wrong

Tokens of several logins give the next one away: they repeat or count up, hold too little that changes, follow from
the state of Python's `random` (the tokens that came were computed from those before them) or from `random.seed` of a
time, a process id or a small number, or are a plain digest of the time, a number or the user's name.

The throw-away identity logs in as often as its `samples` say (20 by default); `random.getrandbits` shows itself only in
some 160 tokens of 128 bits, or 80 of 256. Where nothing is found, the report says what was tried. It never says that
tokens are random: no sample can show that. A picture shows of each position how often its commonest value came, and
never which value that is.

## Why it matters

Whoever logs in as himself a few times computes what the next user is given (RFC 6749 section 10.10, CWE-338, CWE-340).

## Bad

    token = "%032x" % random.getrandbits(128)

## Good

    token = secrets.token_urlsafe(32)

## References

RFC 6749 section 10.10; RFC 4086 section 6; ASVS 5.0.0 11.5.1; CWE-330, CWE-335, CWE-338, CWE-340, CWE-341.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from stopper.model import Control, Evidence, Scope, Severity, Strength, Verdict
from stopper.observe.views import Credential, Exchange, Live, NotAskedError, Request
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.positions import measured
from stopper.observe.wire.sample import FEWEST, SIGNED, Looked, Sample, look
from stopper.observe.wire.token import read

CONTROL = Control(
    id="BT203",
    name="predictable_token",
    severity=Severity.CRITICAL,
    title="The next token can be computed",
    witnesses="C A",
    requirements=("G01", "G02"),
    cwe=(330, 335, 338, 340, 341),
    guard="Guard.issue",
    scope=Scope.IDENTITY,
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Log in as often as is allowed, and look for what gives the last tokens away."""
    given = live.throwaway
    if given is None or given.samples < FEWEST:
        raise NotAskedError(f"fewer than {FEWEST} logins of a throw-away identity are allowed (`samples`)")
    samples: list[Sample] = []
    for _ in range(given.samples):
        exchange = yield given.login
        made = given.read(exchange)
        if not isinstance(made, Credential):
            raise NotAskedError(f"after {len(samples)} logins: {made}")
        token = made.token.reveal()
        form = read(token).form
        if form in SIGNED:
            raise NotAskedError(f"the token is a {form.value}, which its signature or encryption guards")
        samples.append(Sample(token, time.time()))
    if len({sample.token for sample in samples}) == 1:
        raise NotAskedError("every login gives the same token: that is BT505")
    picture = measured([sample.token for sample in samples])
    return (_verdict(look(samples, given.words), picture, len(samples), exchange, live),)


def _verdict(looked: Looked, picture: Evidence, number: int, last: Exchange, live: Live) -> Verdict:
    login = last.endpoint or live.endpoint
    if looked.fault:
        return Verdict(
            kept=False,
            message=f"{login}: {looked.fault} ({number} logins)",
            endpoints=(login,),
            evidence=(evidence("the last of the logins", last), picture),
            strength=Strength.PROVEN,
            cause="the way tokens are made",
        )
    tried = "; ".join(looked.tried)
    message = f"the tokens of {number} logins were not foretold; tried: {tried}"
    return Verdict(True, message, endpoints=(login,), evidence=(picture,), strength=Strength.PROVEN)
