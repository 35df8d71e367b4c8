"""The tests that are written fail on an application that breaks the promise, and pass on one that keeps it.

Those that the example shops do not show (tests/cli/test_test.py) are run here.
"""

from __future__ import annotations

import inspect
import json
import time

import jwt
import pytest
from flask import Flask, Response, abort, jsonify, request

from stopper.controls import catalogue
from stopper.model import Endpoint, Finding, Severity, Status
from stopper.regression import Subject, folder

KEY = "the key of these tests, which is long enough to be one"
PROMISES = {
    "BT102": "/orders",
    "BT105": "/orders",
    "BT106": "/orders",
    "BT112": "/orders",
    "BT304": "/echo",
    "BT401": "/open",
    "BT403": "/unsigned",
    "BT405": "/unsigned",
    "BT608": "/open",
}


def careful() -> Flask:
    """Return an application that keeps the promises at every path."""
    app = Flask(__name__)

    @app.before_request
    def refuse() -> Response | None:
        if not request.is_secure:
            abort(403)
        try:
            jwt.decode(request.headers.get("Authorization", "").removeprefix("Bearer "), KEY, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            answer = jsonify(error="unauthorized")
            answer.status_code, answer.headers["WWW-Authenticate"] = 401, "Bearer"
            return answer
        return None

    @app.after_request
    def forbid_plain(response: Response) -> Response:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    for path in sorted(set(PROMISES.values())):
        app.add_url_rule(path, path, lambda: jsonify(number=1))
    return app


def careless() -> Flask:
    """Return an application that breaks each of them at its path."""
    app = Flask(__name__)
    app.add_url_rule("/orders", "orders", lambda: jsonify(number=1))
    app.add_url_rule("/open", "open", lambda: jsonify(number=1))

    @app.get("/unsigned")
    def unsigned() -> Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return jsonify(jwt.decode(token, options={"verify_signature": False})["sub"])

    @app.get("/echo")
    def echo() -> tuple[str, int]:
        return f"what is {request.headers['Authorization']}?", 401

    return app


def kept(control: str, app: Flask, text: str) -> bool:
    """Run the one test of a module on an application; tell whether it passes."""
    names: dict[str, object] = {"__file__": __file__, "__name__": "written"}
    exec(compile(text, "written.py", "exec"), names)
    (test,) = (value for name, value in names.items() if name.startswith("test_") and callable(value))
    token = jwt.encode({"sub": "ada", "exp": int(time.time()) + 60}, KEY, algorithm="HS256")
    given = {"client": app.test_client(), "token": token}
    try:
        test(**{name: given[name] for name in inspect.signature(test).parameters})
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("control", sorted(PROMISES))
def test_it_fails_where_broken_and_passes_where_kept(control: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each written test tells the careless application from the careful one."""
    specification = tmp_path_factory.mktemp("spec") / "api.json"
    subject = Subject("shop:app", factory=False, login=("return ''",), specs=("api.json",))
    entry = catalogue()[control].control
    endpoint = Endpoint("GET", PROMISES[control])
    finding = Finding(control, entry.name, "", Severity.HIGH, Status.CONFIRMED, "", None, (endpoint,), ())
    made = folder([(finding, entry)], subject, with_stopper=False)
    text = list(made.files.values())[1].replace("Path(__file__).parents[0]", f"Path({str(specification.parent)!r})")
    outcomes = []
    for app, scheme in ((careless(), "http"), (careful(), "https")):
        schemes = {"x": {"type": "openIdConnect", "openIdConnectUrl": f"{scheme}://shop.test/oidc"}}
        specification.write_text(json.dumps({"openapi": "3.1.0", "components": {"securitySchemes": schemes}}))
        outcomes.append(kept(control, app, text))
    assert outcomes == [False, True]
