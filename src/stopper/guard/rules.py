"""What a route asks of its caller, declared on the view by a decorator and found again when a request comes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, Flask
from werkzeug.routing import Rule as UrlRule

from stopper.guard.settings import ConfigurationError


class Access(enum.Enum):
    """Who may call."""

    REQUIRE = "require"
    """Callers with a good token."""
    OPTIONAL = "optional"
    """Anybody; a token that is presented must be good."""
    PUBLIC = "public"
    """Anybody; tokens are not looked at."""
    UNDECLARED = "undeclared"
    """Nobody: the route has to say what it wants."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one route asks: who may call, with which scopes, and whether plain HTTP will do.

    `max_age` is how many seconds ago the user may have proved who they are; 0 asks nothing. `audience` is what the
    token must be meant for besides this API as a whole; empty asks nothing. `bound` asks for a token that is bound to
    its sender's key. `looks_closer` says at one glance whether any of these three asks something.
    """

    access: Access
    scopes: frozenset[str] = frozenset()
    max_age: int = 0
    plain_http: bool = False
    audience: str = ""
    bound: bool = False
    looks_closer: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Say once, and not at every request, whether scopes are all that is asked."""
        object.__setattr__(self, "looks_closer", bool(self.max_age or self.audience or self.bound))


PUBLIC = Rule(Access.PUBLIC)
DEFAULTS = {
    "require": Rule(Access.REQUIRE),
    "declare": Rule(Access.UNDECLARED),
    "open": PUBLIC,
}

_ATTRIBUTE = "stopper_rule"


def declare(subject: Callable[..., Any] | Blueprint, rule: Rule) -> None:
    """Attach a rule to a view function, a view class or a blueprint; raise ConfigurationError for a second one."""
    earlier = vars(subject).get(_ATTRIBUTE)
    if earlier is not None and earlier != rule:
        name = getattr(subject, "__qualname__", None) or getattr(subject, "name", subject)
        raise ConfigurationError(f"{name} is declared both {earlier.access.value} and {rule.access.value}")
    setattr(subject, _ATTRIBUTE, rule)


def declared(subject: object) -> Rule | None:
    """Return the rule attached to a view or blueprint, or None."""
    rule = getattr(subject, _ATTRIBUTE, None)
    return rule if isinstance(rule, Rule) else None


def rule_for(app: Flask, url_rule: UrlRule, method: str, default: Rule) -> Rule:
    """Return what a route asks of a call with this method.

    The nearest declaration counts: the method of a view class, the view, its class, its blueprint from the inside out,
    and then the default. A view that asks for scopes of its own keeps the audience of its blueprint, and whether tokens
    must be bound. Flask's own static files and automatic OPTIONS answers are public: browsers send no token in a CORS
    preflight.
    """
    if method == "OPTIONS" and getattr(url_rule, "provide_automatic_options", False):
        return PUBLIC
    view = app.view_functions[url_rule.endpoint]
    around = list(_of_blueprints(app, url_rule.endpoint))
    for subject in (_method_of(view, method), view, getattr(view, "view_class", None)):
        if subject is not None and (rule := declared(subject)):
            return _inheriting(rule, around)
    if around:
        return around[0]
    if url_rule.endpoint.rpartition(".")[2] == "static" and getattr(view, "__module__", "").startswith("flask."):
        return PUBLIC
    return default


def _inheriting(rule: Rule, around: Sequence[Rule]) -> Rule:
    """Return a view's own rule with what its blueprints ask besides; the very same one where that is nothing."""
    audience = rule.audience or next((outer.audience for outer in around), "")
    bound = rule.bound or (rule.access is not Access.PUBLIC and any(outer.bound for outer in around))
    if (audience, bound) == (rule.audience, rule.bound):
        return rule
    return replace(rule, audience=audience, bound=bound)


def _of_blueprints(app: Flask, endpoint: str) -> Iterator[Rule]:
    """Yield what the blueprints of an endpoint declare, from the inside out."""
    blueprint = endpoint.rpartition(".")[0]
    while blueprint:
        if rule := declared(app.blueprints.get(blueprint)):
            yield rule
        blueprint = blueprint.rpartition(".")[0]


def _method_of(view: Callable[..., Any], method: str) -> object | None:
    view_class = getattr(view, "view_class", None)
    found: object | None = getattr(view_class, method.lower(), None)
    if found is None and method == "HEAD":
        found = getattr(view_class, "get", None)
    return found
