"""Where a module makes key pairs, and where it holds keys as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from stopper.controls.weak_public_key.keys import (
    SMALLEST_CURVE,
    SMALLEST_EXPONENT,
    SMALLEST_RSA,
    is_key,
    weakness_of_rsa,
    weaknesses_of_set,
)
from stopper.observe.source import Module
from stopper.observe.source.flows import last_name

_NONE = 99
"""The position of an argument that is only given by name."""

_SIZED: dict[str, tuple[str, str, int, int]] = {
    "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key": ("RSA", "key_size", 1, 0),
    "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key": ("DSA", "key_size", 0, _NONE),
    "Crypto.PublicKey.RSA.generate": ("RSA", "bits", 0, 2),
    "Cryptodome.PublicKey.RSA.generate": ("RSA", "bits", 0, 2),
    "Crypto.PublicKey.DSA.generate": ("DSA", "bits", 0, _NONE),
    "Cryptodome.PublicKey.DSA.generate": ("DSA", "bits", 0, _NONE),
    "rsa.newkeys": ("RSA", "nbits", 0, _NONE),
    "M2Crypto.RSA.gen_key": ("RSA", "bits", 0, 1),
    "joserfc.jwk.RSAKey.generate_key": ("RSA", "key_size", 0, _NONE),
    "authlib.jose.RSAKey.generate_key": ("RSA", "key_size", 0, _NONE),
    "authlib.jose.JsonWebKey.generate_key": ("", "crv_or_size", 1, _NONE),
    "joserfc.jwk.JWKRegistry.generate_key": ("", "crv_or_size", 1, _NONE),
    "jwcrypto.jwk.JWK.generate": ("", "size", _NONE, _NONE),
    "OpenSSL.crypto.PKey.generate_key": ("", "bits", 1, _NONE),
}
"""Functions that make key pairs: their kind (told by the first argument where ""), the size's name and position, the
position of the public exponent."""

_MAKERS = frozenset(name.rpartition(".")[2] for name in _SIZED)
_EXPONENTS = ("public_exponent", "e")
_SHELL = re.compile(r"\bopenssl\b.*?\b(?:genrsa\b.*?\b(\d{3,5})\b|rsa:(\d{3,5})\b|rsa_keygen_bits:(\d{3,5})\b)", re.S)
_PEM = re.compile(r"-----BEGIN (?:RSA |EC )?(?:PUBLIC|PRIVATE) KEY-----.*?-----END [A-Z ]+-----", re.S)


def made(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield each place that makes or holds a key pair, with what is weak about it: "" where nothing is."""
    for call in module.nodes(ast.Call) if module.mentions("generate", "newkeys", "gen_key", "openssl") else ():
        name = last_name(call)
        if name in _MAKERS:
            yield from _generated(module, call)
        elif name in ("generate_private_key", "generate") and module.mentions("curve", "secp", "sect", "brainpool"):
            yield from _on_curve(module, call)
    for text in module.nodes(ast.Constant) if module.mentions("openssl", "-----begin") else ():
        if isinstance(text.value, str | bytes) and not isinstance(module.parent(text), ast.Expr):
            yield from _written(text)
    for listed in module.nodes(ast.List) if module.mentions("genrsa", "rsa:", "rsa_keygen_bits") else ():
        words = module.constant(listed)
        if isinstance(words, list) and words[:1] == ["openssl"]:
            yield from _commanded(listed, " ".join(str(word) for word in words))
    for mapping in module.nodes(ast.Dict) if module.mentions("kty") else ():
        key = module.constant(mapping)
        if is_key(key):
            yield mapping, next(weaknesses_of_set([key]), "")


def _generated(module: Module, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    known = _SIZED.get(module.qualified(call.func) or "")
    if known is None:
        yield from _on_curve(module, call)
        return
    kind, named, position, exponent_at = known
    size = _argument(module, call, (named,), position)
    if (kind or _kind(module, call)) not in ("RSA", "DSA") or not isinstance(size, int):
        return
    exponent = _argument(module, call, _EXPONENTS, exponent_at)
    if size < SMALLEST_RSA:
        yield call, f"{'a DSA' if kind == 'DSA' else 'an RSA'} key of {size} bits"
    elif isinstance(exponent, int) and exponent < SMALLEST_EXPONENT:
        yield call, f"an RSA key with the public exponent {exponent}"
    else:
        yield call, ""


def _kind(module: Module, call: ast.Call) -> str:
    """Return the kind of key that the first argument asks for: `"RSA"`, `crypto.TYPE_RSA`, `kty="RSA"`."""
    given = [
        *call.args[:1],
        *(keyword.value for keyword in call.keywords if keyword.arg in ("kty", "key_type", "type")),
    ]
    if not given:
        return ""
    known = module.constant(given[0])
    return (known if isinstance(known, str) else last_name(given[0])).removeprefix("TYPE_")


def _argument(module: Module, call: ast.Call, names: tuple[str, ...], position: int) -> Any:
    given = [keyword.value for keyword in call.keywords if keyword.arg in names]
    given.extend(call.args[position : position + 1])
    return module.constant(given[0]) if given else None


def _on_curve(module: Module, call: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    """Judge `ec.generate_private_key(ec.SECP192R1())` and `ECC.generate(curve="P-192")`."""
    owner = (module.qualified(call.func) or "").rpartition(".")[0]
    if owner not in (
        "cryptography.hazmat.primitives.asymmetric.ec",
        "Crypto.PublicKey.ECC",
        "Cryptodome.PublicKey.ECC",
    ):
        return
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "curve")]
    known = module.constant(given[0]) if given else None
    name = known if isinstance(known, str) else last_name(given[0]) if given else ""
    bits = re.search(r"\d{3}", name)
    if bits is not None:
        weak = int(bits[0]) < SMALLEST_CURVE
        yield call, f"a key on the curve {name}" if weak else ""


def _written(node: ast.Constant) -> Iterator[tuple[ast.AST, str]]:
    text = node.value.decode("latin-1") if isinstance(node.value, bytes) else str(node.value)
    yield from _commanded(node, text)
    for found in _PEM.finditer(text):
        yield from _held(node, found[0].replace("\\n", "\n"))


def _commanded(node: ast.AST, text: str) -> Iterator[tuple[ast.AST, str]]:
    asked = _SHELL.search(text) if len(text) < 1000 else None
    if asked is not None:
        size = int(next(filter(None, asked.groups())))
        yield node, f"an RSA key of {size} bits" if size < SMALLEST_RSA else ""


def _held(node: ast.AST, pem: str) -> Iterator[tuple[ast.AST, str]]:
    data = "\n".join(line.strip() for line in pem.splitlines()).encode("latin-1", "replace")
    try:
        if b"PRIVATE" in data:
            key = serialization.load_pem_private_key(data, None, unsafe_skip_rsa_key_validation=True).public_key()
        else:
            key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return  # a stand-in for a key, or one under a password
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        yield node, weakness_of_rsa(numbers.n, numbers.e)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        yield node, f"a key on the curve {key.curve.name}" if key.curve.key_size < SMALLEST_CURVE else ""
