"""What a control finds where a project is in several files: cases are single ones."""

from __future__ import annotations

from stopper.controls import token_answer_cacheable
from tests.observe.source.projects import named, package

VIEWS = """
    from flask_jwt_extended import create_access_token
    from flask_restful import Resource

    class Login(Resource):
        def post(self):
            return {"access_token": create_access_token("a")}

    class Unserved:
        def post(self):
            return {"access_token": create_access_token("a")}
"""
APPLICATION = """
    from flask import Flask
    from flask_restful import Api
    from views import Login

    api = Api(Flask(__name__))
    api.add_resource(Login, "/login")
"""


def test_view_registered_by_another_module_hands_out_a_token() -> None:
    """A view that another module registers is judged where it is written, a class that nothing serves is not."""
    project = package({"views.py": VIEWS, "app.py": APPLICATION})
    verdicts = list(token_answer_cacheable.source(named(project, "views.py")))
    assert [(verdict.kept, verdict.place.line) for verdict in verdicts if verdict.place] == [(False, 7)]
