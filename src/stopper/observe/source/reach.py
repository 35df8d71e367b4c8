"""Which code runs for which endpoint."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stopper.model import Endpoint

if TYPE_CHECKING:
    from stopper.observe.source.module import Module, Project


class Reach:
    """The functions that run for each endpoint, found by walking from the views through what they call."""

    def __init__(self, project: Project) -> None:
        """Walk from every view of the project."""
        self._endpoints: dict[ast.AST, set[Endpoint]] = {}
        for route, view in project.routing.views:
            self._endpoints.setdefault(view.node, set()).update(route.endpoints)

    def endpoints(self, module: Module, node: ast.AST) -> tuple[Endpoint, ...]:
        """Return the endpoints whose handling runs through a node, sorted."""
        function = module.function_of(node)
        return tuple(sorted(self._endpoints.get(function, ()))) if function is not None else ()
