"""The application in its child process: how it is made, what it tells, how requests reach it and how it ends."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import textwrap
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from stopper.io.child import AppChild, ChildError, interpreter
from stopper.model import Endpoint, Witness
from stopper.observe.views import Exchange, Request
from stopper.observe.wire.jwt import credential, with_key
from stopper.secret import Secret

CANARY = "canary-4f8a2c71d9"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a module `shop.py` into an empty folder and returns the folder."""

    def writer(source: str) -> Path:
        (tmp_path / "shop.py").write_text(textwrap.dedent(source))
        return tmp_path

    return writer


def get(path: str, *headers: tuple[str, str]) -> Request:
    """Return a GET request to the application."""
    return Request("GET", f"https://localhost{path}", headers)


def text(exchange: Exchange) -> str:
    """Return the body of an answer that must be there."""
    assert exchange.response is not None, exchange.error
    return exchange.response.text


PLAIN = """
    from flask import Flask, request
    app = Flask(__name__)

    @app.post("/echo/<int:number>")
    def echo(number):
        return {
            "method": request.method, "number": number, "query": request.query_string.decode(),
            "body": request.get_data().decode(), "peer": request.remote_addr, "secure": request.is_secure,
            "host": request.host, "headers": {k: v for k, v in request.headers},
        }
"""

BAD = {
    "raises": ("raise ValueError('CANARY')", "raised ValueError at import (shop.py:1)"),
    "syntax": ("x = = 'CANARY'", "raised SyntaxError at import (shop.py:1)"),
    "exits": ("import sys\nsys.exit('CANARY')", "called sys.exit at import, with status 1 (shop.py:2)"),
    "dies": ("import os\nos._exit(7)", "its process ended while the application was made, with status 7"),
    "crashes": ("import os\nos.abort()", "its process was ended by SIGABRT while the application was made"),
    "loops": ("while True: pass", "did not return within 2 s at import (shop.py:1)"),
    "cannot be interrupted": (
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\nwhile True: pass",
        "did not return within 2 s while the application was made",
    ),
    "needs": ("import not_there", "needs the module 'not_there', which its Python does not have (shop.py:1)"),
    "no attribute": ("apps = 1", "shop has no 'app': did you mean 'apps'?"),
    "no application": ("app = {}", "is no Flask application but of type dict"),
    "factory raises": ("def app():\n  raise KeyError('CANARY')", "raised KeyError when called (shop.py:2)"),
    "factory of nothing": ("def app(): pass", "is no Flask application but of type NoneType"),
    "arguments": ("def app(x): pass", "cannot be called without arguments (x): name a factory that needs none"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_applications_end_in_one_line(write: Write, name: str) -> None:
    """An application that cannot be made is told by cause and place in one line, without the exception's text."""
    source, line = BAD[name]
    with pytest.raises(ChildError) as caught:
        async with AppChild("shop:app", cwd=write(source.replace("CANARY", CANARY)), timeout=2):
            pass
    assert str(caught.value).removeprefix("shop:app").lstrip(": ") == line
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("shops:app", "shops:app: there is no module 'shops' in the folder or the Python that were given"),
        ("shop", "shop names no application: write module:app or module:factory"),
        ("shop:f('x')", "shop:f('x') names no application: write module:app or module:factory"),
    ],
)
async def test_bad_targets_end_in_one_line(write: Write, target: str, line: str) -> None:
    """A target that names nothing is told in one line."""
    with pytest.raises(ChildError) as caught:
        async with AppChild(target, cwd=write(PLAIN)):
            pass
    assert str(caught.value) == line


async def test_a_python_that_cannot_run_ends_in_one_line(write: Write) -> None:
    """An interpreter that is not there, or is no program, is told in one line."""
    folder = write(PLAIN)
    with pytest.raises(ChildError, match=r"^shop:app: there is no interpreter nowhere/python$"):
        async with AppChild("shop:app", cwd=folder, python="nowhere/python"):
            pass
    (folder / "python").write_bytes(b"\x7fELF")
    (folder / "python").chmod(0o755)
    with pytest.raises(ChildError, match=r"^shop:app: .*/python cannot be run: Exec format error$"):
        async with AppChild("shop:app", cwd=folder, python=folder / "python"):
            pass


async def test_an_interpreter_is_found_by_relative_path(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--python env/bin/python` means the user's current folder, not the application's."""
    folder = write(PLAIN)
    (folder / "elsewhere" / "bin").mkdir(parents=True)
    (folder / "elsewhere" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(folder / "elsewhere")
    async with AppChild("shop:app", cwd=folder, python="bin/python") as child:
        assert (await child.snapshot()).routes


async def test_a_request_arrives_as_a_server_would_pass_it(write: Write) -> None:
    """Method, path, query, host, headers and body reach the view; the peer is no loopback address."""
    request = Request(
        "POST",
        "https://api.test:8443/echo/7?a=%20b",
        (("Authorization", " Bearer x "), ("authorization", "Bearer y"), ("X_Dropped", "1"), ("X-Name", "\u00fc")),
        b"hello",
    )
    async with AppChild("shop:app", cwd=write(PLAIN)) as child:
        exchange = await child.send(request)
    assert exchange.witness is Witness.APP
    assert exchange.response is not None
    assert exchange.response.status == 200
    assert exchange.response.header("content-type") == "application/json"
    seen = json.loads(text(exchange))
    headers = seen.pop("headers")
    assert seen == {
        "method": "POST",
        "number": 7,
        "query": "a=%20b",
        "body": "hello",
        "peer": "192.0.2.10",
        "secure": True,
        "host": "api.test:8443",
    }
    assert headers["Authorization"] == "Bearer x,Bearer y"
    assert headers["X-Name"].encode("latin-1").decode() == "\u00fc"
    assert "X-Dropped" not in headers


async def test_what_no_client_could_send_is_not_sent(write: Write) -> None:
    """A line break in a header is an error of the exchange, as over the wire, and reaches no view."""
    async with AppChild("shop:app", cwd=write(PLAIN)) as child:
        exchange = await child.send(get("/", ("X-Name", "a\r\nX-Other: b")))
    assert (exchange.response, exchange.error) == (None, "malformed request")


TROUBLE = """
    import os, sys, time
    from flask import Flask
    print("noise on stdout", flush=True)
    sys.stderr.write("CANARY" * 100_000)
    app = Flask(__name__)
    app.logger.error("CANARY")

    @app.get("/raises")
    def raises():
        print("CANARY", flush=True)
        raise ValueError("CANARY")

    @app.get("/slow")
    def slow():
        time.sleep(60)

    @app.get("/exits")
    def exits():
        sys.exit("CANARY")

    @app.get("/endless")
    def endless():
        def forever():
            while True:
                yield b"x" * 65_536
        return forever()

    @app.get("/dies")
    def dies():
        os._exit(9)

    @app.get("/fine")
    def fine():
        return "fine"
"""


async def test_a_failing_view_is_one_failed_exchange(write: Write) -> None:
    """A view that raises answers 500; one that exits or hangs is told as the exchange's error; the next one works."""
    async with AppChild("shop:app", cwd=write(TROUBLE), call_timeout=1) as child:
        raised = await child.send(get("/raises"))
        assert raised.response is not None
        assert raised.response.status == 500
        assert (await child.send(get("/exits"))).error == "exception: SystemExit"
        assert (await child.send(get("/slow"))).error == "timeout"
        endless = await child.send(get("/endless"))
        assert endless.response is not None
        assert endless.response.truncated
        assert len(endless.response.body) == 1024 * 1024
        assert text(await child.send(get("/fine"))) == "fine"


async def test_an_application_that_died_stays_gone(write: Write) -> None:
    """When a view ends the process, that request and every later one say so instead of waiting."""
    async with AppChild("shop:app", cwd=write(TROUBLE)) as child:
        assert [(await child.send(get(path))).error for path in ("/dies", "/fine")] == ["application gone"] * 2
        with pytest.raises(ChildError, match=r"^shop:app is not running$"):
            await child.snapshot()


async def test_exceptions_pass_through_where_the_application_wants_it(write: Write) -> None:
    """With TESTING set Flask lets exceptions through: the exchange names the type only."""
    async with AppChild("shop:app", cwd=write(TROUBLE + "\n    app.testing = True\n")) as child:
        assert (await child.send(get("/raises"))).error == "exception: ValueError"


async def test_nothing_that_the_application_prints_comes_out(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """Prints, logs and tracebacks of the application reach neither our output nor our errors."""
    async with AppChild("shop:app", cwd=write(TROUBLE.replace("CANARY", CANARY))) as child:
        await child.send(get("/raises"))
    assert capfd.readouterr() == ("", "")


async def test_a_request_given_up_does_not_answer_the_next(write: Write) -> None:
    """After a request was cancelled, the next one gets its own answer."""
    async with AppChild("shop:app", cwd=write(TROUBLE), call_timeout=1) as child:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await child.send(get("/slow"))
        assert text(await child.send(get("/fine"))) == "fine"


async def test_requests_side_by_side_keep_their_answers(write: Write) -> None:
    """Many requests at once each get their own answer."""
    requests = [Request("POST", f"https://localhost/echo/{number}", (), b"") for number in range(20)]
    async with AppChild("shop:app", cwd=write(PLAIN)) as child:
        answers = await asyncio.gather(*map(child.send, requests))
    assert [json.loads(text(answer))["number"] for answer in answers] == list(range(20))


async def test_nothing_stays_behind(write: Write) -> None:
    """Processes that the application started end with it."""
    folder = write(
        """
        import os, subprocess, sys
        from flask import Flask
        app = Flask(__name__)
        sleeper = subprocess.Popen(["sleep", "600"])
        forked = os.fork()
        if not forked:
            os.execlp("sleep", "sleep", "600")

        @app.get("/")
        def pids():
            return [os.getpid(), sleeper.pid, forked]
        """
    )
    async with AppChild("shop:app", cwd=folder) as child:
        pids = json.loads(text(await child.send(get("/"))))
    deadline = time.monotonic() + 5
    while any(running(pid) for pid in pids) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    assert [running(pid) for pid in pids] == [False] * 3


async def test_a_fork_of_the_application_does_not_answer(write: Write) -> None:
    """When the import forks and both copies go on, only the process that was started answers."""
    folder = write(
        """
        import os
        from flask import Flask
        started = os.getpid()
        os.fork()
        app = Flask(__name__)

        @app.get("/")
        def pids():
            return [os.getpid(), started]
        """
    )
    async with AppChild("shop:app", cwd=folder) as child:
        for _ in range(20):
            answering, started = json.loads(text(await child.send(get("/"))))
            assert answering == started


def running(pid: int) -> bool:
    """Tell whether a process still runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_module_that_calls_run_is_not_served(write: Write) -> None:
    """`app.run()` without a main guard is ignored, as under `flask run`, and does not hold the import up."""
    async with AppChild("shop:app", cwd=write(PLAIN + "\n    app.run(port=0)\n"), timeout=5) as child:
        assert (await child.snapshot()).routes


async def test_no_way_out(write: Write) -> None:
    """Connections beyond loopback are refused and noted; those to loopback are not."""
    folder = write(
        """
        import socket
        from flask import Flask
        app = Flask(__name__)

        def outcome(host):
            try:
                socket.create_connection((host, 9), timeout=1)
            except OSError as error:
                return error.errno

        @app.get("/")
        def index():
            datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                datagram.sendto(b"x", ("192.0.2.77", 53))
            except OSError as error:
                return [outcome("192.0.2.77"), outcome("127.0.0.1"), error.errno]
        """
    )
    async with AppChild("shop:app", cwd=folder) as child:
        assert (await child.snapshot()).notes == ()
        assert json.loads(text(await child.send(get("/")))) == [
            errno.ENETUNREACH,
            errno.ECONNREFUSED,
            errno.ENETUNREACH,
        ]
        assert (await child.snapshot()).notes == (
            "connections beyond loopback were refused: 192.0.2.77:53, 192.0.2.77:9",
        )


async def test_an_application_that_needs_the_network_is_told_so(write: Write) -> None:
    """Where the application cannot be made and a connection was refused, the line of error names it."""
    folder = write("import socket\nsocket.create_connection(('192.0.2.77', 5432))")
    with pytest.raises(ChildError) as caught:
        async with AppChild("shop:app", cwd=folder):
            pass
    refused = "connections beyond loopback were refused: 192.0.2.77:5432"
    assert str(caught.value) == f"shop:app raised OSError at import (shop.py:2); {refused}"


async def test_the_clock_moves(write: Write) -> None:
    """The application's wall clock moves away and back, ours does not."""
    pytest.importorskip("time_machine")
    folder = write(PLAIN + "\n    import time\n    app.add_url_rule('/', view_func=lambda: [time.time()])\n")
    async with AppChild("shop:app", cwd=folder) as child:
        moved = []
        for seconds in (3600, 7200, 0):
            assert await child.move_clock(seconds)
            moved.append(json.loads(text(await child.send(get("/"))))[0] - time.time())
    assert moved == pytest.approx([3600, 7200, 0], abs=5)


async def test_without_time_machine_the_clock_stands_and_it_is_said(write: Write) -> None:
    """Where the application's environment has no time-machine, the clock stays and the snapshot notes it."""
    folder = write(PLAIN + "\n    import sys\n    sys.modules['time_machine'] = None\n")
    async with AppChild("shop:app", cwd=folder) as child:
        assert not await child.move_clock(60)
        assert not await child.move_clock(60)
        notes = (await child.snapshot()).notes
    assert notes == ("the clock cannot be moved: the application's environment has no time-machine",)


# --------------------------------------------------------------------------- what it tells

SHOP = """
    import functools, logging
    from flask import Blueprint, Flask
    from flask.views import MethodView
    from werkzeug.middleware.proxy_fix import ProxyFix

    def logged(view):
        @functools.wraps(view)
        def wrapper(*args, **kwargs):
            return view(*args, **kwargs)
        return wrapper

    items = Blueprint("items", __name__, url_prefix="/items")

    @items.before_request
    def check():
        pass

    @items.get("/<int:number>")
    @logged
    def item(number):
        return str(number)

    class Basket(MethodView):
        decorators = [logged]

        def get(self, name):
            return "read"

        def put(self, name):
            return "written"

    def greet(word):
        return word

    def create_app():
        app = Flask(__name__, static_folder=None)
        app.config.update(JWT_SECRET_KEY="CANARY", DATABASE_URI="postgres://me:CANARY@db/shop", PAGE_SIZE=7)
        app.register_blueprint(items)
        app.add_url_rule("/basket/<any(a, b):name>", view_func=Basket.as_view("basket"))
        app.add_url_rule("/hello", "hello", functools.partial(greet, "hello"), methods=["POST"])
        app.wsgi_app = ProxyFix(app.wsgi_app)
        logging.getLogger("shop").addHandler(logging.StreamHandler())
        return app
"""


async def test_the_snapshot_tells_what_flask_knows(write: Write) -> None:
    """Routes with the lines of their views, hooks, configuration, handlers, versions and middleware are told."""
    folder = write(SHOP.replace("CANARY", CANARY))
    lines = (folder / "shop.py").read_text().splitlines()

    def at(line: str) -> str:
        return f"shop.py:{lines.index(line) + 1}"

    async with AppChild("shop:create_app", cwd=folder) as child:
        snapshot = await child.snapshot()
    assert {(str(r.endpoint), str(r.view), r.automatic) for r in snapshot.routes if r.endpoint.method != "OPTIONS"} == {
        ("GET /items/{number}", at('@items.get("/<int:number>")'), False),
        ("HEAD /items/{number}", at('@items.get("/<int:number>")'), True),
        ("GET /basket/{name}", at("    def get(self, name):"), False),
        ("HEAD /basket/{name}", at("    def get(self, name):"), True),
        ("PUT /basket/{name}", at("    def put(self, name):"), False),
        ("POST /hello", at("def greet(word):"), False),
    }
    assert all(route.automatic for route in snapshot.routes if route.endpoint.method == "OPTIONS")
    routes = {route.endpoint: route for route in snapshot.routes}
    assert routes[Endpoint("PUT", "/basket/{name}")].arguments == (("name", "any(a, b)"),)
    assert routes[Endpoint("GET", "/items/{number}")].name == "items.item"
    assert snapshot.hooks == {"items": ("shop.check",)}
    assert snapshot.config["JWT_SECRET_KEY"] == Secret(CANARY)
    assert snapshot.config["PAGE_SIZE"] == 7
    assert snapshot.config["DEBUG"] is False
    assert "logging.StreamHandler" in snapshot.handlers
    assert {"python", "flask", "werkzeug"} <= set(snapshot.versions)
    assert "aiohttp" not in snapshot.versions, "installed, and not loaded by the application"
    assert [(layer.kind, layer.options["x_for"]) for layer in snapshot.layers] == [
        ("werkzeug.middleware.proxy_fix.ProxyFix", 1)
    ]
    assert {(trial.logger, trial.readable) for trial in snapshot.logs} >= {("shop", True), ("shop.stopper", True)}
    assert str(snapshot.place) == "shop.py"
    assert snapshot.notes == ("requests pass through ProxyFix before Flask: what it adds is not looked at",)
    assert CANARY not in repr(snapshot)


async def test_an_application_behind_wsgi_wrappers_is_found(write: Write) -> None:
    """A target that wraps the Flask application is looked through, and requests go through the wrapper."""
    wrapped = PLAIN + "\n    from werkzeug.middleware.proxy_fix import ProxyFix\n    served = ProxyFix(app)\n"
    request = Request("POST", "http://localhost/echo/1", (("X-Forwarded-Proto", "https"),), b"")
    async with AppChild("shop:served", cwd=write(wrapped)) as child:
        assert [r.endpoint.path for r in (await child.snapshot()).routes if r.name == "echo"] == ["/echo/{number}"] * 2
        assert json.loads(text(await child.send(request)))["secure"]


async def test_a_package_is_imported_from_inside_its_own_folder(tmp_path: Path) -> None:
    """`shop:create_app` works when the named folder is the package itself; places are relative to that folder."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text(textwrap.dedent(SHOP))
    (package / "http.py").write_text("raise RuntimeError('shadows the standard library')")
    async with AppChild("shop:create_app", cwd=package) as child:
        views = {route.view.uri for route in (await child.snapshot()).routes}
    assert views == {"__init__.py"}


async def test_another_environment_runs_the_application(write: Write) -> None:
    """The virtual environment beside the project is taken by default; it needs Flask but not Stopper."""
    folder = write(PLAIN + "\n    import sys\n    app.config['PREFIX'] = sys.prefix\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True, timeout=60)
    with pytest.raises(ChildError, match=r"^shop:app cannot run: its Python has no flask; name .* with --python$"):
        async with AppChild("shop:app", cwd=folder):
            pass
    packages = next((folder / ".venv" / "lib").iterdir()) / "site-packages"
    ours = Path(pytest.__file__).parent.parent
    for name in ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker"):
        (packages / name).symlink_to(ours / name)
    async with AppChild("shop:app", cwd=folder) as child:
        snapshot = await child.snapshot()
    assert snapshot.config["PREFIX"] == str(folder / ".venv")
    assert "stopper" not in snapshot.versions


def test_our_own_python_is_the_last_resort(tmp_path: Path) -> None:
    """Without a virtual environment in the folder or beside it, the application runs in our interpreter."""
    assert interpreter(tmp_path / "shop") == Path(sys.executable)


async def test_the_environment_passes_through(write: Write) -> None:
    """The given environment is the child's; without one it has ours."""
    folder = write(
        "import os\nfrom flask import Flask\napp = Flask(__name__)\napp.config['COLOUR'] = os.environ.get('COLOUR')"
    )
    async with AppChild("shop:app", cwd=folder, env={**os.environ, "COLOUR": "green"}) as child:
        assert (await child.snapshot()).config["COLOUR"] == "green"


async def test_async_views_answer(write: Write) -> None:
    """An asynchronous view is answered where asgiref is there, else as Flask answers it: 500."""
    folder = write(
        "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\nasync def index():\n    return 'later'"
    )
    async with AppChild("shop:app", cwd=folder) as child:
        exchange = await child.send(get("/"))
    assert exchange.response is not None
    assert exchange.response.status in (200, 500)


SIGNING = """
    import jwt, os
    from flask import Flask
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "a secret of the session only"
    PLACE

    @app.get("/")
    def issue():
        return jwt.encode({"sub": "ada"}, key(), "HS256")
"""
PLACES = {
    "configuration": "app.config['JWT_SECRET_KEY'] = 'k' * 32\n    def key(): return app.config['JWT_SECRET_KEY']",
    "bytes": "app.config['JWT_SECRET_KEY'] = b'\\xff' * 32\n    def key(): return app.config['JWT_SECRET_KEY']",
    "constant": "SIGNING_KEY = 'k' * 32\n    def key(): return SIGNING_KEY",
    "environment": "def key(): return os.environ['SHOP_SECRET']",
}


@pytest.mark.parametrize("place", PLACES)
async def test_the_application_s_own_key_mints_tokens(write: Write, place: str) -> None:
    """Among the keys that the application has at hand is the one that signs its tokens, wherever it is kept."""
    folder = write(SIGNING.replace("PLACE", PLACES[place]))
    env = {**os.environ, "SHOP_SECRET": "e" * 32}
    async with AppChild("shop:app", cwd=folder, env=env) as child:
        original = credential(text(await child.send(get("/"))))
        found = with_key(original, await child.keys())
    assert found.sign is not None
    assert found.sign({"alg": "HS256", "typ": "JWT"}, {"sub": "ada"}) == original.token


async def test_a_key_that_is_not_at_hand_is_not_found(write: Write) -> None:
    """A token that none of the application's keys signed stays without a signer."""
    folder = write(SIGNING.replace("PLACE", "def key(): return os.urandom(32)"))
    async with AppChild("shop:app", cwd=folder) as child:
        original = credential(text(await child.send(get("/"))))
        assert with_key(original, await child.keys()) == original


async def test_it_is_told_where_tokens_go_meanwhile(write: Write) -> None:
    """Of logs, output and rows it is told that a token of the exchange reached them, at which line; a digest is one."""
    folder = write("""
        import hashlib, logging, sqlite3
        from flask import Flask, request
        app = Flask(__name__)
        rows = sqlite3.connect("rows.sqlite")
        rows.execute("CREATE TABLE seen (token TEXT)")

        @app.get("/leak")
        def leak():
            token = request.headers["Authorization"].split()[1]
            app.logger.warning("asked with %s", token)
            print("asked with", token)
            rows.execute("INSERT INTO seen VALUES (?)", (token,))
            return {"access_token": "0123456789abcdef0123456789abcdef"}

        @app.get("/digest")
        def digest():
            made = hashlib.sha256(request.headers["Authorization"].encode()).hexdigest()
            rows.execute("INSERT INTO seen VALUES (?)", (made,))
            return {}

        @app.get("/nothing")
        def nothing():
            return {}
    """)
    header = ("Authorization", f"Bearer {CANARY}-{CANARY}")
    async with AppChild("shop:app", cwd=folder) as child:
        assert {trial.readable for trial in (await child.snapshot()).logs} == {True}
        leaky = await child.send(get("/leak", header))
        digest = await child.send(get("/digest", header))
        nothing = await child.send(get("/nothing"))
        assert {trial.readable for trial in (await child.snapshot()).logs} == {True}
    assert [(leak.kind, leak.where, leak.issued, str(leak.place)) for leak in leaky.leaks or ()] == [
        ("log", "logging.StreamHandler", False, "shop.py:11"),
        ("output", "standard output", False, "shop.py:12"),
        ("database", "the table seen", False, "shop.py:13"),
    ]
    assert CANARY not in repr(leaky)
    assert [(leak.where, leak.form, leak.digest) for leak in digest.leaks or ()] == [
        ("the table seen", "sha256 digest", True)
    ]
    assert nothing.leaks is None
