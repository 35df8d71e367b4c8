"""Passwords are kept as they are, or under a hash that is made to be fast.

## What is wrong

A password reaches a table, a document or a file as the user typed it, is compared with what is stored letter by letter,
or is put through MD5, SHA-1, SHA-2 or another hash that was made for speed.

## Why it matters

Whoever once reads the table, from a backup or through an injection, has all passwords, or tries billions of guesses a
second against the hashes. With the password he fetches himself tokens as that user, here and wherever the same password
is used (ASVS 5.0.0 11.4.2, CWE-256, CWE-916).

## Bad

    user.password = request.json["password"]

    user.password = hashlib.sha256(password.encode()).hexdigest()

## Good

    user.password_hash = argon2.PasswordHasher().hash(password)

    user.password_hash = werkzeug.security.generate_password_hash(password)

## References

ASVS 5.0.0 11.4.2; NIST SP 800-63B section 3.1.1.2; OWASP Password Storage Cheat Sheet; CWE-256, CWE-328, CWE-916.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from stopper.controls.password_weakly_kept import plain, weak
from stopper.model import Control, Severity, Verdict
from stopper.observe.source import Module
from stopper.observe.source.flows import last_name, place

CONTROL = Control(
    id="BT316",
    name="password_weakly_kept",
    severity=Severity.HIGH,
    title="Passwords are kept in clear or under a fast hash",
    witnesses="S",
    requirements=("G20",),
    labels=("weak_password_hash", "plaintext_password"),
    cwe=(256, 328, 916),
)

_SPEAKS = ("passw", "pwd", "passphrase", "hashlib", "crypto.hash")
_SLOW = frozenset(
    "generate_password_hash check_password_hash hashpw checkpw argon2 scrypt pbkdf2_hmac verify_and_update".split()
)


def source(module: Module) -> Iterable[Verdict]:
    """Look at every fast hash of a password, and at every place where a password is stored or compared as it is."""
    if not module.mentions(*_SPEAKS):
        return
    said: set[int] = set()
    for node, message in (*weak.hashes(module), *plain.stores(module), *plain.comparisons(module)):
        line = getattr(node, "lineno", 0)
        if line not in said:
            said.add(line)
            yield Verdict(False, message, place(module, node), module.endpoints(node))
    for call in module.nodes(ast.Call):
        if last_name(call) in _SLOW and getattr(call, "lineno", 0) not in said:
            message = f"`{last_name(call)}` is made for passwords: each guess costs"
            yield Verdict(True, message, place(module, call), module.endpoints(call))
