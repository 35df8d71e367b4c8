"""What a control finds where a project is in several files, and what a case cannot show: cases are single ones."""

from __future__ import annotations

import pytest

from stopper.controls import token_answer_cacheable, token_in_url
from stopper.model import Endpoint, Place, Witness
from stopper.observe.views import (
    Access,
    Baseline,
    Credential,
    Exchange,
    Live,
    Operation,
    Request,
    Requirement,
    Response,
    Scheme,
)
from stopper.secret import Secret
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


def test_refusing_one_credential_is_no_word_against_another_that_is_documented() -> None:
    """Our token is no key of the scheme that the specification puts into the query: what refuses it says nothing."""
    place = Place("openapi.yaml", 7)
    keyed = Requirement(((Scheme("key", "apiKey", place, location="query", parameter="api_key"), ()),))
    endpoint = Endpoint("GET", "/orders")
    request = Request("GET", "https://shop.test/orders")
    refusal = Exchange(request, Response(401))
    baseline = Baseline(Witness.WIRE, endpoint, Access.GUARDED, refusal, refusal, Exchange(request, Response(200)))
    for security, said in (((keyed,), 0), ((), 1)):
        operation = Operation(endpoint, place, security=security)
        credential = Credential(Secret("tok_5d41402abc4b2a76b9719d911017c592"), disposable=True)
        conversation = token_in_url.probe(
            Live(endpoint, Witness.WIRE, request, baseline, credential=credential, operation=operation)
        )
        next(conversation)
        with pytest.raises(StopIteration) as end:
            conversation.send(refusal)
        assert len(end.value.value) == said
