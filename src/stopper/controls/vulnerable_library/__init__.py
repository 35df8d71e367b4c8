"""A release is pinned or installed in which tokens are known not to be safe.

## What is wrong

A requirements file, a lock file, the project's own description or an installed package names a release of a token
library, of Flask or of an extension that has a published flaw, or a range in which every release has it.

## Why it matters

The attack is public and needs nothing but the API's address: PyJWT before 2.4 took an OpenSSH public key for an HMAC
secret (CVE-2022-29217), python-jwt before 3.3.4 let anybody put claims into a signed token (CVE-2022-39227), Authlib
before 1.6.9 verified with the key that the token brought along (CVE-2026-27962). No code of the project has to be wrong
for it (CWE-1395, OWASP API8:2023).

## Bad

    PyJWT==2.3.0

    pyjwt = "^1.7"

## Good

    PyJWT==2.15.1

    pyjwt = "^2.15"

## References

ASVS 5.0.0 15.2.1; CWE-1395; OWASP API8:2023; the table of advisories in the control's folder, with its date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from stopper.controls.vulnerable_library.advisories import ADVISORIES, DATE, Advisory
from stopper.model import Control, Evidence, Severity, Strength, Verdict
from stopper.observe.source import Manifest, Pin
from stopper.observe.views import AppSnapshot

CONTROL = Control(
    id="BT215",
    name="vulnerable_library",
    severity=Severity.HIGH,
    title="A release with a known flaw in its handling of tokens is in use",
    witnesses="S A",
    requirements=("L19",),
    cwe=(1395,),
)

_KNOWN = {name: [one for one in ADVISORIES if one.package == name] for name in {one.package for one in ADVISORIES}}


def manifest(manifest: Manifest) -> Iterable[Verdict]:
    """Look at every pin of a package with advisories: flawed where each release that it allows is.

    A range that allows a good release too says nothing: what is installed from it is told by a lock file.
    """
    for pin in manifest.pins:
        known = _KNOWN.get(pin.package, [])
        allowed = _releases(pin, known) if known else []
        flaws = [advisory for advisory in known if all(_affects(advisory, release) for release in allowed)]
        if not allowed:
            continue
        if flaws:
            yield _broken(pin, flaws)
        elif not any(_affects(advisory, release) for advisory in known for release in allowed):
            yield Verdict(True, f"no advisory of {DATE} that is known here names {pin.package} {_told(pin)}", pin.place)


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at the releases that the running application has loaded."""
    for package in sorted(_KNOWN.keys() & snapshot.versions.keys()):
        try:
            release = Version(snapshot.versions[package])
        except InvalidVersion:
            continue
        flaws = [advisory for advisory in _KNOWN[package] if _affects(advisory, release)]
        if not flaws:
            message = f"no advisory of {DATE} that is known here names {package} {release}, which is loaded"
            yield Verdict(True, message, strength=Strength.PROVEN)
            continue
        message = f"{package} {release}, which is loaded, {_summary(flaws)}"
        yield Verdict(
            kept=False,
            message=message,
            place=snapshot.place,
            evidence=(_advisories(flaws),),
            strength=Strength.PROVEN,
            cause=package,
            severity=_worst(flaws).severity,
        )


def _broken(pin: Pin, flaws: Sequence[Advisory]) -> Verdict:
    worst = _worst(flaws).severity
    message = f"{pin.package} {_told(pin)} {_summary(flaws)}"
    severity = min(worst, Severity.LOW, key=lambda one: one.rank) if pin.development else worst
    return Verdict(False, message, pin.place, evidence=(_advisories(flaws),), severity=severity)


def _worst(flaws: Sequence[Advisory]) -> Advisory:
    return max(flaws, key=lambda advisory: advisory.severity.rank)


def _summary(flaws: Sequence[Advisory]) -> str:
    worst = _worst(flaws)
    others = f", and has {_count(len(flaws) - 1)} more" if len(flaws) > 1 else ""
    return f"{worst.flaw} ({worst.id}){others}: {_remedy(flaws)}"


def _advisories(flaws: Sequence[Advisory]) -> Evidence:
    listed = "\n".join(f"{each.id}: {each.flaw}; {_fixed(each)}" for each in flaws)
    return Evidence(f"Known on {DATE}", listed)


def _remedy(flaws: Sequence[Advisory]) -> str:
    fixed = [advisory.fixed for advisory in flaws if advisory.fixed]
    return f"take {max(fixed)} or later" if len(fixed) == len(flaws) else "no release is good, take another library"


def _fixed(advisory: Advisory) -> str:
    return f"fixed in {advisory.fixed}" if advisory.fixed else f"not fixed on {DATE}"


def _count(number: int) -> str:
    return "one flaw" if number == 1 else f"{number} flaws"


def _told(pin: Pin) -> str:
    release = pin.release
    return str(release) if release else f"in every release that {pin.allowed} allows"


def _affects(advisory: Advisory, release: Version) -> bool:
    return any(affected.contains(release, prereleases=True) for affected in advisory.affected)


def _releases(pin: Pin, known: Sequence[Advisory]) -> list[Version]:
    """Return the release that is pinned, else allowed ones that stand for all of the range."""
    return [pin.release] if pin.release else _samples(pin.allowed, known)


def _samples(allowed: SpecifierSet, known: Sequence[Advisory]) -> list[Version]:
    """Return allowed releases, one at least of every part of the range that the advisories' bounds cut it into."""
    bounds = {
        version
        for ranges in (allowed, *(each for one in known for each in one.affected))
        for version in _bounds(ranges)
    }
    candidates = {Version("0"), Version("99999"), *(near for bound in bounds for near in _around(bound))}
    return [candidate for candidate in sorted(candidates) if allowed.contains(candidate, prereleases=True)]


def _bounds(ranges: SpecifierSet) -> Iterator[Version]:
    for clause in ranges:
        try:
            yield Version(clause.version.removesuffix(".*"))
        except InvalidVersion:
            continue


def _around(bound: Version) -> Iterator[Version]:
    """Yield a bound, a release between it and the next below, and one between it and the next above."""
    yield bound
    yield Version(".".join(map(str, (*bound.release, *[0] * (4 - len(bound.release)), 1))))
    lower = list(bound.release)
    while lower and not lower[-1]:
        lower.pop()
    if lower:
        yield Version(".".join(map(str, (*lower[:-1], lower[-1] - 1, 99999))))
