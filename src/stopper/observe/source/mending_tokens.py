"""Repairs that have a token judged as the project judges its tokens elsewhere: by its own function, key and algorithms.

Nothing is guessed: where more than one function or key could be meant, there is no repair.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from stopper.model import Place
from stopper.observe.source.flows import Act, JoseCall, jose_calls, words
from stopper.observe.source.mending import member, named_definition
from stopper.observe.source.module import Module
from stopper.observe.source.names import Definition
from stopper.observe.source.rewriting import argument, replaced, written
from stopper.observe.source.standing import Scope
from stopper.rewrite import ByHand, CannotRewriteError, Change, Rewrite, Risk

LINES = ('claims = jwt.decode(token, key, algorithms=["ES256"], audience="shop", options={"require": ["exp"]})',)
"""What a person writes where nothing in the project says how it verifies its tokens."""

CLAIMS_TOO = (
    "with the signature `exp`, `nbf`, `aud` and `iss` were left out: tokens with an `aud` need `audience=` in the call"
)
"""What to see to where a verification is switched on."""


def reading_at(module: Module, where: Place) -> JoseCall | None:
    """Return the call at a place that reads claims of a token without looking at its signature."""
    for call in jose_calls(module):
        if module.place(call.node) == where and (call.act is Act.READ or call.verifies is False):
            return call
    return None


def verified_as_elsewhere(call: JoseCall) -> Rewrite | ByHand:
    """Have a token that is only read verified by the project's one function for it, else by its one key here."""
    if _is_anothers(call):
        return ByHand("the token seems to be another service's: its keys are there", LINES)
    verifier = _verifier(call)
    if verifier is not None:
        return _by_function(call, verifier)
    changes = _with_key(call)
    if not changes:
        return ByHand("nothing here says for sure which key and algorithms verify the token", LINES)
    return Rewrite("claims are believed once the signature is checked", changes, Risk.STRICTER, (CLAIMS_TOO,))


_OTHERS = frozenset(
    "oauth oauth2 oidc openid google apple azure microsoft github gitlab facebook auth0 okta keycloak cognito "
    "firebase provider federated external upstream sso saml lti".split()
)
"""Words of tokens that another service has signed."""


def _is_anothers(call: JoseCall) -> bool:
    """Tell whether what is around a call speaks of another service, whose tokens no key of the project verifies."""
    token = call.arguments.get("token")
    said = [getattr(call.function, "name", ""), call.module.path, ast.unparse(token) if token is not None else ""]
    return any("id_token" in each or not _OTHERS.isdisjoint(words(each)) for each in said)


# --------------------------------------------------------------------------- by a function


def _by_function(call: JoseCall, verifier: Definition) -> Rewrite | ByHand:
    claims, token = _claims(call), _token(call)
    if claims is None or token is None:
        return ByHand(f"the token is to be given to `{verifier.node.name}()`, and this does more than read it", LINES)
    module = call.module
    if verifier.module is not module and _needs(verifier.module, module):
        raise CannotRewriteError(f"the file that has `{verifier.node.name}()` imports this one")
    name, imports = named_definition(module, verifier)
    decide = (f"see that a refusal by `{name}()` is answered with 401 here too: it raises where a token is wrong",)
    change = replaced(module, claims, f"{name}({written(module, token)})")
    why = f"`{name}()` verifies the tokens of this project, and this one was only read"
    return Rewrite(why, (change, *imports), Risk.STRICTER, decide)


def _verifier(call: JoseCall) -> Definition | None:
    """Return the project's one function that takes a token and returns its verified claims, not the one around a call.

    Of several, the one beside which tokens are signed: the others are the exceptions.
    """
    served = Scope()
    found = [
        (definition, signs)
        for module in call.module.project.holding("decode")
        if served.asks(module.path)
        for signs in [any(each.act is Act.SIGN for each in jose_calls(module))]
        for definition in _verifiers(module)
        if definition.node is not call.function
    ]
    beside = [definition for definition, signs in found if signs]
    chosen = beside if len(found) > 1 else [definition for definition, _ in found]
    return chosen[0] if len(chosen) == 1 else None


def _verifiers(module: Module) -> Iterator[Definition]:
    for call in jose_calls(module):
        function = call.function
        strict = (
            call.act is Act.VERIFY and call.verifies is True and call.library in ("PyJWT", "python-jose", "joserfc")
        )
        if function is None or not strict or isinstance(function, ast.AsyncFunctionDef | ast.Lambda):
            continue
        if _of_token_alone(function, call) and function in module.tree.body and _returns_claims(call, function):
            yield Definition(module, function)


def _of_token_alone(function: ast.FunctionDef, call: JoseCall) -> bool:
    """Tell whether a function needs nothing but the token that it verifies."""
    given = function.args
    needed = [*given.posonlyargs, *given.args][: len(given.posonlyargs) + len(given.args) - len(given.defaults)]
    alone = len(needed) == 1 and not any(default is None for default in given.kw_defaults)
    token = _token(call)
    return alone and not function.decorator_list and isinstance(token, ast.Name) and token.id == needed[0].arg


def _returns_claims(call: JoseCall, function: ast.FunctionDef) -> bool:
    """Tell whether a function returns the verified claims and nothing else, and leaves errors to its caller."""
    module, claims = call.module, _claims(call)
    if claims is None or any(isinstance(outer, ast.Try) for outer in module.ancestors(claims)):
        return False
    parent = module.parent(claims)
    name = parent.targets[0] if isinstance(parent, ast.Assign) and len(parent.targets) == 1 else None
    returned = [each.value for each in module.returns(function)]
    return bool(returned) and all(
        value is claims or (isinstance(value, ast.Name) and isinstance(name, ast.Name) and value.id == name.id)
        for value in returned
    )


def _claims(call: JoseCall) -> ast.expr | None:
    """Return the expression around a call that is the claims as a mapping, None where it is hard to tell."""
    module, method = call.module, call.node.func
    name = method.attr if isinstance(method, ast.Attribute) else ""
    if call.library == "python-jose" or (call.library == "PyJWT" and name == "decode"):
        return call.node
    outer = module.parent(call.node)
    if call.library != "joserfc" or not isinstance(outer, ast.Attribute):
        return None
    if call.act is Act.VERIFY:
        return outer if outer.attr == "claims" else None
    loads = module.parent(outer)
    parsed = isinstance(loads, ast.Call) and module.qualified(loads.func) == "json.loads" and len(loads.args) == 1
    return loads if outer.attr == "payload" and parsed and isinstance(loads, ast.Call) and not loads.keywords else None


def _token(call: JoseCall) -> ast.expr | None:
    """Return the token that a call is given, as text: what `token.encode()` is made of."""
    token = call.arguments.get("token")
    encoded = isinstance(token, ast.Call) and isinstance(token.func, ast.Attribute) and token.func.attr == "encode"
    if isinstance(token, ast.Call) and isinstance(token.func, ast.Attribute) and encoded:
        return token.func.value
    return token


def _needs(module: Module, other: Module) -> bool:
    """Tell whether a module imports another one anywhere: the other way round as well, neither could be loaded."""
    for statement in module.nodes(ast.Import, ast.ImportFrom):
        level = statement.level if isinstance(statement, ast.ImportFrom) else 0
        package = (statement.module or "") if isinstance(statement, ast.ImportFrom) else ""
        names = [f"{package}.{alias.name}".strip(".") for alias in statement.names]
        if any(module.project.find(name, level, module) is other for name in (package, *names) if name):
            return True
    return False


# --------------------------------------------------------------------------- by a key


def _with_key(call: JoseCall) -> tuple[Change, ...]:
    """Return the changes that give PyJWT's `decode` the one key and algorithm of its file, and switch the check on."""
    module, keywords = call.module, {each.arg: each.value for each in call.node.keywords}
    off = member(keywords.get("options"), "verify_signature")
    if call.library != "PyJWT" or off is None or module.constant(off) is not False or call.spread:
        return ()
    known = {each for other in jose_calls(module) for each in _key_and_algorithms(other)}
    keys = {ast.unparse(key) for other in jose_calls(module) for key in _keys(other)}
    if len(known) != 1 or len(keys) != 1:
        return ()
    key, algorithms = known.pop()
    given = call.arguments.get("key")
    if given is not None and given not in keywords.values() and not _nothing(given):
        return ()
    positional = given is not None and given not in keywords.values()
    changes: list[Change] = [replaced(module, off, "True")]
    if given is None or not positional:
        changes.append(argument(module, call.node, "key", key))
    else:
        changes.append(replaced(module, given, key))
    if "algorithms" not in call.arguments:
        changes.append(argument(module, call.node, "algorithms", algorithms))
    return tuple(changes)


def _keys(call: JoseCall) -> Iterator[ast.expr]:
    """Yield the key that a call is given, whether it looks at it or not."""
    key = call.arguments.get("key")
    if key is not None and not _nothing(key):
        yield key


def _nothing(given: ast.expr) -> bool:
    return isinstance(given, ast.Constant) and not given.value


def _key_and_algorithms(call: JoseCall) -> Iterator[tuple[str, str]]:
    """Yield the key that a call of PyJWT signs or verifies with, where every function here can name it."""
    if call.library != "PyJWT" or call.act not in (Act.SIGN, Act.VERIFY) or call.verifies is not True or call.spread:
        return
    key = call.arguments.get("key")
    if key is None or not _everywhere(call.module, key):
        return
    said = call.constant("algorithm") if call.act is Act.SIGN else call.constant("algorithms")
    said = "HS256" if said is None and call.act is Act.SIGN else said  # PyJWT's own default
    algorithms = [said] if isinstance(said, str) else said
    one = isinstance(algorithms, list | tuple) and len(algorithms) == 1 and isinstance(algorithms[0], str)
    # A token that is signed with a private key is verified with another one.
    if isinstance(algorithms, list | tuple) and one and str(algorithms[0]).startswith("HS"):
        yield written(call.module, key), f'["{algorithms[0]}"]'


def _everywhere(module: Module, key: ast.expr) -> bool:
    """Tell whether an expression means the same in every function: a name of the file's own top, or its settings."""
    while isinstance(key, ast.Attribute | ast.Subscript):
        if isinstance(key, ast.Subscript) and not isinstance(key.slice, ast.Constant):
            return False
        key = key.value
    if not isinstance(key, ast.Name) or any(each.arg == key.id for each in module.nodes(ast.arg)):
        return False
    stored = [each for each in module.nodes(ast.Name) if each.id == key.id and isinstance(each.ctx, ast.Store)]
    if stored:
        return len(stored) == 1 and module.parent(stored[0]) in module.tree.body
    statements = [each for each in module.tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    return any((alias.asname or alias.name) == key.id for each in statements for alias in each.names)
