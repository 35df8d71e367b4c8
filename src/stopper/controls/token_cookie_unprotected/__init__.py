"""A cookie that carries a token or a session is not protected.

## What is wrong

The cookie is set without `Secure`, `HttpOnly` or `SameSite`, or the configuration switches one of them off.

## Why it matters

Without `Secure` the browser sends it over plain HTTP as well, where anybody on the way reads it. Without `HttpOnly` any
script in the page reads it. Without `SameSite` other sites have the browser send it along (RFC 6265 section 8.3, ASVS
5.0.0 3.3.1, 3.3.2 and 3.3.4, CWE-614, CWE-1004).

## Bad

    response.set_cookie("access_token", token)

## Good

    response.set_cookie("__Host-access_token", token, secure=True, httponly=True, samesite="Strict")

## References

RFC 6265 sections 4.1.2 and 8.3; ASVS 5.0.0 3.3.1, 3.3.2, 3.3.4; CWE-614, CWE-1004, CWE-1275.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from stopper.model import Control, Place, Severity, Strength, Verdict
from stopper.observe.app.extensions import session_keeper, token_cookies
from stopper.observe.source import UNKNOWN, Module, within
from stopper.observe.source.development import on_own_machine
from stopper.observe.source.flows import Says, credential, last_name, place, settings, words
from stopper.observe.source.labels import bare, label
from stopper.observe.source.mending import settings_at
from stopper.observe.source.rewriting import after, argument, at, replaced, written
from stopper.observe.source.standing import Standing, of_line
from stopper.observe.views import AppSnapshot, Exchange
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Rewrite, Risk

CONTROL = Control(
    id="BT308",
    name="token_cookie_unprotected",
    severity=Severity.HIGH,
    title="A cookie with a token is not protected",
    witnesses="W S A",
    requirements=("B12",),
    labels=("cookie_flags",),
    cwe=(614, 1004, 1275),
)

_OWNERS = ("SESSION", "REMEMBER", "JWT", "JWT_ACCESS", "JWT_REFRESH", "AUTH", "TOKEN", "ACCESS_TOKEN", "REFRESH_TOKEN")
_SWITCHES = frozenset(f"{owner}_COOKIE_{flag}" for owner in _OWNERS for flag in ("SECURE", "HTTPONLY"))
_NAMES = frozenset({"session", "sessionid", "sid", "sess", "auth", "login", "remember", "jwt", "token", "jsessionid"})
_FORGERY = frozenset({"csrf", "xsrf"})
_CAUSE = "the way cookies are set"
_FLAGS = ("secure", "httponly", "samesite")
_WRITTEN = {"secure": "Secure", "httponly": "HttpOnly", "samesite": "SameSite"}


_DELETED = re.compile(r";\s*max-age\s*=\s*(?:0|-\d+)\b|;\s*expires\s*=[^;]*\b(?:1970|1969)\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\s*([A-Za-z-]+)\s*(?:=|$)")
_SHORTEST = 16
"""Characters from which on a cookie's value may be a credential."""


def wire(exchange: Exchange) -> Iterable[Verdict]:
    """Look at the cookies that an answer sets and that are credentials by their name (RFC 6265 section 4.1).

    One good answer contradicts nothing that the source shows of another.
    """
    endpoint = exchange.endpoint
    for line in exchange.response.all_headers("Set-Cookie") if exchange.response else ():
        name, _, value = line.partition(";")[0].partition("=")
        if not _is_credential(name.strip(), value) or _DELETED.search(line):
            continue
        missing = _missing_attributes(line)
        full = CONTROL.severity if "HttpOnly" in missing else Severity.MEDIUM
        where = str(endpoint) if endpoint else "the login"
        said = f"without {', '.join(missing)}" if missing else "well protected"
        yield Verdict(
            kept=not missing,
            message=f"{where} sets a token's cookie {said}",
            endpoints=(endpoint,) if endpoint else (),
            evidence=(evidence("the answer that sets it", exchange),) if missing else (),
            strength=Strength.PROVEN if missing else Strength.CLAIMED,
            cause=_CAUSE,
            severity=Severity.LOW if missing == ["SameSite"] else full,
        )


def _is_credential(name: str, value: str) -> bool:
    plain = re.sub(r"^__(?:Host|Secure)-", "", name)
    return len(value.strip('"')) >= _SHORTEST and _named(plain) and _FORGERY.isdisjoint(words(plain))


def _missing_attributes(line: str) -> list[str]:
    found = (_ATTRIBUTE.match(part) for part in line.split(";")[1:])
    given = {match[1].lower() for match in found if match}
    return [written for flag, written in _WRITTEN.items() if flag not in given]


# --------------------------------------------------------------------------- the running application


_WEIGHTS = {"SECURE": Severity.MEDIUM, "HTTPONLY": CONTROL.severity, "SAMESITE": Severity.LOW}


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at the settings of the cookies that extensions are known to send: tokens, or the session of a login."""
    keeper = session_keeper(snapshot)
    if keeper:
        for flag, weight in _WEIGHTS.items():
            yield _set(snapshot, f"SESSION_COOKIE_{flag}", keeper, weight)
    if token_cookies(snapshot):
        for flag in ("SECURE", "SAMESITE"):
            yield _set(snapshot, f"JWT_COOKIE_{flag}", "Flask-JWT-Extended", _WEIGHTS[flag])


def _set(snapshot: AppSnapshot, setting: str, owner: str, weight: Severity) -> Verdict:
    """Return whether a setting is on; extensions and Flask enter their defaults in the configuration."""
    if snapshot.config.get(setting):
        return Verdict(True, f"{owner} sends its cookie with `{setting}`", snapshot.place)
    message = f"{owner} sends its cookie with `{setting}` off"
    return Verdict(False, message, snapshot.place, strength=Strength.PROVEN, cause=_CAUSE, severity=weight)


# --------------------------------------------------------------------------- the source


def source(module: Module) -> Iterable[Verdict]:
    """Look at every cookie that carries a token, and at the settings of the cookies that libraries set."""
    if not module.mentions("cookie", "jwt_token_location"):
        return
    for call in module.nodes(ast.Call):
        if last_name(call) in ("set_cookie", "dump_cookie") and _carries_token(module, call):
            yield from _judged(module, call, _missing(module, call))
    for assign in module.nodes(ast.Assign):
        yield from _header(module, assign)
    yield from _settings(module)


def _judged(module: Module, node: ast.AST, missing: list[str]) -> Iterator[Verdict]:
    if not missing:
        yield Verdict(True, "the cookie with the token is protected", place(module, node), module.endpoints(node))
        return
    full = CONTROL.severity if "httponly" in missing else Severity.MEDIUM
    weight = Severity.LOW if missing == ["samesite"] else full
    message = f"a cookie carries a token without {', '.join(_WRITTEN[flag] for flag in missing)}"
    yield Verdict(False, message, place(module, node), module.endpoints(node), severity=weight)


# --------------------------------------------------------------------------- cookies that the code sets


def _carries_token(module: Module, call: ast.Call) -> bool:
    """Tell whether a cookie is a credential: by its name, or by what it is given. A deleted one is not."""
    options = {each.arg: each.value for each in call.keywords if each.arg}
    key = options.get("key", call.args[0] if call.args else None)
    value = options.get("value", call.args[1] if len(call.args) > 1 else None)
    if key is None or value is None or module.constant(value) in ("", "0", "deleted", None):
        return False
    if any(module.constant(options[name]) == 0 for name in ("expires", "max_age") if name in options):
        return False
    known = module.constant(key)
    name = known if isinstance(known, str) else label(module, key)
    if not _FORGERY.isdisjoint((*words(name), *words(label(module, bare(value))))):
        return False
    return _named(name) or credential(label(module, bare(value))) in (Says.TOKEN, Says.SESSION)


def _named(name: str) -> bool:
    return credential(name) in (Says.TOKEN, Says.SESSION) or name.lower() in _NAMES


def _missing(module: Module, call: ast.Call) -> list[str]:
    """Return the flags that a cookie is set without; one that is computed is left to what computes it."""
    options = {each.arg: each.value for each in call.keywords}
    if None in options:  # set_cookie(name, value, **flags)
        return []
    missing = []
    for flag in _FLAGS:
        value = module.constant(options[flag]) if flag in options else None
        if value is None or value is False:
            missing.append(flag)
    return missing


def _header(module: Module, assign: ast.Assign) -> Iterator[Verdict]:
    """Yield what is said of a `Set-Cookie` header that is written by hand."""
    target = assign.targets[0]
    if not isinstance(target, ast.Subscript) or str(module.constant(target.slice)).lower() != "set-cookie":
        return
    parts = [part.value for part in within(assign.value) if isinstance(part, ast.Constant)]
    text = " ".join(part for part in parts if isinstance(part, str))
    name = text.partition("=")[0].strip()
    plain = isinstance(assign.value, ast.JoinedStr | ast.BinOp | ast.Constant)
    if plain and "=" in text and _named(name) and _FORGERY.isdisjoint(words(name)):
        yield from _judged(module, assign, [flag for flag in _FLAGS if flag not in text.lower()])


# --------------------------------------------------------------------------- cookies that libraries set


def _settings(module: Module) -> Iterator[Verdict]:
    for node, value in settings(module, _SWITCHES):
        name = _setting_name(node)
        if value is True:
            yield Verdict(True, f"`{name}` is on", place(module, node))
        elif value is False and not on_own_machine(module, node) and not _on_elsewhere(module, name):
            full = CONTROL.severity if name.endswith("HTTPONLY") else Severity.MEDIUM
            yield Verdict(False, f"`{name}` is switched off", place(module, node), severity=full)
    for node, value in settings(module, frozenset({"JWT_TOKEN_LOCATION"})):
        if not _sets_them(module):
            continue
        if _holds_cookies(value) and not _anywhere(module, "JWT_COOKIE_SECURE") and not on_own_machine(module, node):
            message = "tokens travel in cookies, and `JWT_COOKIE_SECURE`, which is off by default, is not set"
            yield Verdict(False, message, place(module, node), severity=Severity.MEDIUM)


def _holds_cookies(value: object) -> bool:
    return value == "cookies" or (isinstance(value, list | tuple | frozenset) and "cookies" in value)


def _setting_name(node: ast.AST) -> str:
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        key = target.slice if isinstance(target, ast.Subscript) else None
        return str(key.value) if isinstance(key, ast.Constant) else last_name(target)
    if isinstance(node, ast.AnnAssign):
        return last_name(node.target)
    return (node.arg or "") if isinstance(node, ast.keyword) else str(getattr(node, "value", ""))


def _sets_them(module: Module) -> bool:
    """Tell whether Flask-JWT-Extended may set the cookies: not where all are set by hand, each with its own flags."""
    holding = module.project.holding
    return bool(holding("set_access_cookies") or holding("set_refresh_cookies") or not holding(".set_cookie("))


def _anywhere(module: Module, name: str) -> bool:
    return bool(module.project.holding(name))


def _on_elsewhere(module: Module, name: str) -> bool:
    """Tell whether the project switches the setting on where it serves users, or leaves it to the environment."""
    for other in module.project.modules:
        for node, value in settings(other, frozenset({name})):
            if value in (True, UNKNOWN) and of_line(other, other.place(node).line) is Standing.PRODUCTION:
                return True
    return False


# --------------------------------------------------------------------------- the repair

_SET = {"secure": "True", "httponly": "True", "samesite": '"Lax"'}
_LINES = ('response.set_cookie("token", token, secure=True, httponly=True, samesite="Lax")',)
_DECIDE = {
    "secure": "the cookie is sent over https alone: try the program on your own machine with `localhost`, or with TLS",
    "httponly": "a script that reads the cookie cannot do so any more",
    "samesite": "a page of another site that posts to this one does so without the cookie",
}


def fix(subject: object, where: Place) -> Rewrite | ByHand | None:
    """Set the flags that are missing, or switch on what was switched off."""
    if not isinstance(subject, Module):
        return None
    for call in at(subject, where, ast.Call):
        if isinstance(call, ast.Call) and last_name(call) in ("set_cookie", "dump_cookie"):
            missing = _missing(subject, call)
            return _rewrite(missing, *(argument(subject, call, flag, _SET[flag]) for flag in missing))
    for name, node, value in settings_at(subject, where):
        if name in _SWITCHES:
            flag = name.rpartition("_")[2].lower()
            return _rewrite([flag], replaced(subject, value, _SET[flag]))
        if name == "JWT_TOKEN_LOCATION":
            return _secured(subject, node)
    return ByHand("the header is put together by hand: let `set_cookie` do it", _LINES)


def _rewrite(flags: list[str], *changes: Change) -> Rewrite | None:
    why = f"the cookie with the token is sent with {', '.join(_WRITTEN[flag] for flag in flags)}"
    return Rewrite(why, changes, Risk.STRICTER, tuple(_DECIDE[flag] for flag in flags)) if changes else None


def _secured(module: Module, node: ast.AST) -> Rewrite | ByHand | None:
    """Set Flask-JWT-Extended's switch beside the setting that has tokens travel in cookies."""
    target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
    if isinstance(node, ast.Assign) and isinstance(target, ast.Subscript):
        text = f'{written(module, target.value)}["JWT_COOKIE_SECURE"] = True'
    elif isinstance(node, ast.Assign) and isinstance(target, ast.Name):
        text = "JWT_COOKIE_SECURE = True"
    else:
        return ByHand("the setting has to stand beside this one", ("JWT_COOKIE_SECURE = True",))
    return _rewrite(["secure"], after(module, node, text))
