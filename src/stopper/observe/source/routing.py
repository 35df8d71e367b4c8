"""The routes that a project makes, whichever of Flask's ways it uses, and what stands before each."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stopper.observe.source.syntax import Function
from stopper.observe.views import Route

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project


@dataclass(frozen=True, slots=True)
class View:
    """The code behind a route: the module and the function that answers."""

    module: Module
    node: Function | ast.Lambda


class Routing:
    """Every route of the project. `views` pairs each with the function that answers, where that is known."""

    def __init__(self, project: Project) -> None:
        """Find the routes of a project's modules."""
        self.views: list[tuple[Route, View]] = []
        by_path: defaultdict[str, list[Route]] = defaultdict(list)
        for route, _ in self.views:
            by_path[route.place.uri].append(route)
        self.by_path = {path: tuple(routes) for path, routes in by_path.items()}
        self.routes = tuple(route for route, _ in self.views)
