"""Reports as real scans make them, for the reporters' tests and for looking at."""

from __future__ import annotations

import datetime
from dataclasses import replace

from stopper.model import (
    Agreement,
    Control,
    Coverage,
    Door,
    Endpoint,
    Evidence,
    Failure,
    Finding,
    MatrixRow,
    Observation,
    Place,
    Positions,
    Report,
    Saying,
    Severity,
    Silencer,
    Skip,
    Status,
    Strength,
    Suppression,
    Verdict,
    Witness,
)

ORDERS = Endpoint("GET", "/api/orders/{id}")
LOGIN = Endpoint("POST", "/api/login")

CONTROLS = {
    control.id: control
    for control in (
        Control("BT205", "hardcoded_secret", Severity.HIGH, "Secret written in the code", "SF", cwe=(798,)),
        Control("BT307", "token_answer_cacheable", Severity.MEDIUM, "Token answer may be cached", "WSAF", cwe=(525,)),
        Control("BT401", "authentication_missing", Severity.CRITICAL, "No authentication", "CSAJ", cwe=(306,)),
        Control("BT411", "expired_token_accepted", Severity.HIGH, "Expired token works", "MCAS", cwe=(613,)),
        Control("BT418", "challenge_missing", Severity.LOW, "401 without a challenge", "WAF"),
        Control("BT601", "declared_not_enforced", Severity.CRITICAL, "Protected on paper, open", "J", cwe=(306,)),
    )
}
PAGE = "What it is.\n\n## What is wrong\n\nThis.\n\n## Bad\n\n    app.run()\n"

ROUTE = Place("shop/api.py", 41, 1, '@app.get("/api/orders/<int:id>")')
PROMISE = Place("openapi.yaml", 88, 7, "security: [{bearer: []}]")


def _broken(
    control: str, witness: Witness, message: str, strength: Strength = Strength.PROVEN, **more: object
) -> Observation:
    return Observation(control, witness, Verdict(False, message, strength=strength, **more))  # type: ignore[arg-type]


def open_orders() -> Finding:
    """Return a confirmed BT601 that takes a BT401 in, with an exchange as its proof."""
    message = "the specification protects GET /api/orders/{id}, and it answers a caller who sends no credential"
    proof = Evidence(
        "answered without a credential",
        'GET https://127.0.0.1:8443/api/orders/1 -> 200 | content-type: application/json | {"id": 1, "owner": "ann"}\n'
        'GET https://127.0.0.1:8443/api/orders/1 -> 200 | content-type: application/json | {"id": 1, "owner": "ann"}',
        "curl -sS -i -X GET -H 'Accept: application/json, */*;q=0.5' https://127.0.0.1:8443/api/orders/1\n"
        "curl -sS -i -X GET -H 'Accept: application/json, */*;q=0.5' "
        '-H "Authorization: Bearer $TOKEN" https://127.0.0.1:8443/api/orders/1',
    )
    speakers = (Witness.SPEC, Witness.WIRE)
    own = tuple(
        _broken("BT601", w, message, place=ROUTE, endpoints=(ORDERS,), evidence=(proof,), witnesses=speakers)
        for w in speakers
    )
    narrower = Finding(
        "BT401",
        "authentication_missing",
        "No authentication",
        Severity.CRITICAL,
        Status.CONFIRMED,
        "GET /api/orders/{id} asks for nothing",
        ROUTE,
        (ORDERS,),
        (
            _broken("BT401", Witness.APP, "the app answers without a credential", endpoints=(ORDERS,)),
            _broken("BT401", Witness.SOURCE, "no guard stands before the view", Strength.CLAIMED, place=ROUTE),
        ),
    )
    return Finding(
        "BT601",
        "declared_not_enforced",
        "Protected in the specification, open in reality",
        Severity.CRITICAL,
        Status.CONFIRMED,
        message,
        ROUTE,
        (ORDERS,),
        own,
        (narrower,),
    )


def literal_key() -> Finding:
    """Return a BT205 that only the source saw, with the way from the literal to the signature."""
    literal = Place("shop/settings.py", 7, 1, 'JWT_SECRET_KEY = "[redacted 0f1e2d3c4b5a]"')
    use = Place("shop/tokens.py", 19, 12, 'return jwt.encode(claims, app.config["JWT_SECRET_KEY"], "HS256")')
    flow = Evidence("from the literal to the signature", path=((literal, "a literal"), (use, "signs tokens with it")))
    message = "JWT_SECRET_KEY is written in the code, and tokens are signed with it"
    seen = _broken("BT205", Witness.SOURCE, message, Strength.CLAIMED, place=literal, evidence=(flow,))
    title = "Secret written in the code"
    status = Status.SINGLE_WITNESS
    return Finding("BT205", "hardcoded_secret", title, Severity.HIGH, status, message, literal, (), (seen,))


def cacheable_login() -> Finding:
    """Return a medium finding of the wire alone that is mended in the specification's line, twelve endpoints wide."""
    endpoints = (LOGIN, *(Endpoint("GET", f"/api/page/{number}") for number in range(11)))
    message = "12 operations answer with a token and no Cache-Control: no-store"
    seen = _broken("BT307", Witness.WIRE, message, endpoints=endpoints)
    return Finding(
        "BT307", "token_answer_cacheable", "x", Severity.MEDIUM, Status.CONFIRMED, message, PROMISE, endpoints, (seen,)
    )


def bare_refusal() -> Finding:
    """Return a low finding without any place."""
    message = "GET /api/me answers 401 without WWW-Authenticate"
    me = (Endpoint("GET", "/api/me"),)
    seen = _broken("BT418", Witness.WIRE, message, endpoints=me)
    return Finding("BT418", "challenge_missing", "x", Severity.LOW, Status.CONFIRMED, message, None, me, (seen,))


def disputed_expiry() -> Finding:
    """Return a high finding that the source reads and the app disproves."""
    place = Place("shop/tokens.py", 31, 5, 'jwt.decode(token, key, options={"verify_exp": False})')
    message = "exp is not verified here"
    seen = _broken("BT411", Witness.SOURCE, message, Strength.CLAIMED, place=place, endpoints=(ORDERS,))
    status = Status.CONTRADICTED
    endpoints = (ORDERS,)
    return Finding("BT411", "expired_token_accepted", "x", Severity.HIGH, status, message, place, endpoints, (seen,))


def refused_expiry() -> Observation:
    """Return what speaks against `disputed_expiry`."""
    verdict = Verdict(True, "an expired token is refused", endpoints=(ORDERS,), strength=Strength.PROVEN)
    return Observation("BT411", Witness.APP, verdict)


def sampled_logins() -> Observation:
    """Return what twenty logins showed of their tokens: two stretches that never change, and one bit that leans."""
    shares = (*[1.0] * 12, *(0.5 + (number * 7 % 5) / 20 for number in range(115)), 1.0)
    shares = (*shares[:40], 0.95, *shares[41:])
    detail = "128 bit positions of 20 tokens\nnever change: 13 (1-12, 128)\nlean further than chance explains: 1 (41)"
    picture = Evidence("the bit positions of 20 tokens", detail, positions=Positions("bit", 20, shares, 0.5, 0.9))
    message = "the tokens of 20 logins were not foretold; tried: repeats; counters"
    verdict = Verdict(True, message, endpoints=(LOGIN,), evidence=(picture,), strength=Strength.PROVEN)
    return Observation("BT203", Witness.WIRE, verdict)


def rows() -> tuple[MatrixRow, ...]:
    """Return a row in which all agree, and one in which the wire contradicts the specification."""
    promised = Saying((Door.BEARER,), "bearer (bearer)", ("orders:read",), PROMISE)
    opened = Saying((Door.PUBLIC,), "nothing 200, random 200, credential 200")
    unguarded = Saying((Door.UNGUARDED,), "nothing that asks for a credential was recognised", place=ROUTE)
    shut = Saying((Door.BEARER,), "nothing 401, random 401, credential 200")
    unclear = Saying((Door.UNCLEAR,), "in the url_map as login, not called")
    drift = {Witness.SPEC: promised, Witness.SOURCE: unguarded, Witness.APP: opened, Witness.WIRE: opened}
    agreed = {Witness.SPEC: promised, Witness.SOURCE: promised, Witness.APP: unclear, Witness.WIRE: shut}
    return (
        MatrixRow(
            Endpoint("GET", "/api/me"), agreed, Agreement.AGREED, "the specification, the code and the wire agree"
        ),
        MatrixRow(ORDERS, drift, Agreement.DRIFT, "the specification says bearer, the wire says public"),
        MatrixRow(LOGIN, {Witness.APP: unclear}, Agreement.SILENT, "no witness makes a statement"),
    )


def leaky() -> Report:
    """Return the report of a scan with all four witnesses that found much."""
    findings = (open_orders(), literal_key(), disputed_expiry(), cacheable_login(), bare_refusal())
    return Report(
        targets=("https://127.0.0.1:8443", "openapi.yaml", "./shop", "shop:app"),
        findings=findings,
        observations=(*(o for finding in findings for o in finding.observations), refused_expiry(), sampled_logins()),
        coverage=Coverage(18, 20, 14, 13, 9, 8, 131, 77, 8.42, tuple(Witness), True, ("BT205", "BT401", "BT601")),
        skips=(
            *(Skip(f"POST /api/thing/{number}", "POST may change state") for number in range(9)),
            Skip("GET /api/createdb", "its name says that it changes state (createdb)"),
            Skip("shop/odd.py", "2,000 nested parentheses", "file"),
        ),
        failures=(Failure("BT307", "POST /api/login", "ZeroDivisionError"),),
        score=8,
        grade="F",
        notes=("the specification's base path /v2 is not part of the application's own paths",),
        controls=CONTROLS,
        pages=dict.fromkeys(CONTROLS, PAGE),
        version="0.1.0",
        exit_code=1,
        matrix=rows(),
    )


def silenced() -> Report:
    """Return the report of `leaky` in which a comment and a baseline take one finding each out of the count."""
    comment = Suppression(Silencer.COMMENT, "the demo holds no data", Place("shop/settings.py", 7))
    baseline = Suppression(Silencer.BASELINE, "waits for the new gateway", expires=datetime.date(2027, 2, 21))
    return replace(
        leaky(),
        findings=(open_orders(), cacheable_login(), bare_refusal()),
        suppressed=(replace(literal_key(), suppression=comment), replace(disputed_expiry(), suppression=baseline)),
    )


def unlooked() -> Report:
    """Return the report of an interrupted scan of source only, which found nothing and deserves no grade."""
    return Report(
        targets=("./shop",),
        findings=(),
        observations=(),
        coverage=Coverage(files=3, files_analysed=1, seconds=0.2, witnesses=(Witness.SOURCE,)),
        ungraded="neither the wire nor the application was asked",
        partial="interrupted",
        controls=CONTROLS,
        version="0.1.0",
    )
