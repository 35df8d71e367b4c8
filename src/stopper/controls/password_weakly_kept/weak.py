"""Hashes that are made for speed, and passwords that are put through them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.controls.password_weakly_kept.naming import password, protects
from stopper.observe.source import Module, within
from stopper.observe.source.flows import last_name, reading, words
from stopper.observe.source.outbound import outbound

_FAST = frozenset(
    "md5 md4 sha sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 blake2b blake2s whirlpool "
    "crc32 adler32 hex_md5 hex_sha1 hex_sha256 hex_sha512 plaintext ripemd160".split()
)
_HASHLIB = frozenset(f"hashlib.{name}" for name in _FAST) | {"hashlib.new", "zlib.crc32", "zlib.adler32"}
_PACKAGES = ("Crypto.Hash.", "Cryptodome.Hash.", "passlib.hash.", "cryptography.hazmat.primitives.hashes.")
_WERKZEUG = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "plain")
_OTHER_USES = frozenset(
    "key keys cipher aes fernet iv nonce cache etag fingerprint token session signature checksum prefix suffix "
    "gravatar avatar url file filename path pwned breach hibp seed".split()
)
"""Words of what a digest becomes where it is no stored password: a key, a fingerprint, a file's name."""
_SEEDS = frozenset({"AES", "Fernet", "urlsafe_b64encode", "SecretBox", "startswith", "HMAC", "AESGCM"})

Found = tuple[ast.AST, str]


def hashes(module: Module) -> Iterator[Found]:
    """Yield each call that puts a password through a fast hash, with what is wrong with it."""
    for call in module.nodes(ast.Call):
        name = _fast(module, call)
        if name and ((_of_password(module, call) and not _other_use(module, call)) or _by_caller(module, call)):
            yield call, f"a password is kept under {name}: whoever reads it there tries billions of guesses a second"
        elif last_name(call) == "generate_password_hash":
            method = _werkzeug_method(module, call)
            if method:
                yield call, f"`generate_password_hash` is told to use {method}, which is made for speed"


def _fast(module: Module, call: ast.Call) -> str:
    """Return the name of the fast hash that a call makes, "" for any other call."""
    written = last_name(call).lower()
    known = (module.qualified(call.func) or "") if written in _FAST or written in ("new", "hash", "using") else ""
    if known == "hashlib.new":
        first = module.constant(call.args[0]) if call.args else None
        return first if isinstance(first, str) and first.lower() in _FAST else ""
    if known in _HASHLIB:
        return written
    if known.startswith(_PACKAGES):
        kind = known.split(".")[-2] if written in ("new", "hash", "using") else last_name(call)
        return kind if kind.lower() in _FAST else ""
    return ""


def _werkzeug_method(module: Module, call: ast.Call) -> str:
    given = [each.value for each in call.keywords if each.arg == "method"]
    method = module.constant(next(iter([*given, *call.args[1:2]]), ast.Constant("")))
    if not isinstance(method, str) or not (module.qualified(call.func) or "").startswith("werkzeug."):
        return ""
    return method if method in _WERKZEUG else ""


def _of_password(module: Module, call: ast.Call) -> bool:
    """Tell whether what is hashed is a password: by its own name, by what becomes of it, by what is asked before."""
    hashed = [*call.args, *(each.value for each in call.keywords)]
    if any(password(module, part) for each in hashed for part in within(each)):
        return True
    if not hashed:
        return any(password(module, part) for each in _updates(module, call) for part in within(each))
    return _becomes_password(module, call) or _asked_for_password(module, call, hashed)


def _updates(module: Module, call: ast.Call) -> Iterator[ast.expr]:
    """Yield what is given to `digest.update()` in the same function."""
    bound = module.parent(call)
    function = module.function_of(call)
    if not isinstance(bound, ast.Assign) or not isinstance(bound.targets[0], ast.Name) or function is None:
        return
    for node in within(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            yield from node.args if last_name(node.func.value) == bound.targets[0].id else ()


def _becomes_password(module: Module, call: ast.Call) -> bool:
    target = _target(module, call)
    function = module.function_of(call)
    told = words(target)
    if "password" in told or "passwd" in told or ("pass" in told and "hash" in told):
        return True
    named = words(function.name) if function is not None else ()
    return "password" in named and not {"hash", "encrypt", "encode", "digest"}.isdisjoint(named)


def _by_caller(module: Module, call: ast.Call) -> bool:
    """Tell whether a fast hash stands in a function that others give a password to.

    `encrypt(text)` says nothing of passwords, `user.password != encrypt(typed.password)` does.
    """
    function = module.function_of(call)
    if function is None or _other_use(module, call):
        return False
    taken = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    hashed = {part.id for each in call.args for part in within(each) if isinstance(part, ast.Name)}
    if hashed.isdisjoint(taken) or len(hashed.intersection(taken) - {"self"}) != 1:
        return False
    return any(
        password(other, given) for other, _, made in reading.callers(module, function) for given in made.args[:1]
    )


def _asked_for_password(module: Module, call: ast.Call, hashed: list[ast.expr]) -> bool:
    """Tell whether a branch that is taken for a password alone holds the call: `if key == "auth-password"`."""
    names = {part.id for each in hashed for part in within(each) if isinstance(part, ast.Name)}
    for outer in module.ancestors(call):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        if isinstance(outer, ast.If) and isinstance(outer.test, ast.Compare) and len(outer.test.ops) == 1:
            asked = module.constant(outer.test.comparators[0])
            if isinstance(outer.test.ops[0], ast.Eq) and isinstance(asked, str) and words(asked)[-1:] == ("password",):
                return bool(names)
    return False


def _target(module: Module, call: ast.Call) -> str:
    """Return the name that the digest is given, through the methods and calls around it."""
    for outer in module.ancestors(call):
        if isinstance(outer, ast.Assign):
            target = outer.targets[0]
            if isinstance(target, ast.Subscript):
                known = module.constant(target.slice)
                return known if isinstance(known, str) else last_name(target.value)
            return last_name(target)
        if isinstance(outer, ast.keyword):
            return outer.arg or ""
        if isinstance(outer, ast.stmt):
            return ""
    return ""


def _other_use(module: Module, call: ast.Call) -> bool:
    """Tell whether the digest is no stored password, or goes through a slow hash as well."""
    function = module.function_of(call)
    around = within(function) if function is not None else iter(())
    nodes = [node for node in around if isinstance(node, ast.Call)]
    if any(protects(last_name(node)) for node in nodes) or any(outbound(module, node) for node in nodes):
        return True
    for outer in module.ancestors(call):
        if isinstance(outer, ast.For | ast.While):
            return True
        if isinstance(outer, ast.Call) and last_name(outer) in _SEEDS:
            return True
        if isinstance(outer, ast.stmt):
            break
    told = {*words(_target(module, call)), *(words(function.name) if function is not None else ())}
    return not _OTHER_USES.isdisjoint(told) and "password" not in words(_target(module, call))
