"""Signing keys that the guard makes and keeps: in a file, in an SQL database, in Redis."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from stopper.guard import ConfigurationError
from stopper.guard.jose import parse
from stopper.guard.kept_keys import KeptKeys, KeyPlace, new_key, private
from stopper.guard.keyfile import KeyFile
from stopper.guard.keys import RefusedKeyError
from stopper.guard.store import StoreError, open_store
from stopper.secret import Secret
from tests.guard.conftest import MakeApp, empty_store
from tests.guard.stores import free_port, redis_server

ISSUER = "https://shop.test"
ENCRYPTION_KEY, OTHER = "A" * 43, "B" * 42 + "A"
spawning = multiprocessing.get_context("spawn")

Settings = dict[str, Any]


@pytest.fixture(params=["file", "sqlite", "postgresql", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return the settings of an application that keeps its keys in each place in turn."""
    common = {"token_format": "jwt", "issuer": ISSUER, "key_encryption_key": ENCRYPTION_KEY}
    if request.param == "file":
        return common
    return {**common, "key_storage": "store", "store": empty_store(request.param, request, tmp_path)}


def place_of(settings: Settings, folder: Path) -> KeyPlace:
    """Return where an application with these settings keeps its keys."""
    return open_store(settings["store"]) if "store" in settings else KeyFile(folder / "stopper-keys.json")


def kept(place: KeyPlace, key: str = ENCRYPTION_KEY, grace: float = 0.0) -> KeptKeys:
    """Return the keys in a place as one more process sees them."""
    return KeptKeys(place, "the place", "EdDSA", Secret(key), grace)


def login(app: Flask) -> str:
    """Return a token that an application signs."""
    token: str = app.test_client().post("/login").get_json()["access_token"]
    return token


def status(app: Flask, token: str) -> int:
    """Return how an application answers a token."""
    return app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code


def make_key(settings: Settings, folder: str, ready: Any, results: Any) -> None:
    """Be a worker: ask for the keys at the same moment as the others."""
    place = place_of(settings, Path(folder))
    ready.wait(60)
    results.put([key.id for key in kept(place).ring()])


def rotate_key(settings: Settings, folder: str, ready: Any, results: Any) -> None:
    """Be an operator: rotate at the same moment as the others."""
    place = place_of(settings, Path(folder))
    ready.wait(60)
    results.put(kept(place).rotate().id)


def at_once(work: Callable[..., None], settings: Settings, folder: Path) -> list[Any]:
    """Return what four processes answer that do the same work at the same moment."""
    ready, results = spawning.Barrier(4), spawning.Queue()
    workers = [spawning.Process(target=work, args=(settings, str(folder), ready, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    return answers


def test_four_workers_at_once_make_one_key(settings: Settings, tmp_path: Path) -> None:
    """G12: four processes that find no key at the same moment end with the same single one, wherever it is kept."""
    answers = at_once(make_key, settings, tmp_path)
    assert len(answers[0]) == 1
    assert answers == [answers[0]] * 4


def test_rotations_at_once_lose_no_key(settings: Settings, tmp_path: Path) -> None:
    """G13: of four rotations at the same moment each one's key is kept, and the first one goes on verifying."""
    first = kept(place_of(settings, tmp_path)).ring()
    rotated = at_once(rotate_key, settings, tmp_path)
    ids = [key.id for key in kept(place_of(settings, tmp_path)).ring()]
    assert sorted(ids) == sorted([*rotated, *(key.id for key in first)])


def test_another_worker_knows_of_a_rotation(
    make_app: MakeApp, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G12 G13: a second worker takes what a new key signs at once, and signs with it itself within a second."""
    first, second = make_app(**settings), make_app(**settings)
    old = login(second)
    assert status(first, old) == 200
    new_id = first.extensions["stopper"].tokens.keys.rotate().id
    new = login(first)
    assert parse(new).key_id == new_id
    assert status(second, new) == 200
    monkeypatch.setattr("stopper.guard.kept_keys.LOOK_EVERY", 0.0)
    assert parse(login(second)).key_id == new_id
    assert status(second, old) == 200


def test_another_worker_knows_of_a_retirement(
    make_app: MakeApp, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G13: what a retired key has signed ends in a worker that has seen the token before, within a second."""
    first, second = make_app(**settings), make_app(**settings)
    old = login(first)
    assert status(second, old) == 200
    first.extensions["stopper"].tokens.keys.rotate()
    first.extensions["stopper"].tokens.keys.retire(parse(old).key_id)
    assert status(first, old) == 401
    monkeypatch.setattr("stopper.guard.kept_keys.LOOK_EVERY", 0.0)
    assert status(second, old) == 401


def test_nothing_of_a_key_is_in_its_place(settings: Settings, tmp_path: Path) -> None:
    """G14: with an encryption key no member of a key is to be read, and no other encryption key opens the place."""
    place = place_of(settings, tmp_path)
    ring = kept(place).ring()
    document = place.read_keys()
    assert document is not None
    assert json.loads(document).keys() == {"nonce", "ciphertext"}
    assert [key.id for key in kept(place).ring()] == [key.id for key in ring]
    with pytest.raises(ConfigurationError, match="STOPPER_KEY_ENCRYPTION_KEY does not open"):
        kept(place, OTHER).check()
    with pytest.raises(StoreError, match="does not open"):
        kept(place, OTHER).ring()


def test_the_store_keeps_no_key_in_clear(make_app: MakeApp, store_url: str) -> None:
    """G14: keys in the store without an encryption key stop the application."""
    with pytest.raises(ConfigurationError, match="need STOPPER_KEY_ENCRYPTION_KEY"):
        make_app(store=store_url, key_storage="store")
    assert open_store(store_url).read_keys() is None


def test_a_key_that_somebody_put_into_the_store_is_not_used(make_app: MakeApp, store_url: str) -> None:
    """G14: whoever can write to the store cannot make the guard take their key: what is not encrypted is refused."""
    planted = json.dumps({"keys": [private(new_key("EdDSA"))]})
    settings = {"token_format": "jwt", "issuer": ISSUER, "key_encryption_key": ENCRYPTION_KEY}
    app = make_app(store=store_url, key_storage="store", **settings)
    assert open_store(store_url).replace_keys(None, planted)
    assert app.test_client().post("/login").status_code == 503
    with pytest.raises(ConfigurationError, match="not encrypted"):
        make_app(store=store_url, key_storage="store", **settings)


def test_a_document_is_replaced_only_where_it_was_read(settings: Settings, tmp_path: Path) -> None:
    """G12: of two that have read the same document, or none, only one can put another in its place."""
    place = place_of(settings, tmp_path)
    assert place.read_keys() is None
    assert not place.replace_keys("never there", "one")
    assert place.replace_keys(None, "one")
    assert not place.replace_keys(None, "two")
    assert not place.replace_keys("two", "three")
    assert place.replace_keys("one", "four")
    assert place.read_keys() == "four"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": []}',
        '{"keys": [7]}',
        '{"keys": [{"kty": "oct", "k": "c2hvcnQ", "alg": "HS256"}]}',
        '{"ciphertext": "AAAA"}',
        '{"ciphertext": 7, "nonce": 7}',
        '{"ciphertext": "", "nonce": ""}',
        json.dumps({"keys": [new_key("EdDSA").public()]}),
        json.dumps({"keys": [{**private(new_key("EdDSA")), "kid": "one"}] * 2}),
    ],
)
def test_a_broken_file_is_one_clear_line(make_app: MakeApp, tmp_path: Path, text: str) -> None:
    """G15: a key file that holds no usable keys stops the application with one line that names it and shows nothing."""
    path = tmp_path / "stopper-keys.json"
    path.touch(0o600)
    path.write_text(text)
    for settings in ({}, {"key_encryption_key": ENCRYPTION_KEY}):
        with pytest.raises(ConfigurationError, match=r"stopper-keys\.json") as refused:
            make_app(**settings)
        assert "\n" not in str(refused.value)
        assert not any(secret in str(refused.value) for secret in ('"d"', "c2hvcnQ"))
        assert refused.value.__cause__ is None


def test_a_file_that_is_no_text(make_app: MakeApp, tmp_path: Path) -> None:
    """G15: bytes that are no text, and a folder in the file's place, are one line too."""
    path = tmp_path / "stopper-keys.json"
    path.touch(0o600)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"stopper-keys\.json cannot be read"):
        make_app()
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(ConfigurationError, match=r"stopper-keys\.json cannot be read"):
        make_app()


def test_a_file_that_breaks_while_the_application_runs(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """G15: requests are answered 503 and the log says what is wrong with the file, until it is mended."""
    app = make_app(token_format="jwt", issuer=ISSUER)
    token, path = login(app), tmp_path / "stopper-keys.json"
    good = path.read_text()
    monkeypatch.setattr("stopper.guard.kept_keys.LOOK_EVERY", 0.0)
    for break_it in (lambda: path.write_text("{"), lambda: path.chmod(0o644)):
        break_it()
        assert status(app, token) == 503
        assert app.test_client().post("/login").status_code == 503
        assert "stopper-keys.json" in caplog.text
        path.write_text(good)
        path.chmod(0o600)
        assert status(app, token) == 200


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """G14: the file is made for its owner alone, and loose permissions are an error."""
    path = tmp_path / "keys.json"
    keys = KeptKeys(KeyFile(path), "keys.json", "EdDSA")
    keys.ring()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        keys.check()


def test_a_file_in_clear_is_encrypted_when_that_is_configured(make_app: MakeApp, tmp_path: Path) -> None:
    """G14: an encryption key that is configured later encrypts at start what was kept in clear before."""
    path, settings = tmp_path / "stopper-keys.json", {"token_format": "jwt", "issuer": ISSUER}
    token = login(make_app(**settings))
    assert '"d"' in path.read_text()
    app = make_app(**settings, key_encryption_key=ENCRYPTION_KEY)
    assert "ciphertext" in path.read_text()
    assert '"d"' not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert status(app, token) == 200
    with pytest.raises(ConfigurationError, match="is encrypted"):
        make_app(**settings)


def test_the_signing_key_is_not_retired(settings: Settings, tmp_path: Path) -> None:
    """G13: neither the signing key nor one that is not there can be retired."""
    keys = kept(place_of(settings, tmp_path))
    for key_id in (next(iter(keys.ring())).id, "nobody"):
        with pytest.raises(RefusedKeyError):
            keys.retire(key_id)


def test_keys_in_a_store_that_is_away(make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Faults 80 81: the application starts without its store, answers 503, and goes on with the same keys after it."""
    port = free_port()
    settings = {"token_format": "jwt", "issuer": ISSUER, "key_encryption_key": ENCRYPTION_KEY, "key_storage": "store"}
    url = f"redis://127.0.0.1:{port}/0"
    with redis_server(tmp_path, port):
        token = login(make_app(store=url, **settings))
    app = make_app(store=url, **settings)
    assert "until" in caplog.text or "when the keys can be had" in caplog.text
    assert app.test_client().post("/login").status_code == 503
    assert status(app, token) == 503
    with redis_server(tmp_path, port):
        assert status(app, token) == 200
        assert app.test_client().post("/login").status_code == 200


def test_the_grace_of_the_store_is_that_of_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """S14: known keys do for the configured grace while the store is away, and without one they do not."""

    class Place:
        shared, away, document = True, False, None

        def read_keys(self) -> str | None:
            if self.away:
                raise StoreError("away")
            return self.document

        def replace_keys(self, old: str | None, new: str) -> bool:
            self.document = new
            return True

    place, clock = Place(), [1000.0]
    monkeypatch.setattr("stopper.guard.kept_keys.time.monotonic", lambda: clock[0])
    without, patient = kept(place), kept(place, grace=30)
    without.ring(), patient.ring()
    place.away = True
    clock[0] += 1.5
    assert len(patient.ring()) == 1
    with pytest.raises(StoreError):
        without.ring()
    clock[0] += 30
    with pytest.raises(StoreError):
        patient.ring()


def test_file_and_store_at_once_is_an_error(make_app: MakeApp, tmp_path: Path) -> None:
    """G16: where file and store are both named nobody guesses which counts, and other words are refused."""
    with pytest.raises(ConfigurationError, match="STOPPER_KEY_FILE"):
        make_app(key_storage="store", key_file=str(tmp_path / "keys"), key_encryption_key=ENCRYPTION_KEY)
    with pytest.raises(ConfigurationError, match="STOPPER_KEY_STORAGE"):
        make_app(key_storage="database")


def test_the_command_line_works_on_every_place(make_app: MakeApp, settings: Settings) -> None:
    """G13: listing makes no key, and keys are rotated and retired wherever they are kept."""
    run = make_app(**settings).test_cli_runner().invoke
    assert "no keys yet" in run(args=["keys", "list"]).output
    assert "no keys yet" in run(args=["keys", "list"]).output
    first, second = (run(args=["keys", "rotate"]).output.strip() for _ in range(2))
    assert [line.split()[0] for line in run(args=["keys", "list"]).output.splitlines()[1:]] == [second, first]
    assert run(args=["keys", "retire", first]).exit_code == 0
    assert first not in run(args=["keys", "list"]).output
