"""Data flow over a module's functions: where tokens and secrets come from, what carries them, where they end.

`flows(module)` are the flows that end in a sink, `jose_calls(module)` the calls that sign, verify or read tokens.
Both come from one walk, made when a control first asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stopper.observe.source.flows import analysis, reading
from stopper.observe.source.flows.analysis import Flow, Safe
from stopper.observe.source.flows.columns import Column, columns, is_token_id
from stopper.observe.source.flows.jose import Act, JoseCall
from stopper.observe.source.flows.literals import Literal, literals
from stopper.observe.source.flows.naming import Says, credential, made_by, words
from stopper.observe.source.flows.places import place
from stopper.observe.source.flows.settings import assigned, seconds, settings, written
from stopper.observe.source.flows.sinks import STORES, Sink, is_logger
from stopper.observe.source.flows.spelling import last_name
from stopper.observe.source.flows.values import WEAK, Origin, Value

if TYPE_CHECKING:
    from stopper.observe.source.module import Module

__all__ = [
    "STORES",
    "WEAK",
    "Act",
    "Column",
    "Flow",
    "JoseCall",
    "Literal",
    "Origin",
    "Safe",
    "Says",
    "Sink",
    "Value",
    "assigned",
    "columns",
    "credential",
    "flows",
    "is_logger",
    "is_token_id",
    "jose_calls",
    "last_name",
    "literals",
    "made_by",
    "place",
    "reading",
    "safe",
    "seconds",
    "settings",
    "unfinished",
    "words",
    "written",
]


def unfinished(module: Module) -> tuple[str, ...]:
    """Return the names of functions that were nested too deep to be followed to their end."""
    return tuple(analysis.of(module).incomplete)


def flows(module: Module) -> tuple[Flow, ...]:
    """Return the flows of a module that end in a sink, in the order in which they were met."""
    return analysis.of(module).flows


def jose_calls(module: Module) -> tuple[JoseCall, ...]:
    """Return the calls of a module that sign, verify or read tokens."""
    return analysis.of(module).calls


def safe(module: Module) -> tuple[Safe, ...]:
    """Return the places where a flow was looked at and found right: a strong token made, a digest logged or stored."""
    return analysis.of(module).safe
