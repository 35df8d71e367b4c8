import base64
import hashlib
import os
import random
import secrets
import string
import uuid
from random import SystemRandom

from authlib.common.security import generate_token
from flask import Flask, jsonify
from sqlalchemy import Column, String
from werkzeug.security import gen_salt

app = Flask(__name__)
sessions = {}
lookup = {}


@app.post("/login")
def login(user):
    token = secrets.token_hex(8)  # bad
    return jsonify(access_token=token)


def attribute(user):
    user.api_key = uuid.uuid4().hex[:8]  # bad


def cut(user):
    user.token = str(uuid.uuid4())[-12:]  # bad


def joined():
    reset_token = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(10))  # bad
    return reset_token


def chosen(user):
    alphabet = string.digits
    user.auth_token = "".join(SystemRandom().choices(alphabet, k=12))  # bad


def encoded(user):
    user.session_token = base64.urlsafe_b64encode(os.urandom(6)).decode()  # bad


def decoded(user):
    user.session_token = base64.b64encode(secrets.token_bytes(8)).decode("utf-8").rstrip("=")  # bad


def hashed(user):
    user.refresh_token = hashlib.sha256(os.urandom(8)).hexdigest()  # bad


def with_prefix(user):
    user.api_key = f"shop_{secrets.token_urlsafe(9)}"  # bad


def concatenated(user):
    user.api_key = "shop_" + secrets.token_hex(4) + "_v2"  # bad


def random_letters(length=8):
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "".join(random.SystemRandom().choice(letters) for _ in range(length))


def through_variable(user):
    value = secrets.token_hex(8)  # bad
    user.token = value


def grown_letters(length, with_digits=False):
    letters = string.ascii_lowercase
    if with_digits:
        letters += string.digits
    return "".join(secrets.choice(letters) for _ in range(length))


def from_helper_that_grows(user):
    user.auth_token = grown_letters(12)


def annotated_key(length: int) -> str:
    key: str = "".join([secrets.choice(string.ascii_lowercase) for _ in range(length)])
    return key


def from_annotated(user):
    user.auth_token = annotated_key(10)  # bad


def from_helper(user):
    user.auth_token = random_letters()  # bad


def from_helper_with_length(user):
    user.auth_token = random_letters(12)  # bad


def from_helper_long(user):
    user.auth_token = random_letters(length=40)  # ok


def new_session_id():
    return gen_salt(16)  # bad


def in_table(user):
    token = secrets.token_urlsafe(6)  # bad
    sessions[token] = user
    return token


def as_fallback(data):
    return {"token": data.get("token") or secrets.token_hex(6)}  # bad


class Key:
    token = Column(String, default=lambda: secrets.token_hex(10))  # bad
    secret = Column(String, default=lambda: secrets.token_hex(32))  # ok


def almost(user):
    user.api_key = secrets.token_hex(14)  # bad


def numbered(user):
    user.access_token = str(secrets.randbelow(1_000_000_000))  # bad


def settings():
    app.config["SECRET_KEY"] = os.urandom(8)  # bad
    app.config["JWT_SECRET_KEY"] = os.urandom(24)  # ok


def long_enough(user):
    user.api_key = secrets.token_hex(16)  # ok
    user.token = secrets.token_urlsafe()  # ok
    user.auth_token = generate_token()  # ok
    user.access_token = gen_salt(40)  # ok


def two_parts(user):
    user.api_key = f"{secrets.token_hex(8)}.{secrets.token_hex(16)}"  # ok


def part_unknown(user, rest):
    user.api_key = f"{secrets.token_hex(4)}.{rest}"


def length_unknown(user, length):
    user.api_key = secrets.token_hex(length)


def one_of_these(data):
    return data["token"][:8]


def file_name(folder):
    token = secrets.token_hex(4)
    return folder / f"backup-{token}.json"


def probe(text):
    token = secrets.token_hex(8)
    while token in text:
        token = secrets.token_hex(8)
    return text.replace("MARK", token)


class Lock:
    def acquire(self):
        self.token = secrets.token_hex(8)


def headers():
    idempotency_token = secrets.token_hex(8)
    return {"Idempotency-Key": idempotency_token}


def one_time(user):
    user.otp = "".join(secrets.choice(string.digits) for _ in range(6))


def form():
    csrf_token = secrets.token_hex(8)
    return csrf_token


def shown(user):
    key_id = secrets.token_hex(4)
    lookup[key_id] = user
    return key_id


def whole_uuid(user):
    user.token = uuid.uuid4().hex


def two_uuids(user):
    user.token = uuid.uuid4().hex + uuid.uuid4().hex  # ok
