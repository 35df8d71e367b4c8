"""Manifests: which packages and releases each kind of file names, and on which line."""

from __future__ import annotations

import json
import textwrap
import time

import pytest

from stopper.observe.source import Pin, included, read_project, reads


def pins(path: str, text: str) -> list[tuple[str, str, int]]:
    """Return package, range and line of every pin of one file."""
    return [(pin.package, str(pin.allowed), pin.place.line) for pin in found(path, text)]


def found(path: str, text: str) -> tuple[Pin, ...]:
    """Return the pins of one file."""
    (manifest,) = read_project([(path, textwrap.dedent(text).encode())]).manifests
    assert manifest.path == path and not manifest.unread
    return manifest.pins


@pytest.mark.parametrize(
    "path",
    [
        *("requirements.txt", "api/requirements-dev.txt", "dev_requirements.txt", "requirements/base.txt"),
        *("requirements.in", "constraints.txt", "pyproject.toml", "Pipfile", "Pipfile.lock", "setup.cfg", "setup.py"),
        *("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "pylock.web.toml", "libs/x-1.0.dist-info/METADATA"),
    ],
)
def test_a_manifest_is_known_by_its_name(path: str) -> None:
    """Every common name of such a file is known."""
    assert reads(path)


@pytest.mark.parametrize("path", ["notes.txt", "robots.txt", "METADATA", "package.json", "my.lock", "requirements.md"])
def test_other_files_are_left(path: str) -> None:
    """What has another name is not read."""
    assert not reads(path)


def test_requirements_are_read_as_pip_reads_them() -> None:
    """Comments, hashes, continued lines, extras and markers are no part of the release; options and paths no pin."""
    text = """\
        # PyJWT==0.1
        --index-url https://packages.example/simple
        PyJWT[crypto]==2.3.0 ; python_version >= "3.7"  # why
        flask_cors==3.0.8 \\
            --hash=sha256:aa \\
            --hash=sha256:bb
        Werkzeug~=2.0,!=2.0.1
        python-jose
        -e .
        ./vendored/thing
        https://packages.example/x-1.0.zip
        other @ git+https://code.example/other@1.0
        old==1.0; python_version < "3"
        odd===2.3.0
    """
    assert pins("requirements.txt", text) == [
        ("pyjwt", "==2.3.0", 3),
        ("flask-cors", "==3.0.8", 4),
        ("werkzeug", "!=2.0.1,~=2.0", 7),
        ("python-jose", "", 8),
        ("odd", "===2.3.0", 14),
    ]


@pytest.mark.parametrize(
    ("marker", "installed"),
    [
        ('python_version < "3"', False),
        ('python_version <= "2.7" and sys_platform == "win32"', False),
        ('python_version >= "3.11"', True),
        ('sys_platform == "win32"', True),
        ('platform_system == "Plan9"', False),
        ('platform_machine == "riscv64"', True),
        ('python_version < "3" and extra == "old"', True),
    ],
)
def test_what_no_python_3_installs_is_no_pin(marker: str, installed: bool) -> None:
    """A marker that asks for what this machine happens to be is given the benefit of the doubt."""
    assert bool(found("requirements.txt", f"pyjwt==2.3.0; {marker}\n")) is installed


def test_a_line_that_cannot_be_read_is_told_without_its_text() -> None:
    """The other lines are read all the same, and many such lines are one reason."""
    (manifest,) = read_project([("requirements.txt", b"pyjwt 2.3.0 canary\nflask==3.0.0\n")]).manifests
    assert manifest.unread == ("what line 1 names cannot be read",)
    (several,) = read_project([("requirements.txt", b"pyjwt 2.3.0\nflask 1\nflask==x=\n")]).manifests
    assert several.unread == ("what line 1 names cannot be read, nor what 2 more lines name",)
    assert [pin.package for pin in manifest.pins] == ["flask"]


def test_requirements_written_by_powershell_are_read() -> None:
    """UTF-16 with a byte order mark is text too; other bytes are told as unread."""
    (wide,) = read_project([("requirements.txt", "pyjwt==2.3.0\r\n".encode("utf-16"))]).manifests
    assert [pin.package for pin in wide.pins] == ["pyjwt"]
    (binary,) = read_project([("requirements.txt", b"pyjwt==\xff\xfe\n")]).manifests
    assert binary.unread == ("its bytes are no UTF-8 text",) and not binary.pins


def test_what_is_included_is_a_manifest_whatever_its_name() -> None:
    """Paths are told relative to the scanned folder; what lies outside and addresses are not."""
    text = b"-r deps/web.lst\n--constraint=limits\n-r ../../outside.txt\n-r https://x.example/r.txt\n-r /etc/x\n"
    assert included("api/requirements.txt", text) == {"api/deps/web.lst", "api/limits"}
    assert not included("poetry.lock", text)
    project = read_project([("api/requirements.txt", text), ("api/limits", b"pyjwt==2.3.0\n")])
    assert [(m.path, len(m.pins)) for m in project.manifests] == [("api/requirements.txt", 0), ("api/limits", 1)]
    assert not project.files


@pytest.mark.parametrize("name", ["poetry.lock", "uv.lock", "pdm.lock"])
def test_lock_files_hold_one_release_each(name: str) -> None:
    """Dependencies of a package and tables after it do not change what is locked."""
    text = """\
        version = 1

        [[package]]
        name = "pyjwt"
        version = "2.3.0"
        source = { registry = "somewhere" }
        dependencies = [
            { name = "cryptography", version = "1.0" },
        ]

        [package.extras]
        name = "no"
        version = "9.9"

        [[package]]
        name = "Flask_Cors"
        version = "5.0.0"

        [metadata]
        version = "1"
    """
    assert pins(name, text) == [("pyjwt", "==2.3.0", 5), ("flask-cors", "==5.0.0", 17)]


def test_groups_of_a_lock_file_tell_what_serves_development() -> None:
    """Old and new Poetry and PDM say it each in their way."""
    text = """\
        [[package]]
        name = "a"
        version = "1"
        category = "dev"
        [[package]]
        name = "b"
        version = "1"
        groups = ["dev", "test"]
        [[package]]
        name = "c"
        version = "1"
        groups = ["default", "dev"]
        [[package]]
        name = "d"
        version = "1"
        category = "main"
    """
    assert [(pin.package, pin.development) for pin in found("poetry.lock", text)] == [
        ("a", True),
        ("b", True),
        ("c", False),
        ("d", False),
    ]


def test_pipenv_locks_in_json() -> None:
    """The line is that of the version, in the section that says whether it serves development."""
    text = """\
        {
            "_meta": {"hash": {"sha256": "x"}},
            "default": {
                "pyjwt": {
                    "hashes": ["sha256:x"],
                    "version": "==2.3.0"
                },
                "local": {"path": "."}
            },
            "develop": {
                "flask": {
                    "version": "==3.0.0"
                }
            }
        }
    """
    assert [(p.package, p.place.line, p.development) for p in found("Pipfile.lock", text)] == [
        ("pyjwt", 6, False),
        ("flask", 12, True),
    ]


def test_projects_are_described_in_many_ways() -> None:
    """PEP 621, dependency groups and Poetry's own tables, with their lines."""
    text = """\
        [build-system]
        requires = ["hatchling==1.0"]

        [project]
        name = "shop"
        dependencies = [
            "pyjwt[crypto]==2.3.0",
            'flask>=2,<3',
        ]

        [project.optional-dependencies]
        cors = ["flask-cors==3.0.8"]

        [dependency-groups]
        dev = ["werkzeug==2.0.0", {include-group = "lint"}]

        [tool.poetry.dependencies]
        python = "^3.11"
        authlib = "^1.2.1"
        joserfc = {version = "~1.3", extras = ["x"]}
        jwcrypto = "1.5.0"
        itsdangerous = "*"
        local = {path = "../local"}

        [tool.poetry.group.test.dependencies]
        python-jose = "^0.3.1"
    """
    assert pins("pyproject.toml", text) == [
        ("pyjwt", "==2.3.0", 7),
        ("flask", "<3,>=2", 8),
        ("flask-cors", "==3.0.8", 12),
        ("werkzeug", "==2.0.0", 15),
        ("python", "<4,>=3.11", 18),
        ("authlib", "<2,>=1.2.1", 19),
        ("joserfc", "<1.4,>=1.3", 20),
        ("jwcrypto", "==1.5.0", 21),
        ("itsdangerous", "", 22),
        ("python-jose", "<0.4,>=0.3.1", 26),
    ]
    aside = {pin.package for pin in found("pyproject.toml", text) if pin.development}
    assert aside == {"werkzeug", "python-jose"}


def test_setuptools_is_told_in_two_ways() -> None:
    """setup.cfg lists requirements by line, setup.py writes them out or names a list; neither is run."""
    cfg = """\
        [options]
        install_requires =
            pyjwt==2.3.0
            flask>=2
        [options.extras_require]
        test = werkzeug==2.0.0
    """
    assert pins("setup.cfg", cfg) == [("pyjwt", "==2.3.0", 3), ("flask", ">=2", 4), ("werkzeug", "==2.0.0", 6)]
    script = """\
        from setuptools import setup
        WANTED = [
            "pyjwt==2.3.0",
        ]
        setup(name="shop", install_requires=WANTED, extras_require={"cors": ["flask-cors==3.0.8"]})
        raise SystemExit("was run")
    """
    assert pins("setup.py", script) == [("pyjwt", "==2.3.0", 3), ("flask-cors", "==3.0.8", 5)]


def test_a_setup_script_stays_a_python_file() -> None:
    """It is read as a manifest and analysed as source."""
    project = read_project([("setup.py", b"from setuptools import setup\nsetup(install_requires=['flask==3.0.0'])\n")])
    assert [state.path for state in project.files] == ["setup.py"]
    assert [manifest.path for manifest in project.manifests] == ["setup.py"]


def test_installed_packages_lie_beside_their_metadata() -> None:
    """The header alone counts, not the description below it."""
    text = "Metadata-Version: 2.1\nName: PyJWT\nVersion: 2.3.0\nRequires-Dist: x\n\nVersion: 9.9\n"
    assert pins("libs/PyJWT-2.3.0.dist-info/METADATA", text) == [("pyjwt", "==2.3.0", 3)]


def test_requirements_of_a_python_file_are_none() -> None:
    """Source is not gone through for inclusions, however its lines look."""
    assert not included("shop/requirements.py", b"-r other.txt\n")


@pytest.mark.parametrize("name", ["pyproject.toml", "Pipfile", "Pipfile.lock", "setup.cfg", "requirements.txt"])
def test_reading_takes_time_by_length_only(name: str) -> None:
    """Twenty thousand packages are read in seconds: no package is searched for from the beginning."""
    packages = [f"package-{number}" for number in range(20_000)]
    many = {
        "pyproject.toml": "[project]\ndependencies = [\n" + "".join(f'"{p}==1.0",\n' for p in packages) + "]\n",
        "Pipfile": "[packages]\n" + "".join(f'{p} = "==1.0"\n' for p in packages),
        "Pipfile.lock": json.dumps({"default": {p: {"version": "==1.0"} for p in packages}}, indent=1),
        "setup.cfg": "[options]\ninstall_requires =\n" + "".join(f"  {p}==1.0\n" for p in packages),
        "requirements.txt": "".join(f"{p}==1.0\n" for p in packages),
    }
    started = time.process_time()
    named = found(name, many[name])
    assert time.process_time() - started < 10
    assert len(named) == 20_000 and all(pin.place.line for pin in named)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("pyproject.toml", b"[project\n"),
        ("Pipfile", b"x = = 1"),
        ("Pipfile.lock", b"{" + b"[" * 100_000),
        ("setup.cfg", b"no section = 1"),
        ("setup.py", b"setup(("),
        ("setup.py", b"(" * 100_000),
    ],
)
def test_what_is_broken_is_told(path: str, data: bytes) -> None:
    """A manifest that cannot be read has no pins and says so; nothing is raised."""
    (manifest,) = read_project([(path, data)]).manifests
    assert manifest.unread and not manifest.pins


@pytest.mark.parametrize(
    "data",
    [
        b'{"default": [1]}',
        b'{"default": {"x": 1, "y": {"version": 2}}}',
        b"[]",
        b"[project]\ndependencies = 'x'\n[tool.poetry]\ndependencies = {a = 1, b = [1], c = '1.x'}\n",
    ],
)
def test_odd_shapes_raise_nothing(data: bytes) -> None:
    """A value of another type than the format has names no pin."""
    project = read_project([("Pipfile.lock", data), ("pyproject.toml", data)])
    assert not [pin for manifest in project.manifests for pin in manifest.pins]
