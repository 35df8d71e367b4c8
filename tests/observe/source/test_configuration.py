"""Files of settings: which are, what they hold and where, what git leaves out, and that nothing of them is trusted."""

from __future__ import annotations

import time

import pytest

from stopper.observe.source import Configuration, read_project
from stopper.observe.source.configuration import LARGEST, Serves, reads, secrets
from stopper.observe.source.configuration.ignored import ignored


def settings(path: str, text: str | bytes) -> Configuration:
    """Return the one file of settings of a project."""
    data = text if isinstance(text, bytes) else text.encode()
    (only,) = read_project([(path, data)]).configurations
    return only


def held(path: str, text: str) -> list[tuple[str, str, int]]:
    """Return what a file of settings holds: names, values and lines."""
    return [(entry.name, entry.value.reveal(), entry.place.line) for entry in settings(path, text).entries]


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (".env", True),
        ("api/.env.production", True),
        (".env.example", True),
        (".flaskenv", True),
        ("prod.env", True),
        ("config.yaml", True),
        ("shop/config/mail.toml", True),
        ("instance/shop.cfg", True),
        (".secrets.toml", True),
        ("client_secrets.json", True),
        ("docker-compose.override.yml", True),
        ("config.cfg.template", True),
        (".gitignore", True),
        (".env.swp", False),
        ("environment.py", False),
        ("openapi.yaml", False),
        ("pyproject.toml", False),
        ("tsconfig.json", False),
        ("shop/locales/settings.json", False),
        (".github/workflows/config.yml", False),
        ("data.json", False),
    ],
)
def test_a_file_of_settings_is_known_by_its_path(path: str, is_one: bool) -> None:
    """What people call settings is read; data, translations, specifications and other tools' files are not."""
    assert reads(path) is is_one


HELD = {
    ".env": (
        '# a comment\nexport A=one # why\nB=\'two # no comment\'\n C=three\nD ="f\\"our"\n',
        ["A one 2", 'D f\\"our 5'],
    ),
    "config.ini": ("[shop]\nkey: one ; why\nother = two\n", ["key one 2", "other two 3"]),
    "config.yaml": (
        "a:\n  b: one\n  c: [two, {d: three}]\nflag: yes\n",
        ["b one 2", "c two 3", "d three 3", "flag yes 4"],
    ),
    "config.json": ('{"a": {"b": "one"},\n "c": true}', ["b one 1", "c true 2"]),
    "config.toml": (
        'a = 1\n[x]\na = "two"\n[[y.z]]\na = true\nq = {w = "v"}\n',
        ["a 1 1", "a true 5", "a two 3", "w v 6"],
    ),
    "compose.yaml": ("services:\n  s:\n    environment:\n      - K=v=w\n", ["K v=w 4"]),
    "secret.yaml": ("---\na: one\n--- # next\n\nb: |\n  ---\n  two\n---\n", ["a one 2", "b ---\ntwo\n 5"]),
    "deploy-env.yaml": ("env:\n- name: K\n  value: v\n", ["K v 3"]),
}


@pytest.mark.parametrize("path", HELD)
def test_entries_are_told_with_their_lines(path: str) -> None:
    """Each kind of file tells the names, the values and the lines of what it sets."""
    text, expected = HELD[path]
    found = sorted(f"{name} {value} {line}" for name, value, line in held(path, text))
    wanted = expected if path != ".env" else ["A one 2", "B two # no comment 3", 'D f\\"our 5']
    assert found == sorted(wanted)


def test_the_default_of_a_variable() -> None:
    """`${KEY:-value}` holds the value that stands in for KEY; `${KEY}` holds none of its own."""
    first, second = settings("compose.yml", "a:\n  SECRET_KEY: ${KEY:-dev}\n  OTHER: ${KEY}\n").entries
    assert (first.value.reveal(), first.default, second.default) == ("dev", True, False)


@pytest.mark.parametrize(
    ("path", "serves"),
    [
        (".env", Serves.RUNNING),
        (".env.production", Serves.RUNNING),
        (".env.development", Serves.DEVELOPMENT),
        ("docker-compose.dev.yml", Serves.DEVELOPMENT),
        ("local-dev/config.yaml", Serves.DEVELOPMENT),
        (".env.example", Serves.COPYING),
        ("config.yml.dist", Serves.COPYING),
        ("settings.template.toml", Serves.COPYING),
    ],
)
def test_what_a_file_is_for(path: str, serves: Serves) -> None:
    """Templates and development settings are told apart from what the program runs with."""
    assert settings(path, "").serves is serves


@pytest.mark.parametrize(
    ("rules", "path", "left_out"),
    [
        ({"": ".env"}, ".env", True),
        ({"": ".env"}, "api/.env", True),
        ({"": "/.env"}, "api/.env", False),
        ({"": "/.env"}, ".env", True),
        ({"": "*.env\n!shared.env"}, "shared.env", False),
        ({"": "*.env\n!shared.env"}, "own.env", True),
        ({"": "instance/"}, "shop/instance/a.cfg", True),
        ({"": "env/"}, "env", False),
        ({"": "config/*.yaml"}, "config/a.yaml", True),
        ({"": "config/*.yaml"}, "config/deep/a.yaml", False),
        ({"": "config/**/a.yaml"}, "config/very/deep/a.yaml", True),
        ({"": "**/private"}, "a/b/private/x.toml", True),
        ({"api": ".env"}, ".env", False),
        ({"api": ".env"}, "api/.env", True),
        ({"": ".env", "api": "!.env"}, "api/.env", False),
        ({"": "config/**"}, "config/very/deep/a.yaml", True),
        ({"": "config/**"}, "other/a.yaml", False),
        ({"": "# .env\n"}, ".env", False),
        ({"": "[._]env"}, ".env", True),
    ],
)
def test_what_git_leaves_out(rules: dict[str, str], path: str, left_out: bool) -> None:
    """The rules of `.gitignore` hold as git reads them: anchors, folders, stars, negation, the nearer file last."""
    assert ignored(path, rules) is left_out


def test_ignore_files_are_found_whatever_the_order() -> None:
    """A file that comes before the `.gitignore` that leaves it out is left out all the same."""
    files = [(".env", b"SECRET_KEY=a"), (".gitignore", b".env\n"), ("shared.env", b"SECRET_KEY=a")]
    assert [(each.path, each.committed) for each in read_project(files).configurations] == [
        (".env", False),
        ("shared.env", True),
    ]


def test_nothing_shows_a_secret() -> None:
    """Neither the entry, nor its place, nor its file shows what the secret is."""
    canary = "kJ83mZpQ77xV"
    for path, text in {
        ".env": f"SECRET_KEY={canary}",
        "config.json": f'{{"client_secret": "{canary}"}}',
        "config.toml": f'signing_key = "{canary}"',
        "config.yml": f"secret_key: ${{KEY:-{canary}}}",
    }.items():
        found = settings(path, text)
        assert [written for _, written in secrets(found)] == [True]
        assert canary not in repr(found)


HOSTILE = {
    "config.yaml": [
        b"a: !!python/object/apply:os.system ['true']",
        b"a: &a [*a, *a]",
        b"[" * 5000,
        b"a: &b [x,x,x,x,x,x,x,x]\n" + b"\n".join(b"c%d: &c%d [*b,*b,*b,*b]" % (n, n) for n in range(3000)),
        b"\xff\xfe\x00",
        b"{" + b"a: b, " * 100_000,
    ],
    "config.json": [b"[" * 100_000, b'{"a": NaN}', b'{"a"', b"\x00" * 100],
    "config.toml": [
        b"a = [" * 5000,
        b"a = 1\na = 2",
        b"a." * 20_000 + b"a = 1",
        b"q = {" + b"a." * 20_000 + b"a = 1}",
        b"[" + b"a." * 20_000 + b"a]",
        b"\xff",
    ],
    "config.ini": [b"a" * 400_000, b"=" * 400_000, b"a = '" + b"\\" * 400_000, b"a = " + b" " * 400_000 + b"x"],
    ".env": [b"A=" + b"x" * (LARGEST + 1), b"A='" + b"a\\" * 100_000, b"\xff\xfeA"],
    ".gitignore": [
        b"**" * 5000 + b"/a\n",
        b"*a" * 18 + b"c\n",
        b"/" + b"*a" * 18 + b"c/**/x\n",
        b"**/" * 5000 + b"a\n",
        b"[" * 1000,
        b"\\\n",
        b"\xff\n",
    ],
}


@pytest.mark.parametrize(("path", "data"), [(path, data) for path, every in HOSTILE.items() for data in every])
def test_hostile_files_end_soon(path: str, data: bytes) -> None:
    """What is no such file, nests or multiplies is refused in one line that quotes nothing of it, and soon."""
    start = time.monotonic()
    files = [(path, data), ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab/" * 5 + ".env", b"")]
    for each in read_project(files).configurations:
        assert all("\n" not in why and len(why) < 200 for why in each.unread)
    assert time.monotonic() - start < 5
