"""The releases of token libraries that are known to be flawed, as of `DATE`."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from stopper.model import Severity

DATE = "2026-11-23"
"""When the table was last held against what was published."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One flaw of one package: the releases that have it and the first one after all of them that does not.

    `affected` are ranges, any of which a flawed release lies in; `fixed` is None where no release was good on `DATE`.
    `flaw` says what happens, after the package's name.
    """

    id: str
    package: str
    affected: tuple[SpecifierSet, ...]
    fixed: Version | None
    severity: Severity
    flaw: str


def _advisory(id: str, package: str, affected: str, fixed: str, severity: Severity, flaw: str) -> Advisory:
    ranges = tuple(SpecifierSet(each) for each in affected.split("|"))
    return Advisory(id, package, ranges, Version(fixed) if fixed else None, severity, flaw)


_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
_CONFUSED = "takes a public key for an HMAC secret"

ADVISORIES = tuple(
    _advisory(*row)
    for row in (
        ("CVE-2017-11424", "pyjwt", "<1.5.1", "1.5.1", _HIGH, f"{_CONFUSED} (PKCS #1 PEM)"),
        ("CVE-2022-29217", "pyjwt", ">=1.5.0,<2.4.0", "2.4.0", _HIGH, f"{_CONFUSED} (OpenSSH)"),
        ("CVE-2024-53861", "pyjwt", "==2.10.0", "2.10.1", _HIGH, "accepts a part of the issuer for the issuer"),
        ("CVE-2026-32597", "pyjwt", "<2.12.0", "2.12.0", _HIGH, "ignores critical header members"),
        ("CVE-2026-48522", "pyjwt", "<2.13.0", "2.13.0", _MEDIUM, "fetches keys from file addresses"),
        ("CVE-2026-48523", "pyjwt", "<2.13.0", "2.13.0", _HIGH, "does not hold a key to its algorithm"),
        ("CVE-2026-48524", "pyjwt", "<2.13.0", "2.13.0", _MEDIUM, "fetches keys again without bound"),
        ("CVE-2026-48525", "pyjwt", "<2.13.0", "2.13.0", _MEDIUM, "decodes large tokens at great cost"),
        ("CVE-2026-48526", "pyjwt", "<2.13.0", "2.13.0", _HIGH, f"{_CONFUSED} (JWK)"),
        ("CVE-2026-101918", "pyjwt", ">=2.0.0a1,<2.15.0", "2.15.0", _MEDIUM, "fails on deeply nested claims"),
        ("CVE-2026-102267", "pyjwt", "<2.14.0", "2.14.0", _HIGH, "follows a key set's address wherever it redirects"),
        ("CVE-2026-102268", "pyjwt", "<2.14.0", "2.14.0", _HIGH, f"{_CONFUSED} (PEM with other spaces)"),
        ("CVE-2026-102269", "pyjwt", "<2.14.0", "2.14.0", _MEDIUM, "accepts other spellings of a signature"),
        ("CVE-2026-102271", "pyjwt", ">=2.4.0,<2.14.0", "2.14.0", _HIGH, f"{_CONFUSED} (DER)"),
        ("CVE-2024-33663", "python-jose", "<3.4.0", "3.4.0", _HIGH, f"{_CONFUSED} (OpenSSH ECDSA)"),
        ("CVE-2024-33664", "python-jose", "<3.4.0", "3.4.0", _MEDIUM, "unpacks an encrypted token without bound"),
        ("CVE-2026-85394", "python-jose", "<=3.5.0", "", _HIGH, f"{_CONFUSED} (DER)"),
        ("CVE-2026-120459", "python-jose", "<=3.5.0", "", _HIGH, "verifies with an empty HMAC key"),
        ("CVE-2024-37568", "authlib", "<1.3.1", "1.3.1", _HIGH, f"{_CONFUSED} (PEM)"),
        ("CVE-2025-59420", "authlib", "<1.6.4", "1.6.4", _HIGH, "ignores critical header members"),
        ("CVE-2025-61920", "authlib", "<1.6.5", "1.6.5", _MEDIUM, "parses parts of a token of any size"),
        ("CVE-2026-27962", "authlib", "<1.6.9", "1.6.9", _HIGH, "verifies with the key that the token brings"),
        ("CVE-2026-28490", "authlib", "<1.6.9", "1.6.9", _MEDIUM, "tells wrong RSA1_5 padding apart"),
        ("CVE-2026-28802", "authlib", ">=1.6.5,<1.6.7", "1.6.7", _HIGH, "accepts tokens without a signature"),
        ("CVE-2026-96760", "authlib", "<1.9.0", "1.9.0", _HIGH, "accepts tokens in JSON without a signature"),
        ("CVE-2026-114616", "authlib", "<1.9.1", "1.9.1", _HIGH, "verifies with an empty HMAC key"),
        (
            "CVE-2026-114617",
            "authlib",
            "<1.9.0",
            "1.9.0",
            _MEDIUM,
            "lets an ID token switch the check of its nonce off",
        ),
        ("CVE-2023-6681", "jwcrypto", "<1.5.1", "1.5.1", _MEDIUM, "lets the token choose the number of rounds"),
        ("CVE-2024-28102", "jwcrypto", "<1.5.6", "1.5.6", _MEDIUM, "unpacks an encrypted token without bound"),
        ("CVE-2026-84185", "jwcrypto", "<1.6.0", "1.6.0", _LOW, "verifies wrongly in rare uses of a key set"),
        ("CVE-2022-39227", "python-jwt", "<3.3.4", "3.3.4", _HIGH, "lets claims be put into a signed token"),
        (
            "CVE-2025-65015",
            "joserfc",
            ">=1.3.3,<1.3.5|>=1.4.0,<1.4.2",
            "1.4.2",
            _MEDIUM,
            "repeats tokens in its errors",
        ),
        ("CVE-2026-27932", "joserfc", "<1.6.3", "1.6.3", _MEDIUM, "lets the token choose the number of rounds"),
        ("CVE-2026-48990", "joserfc", "<1.6.7", "1.6.7", _MEDIUM, "takes unencoded payloads of any size"),
        ("CVE-2026-49852", "joserfc", "<1.6.8", "1.6.8", _HIGH, "verifies with an empty HMAC key"),
        ("CVE-2026-62995", "joserfc", "<1.7.2", "1.7.2", _LOW, "accepts other spellings of a token"),
        ("CVE-2026-102946", "joserfc", "<1.7.4", "1.7.4", _HIGH, "accepts tokens in JSON without a signature"),
        ("CVE-2023-30861", "flask", "<2.2.5|>=2.3.0,<2.3.2", "2.3.2", _HIGH, "lets a cache keep one user's session"),
        ("CVE-2025-47278", "flask", "==3.1.0", "3.1.1", _MEDIUM, "signs with the oldest fallback key"),
        ("CVE-2026-27205", "flask", "<3.1.3", "3.1.3", _LOW, "leaves out Vary: Cookie in places"),
        ("CVE-2019-14806", "werkzeug", "<0.15.3", "0.15.3", _HIGH, "makes a debugger PIN that is guessed"),
        ("CVE-2024-34069", "werkzeug", "<3.0.3", "3.0.3", _HIGH, "lets another site open its debugger"),
        ("CVE-2024-1681", "flask-cors", "<4.0.1", "4.0.1", _MEDIUM, "lets a caller forge log lines"),
        ("CVE-2024-6221", "flask-cors", "<4.0.2", "4.0.2", _HIGH, "opens private networks to other origins"),
        ("CVE-2024-6839", "flask-cors", "<6.0.0", "6.0.0", _MEDIUM, "orders path patterns by length alone"),
        ("CVE-2024-6844", "flask-cors", "<6.0.0", "6.0.0", _MEDIUM, "matches another path than the one served"),
        ("CVE-2024-6866", "flask-cors", "<6.0.0", "6.0.0", _MEDIUM, "matches paths without regard to case"),
        (
            "CVE-2021-21241",
            "flask-security-too",
            ">=3.3.0,<3.4.5",
            "3.4.5",
            _HIGH,
            "gives a token to a GET of another site",
        ),
        ("CVE-2021-32618", "flask-security-too", "<4.1.0", "4.1.0", _LOW, "redirects to other sites after login"),
        (
            "CVE-2023-27524",
            "apache-superset",
            "<2.1.0",
            "2.1.0",
            _HIGH,
            "signs sessions with a key that everybody knows",
        ),
    )
)
