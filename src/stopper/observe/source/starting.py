"""Calls that start an application by the server that Flask, Socket.IO or Werkzeug bring along."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from stopper.observe.source import owners
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.names import External, Instance

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

_APPLICATIONS = re.compile(
    r"^(flask|apiflask|flask_openapi3|flask_socketio|connexion|quart|flask_restx|flask_restful)\b"
)
_CALLED = frozenset("app application socketio server sio api flask_app core_app webapp web_app".split())
_FACTORIES = frozenset({"create_app", "make_app", "get_app", "build_app"})
EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""Hosts that mean every interface of the machine."""


def starts_application(module: Module, call: ast.Call) -> bool:
    """Tell whether a call is `app.run`, `socketio.run` or `run_simple`; subprocesses and runners have `run` too."""
    if last_name(call) == "run_simple":
        return module.qualified(call.func) in (None, "werkzeug.serving.run_simple", "werkzeug.run_simple")
    if last_name(call) != "run" or not isinstance(call.func, ast.Attribute):
        return False
    holder = call.func.value
    made = isinstance(holder, ast.Call) and last_name(holder) in _FACTORIES
    return made or is_application(module, holder)


def is_application(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression is the application: by its class, or by its name where that is unknown."""
    target = module.resolve(node)
    kind = target.kind if isinstance(target, Instance) else target
    if isinstance(kind, External) and (kind is not target or _APPLICATIONS.match(kind.name)):
        return _APPLICATIONS.match(kind.name) is not None
    return owners.kind_of(target) == owners.APPLICATION or last_name(node).lower() in _CALLED


def listens_on(module: Module, call: ast.Call) -> list[object]:
    """Return the host that a start is told to listen on, UNKNOWN where that cannot be told; empty for the default."""
    named = [each.value for each in call.keywords if each.arg in ("host", "hostname")]
    position = 1 if module.qualified(call.func) == "flask_socketio.SocketIO.run" else 0
    return [module.constant(host) for host in (named or call.args[position : position + 1])]
