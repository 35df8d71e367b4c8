"""A secret is compared letter by letter.

## What is wrong

A token, key or signature that a caller sent is compared with the right one by `==`, which ends at the first letter that
differs.

## Why it matters

How long the answer takes says how many letters were right. With enough tries the secret is found from its beginning to
its end, not by guessing the whole (ASVS 5.0.0 11.2.4, CWE-208).

## Bad

    if request.headers.get("X-API-Key") != app.config["API_KEY"]:
        abort(401)

## Good

    if not hmac.compare_digest(request.headers.get("X-API-Key", ""), app.config["API_KEY"]):
        abort(401)

Looking a token up by its digest does as well: the caller cannot choose the digest letter by letter.

## References

ASVS 5.0.0 11.2.4; Python documentation of `hmac.compare_digest`; CWE-208, CWE-385.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from stopper.model import Control, Place, Severity, Verdict
from stopper.observe.source import Definition, Module, within
from stopper.observe.source.flows import Says, credential, is_token_id, last_name, place, words
from stopper.observe.source.labels import bare, label
from stopper.observe.source.models import overloaded
from stopper.observe.source.names import Assigned, bindings_of
from stopper.observe.source.rewriting import at, named, replaced, written
from stopper.rewrite import Rewrite

CONTROL = Control(
    id="BT419",
    name="comparison_leaks_time",
    severity=Severity.MEDIUM,
    title="A secret is compared in a time that tells how much of it was right",
    witnesses="S",
    requirements=("V34",),
    labels=("timing_compare",),
    cwe=(208, 385),
)

_SPEAKS = ("token", "secret", "api_key", "apikey", "api-key", "signature", "hmac", "passw", "jwt", "authoriz", "bearer")
_SECURITY = (
    *("auth", "jwt", "secret", "api_key", "apikey", "api-key", "hmac", "session", "csrf", "webhook", "user"),
    *("compare_passw", "check_passw", "verify_passw", "validate_passw"),
)
"""Words, one of which a module needs before `token` or `signature` means a credential: parsers have tokens too."""
_SIGNING = ("hmac", "webhook", "jwt", "secret")
"""Words, one of which a module needs before `signature` means what a key makes: files and functions have some too."""
_CONSTANT_TIME = frozenset({"compare_digest", "safe_str_cmp", "constant_time_compare", "bytes_eq"})
_SIGNED = frozenset({"signature", "hmac", "mac"})
_HASHES = frozenset({"hash", "hashed", "digest", "hexdigest"})
_SENT = frozenset({"values", "args", "headers", "form", "json", "cookies"})
_HASHING = _HASHES | {"md5", "sha1", "sha256", "sha512", "encrypt"}
_NO_ATTACK = frozenset(
    "new old previous prev default example insecure placeholder dummy empty initial repeat confirm confirmation before "
    "after changed original type count class kind failed invalid missing unset unknown".split()
)
"""Words of a comparison that no caller's guess goes into: a rotation, a check of settings, a form's two fields."""
_MANY = frozenset({("tokens",), ("keys",), ("secrets",), ("apikeys",)})
"""Last words of what holds several secrets."""
_QUERIES = frozenset(
    "filter where filter_by and_ or_ not_ select query having join outerjoin get first one any has exists update "
    "delete on case select_from get_by get_or_none find".split()
)
_CONFIGURED = frozenset("config settings conf cfg environ env constants getenv".split())
_SETS = frozenset("set update refresh rotate save store put sync change replace migrate render".split())


def source(module: Module) -> Iterable[Verdict]:
    """Look at every `==` and `!=` between two values of which each is, by name or making, a secret."""
    if not module.mentions(*_SPEAKS) or not module.mentions(*_SECURITY):
        return
    for compare in module.nodes(ast.Compare):
        what = _compared(module, compare)
        if not what or _in_query(module, compare) or not _of_a_caller(module, compare):
            continue
        full = Severity.LOW if what == "a password's hash" else CONTROL.severity
        message = f"{what} is compared by `{_sign(compare)}`, whose time tells how much of it was right"
        yield Verdict(False, message, place(module, compare), module.endpoints(compare), severity=full)
    for call in module.nodes(ast.Call):
        if last_name(call) in _CONSTANT_TIME:
            yield Verdict(True, "compared in constant time", place(module, call), module.endpoints(call))


def _sign(compare: ast.Compare) -> str:
    return {ast.Eq: "==", ast.NotEq: "!="}.get(type(compare.ops[0]), "in")


def _compared(module: Module, compare: ast.Compare) -> str:
    """Return what secret a comparison is about, "" where it is about none."""
    if len(compare.ops) != 1:
        return ""
    left, right = bare(compare.left), bare(compare.comparators[0])
    if isinstance(compare.ops[0], ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
        kinds = [_secret(module, bare(each)) for each in right.elts]
        return _secret(module, left) if kinds and all(kinds) and not isinstance(left, ast.Constant) else ""
    if isinstance(compare.ops[0], ast.In | ast.NotIn):
        return _listed(module, left, right)
    if not isinstance(compare.ops[0], ast.Eq | ast.NotEq) or isinstance(left, ast.Constant | ast.Tuple):
        return ""
    if isinstance(right, ast.Constant | ast.Tuple) or (_configured(left) and _configured(right)):
        return ""
    if _of_two_records(left, right) or not _NO_ATTACK.isdisjoint(
        (*words(label(module, left)), *words(label(module, right)))
    ):
        return ""
    if _written_here(module, compare, left) or _written_here(module, compare, right):
        return ""
    given = _both_given(module, left, right)
    if given:
        return given
    one, other = _secret(module, left), _secret(module, right)
    if "an HMAC" in (one, other):
        return "an HMAC"
    if "a password" in (one, other) and (_hashes_password(module, left) or _hashes_password(module, right)):
        return "a password's hash"
    kept = _HASHES.intersection((*words(label(module, left))[-1:], *words(label(module, right))[-1:]))
    if kept and "a password's hash" in (one, other):
        return "a password's hash"
    if {one, other} == {"a password", "a password's hash"}:
        return "a password's hash"
    if one == "a password" or other == "a password":
        checked = {one, other} == {"a password"} and (_configured(left) or _configured(right))
        return "a password" if checked else ""
    sent = (one and _from_request(module, right)) or (other and _from_request(module, left))
    return (one or other) if (one and other) or sent else ""


def _listed(module: Module, given: ast.expr, known: ast.expr) -> str:
    """Return what secret is looked for in a list of them, of which each is compared; a set or a mapping is hashed."""
    told = words(last_name(known))
    kind = _secret(module, given) if told[-1:] in _MANY and not isinstance(given, ast.Constant) else ""
    if not kind or not isinstance(known, ast.Name) or credential(known.id[:-1]) not in (Says.TOKEN, Says.SECRET):
        return ""
    found = bindings_of(module, known, known.id)
    bound = [each.value for each in found[1] if isinstance(each, Assigned) and not each.inside] if found else []
    return kind if bound and all(_is_list(value) for value in bound) else ""


def _is_list(value: ast.expr) -> bool:
    """Tell whether an expression is a list with something in it: written, or a setting that is cut into one."""
    if isinstance(value, ast.List | ast.Tuple):
        return bool(value.elts)
    return isinstance(value, ast.ListComp) or (isinstance(value, ast.Call) and last_name(value) == "split")


def _both_given(module: Module, left: ast.expr, right: ast.expr) -> str:
    """Return what a function compares that is made for it: `compare_password(one, two)`, "" for any other."""
    function = module.function_of(left)
    told = set(words(function.name)) if function is not None else set()
    if function is None or not told & {"compare", "same", "equal", "match", "matches", "check"}:
        return ""
    taken = {each.arg for each in (*function.args.posonlyargs, *function.args.args)}
    if not all(isinstance(side, ast.Name) and side.id in taken for side in (left, right)):
        return ""
    if told & {"password", "passwords"}:
        return "a password's hash"
    return "a token" if told & {"token", "tokens", "signature", "secret", "secrets", "hmac"} else ""


def _from_request(module: Module, side: ast.expr) -> bool:
    """Tell whether a variable holds what a caller sent, under whatever name."""
    found = bindings_of(module, side, side.id) if isinstance(side, ast.Name) else None
    bound = [each.value for each in found[1] if isinstance(each, Assigned) and not each.inside] if found else []
    return any(
        isinstance(part, ast.Attribute) and part.attr in _SENT and last_name(part.value) == "request"
        for value in bound
        for part in within(value)
    )


def _written_here(module: Module, compare: ast.Compare, side: ast.expr) -> bool:
    """Tell whether a setting is checked at the start: a text of the source is held against it, and the program ends."""
    branch = module.parent(compare)
    ends = isinstance(branch, ast.If) and isinstance(branch.body[-1], ast.Raise)
    return ends and isinstance(compare.ops[0], ast.Eq) and isinstance(module.constant(side), str)


def _hashes_password(module: Module, side: ast.expr) -> bool:
    """Tell whether a call hashes the password that it is given, itself or as a function of the project."""
    if not isinstance(side, ast.Call) or _makes_hmac(module, side):
        return False
    if last_name(side) in ("hexdigest", "digest") and isinstance(side.func, ast.Attribute):
        return _hashes_password(module, side.func.value)
    if credential(label(module, bare(side.args[0])) if side.args else "") is not Says.PASSWORD:
        return False
    target = module.resolve(side.func)
    inside = within(target.node) if isinstance(target, Definition) else ()
    made = any(last_name(node) in ("hexdigest", "digest") for node in inside if isinstance(node, ast.Call))
    return made or last_name(side).lower() in _HASHING or not _HASHING.isdisjoint(words(last_name(side)))


def _of_two_records(left: ast.expr, right: ast.expr) -> bool:
    """Tell whether the same attribute of `self` and of another object is compared: are the two alike?"""
    if not isinstance(left, ast.Attribute) or not isinstance(right, ast.Attribute) or left.attr != right.attr:
        return False
    return "self" in (last_name(left.value), last_name(right.value))


def _secret(module: Module, node: ast.expr, depth: int = 0) -> str:
    """Return what kind of secret an expression is, "" for none: by its name, its making, or what it is bound to."""
    if isinstance(node, ast.Call) and _makes_hmac(module, node):
        return "an HMAC"
    said = _named(label(module, node))
    if said and (_is_column(module, node) or is_token_id(module, node)):
        return ""
    if said == "a signature" and not module.mentions(*_SIGNING):
        return ""
    if said or depth > 1 or not isinstance(node, ast.Name):
        return said
    found = bindings_of(module, node, node.id)
    bound = [each.value for each in found[1] if isinstance(each, Assigned) and not each.inside] if found else []
    if found is None or len(bound) != len(found[1]):
        return ""
    kinds = {_bound(module, value, node.id, depth) for value in bound if not isinstance(value, ast.Constant)}
    return kinds.pop() if len(kinds) == 1 else ""


def _named(name: str) -> str:
    told = words(name)
    if told and told[-1] in _SIGNED:
        return "a signature"
    if "password" in told and not _HASHES.isdisjoint(told):
        return "a password's hash"
    kind = credential(name)
    if kind is Says.PASSWORD:
        return "a password"
    return {Says.TOKEN: "a token", Says.SECRET: "a secret"}.get(kind, "") if kind else ""


def _bound(module: Module, value: ast.expr, name: str, depth: int) -> str:
    """Return the kind of secret that a variable was given; a hash may be a password's."""
    inner = bare(value)
    if isinstance(inner, ast.Call) and _makes_hmac(module, inner):
        return "an HMAC"
    if not _HASHES.isdisjoint(words(name)):
        hashed = [credential(label(module, part)) for part in within(inner)]
        return "a password's hash" if Says.PASSWORD in hashed else ""
    return _secret(module, inner, depth + 1)


def _makes_hmac(module: Module, call: ast.Call) -> bool:
    """Tell whether a call answers with an HMAC: `hmac.new(…).hexdigest()`, or a function that is called so."""
    if last_name(call) in ("hexdigest", "digest") and isinstance(call.func, ast.Attribute):
        made = bare(call.func.value)
        if isinstance(made, ast.Name):
            found = bindings_of(module, made, made.id)
            made = next((each.value for each in found[1] if isinstance(each, Assigned)), made) if found else made
        return isinstance(made, ast.Call) and module.qualified(made.func) in ("hmac.new", "hmac.HMAC")
    if module.qualified(call.func) == "hmac.digest":
        return True
    told = words(last_name(call))
    if len(told) < 2 or told[0] in ("get", "verify", "check", "from"):
        return told == ("hmac",)
    return told[-1] == "hmac" or (told[-1] == "signature" and module.mentions(*_SIGNING))


def _is_column(module: Module, node: ast.expr) -> bool:
    """Tell whether a comparison builds a condition of a query, or calls what a column's type makes of `==`."""
    if not isinstance(node, ast.Attribute):
        return False
    holder = last_name(node.value)
    if holder[:1].isupper() and not holder.isupper() and not holder.endswith(("Config", "Settings")):
        return True
    return holder in ("cls", "c") or overloaded(module.project, node.attr)


def _in_query(module: Module, compare: ast.Compare) -> bool:
    """Tell whether a comparison stands in a query or in an `assert`, where no caller's guess is judged."""
    for outer in module.ancestors(compare):
        if isinstance(outer, ast.Assert):
            return True
        if isinstance(outer, ast.Call) and last_name(outer) in _QUERIES:
            return True
        if isinstance(outer, ast.stmt):
            return False
    return False


def _of_a_caller(module: Module, compare: ast.Compare) -> bool:
    """Tell whether the function judges what somebody sent, and does not compare two records or keep one up to date."""
    function = module.function_of(compare)
    if function is None:
        return False
    if _then_assigned(module, compare):
        return False
    told = words(function.name)
    return function.name not in ("__eq__", "__ne__") and not (told and told[0] in _SETS)


def _then_assigned(module: Module, compare: ast.Compare) -> bool:
    """Tell whether a value that differs is written over the other: `if user.secret != secret: user.secret = secret`."""
    branch = next((outer for outer in module.ancestors(compare) if isinstance(outer, ast.stmt)), None)
    if not isinstance(branch, ast.If) or not isinstance(compare.ops[0], ast.NotEq):
        return False
    sides = {ast.dump(compare.left): compare.comparators[0], ast.dump(compare.comparators[0]): compare.left}
    for statement in branch.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
            for kept, given in sides.items():
                same = ast.dump(statement.targets[0]).replace("Store()", "Load()") == kept
                if same and ast.dump(statement.value) == ast.dump(given):
                    return True
    return False


def _configured(node: ast.expr) -> bool:
    """Tell whether a value comes from the configuration."""
    names = [last_name(part) for part in within(node) if isinstance(part, ast.Name | ast.Attribute)]
    return any(name.isupper() or not _CONFIGURED.isdisjoint(words(name)) for name in names)


def fix(module: Module, place: Place) -> Rewrite | None:
    """Compare by `hmac.compare_digest`, which refuses None, and texts that are not ASCII: so bytes are compared."""
    compare = next((node for node in at(module, place, ast.Compare) if isinstance(node, ast.Compare)), None)
    if compare is None or len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq | ast.NotEq):
        return None
    function, imports = named(module, "hmac.compare_digest")
    left, right = _as_bytes(module, compare.left, compare.comparators[0])
    denied = "not " if isinstance(compare.ops[0], ast.NotEq) else ""
    why = "`hmac.compare_digest` takes the same time whatever the caller guessed right"
    return Rewrite(why, (replaced(module, compare, f"{denied}{function}({left}, {right})"), *imports))


def _as_bytes(module: Module, *sides: ast.expr) -> list[str]:
    """Return both sides as bytes that are equal just where the sides are."""
    texts = [written(module, side) for side in sides]
    makers = [last_name(side) if isinstance(side, ast.Call) else "" for side in sides]
    if "digest" in makers:
        return texts
    if all(isinstance(side, ast.JoinedStr) or maker == "hexdigest" for side, maker in zip(sides, makers, strict=True)):
        return [f"{text}.encode()" for text in texts]
    if "hexdigest" in makers:  # no digest is spelled like None, so nothing but a text can be equal to one
        return [f"str({text}).encode()" for text in texts]
    # What is not known to be a text may be None or bytes: `repr` keeps those apart from texts that are spelled alike.
    return [f"repr({text}).encode()" for text in texts]
