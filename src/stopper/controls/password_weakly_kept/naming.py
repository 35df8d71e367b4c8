"""Which expressions hold a password as it was typed, and which functions protect one."""

from __future__ import annotations

import ast
import functools

from stopper.observe.source import Module
from stopper.observe.source.flows import Says, credential, words
from stopper.observe.source.labels import label

_PROTECTING = frozenset(
    "hashpw bcrypt argon2 scrypt pbkdf2 hasher kdf derive encrypt encrypted decrypt crypt cryptcontext checkpw".split()
)
_HASHING = _PROTECTING | frozenset("hash hashed hashing digest hexdigest salt salted sha256 sha512 sha1 md5".split())
_SHORT = frozenset("pw pass_ passw pswd psw user_pass new_pass old_pass userpass".split())


@functools.lru_cache(maxsize=10_000)
def says_password(name: str) -> bool:
    """Tell whether a name stands for a password as it was typed; `password_hash` does not."""
    return credential(name) is Says.PASSWORD or name.lower() in _SHORT


@functools.lru_cache(maxsize=10_000)
def protects(name: str) -> bool:
    """Tell whether a function of this name is a slow hash, or an encryption."""
    told = words(name)
    both = "password" in told and "hash" in told and {"generate", "check", "make", "get"} & set(told)
    return not _PROTECTING.isdisjoint(told) or bool(both)


@functools.lru_cache(maxsize=10_000)
def hashing(name: str) -> bool:
    """Tell whether a function of this name answers with something other than the password it was given."""
    return not _HASHING.isdisjoint(words(name)) or name in ("make_password", "set_password", "create_password")


def password(module: Module, node: ast.AST) -> bool:
    """Tell whether an expression takes a password, by the name that it has there."""
    return says_password(label(module, node))
