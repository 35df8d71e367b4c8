"""What runs beside other programs: pre-commit, the GitHub Action, the GitLab template, mitmproxy.

    python -m scripts.integrations

All start from clean clones: of this repository as it is committed, and of a project made of an example. pre-commit is
the real one, in an environment of its own (requirements/pre-commit.txt), and installs Stopper by itself. The steps of
action.yml are run as a runner runs them, with its variables, files and expressions, in order, a failed one ending the
job; the API that the comment goes to is a server on loopback. The GitLab job's script is run line by line.
mitmproxy is the real one too (requirements/proxy.txt), between a client and the examples.

What cannot be run here is the host's own: `uses:` steps are not run, but the files that they are given must be there.
The last line is `integrations: N of N as wanted`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from scripts import proxying
from scripts.environments import installed

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "pre-commit.txt"
WORK = ROOT / ".work" / "pre-commit"
PATIENCE = 600.0

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_COMPARED = re.compile(r"(\S+)\s*==\s*'([^']*)'")

HARMLESS = "\n# A comment, and nothing else.\n"
WORSE = '\n\nimport jwt\n\n\ndef claims(token):\n    return jwt.decode(token, options={"verify_signature": False})\n'


# --------------------------------------------------------------------------- clones and projects


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and return what it prints. Raises subprocess.CalledProcessError."""
    identity = ["-c", "user.name=Stopper", "-c", "user.email=stopper@example.test", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def project(folder: Path, example: str) -> Path:
    """Return a repository with one commit on `main`: the example's code and specification."""
    shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Begin")
    return folder


def changed(origin: Path, folder: Path, addition: str) -> Path:
    """Return a clone of a project whose branch `change` adds a text to one of its modules."""
    git(origin.parent, "clone", "--quiet", str(origin), str(folder))
    git(folder, "checkout", "--quiet", "-b", "change")
    module = next(iter(sorted((folder / "shop").glob("stock.py"))))
    module.write_text(module.read_text() + addition)
    git(folder, "commit", "--quiet", "--all", "--message=Change")
    return folder


# --------------------------------------------------------------------------- pre-commit


def hooked(stopper: Path, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the hook on a project, as `git commit` does once pre-commit is installed there."""
    configured = {
        "repos": [{"repo": str(stopper), "rev": git(stopper, "rev-parse", "HEAD"), "hooks": [{"id": "stopper"}]}]
    }
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(configured))
    git(folder, "add", ".pre-commit-config.yaml")
    return subprocess.run(
        [str(installed(WORK, LOCK) / "pre-commit"), "run", "--all-files"],
        cwd=folder,
        env={**os.environ, "PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


# --------------------------------------------------------------------------- a runner of GitHub Actions


@dataclass(slots=True)
class Comments:
    """The part of a code host's API that comments need, on loopback; `written` are the bodies by id."""

    written: dict[int, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @contextlib.contextmanager
    def served(self) -> Iterator[Comments]:
        """Answer while the context lasts."""
        comments = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                comments.asked.append(f"{self.command} {self.path.partition('?')[0]}")
                said = json.dumps(comments.answer(self.command, self.path, body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PATCH = _answer  # noqa: N815  (the names that http.server looks for)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}"
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def answer(self, method: str, path: str, body: Mapping[str, str]) -> Any:
        """Return what the API says to one request."""
        if method == "GET":
            return [{"id": key, "user": {"type": "Bot"}, "body": text} for key, text in self.written.items()]
        key = int(path.rpartition("/")[2]) if method == "PATCH" else len(self.written) + 1
        self.written[key] = body["body"]
        return {"id": key}


class Runner:
    """Runs a composite action's steps in a checked-out project, as GitHub's runner does."""

    def __init__(self, stopper: Path, folder: Path, temporary: Path, api: str) -> None:
        """Take the action's clone, the project, a folder for what is written, and the API's address."""
        self._action = yaml.safe_load((stopper / "action.yml").read_text())
        self._folder = folder
        self._temporary = temporary
        self._outputs: dict[str, dict[str, str]] = {}
        temporary.mkdir()
        for name in ("summary", "event"):
            (temporary / name).write_text('{"pull_request": {"number": 7}}' if name == "event" else "")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "STOPPER_"))},
            "CI": "true",
            "RUNNER_TEMP": str(temporary),
            "GITHUB_ACTION_PATH": str(stopper),
            "GITHUB_API_URL": api,
            "GITHUB_REPOSITORY": "example/shop",
            "GITHUB_EVENT_PATH": str(temporary / "event"),
            "GITHUB_STEP_SUMMARY": str(temporary / "summary"),
        }

    def run(self, event: str, base: str = "", **inputs: str) -> int:
        """Run the steps; returns the status of the one that failed, else 0."""
        given = {name: str(one.get("default", "")) for name, one in self._action["inputs"].items()}
        given.update({name.replace("_", "-"): value for name, value in inputs.items()})
        self._environment |= {"GITHUB_EVENT_NAME": event, "GITHUB_BASE_REF": base}
        names = {"github.event_name": event, "github.token": "ghs_not_a_token_of_anybody"}
        names |= {f"inputs.{name}": value for name, value in given.items()}
        for name, value in list(names.items()):
            names[name] = self._filled(value, names)
        for step in self._action["runs"]["steps"]:
            status = self._step(step, names)
            if status:
                return status
        return 0

    @property
    def summary(self) -> str:
        """Return what the job's page shows."""
        return (self._temporary / "summary").read_text()

    def _step(self, step: Mapping[str, Any], names: Mapping[str, str]) -> int:
        known = {
            **names,
            **{
                f"steps.{one}.outputs.{key}": value
                for one, all_ in self._outputs.items()
                for key, value in all_.items()
            },
        }
        if "if" in step and not self._holds(step["if"], known):
            return 0
        if "uses" in step:
            shown = Path(self._filled(step["with"]["sarif_file"], known))
            return 0 if json.loads(shown.read_text())["version"] == "2.1.0" else 1
        output = self._temporary / "output"
        output.write_text("")
        own = {name: self._filled(str(value), known) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self._folder,
            env={**self._environment, **own, "GITHUB_OUTPUT": str(output)},
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
        pairs = (line.partition("=") for line in output.read_text().splitlines())
        self._outputs[step.get("id", "")] = {name: value for name, _, value in pairs}
        return done.returncode

    def _filled(self, text: str, known: Mapping[str, str]) -> str:
        return _EXPRESSION.sub(lambda found: known[found[1]], text)

    def _holds(self, condition: str, known: Mapping[str, str]) -> bool:
        inner = _EXPRESSION.fullmatch(condition.strip())
        parts = (inner[1] if inner else condition).split("&&")
        compared = [_COMPARED.fullmatch(part.strip()) for part in parts]
        return all(each is not None and known[each[1]] == each[2] for each in compared)


# --------------------------------------------------------------------------- what is wanted


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the checks start from: a clone of this repository, two projects, a folder for what they write."""

    stopper: Path
    leaky: Path
    guarded: Path
    temporary: Path


def pre_commit_stops_a_leaky_commit(hosts: Hosts) -> bool:
    """The hook fails on the leaky example and names its findings, and lets the guarded one through."""
    leaky = hooked(hosts.stopper, hosts.leaky, hosts.temporary / "hooks")
    guarded = hooked(hosts.stopper, hosts.guarded, hosts.temporary / "hooks")
    return leaky.returncode == 1 and "BT205" in leaky.stdout and guarded.returncode == 0 and "Passed" in guarded.stdout


def a_push_fails_and_is_summed_up(hosts: Hosts) -> bool:
    """On a push the action ends with the scan's status, with SARIF to upload and a summary, and comments nowhere."""
    with Comments().served() as api:
        runner = Runner(hosts.stopper, hosts.leaky, hosts.temporary / "push", api.url)
        status = runner.run("push", targets=".")
    return status == 1 and "BT205" in runner.summary and not api.asked


def a_pull_request_is_commented_on_once(hosts: Hosts) -> bool:
    """On a pull request the report is a comment; the next run changes it and writes no second one."""
    with Comments().served() as api:
        statuses = [
            Runner(hosts.stopper, hosts.leaky, hosts.temporary / f"comment{turn}", api.url).run(
                "pull_request", base="main", targets="."
            )
            for turn in range(2)
        ]
    return (
        statuses == [1, 1] and len(api.written) == 1 and api.asked[-1].startswith("PATCH") and "BT205" in api.written[1]
    )


def only_what_is_new_fails(hosts: Hosts) -> bool:
    """With only-new a change that adds nothing passes on the leaky project, and one that adds a finding fails."""
    statuses = []
    for name, addition in (("harmless", HARMLESS), ("worse", WORSE)):
        clone = changed(hosts.leaky, hosts.temporary / f"clone-{name}", addition)
        runner = Runner(hosts.stopper, clone, hosts.temporary / name, "http://127.0.0.1:9")
        statuses.append(runner.run("pull_request", base="main", targets=".", only_new="true", comment="false"))
    return statuses == [0, 1]


def gitlab_keeps_the_report(hosts: Hosts) -> bool:
    """The template's script ends with the scan's status, and all that it names as artifacts is there."""
    job = yaml.safe_load((hosts.stopper / "integrations/gitlab/stopper.gitlab-ci.yml").read_text())["stopper"]
    statuses = []
    for project_folder in (hosts.leaky, hosts.guarded):
        folder = hosts.temporary / f"gitlab-{project_folder.name}"
        git(hosts.temporary, "clone", "--quiet", str(project_folder), str(folder))
        environment = {**os.environ, **job["variables"], "STOPPER_PACKAGE": f"{hosts.stopper}[scan]"}
        script = "\n".join(job["script"])
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False
        )
        statuses.append(done.returncode)
        kept = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
        if not all((folder / name).stat().st_size for name in kept):
            return False
    return statuses == [1, 0]


def traffic_becomes_a_witness(_: Hosts) -> bool:
    """A session through `stopper proxy` shows what is wrong on the leaky shop, nothing on the guarded, and no token."""
    leaky, guarded = proxying.session("leaky"), proxying.session("guarded")
    return (
        leaky.found() == {"BT104", "BT306", "BT307", "BT501"}
        and not guarded.found()
        and leaky.whole()
        and guarded.whole()
    )


CHECKS: tuple[Callable[[Hosts], bool], ...] = (
    pre_commit_stops_a_leaky_commit,
    a_push_fails_and_is_summed_up,
    a_pull_request_is_commented_on_once,
    only_what_is_new_fails,
    gitlab_keeps_the_report,
    traffic_becomes_a_witness,
)


def main() -> int:
    """Run every check and print."""
    wanted = 0
    with tempfile.TemporaryDirectory(prefix="stopper-hosts-") as folder:
        temporary = Path(folder)
        stopper = temporary / "stopper"
        git(temporary, "clone", "--quiet", str(ROOT), str(stopper))
        hosts = Hosts(
            stopper, project(temporary / "leaky", "leaky"), project(temporary / "guarded", "guarded"), temporary
        )
        for check in CHECKS:
            right = check(hosts)
            wanted += right
            print(f"{'as wanted' if right else 'NOT as wanted'}: {check.__name__.replace('_', ' ')}", flush=True)
    print(f"integrations: {wanted} of {len(CHECKS)} as wanted")
    return 0 if wanted == len(CHECKS) else 1


if __name__ == "__main__":
    sys.exit(main())
