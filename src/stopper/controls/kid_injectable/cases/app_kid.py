"""Keys found by a path and by a statement that the caller writes, beside keys found in a mapping."""

import base64
import hashlib
import hmac
import json
import pathlib
import sqlite3
import tempfile
import time

from flask import Flask, abort, request

app = Flask(__name__)
KEY = "a key of the case, long enough for HS256"
FOLDER = pathlib.Path(tempfile.mkdtemp())
(FOLDER / "one").write_text(KEY)


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(text):
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def signature(signing_input, key):
    return part(hmac.new(key.encode(), signing_input.encode(), hashlib.sha256).digest())


def login(client):
    header = part(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    claims = part(json.dumps({"sub": "ada", "exp": int(time.time()) + 600}).encode())
    return f"{header}.{claims}.{signature(f'{header}.{claims}', KEY)}"


def subject(key_of):
    signing_input, _, given = request.headers.get("Authorization", "").removeprefix("Bearer ").rpartition(".")
    try:
        header, claims = (read(text) for text in signing_input.split("."))
        key = key_of(header["kid"])
    except (ValueError, KeyError, OSError, sqlite3.Error):
        abort(401)
    if header["alg"] != "HS256" or not hmac.compare_digest(signature(signing_input, key), given):
        abort(401)
    return {"subject": claims["sub"]}


def of_statement(statement, *values):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE keys (kid TEXT, key TEXT)")
    database.execute("INSERT INTO keys VALUES ('one', ?)", (KEY,))
    row = database.execute(statement, values).fetchone()
    database.close()
    if row is None:
        abort(401)
    return row[0]


@app.get("/file")  # bad
def file():
    return subject(lambda kid: (FOLDER / kid).read_text())


@app.get("/statement")  # bad
def statement():
    return subject(lambda kid: of_statement(f"SELECT key FROM keys WHERE kid = '{kid}'"))


@app.get("/parameter")  # ok
def parameter():
    return subject(lambda kid: of_statement("SELECT key FROM keys WHERE kid = ?", kid))


@app.get("/mapping")  # ok
def mapping():
    return subject(lambda kid: {"one": KEY}[kid])
