"""A token names the address of its key, and the API fetches it from there.

## What is wrong

The API follows `jku` or `x5u` of a JWT's header to an address that the caller chose.

## Why it matters

Whoever writes the header serves the key that fits it, and every token is "valid". Even where the key is not believed
the server sends requests to wherever a caller wants (RFC 8725 section 3.10, ASVS 5.0.0 9.1.3, CWE-347, CWE-918).

## Bad

    keys = requests.get(header["jku"]).json()["keys"]

## Good

    keys = requests.get("https://login.test/.well-known/jwks.json").json()["keys"]

## References

RFC 7515 sections 4.1.2 and 4.1.5; RFC 8725 section 3.10; ASVS 5.0.0 9.1.3; CWE-347, CWE-918.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from stopper.model import Control, Severity, Strength, Verdict
from stopper.observe.views import Access, Credential, Exchange, Jwt, Live, NotAskedError, OwnKeys, Request
from stopper.observe.wire.compare import let_in, unstable
from stopper.observe.wire.evidence import evidence
from stopper.observe.wire.jwt import compact
from stopper.observe.wire.keys import own

CONTROL = Control(
    id="BT408",
    name="remote_key_trusted",
    severity=Severity.CRITICAL,
    title="A key at an address that the token names is trusted",
    witnesses="C",
    requirements=("V06",),
    cwe=(347, 918),
    implied_by=("BT402", "BT403"),
    guard="jose.verified",
)


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Present a token signed with a key of ours that names our own address; where nobody comes it is kept."""
    jwt = live.credential.jwt if live.credential else None
    if not live.thorough or not live.credential or not jwt or live.baseline.access is not Access.GUARDED:
        return ()
    if live.own_keys is None:
        raise NotAskedError("the API would have to fetch a key from us, which was not allowed")
    before = live.own_keys.fetched()
    mutant = _naming(live.credential, jwt, live.own_keys)
    exchange = yield live.with_credential(mutant)
    if let_in(exchange, live.baseline) and let_in((yield live.with_credential(mutant)), live.baseline):
        return (_broken(live, "believes a key that it fetched from the address in the token", None, exchange),)
    if live.own_keys.fetched() > before:
        return (_broken(live, "fetches from the address that a token names", Severity.HIGH, exchange),)
    if unstable(exchange):
        return ()
    message = f"{live.endpoint} fetches no key from the address that a token names"
    return (Verdict(True, message, endpoints=(live.endpoint,), strength=Strength.PROVEN),)


def _naming(credential: Credential, jwt: Jwt, keys: OwnKeys) -> Credential:
    key = own(str(jwt.header.get("alg")))
    header = {**jwt.header, "alg": key.algorithm, "jku": keys.url, "x5u": keys.url}
    return credential.changed(compact(header, jwt.claims, key.seal), "signed with the key at its `jku`")


def _broken(live: Live, what: str, severity: Severity | None, exchange: Exchange) -> Verdict:
    return Verdict(
        kept=False,
        message=f"{live.endpoint} {what}",
        endpoints=(live.endpoint,),
        evidence=(evidence("the answer to a token that names our address", live.baseline.nothing, exchange),),
        strength=Strength.PROVEN,
        cause="the credential check",
        severity=severity,
    )
