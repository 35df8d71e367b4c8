"""What is made of a key's name, and what is only looked up by it."""

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import jwt
import requests
from jose import jwt as jose_jwt
from werkzeug.utils import secure_filename

KEYS = {}
FOLDER = Path("keys")
db = sqlite3.connect("keys.db")


def of_a_file(token):
    header = jwt.get_unverified_header(token)
    with open(f"keys/{header['kid']}.pem") as file:  # bad
        return jwt.decode(token, file.read(), algorithms=["RS256"])


def of_a_path(token):
    kid = jwt.get_unverified_header(token).get("kid")
    if kid is None:
        raise ValueError
    path = os.path.join("keys", kid)
    return open(path).read()  # bad


def of_a_folder(token):
    kid = jose_jwt.get_unverified_header(token)["kid"]
    return (FOLDER / kid).read_text()  # bad


def of_a_table(token):
    headers = jwt.get_unverified_header(token)
    query = "SELECT key FROM keys WHERE kid = '%s'" % headers["kid"]
    return db.execute(query).fetchone()[0]  # bad


def of_a_table_by_text(token):
    headers = jwt.get_unverified_header(token)
    return db.execute("SELECT key FROM keys WHERE kid = '" + headers["kid"] + "'").fetchone()[0]  # bad


def of_a_command(token):
    kid = jwt.get_unverified_header(token)["kid"]
    return subprocess.check_output(f"vault read keys/{kid}", shell=True)  # bad


def of_an_address(token):
    kid = jwt.get_unverified_header(token)["kid"]
    return requests.get(kid, timeout=5).json()  # bad


def of_a_client(token):
    header = jwt.get_unverified_header(token)
    return jwt.PyJWKClient(f"{header['kid']}/jwks.json").get_signing_key_from_jwt(token)  # bad


def _read(name):
    return open("keys/" + name).read()  # bad


def _found(name):
    return KEYS[name]


def through_another(token):
    kid = jwt.get_unverified_header(token)["kid"]
    return jwt.decode(token, _read(kid), algorithms=["RS256"])


def loader(header, payload):
    return open(header["kid"]).read()  # bad


def looked_up(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    return jwt.decode(token, KEYS[kid], algorithms=["RS256"])


def looked_up_by_another(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    return jwt.decode(token, _found(kid), algorithms=["RS256"])


def with_parameters(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    return db.execute("SELECT key FROM keys WHERE kid = ?", (kid,)).fetchone()[0]


def by_model(token, session, select, Key):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    return session.execute(select(Key).where(Key.kid == kid)).scalar_one()


def known(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    if kid not in KEYS:
        raise ValueError
    return open(f"keys/{kid}.pem").read()


def of_a_form(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    if not re.fullmatch("[a-z0-9]{8}", kid):
        raise ValueError
    return open(f"keys/{kid}.pem").read()


def cleaned(token):
    kid = secure_filename(jwt.get_unverified_header(token)["kid"])  # ok
    return open(f"keys/{kid}.pem").read()


def of_our_host(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    return requests.get(f"https://keys.test/{kid}", timeout=5).text


def of_a_key(jwk):
    return open(jwk["kid"]).read()


def shown(token):
    kid = jwt.get_unverified_header(token)["kid"]  # ok
    raise KeyError("no key %s" % kid)
