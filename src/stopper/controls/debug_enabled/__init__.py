"""The application runs with Flask's debugger.

## What is wrong

Debug mode, or the debugger of Werkzeug, is switched on in code or configuration that runs wherever the application
does.

## Why it matters

The debugger shows the code, the local variables and with them the tokens and keys of a failed request to whoever made
it fail, and has a console that runs any Python behind a PIN of nine digits (ASVS 5.0.0 13.4.2, CWE-489, CWE-94).

## Bad

    app.run(host="0.0.0.0", debug=True)

    # .env, kept with the code
    FLASK_DEBUG=1

## Good

    app.run()        # and `flask --debug run` on the developer's own machine

The guard answers 503 to a peer off the machine while the application runs in debug mode.

## References

ASVS 5.0.0 13.4.2; Flask documentation, "Debug Mode"; OWASP API8:2023; CWE-94, CWE-215, CWE-489.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from stopper.model import Control, Place, Scope, Severity, Strength, Verdict, Witness
from stopper.observe.source import Configuration, Module, within
from stopper.observe.source.configuration import Entry, Serves
from stopper.observe.source.development import on_own_machine
from stopper.observe.source.flows import last_name, place, words
from stopper.observe.source.frontend import Frontend
from stopper.observe.source.rewriting import removed, replaced, without_argument, written
from stopper.observe.source.starting import EVERYWHERE, is_application, listens_on, starts_application
from stopper.observe.views import AppSnapshot, Exchange, Live, Request
from stopper.observe.wire.evidence import evidence
from stopper.rewrite import ByHand, Change, Replace, Rewrite

CONTROL = Control(
    id="BT305",
    name="debug_enabled",
    severity=Severity.HIGH,
    title="The application runs with a debugger",
    witnesses="C S A",
    requirements=("L09",),
    labels=("debug_enabled",),
    cwe=(94, 215, 489),
    scope=Scope.APPLICATION,
    local=True,
)

_SHOWN = re.compile(r"\{%[-+]?\s*debug\s*[-+]?%\}")
"""The tag of Jinja's extension for debugging."""
_DEBUGGER = "werkzeug.debug.DebuggedApplication"
_SETTINGS = frozenset({"DEBUG", "FLASK_DEBUG", "FLASK_ENV", "ENV"})
_CONFIG_BASES = ("Config", "Settings", "Configuration")
_FLASK_WORDS = ("SECRET_KEY", "SQLALCHEMY", "JWT_", "TESTING", "SESSION_COOKIE", "WTF_", "flask", "MAIL_", "CSRF_")
_OF_FLASK = frozenset(
    {"SECRET_KEY", "TESTING", "SESSION_COOKIE_NAME", "SQLALCHEMY_DATABASE_URI", "JWT_SECRET_KEY", "MAX_COOKIE_SIZE"}
)
"""Settings of Flask and of its extensions, beside which `DEBUG` in a dictionary is Flask's."""
_TRUE = (True, 1, "1", "true", "True", "TRUE", "on", "yes")

Found = tuple[ast.AST, str, Severity | None]
"""Where, what is said of it, and how much it weighs: None where the promise is kept."""


_SCRIPT = "/?__debugger__=yes&cmd=resource&f=debugger.js"
"""Where Werkzeug's debugger serves its own script, to anyone and before the application is asked."""


def probe(live: Live) -> Generator[Request, Exchange, Sequence[Verdict]]:
    """Ask for the debugger's own script over the wire.

    That this server has no debugger says nothing of how the code is run elsewhere: no promise is seen to be kept.
    """
    if live.witness is not Witness.WIRE:
        return ()
    base = urlsplit(live.request.url)
    exchange = yield Request("GET", f"{base.scheme}://{base.netloc}{_SCRIPT}")
    answer = exchange.response
    if not answer or answer.status != 200 or b"EVALEX_TRUSTED" not in answer.body:
        return ()
    return (
        Verdict(
            kept=False,
            message="Werkzeug's debugger stands before the application",
            endpoints=(live.endpoint,),
            evidence=(evidence("the debugger's own script", exchange),),
            strength=Strength.PROVEN,
            cause="DebuggedApplication",
        ),
    )


def source(module: Module) -> Iterable[Verdict]:
    """Look at how the application is run, at `app.debug`, the environment and the classes of configuration."""
    if not module.mentions("debug", "flask_env"):
        return
    for node, message, full in (*_calls(module), *_assignments(module)):
        if full is None:
            yield Verdict(True, message, place(module, node))
            continue
        if not on_own_machine(module, node) and not _left_to_the_operator(module, node):
            yield Verdict(False, message, place(module, node), module.endpoints(node), severity=full)


def app(snapshot: AppSnapshot) -> Iterable[Verdict]:
    """Look at the switch as the application is made, and for the debugger around it.

    The switch alone shows no console: it takes Flask's own server, and the environment of the scan may have set it.
    """
    wrapped = any(layer.kind == _DEBUGGER for layer in snapshot.layers)
    if wrapped:
        message = "the application is wrapped in Werkzeug's debugger, whatever serves it"
        yield Verdict(False, message, snapshot.place, strength=Strength.PROVEN, cause="DebuggedApplication")
    if snapshot.config.get("DEBUG"):
        message = "the application is made with `DEBUG` on, in the environment of this scan"
        yield Verdict(False, message, snapshot.place, strength=Strength.PROVEN, cause="DEBUG", severity=Severity.MEDIUM)
    elif not wrapped:
        yield Verdict(True, "the application is made with `DEBUG` off", snapshot.place)


def configuration(configuration: Configuration) -> Iterable[Verdict]:
    """Look at the switches in a file of settings that git keeps with the code, so that they hold wherever it runs."""
    if not configuration.committed or configuration.serves is not Serves.RUNNING:
        return
    for entry in configuration.entries:
        message, full = _switched(configuration, entry)
        if message:
            yield Verdict(full is None, message, entry.place, severity=full)


def frontend(page: Frontend) -> Iterable[Verdict]:
    """Look at templates for the tag that shows all that a template is given, the configuration and the session too."""
    if page.script:
        return
    for found in _SHOWN.finditer(page.template):
        message = "the template shows all that it is given, `config` with its keys and `session` among it"
        yield Verdict(False, message, page.place(found.start()))


def _switched(configuration: Configuration, entry: Entry) -> tuple[str, Severity | None]:
    """Return what an entry says of the debugger, and what that weighs: None where it is off, no text for others."""
    text = entry.value.reveal().lower()
    if entry.name in ("DEBUG", "FLASK_DEBUG"):
        if text in ("0", "false", "no", "off"):
            return f"`{entry.name}` is switched off", None
        # `flask run` alone reads .flaskenv, and what reads a plain DEBUG is not seen here
        certain = entry.name == "FLASK_DEBUG" and not configuration.path.endswith(".flaskenv")
        weight = CONTROL.severity if certain else Severity.MEDIUM
        return (f"`{entry.name}` is switched on", weight) if text in ("1", "true", "yes", "on") else ("", None)
    if entry.name == "FLASK_ENV" and text == "development":
        return "`FLASK_ENV` is development, which switched the debugger on up to Flask 2.2", Severity.MEDIUM
    return "", None


def _calls(module: Module) -> Iterator[Found]:
    for call in module.nodes(ast.Call):
        name = last_name(call)
        if name in ("run", "run_simple"):
            yield from _run(module, call)
        elif name == "DebuggedApplication" and (module.qualified(call.func) or "").startswith("werkzeug.debug"):
            yield call, "the application is wrapped into Werkzeug's debugger", CONTROL.severity
        elif name in ("update", "from_mapping", "setdefault") and _is_config(module, call):
            for keyword in call.keywords:
                if keyword.arg in ("DEBUG", "ENV"):
                    yield from _switch(module, keyword, keyword.arg, keyword.value)
            if name == "setdefault" and len(call.args) > 1:
                yield from _switch(module, call, module.constant(call.args[0]), call.args[1])


def _run(module: Module, call: ast.Call) -> Iterator[Found]:
    """Yield what `app.run` or `run_simple` says about the debugger; `debug=args.debug` leaves it to the operator."""
    if not starts_application(module, call):
        return
    options = {each.arg: each.value for each in call.keywords if each.arg}
    given = options.get("use_debugger", options.get("debug"))
    if last_name(call) == "run" and given is None and len(call.args) > 2:
        given = call.args[2]  # Flask.run(host, port, debug)
    value = module.constant(given) if given is not None else None
    if value is True or value == 1:
        reach, full = _reach(module, call)
        yield call, f"`{ast.unparse(call.func)}` starts the application with the debugger{reach}", full
    elif value is False:
        yield call, "the application is started without the debugger", None


def _reach(module: Module, call: ast.Call) -> tuple[str, Severity]:
    """Return who can come by the debugger, and what that weighs: Flask listens on the machine itself by default."""
    told = listens_on(module, call)
    if any(host in EVERYWHERE for host in told if isinstance(host, str)):
        return ", and listens on every interface", Severity.HIGH
    if any(host in ("127.0.0.1", "localhost", "::1") for host in told):
        return ", on this machine alone", Severity.LOW
    return "", Severity.HIGH if told else Severity.MEDIUM


def _assignments(module: Module) -> Iterator[Found]:
    for assign in module.nodes(ast.Assign):
        for target in assign.targets:
            if isinstance(target, ast.Attribute) and target.attr == "debug" and is_application(module, target.value):
                yield from _switch(module, assign, "DEBUG", assign.value)
            elif isinstance(target, ast.Subscript) and (_is_config(module, target) or _is_environment(target)):
                yield from _switch(module, assign, module.constant(target.slice), assign.value)
            elif isinstance(target, ast.Name) and target.id in _SETTINGS and _configures(module, assign):
                yield from _switch(module, assign, target.id, assign.value)
    for mapping in module.nodes(ast.Dict):
        members = zip(mapping.keys, mapping.values, strict=True)
        named = {key.value: (key, value) for key, value in members if isinstance(key, ast.Constant)}
        if "DEBUG" in named and not _OF_FLASK.isdisjoint(map(str, named)):
            yield from _switch(module, named["DEBUG"][0], "DEBUG", named["DEBUG"][1])
    for annotated in module.nodes(ast.AnnAssign):
        name = last_name(annotated.target)
        if name in _SETTINGS and annotated.value is not None and _configures(module, annotated):
            yield from _switch(module, annotated, name, annotated.value)


def _switch(module: Module, node: ast.AST, name: object, value: ast.expr) -> Iterator[Found]:
    known = _default(module, value)
    if name in ("DEBUG", "FLASK_DEBUG"):
        if any(known is one or (known == one and type(known) is type(one)) for one in _TRUE):
            yield node, f"`{name}` is switched on", CONTROL.severity
        elif known is False or known == "0":
            yield node, f"`{name}` is switched off", None
    elif name in ("FLASK_ENV", "ENV") and known == "development":
        yield node, f"`{name}` is development, which switched the debugger on up to Flask 2.2", Severity.MEDIUM


def _default(module: Module, value: ast.expr) -> object:
    """Return what a switch always is, or what it is where the environment says nothing."""
    known = module.constant(value)
    if isinstance(value, ast.Call) and last_name(value) in ("get", "getenv", "bool", "int", "config", "env"):
        inner = value.args[1] if len(value.args) > 1 else next((a for a in value.args if isinstance(a, ast.Call)), None)
        given = [each.value for each in value.keywords if each.arg in ("default", "cast_default")]
        chosen = given[0] if given else inner
        known = _default(module, chosen) if chosen is not None else known
        # `bool(os.environ.get(...))` of any text is true, "0" too: left alone, for the default may be the empty one
    if isinstance(value, ast.Compare) and len(value.ops) == 1 and isinstance(value.ops[0], ast.Eq | ast.In):
        chosen_text, wanted = _default(module, _asked(value.left)), module.constant(value.comparators[0])
        texts = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list | tuple) else []
        if isinstance(chosen_text, str) and texts:
            return chosen_text.lower() in [str(each).lower() for each in texts]
    return known


def _asked(node: ast.expr) -> ast.expr:
    """Return what a comparison asks the environment for: `os.getenv("DEBUG", "True")` of `….lower() == "true"`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("lower", "strip"):
        node = node.func.value
    return node


def _is_config(module: Module, node: ast.Call | ast.Subscript) -> bool:
    """Tell whether a subscript or call is about `app.config`."""
    holder = node.value if isinstance(node, ast.Subscript) else node.func
    config = holder.value if isinstance(holder, ast.Attribute) and isinstance(node, ast.Call) else holder
    return isinstance(config, ast.Attribute) and config.attr == "config" and is_application(module, config.value)


def _is_environment(target: ast.Subscript) -> bool:
    key = target.slice.value if isinstance(target.slice, ast.Constant) else ""
    return last_name(target.value) == "environ" and key in ("FLASK_DEBUG", "FLASK_ENV")


def _configures(module: Module, node: ast.Assign | ast.AnnAssign) -> bool:
    """Tell whether an assignment is a setting of Flask: in a class of configuration, or in a module of settings."""
    owner = module.scope(node)
    if isinstance(owner, ast.ClassDef):
        bases = [last_name(base) for base in owner.bases]
        if any(name.endswith(_CONFIG_BASES) for name in (owner.name, *bases)):
            return not _is_base(module, owner)
        return False
    file = module.path.rpartition("/")[2]
    named = not {"config", "settings", "configuration", "conf", "default"}.isdisjoint(words(file.removesuffix(".py")))
    return isinstance(owner, ast.Module) and named and any(word in module.text for word in _FLASK_WORDS)


def _is_base(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether all that runs in production switches off again what a base class switches on."""
    heirs = [
        node
        for node in module.nodes(ast.ClassDef)
        if any(last_name(base) == owner.name for base in node.bases) and "prod" in node.name.lower()
    ]
    return bool(heirs) and all(_switches_off(module, heir) for heir in heirs)


def _switches_off(module: Module, owner: ast.ClassDef) -> bool:
    return any(
        isinstance(node, ast.Assign) and last_name(node.targets[0]) == "DEBUG" and module.constant(node.value) is False
        for node in owner.body
    )


def _left_to_the_operator(module: Module, node: ast.AST) -> bool:
    """Tell whether a node runs only where the environment says so."""
    inner = node
    for outer in module.ancestors(node):
        if isinstance(outer, ast.If) and inner is not outer.test:
            names = (last_name(part) for part in within(outer.test) if isinstance(part, ast.Name | ast.Attribute))
            if any(not {"env", "environ"}.isdisjoint(words(name)) for name in names):
                return True
        inner = outer
    return False


# --------------------------------------------------------------------------- the repair

_OFF = {"1": "0", "true": "false", "True": "False", "TRUE": "FALSE", "on": "off", "yes": "no"}
_WHY = "the debugger runs where somebody asks for it, as by `flask run --debug`"


def fix(module: Module, where: Place) -> Rewrite | ByHand | None:
    """Leave the debugger to whoever starts the application, or switch it off where a setting has to say something."""
    for node, _, full in (*_calls(module), *_assignments(module)):
        if full is not None and place(module, node) == where:
            changes = tuple(_left_off(module, node))
            return Rewrite(_WHY, changes) if changes else ByHand("what else depends on this setting is not known")
    return None


def _left_off(module: Module, node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.keyword | ast.Assign | ast.AnnAssign):
        yield from _switched_off(module, node.value) if node.value is not None else ()
    elif isinstance(node, ast.Call) and last_name(node) == "setdefault":
        yield from _switched_off(module, node.args[1])
    elif isinstance(node, ast.Call) and last_name(node) == "DebuggedApplication":
        yield from _unwrapped(module, node)
    elif isinstance(node, ast.Call):
        yield from _started_without(module, node)


def _switched_off(module: Module, value: ast.expr) -> Iterator[Replace]:
    """Put the word for off in the place of the one for on; in a lookup, in the place of its default."""
    if isinstance(value, ast.Constant) and value.value is True:
        yield replaced(module, value, "False")
    elif isinstance(value, ast.Constant) and type(value.value) is int:
        yield replaced(module, value, "0")
    elif isinstance(value, ast.Constant) and value.value in _OFF:
        yield replaced(module, value, f'"{_OFF[value.value]}"')
    elif isinstance(value, ast.Call):
        given = [each.value for each in value.keywords if each.arg == "default"]
        looked_up = last_name(value) in ("get", "getenv", "config", "env") and len(value.args) > 1
        of_text = last_name(value) == "bool"  # any text is true, "0" too
        for default in given or (value.args[1:2] if looked_up else value.args[:1]):
            yield from (each for each in _switched_off(module, default) if not of_text or each.text in ("False", "0"))


def _unwrapped(module: Module, call: ast.Call) -> Iterator[Change]:
    """Take the application out of the debugger: `app.wsgi_app = DebuggedApplication(app.wsgi_app)` goes as a whole."""
    if not call.args:
        return
    inner, outer = call.args[0], module.parent(call)
    if isinstance(outer, ast.Assign) and [ast.unparse(each) for each in outer.targets] == [ast.unparse(inner)]:
        yield removed(module, outer)
    else:
        yield replaced(module, call, written(module, inner))


def _started_without(module: Module, call: ast.Call) -> Iterator[Change]:
    """Start the application without a word about the debugger: then the environment decides."""
    for keyword in call.keywords:
        if keyword.arg in ("debug", "use_debugger") and module.constant(keyword.value) in (True, 1):
            yield without_argument(module, call, keyword.arg)
    if last_name(call) == "run" and len(call.args) > 2 and module.constant(call.args[2]) in (True, 1):
        yield replaced(module, call.args[2], "None")
