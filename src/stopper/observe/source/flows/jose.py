"""Calls that sign, verify or read signed tokens, the same for every library: PyJWT, python-jose, joserfc, Authlib, ...

Only what the call says is told here; what it means is for the controls.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stopper.observe.source.constants import UNKNOWN
from stopper.observe.source.flows.values import NONE, RAW, Value
from stopper.observe.source.names import Instance

if TYPE_CHECKING:
    from stopper.observe.source.flows.values import Called
    from stopper.observe.source.module import Module
    from stopper.observe.source.syntax import Function


class Act(enum.Enum):
    """What a call does to a token."""

    SIGN = "sign"
    VERIFY = "verify"
    READ = "read without verifying"
    HEADER = "read the header"
    SIGN_TEXT = "sign with itsdangerous"
    VERIFY_TEXT = "verify with itsdangerous"


_PYJWT_DECODE = ("token", "key", "algorithms", "options", "verify")
_SIGN = ("claims", "key", "algorithm", "headers")
_SIGN_HEADER_FIRST = ("header", "claims", "key", "algorithms")
_DECODE = ("token", "key", "algorithms", "options")
_ONE = ("token",)

_FUNCTIONS: dict[str, tuple[Act, str, tuple[str, ...]]] = {}
for _name in ("jwt", "jwt.api_jwt", "jwt.PyJWT", "jwt.api_jwt.PyJWT"):
    _FUNCTIONS[f"{_name}.encode"] = (Act.SIGN, "PyJWT", _SIGN)
    _FUNCTIONS[f"{_name}.decode"] = (Act.VERIFY, "PyJWT", _PYJWT_DECODE)
    _FUNCTIONS[f"{_name}.decode_complete"] = (Act.VERIFY, "PyJWT", _PYJWT_DECODE)
    _FUNCTIONS[f"{_name}.get_unverified_header"] = (Act.HEADER, "PyJWT", _ONE)
for _name in ("jwt.PyJWS", "jwt.api_jws", "jwt.api_jws.PyJWS"):
    _FUNCTIONS[f"{_name}.decode"] = (Act.VERIFY, "PyJWS", ("token", "key", "algorithms", "options"))
    _FUNCTIONS[f"{_name}.decode_complete"] = (Act.VERIFY, "PyJWS", ("token", "key", "algorithms", "options"))
    _FUNCTIONS[f"{_name}.get_unverified_header"] = (Act.HEADER, "PyJWS", _ONE)
for _name in ("jose.jwt", "jose"):
    _FUNCTIONS[f"{_name}.encode"] = (Act.SIGN, "python-jose", _SIGN)
    _FUNCTIONS[f"{_name}.decode"] = (Act.VERIFY, "python-jose", _DECODE)
    _FUNCTIONS[f"{_name}.get_unverified_claims"] = (Act.READ, "python-jose", _ONE)
    _FUNCTIONS[f"{_name}.get_unverified_header"] = (Act.HEADER, "python-jose", _ONE)
    _FUNCTIONS[f"{_name}.get_unverified_headers"] = (Act.HEADER, "python-jose", _ONE)
_FUNCTIONS["jose.jws.sign"] = (Act.SIGN, "python-jose", ("claims", "key", "headers", "algorithm"))
_FUNCTIONS["jose.jws.get_unverified_header"] = (Act.HEADER, "python-jose", _ONE)
_FUNCTIONS["jose.jws.verify"] = (Act.VERIFY, "python-jose", ("token", "key", "algorithms", "verify"))
_FUNCTIONS["jose.jws.get_unverified_claims"] = (Act.READ, "python-jose", _ONE)
_FUNCTIONS["joserfc.jwt.encode"] = (Act.SIGN, "joserfc", _SIGN_HEADER_FIRST)
_FUNCTIONS["joserfc.jwt.decode"] = (Act.VERIFY, "joserfc", ("token", "key", "algorithms", "registry"))
_FUNCTIONS["joserfc.jws.extract_compact"] = (Act.READ, "joserfc", _ONE)
_FUNCTIONS["joserfc.jws.extract_json"] = (Act.READ, "joserfc", _ONE)
_FUNCTIONS["joserfc.jws.deserialize_compact"] = (Act.VERIFY, "joserfc.jws", ("token", "key", "algorithms", "registry"))
_FUNCTIONS["joserfc.jws.deserialize_json"] = (Act.VERIFY, "joserfc.jws", ("token", "key", "algorithms", "registry"))
for _name in ("authlib.jose.JsonWebSignature", "authlib.jose.rfc7515.JsonWebSignature"):
    _FUNCTIONS[f"{_name}.deserialize_compact"] = (Act.VERIFY, "Authlib JWS", ("token", "key"))
    _FUNCTIONS[f"{_name}.deserialize"] = (Act.VERIFY, "Authlib JWS", ("token", "key"))
for _name in ("authlib.jose.jwt", "authlib.jose.JsonWebToken", "authlib.jose.rfc7519.JsonWebToken"):
    _FUNCTIONS[f"{_name}.encode"] = (Act.SIGN, "Authlib", _SIGN_HEADER_FIRST[:3])
    _FUNCTIONS[f"{_name}.decode"] = (Act.VERIFY, "Authlib", ("token", "key", "claims_cls", "claims_options"))
for _name in ("flask_jwt_extended", "flask_jwt_extended.utils"):
    _FUNCTIONS[f"{_name}.decode_token"] = (
        Act.VERIFY,
        "Flask-JWT-Extended",
        ("token", "csrf_value", "allow_expired"),
    )
    for _made in ("create_access_token", "create_refresh_token"):
        _FUNCTIONS[f"{_name}.{_made}"] = (
            Act.SIGN,
            "Flask-JWT-Extended",
            ("identity", "fresh", "expires_delta") if _made == "create_access_token" else ("identity", "expires_delta"),
        )
    _FUNCTIONS[f"{_name}.get_unverified_jwt_headers"] = (Act.HEADER, "Flask-JWT-Extended", _ONE)

for _name in ("auth0.authentication", "auth0.v3.authentication"):
    _FUNCTIONS[f"{_name}.token_verifier.TokenVerifier.verify"] = (Act.VERIFY, "auth0-python", _ONE)
for _name in ("verify_oauth2_token", "verify_token", "verify_firebase_token"):
    _FUNCTIONS[f"google.oauth2.id_token.{_name}"] = (Act.VERIFY, "google-auth", ("token", "request", "audience"))
_FUNCTIONS["firebase_admin.auth.verify_id_token"] = (Act.VERIFY, "firebase-admin", _ONE)

NAMES = frozenset(
    {name.rpartition(".")[2] for name in _FUNCTIONS} | {"loads", "dumps", "loads_unsafe", "JWT", "deserialize"},
)
"""Last parts of the names that are worth resolving."""

_SERIALIZERS = frozenset(
    "URLSafeTimedSerializer URLSafeSerializer TimedSerializer Serializer TimedJSONWebSignatureSerializer "
    "JSONWebSignatureSerializer TimestampSigner Signer".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class JoseCall:
    """One such call. `arguments` are its expressions by the parameter's name, `values` what they hold.

    `library` is the distribution's name, `serializer` the class for itsdangerous.
    """

    act: Act
    library: str
    module: Module
    node: ast.Call
    function: Function | None
    arguments: Mapping[str, ast.expr]
    values: Mapping[str, Value]
    serializer: str = ""

    @property
    def spread(self) -> bool:
        """Tell whether some arguments come from a sequence or mapping (`*args`, `**options`) and may be any."""
        starred = any(isinstance(argument, ast.Starred) for argument in self.node.args)
        return starred or any(keyword.arg is None for keyword in self.node.keywords)

    def constant(self, name: str) -> Any:
        """Return the constant given for a parameter, UNKNOWN where it is computed, None where it is left out."""
        value = self.values.get(name)
        if value is None:
            return None
        written = self.arguments.get(name)
        known = self.module.constant(written) if written is not None else UNKNOWN
        if known is UNKNOWN and value.expression is not None and value.expression is not written:
            known = self.module.constant(value.expression)
        return known

    def option(self, name: str) -> Any:
        """Return the constant of one member of `options`, UNKNOWN where it is not sure, None where it is not set."""
        options = self.values.get("options")
        if options is None:
            return None
        member = options.items.get(name)
        if member is not None:
            known = self.module.constant(member.expression) if member.expression is not None else UNKNOWN
            return UNKNOWN if name in options.optional else known
        if options.closed:
            return None
        if isinstance(options.expression, ast.Dict) and options.expression is not self.arguments.get("options"):
            return UNKNOWN  # a mapping of the function's own, of which something was left open on the way
        whole = self.constant("options")
        if isinstance(whole, dict):
            return whole.get(name)
        return None if whole is None else UNKNOWN

    @property
    def verifies(self) -> Any:
        """Return True where the signature is checked, False where that is switched off, UNKNOWN where it depends."""
        if self.act in (Act.READ, Act.HEADER):
            return False
        for said in (self.option("verify_signature"), self.constant("verify")):
            if said is UNKNOWN:
                return UNKNOWN
            if said is not None:
                return bool(said)
        return True


def read(module: Module, called: Called, function: Function | None) -> JoseCall | None:
    """Return the call as this module tells it, None where it is another library's."""
    qualified = module.qualified(called.node.func) or ""
    known = _FUNCTIONS.get(qualified)
    if known is not None:
        act, library, parameters = known
        return _call(act, library, module, called, function, parameters)
    if called.name in ("JWT", "deserialize") and qualified.startswith("jwcrypto."):
        return _jwcrypto(module, called, function, qualified)
    if called.name in ("loads", "loads_unsafe", "dumps"):
        return _text(module, called, function, qualified)
    return None


def _jwcrypto(module: Module, called: Called, function: Function | None, qualified: str) -> JoseCall | None:
    """Return what jwcrypto's objects do: JWT(header, claims) signs later, a key with the token verifies it at once."""
    made = qualified == "jwcrypto.jwt.JWT"
    parameters = ("headers", "claims", "token", "key", "algorithms") if made else ("token", "key")
    call = _call(Act.READ, "jwcrypto", module, called, function, parameters)
    if "claims" in call.arguments:
        return replace(call, act=Act.SIGN)
    if "token" not in call.arguments:
        return None
    return replace(call, act=Act.VERIFY) if "key" in call.arguments else call


def _text(module: Module, called: Called, function: Function | None, qualified: str) -> JoseCall | None:
    package, _, owner = qualified.rpartition(".")[0].rpartition(".")
    if package.startswith("itsdangerous") and owner in _SERIALIZERS:
        act = {"dumps": Act.SIGN_TEXT, "loads": Act.VERIFY_TEXT}.get(called.name, Act.READ)
        parameters = ("claims", "salt") if called.name == "dumps" else ("token", "max_age")
        return _call(act, "itsdangerous", module, called, function, parameters, owner)
    if qualified == "json.loads" and called.positional:
        raw = (taint for taint in called.positional[0].taints if taint.origin in RAW)
        if any(text.startswith("decoded from base64") for taint in raw for _, _, text in taint.steps):
            return _call(Act.READ, "base64", module, called, function, ("token",))
    return None


def _call(
    act: Act,
    library: str,
    module: Module,
    called: Called,
    function: Function | None,
    parameters: tuple[str, ...],
    serializer: str = "",
) -> JoseCall:
    arguments: dict[str, ast.expr] = {}
    values: dict[str, Value] = {}
    for name, written, value in zip(parameters, called.node.args, called.positional, strict=False):
        arguments[name], values[name] = written, value
    for keyword in called.node.keywords:
        if keyword.arg:
            name = _SAME.get(keyword.arg, keyword.arg)
            arguments[name] = keyword.value
    for keyword_name, value in called.named.items():
        values[_SAME.get(keyword_name, keyword_name)] = value
    if library == "PyJWT" and act is Act.VERIFY:
        _old_positions(module, arguments, values)
    if library == "Authlib" and act is Act.VERIFY:
        _algorithms_of_object(module, called, arguments, values)
    return JoseCall(act, library, module, called.node, function, arguments, values, serializer)


_SAME = {
    "payload": "claims",
    "jwt": "token",
    "s": "token",
    "value": "token",
    "encoded_token": "token",
    "id_token": "token",
    "algs": "algorithms",
}


def _algorithms_of_object(
    module: Module, called: Called, arguments: dict[str, ast.expr], values: dict[str, Value]
) -> None:
    """Take the algorithms of `JsonWebToken(["RS256"])` for those of its `decode`, where both are in one file."""
    func = called.node.func
    holder = module.resolve(func.value) if isinstance(func, ast.Attribute) else None
    made = holder.call if isinstance(holder, Instance) and holder.module is module else None
    if made is not None and made.args:
        arguments["algorithms"], values["algorithms"] = made.args[0], Value(expression=made.args[0])


def _old_positions(module: Module, arguments: dict[str, ast.expr], values: dict[str, Value]) -> None:
    """Put PyJWT 1's third position right: it was `verify`, `algorithms` came after it."""
    third = arguments.get("algorithms")
    if third is None or not isinstance(module.constant(third), bool):
        return
    arguments["verify"], values["verify"] = third, values["algorithms"]
    if "options" in arguments and not isinstance(arguments["options"], ast.Dict):
        arguments["algorithms"], values["algorithms"] = arguments.pop("options"), values.pop("options", NONE)
    else:
        del arguments["algorithms"], values["algorithms"]
