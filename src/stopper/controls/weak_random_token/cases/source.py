import hashlib
import math
import os
import random
import secrets
import string
import time
import uuid
from random import SystemRandom, getrandbits
from random import randint as dice

from flask import Flask, jsonify

app = Flask(__name__)


@app.post("/login")
def login(user):
    token = "".join(random.choices(string.ascii_letters, k=32))  # bad
    return jsonify(access_token=token)


def joined():
    api_key = "".join(random.choice(string.hexdigits) for _ in range(40))  # bad
    return api_key


def grown():
    code = ""
    for _ in range(8):
        code += random.choice(string.digits)  # bad
    reset_code = code
    return reset_code


def new_token():
    return "%032x" % getrandbits(128)  # bad


def from_alias(user):
    user.reset_pin = str(dice(1000, 9999))  # bad


def random_text(length):
    letters = string.ascii_letters
    return "".join(random.choice(letters) for _ in range(length))


def from_helper(user):
    user.auth_token = random_text(32)  # bad


def set_token(record, value):
    record.access_token = value


def into_helper(record):
    set_token(record, random_text(32))  # bad


def hashed(user):
    session_token = hashlib.sha256(f"{user.id}{time.time()}".encode()).hexdigest()  # bad
    return session_token


def of_identity(user):
    token = hashlib.md5(user.email.encode()).hexdigest()  # bad
    return token


def updated(user):
    digest = hashlib.sha256()
    digest.update(str(random.random()).encode())  # bad
    reset_token = digest.hexdigest()
    return reset_token


def of_process():
    auth_token = f"{os.getpid()}-{time.time_ns()}"  # bad
    return auth_token


def uuids(user):
    user.access_token = str(uuid.uuid4())  # bad
    user.refresh_token = uuid.uuid1().hex  # bad


def answered():
    return jsonify({"token": str(random.randint(0, 10**20))})  # bad


def strong():
    token = secrets.token_urlsafe(32)  # ok
    return token


def system():
    random = SystemRandom()
    token = "".join(random.choice(string.ascii_letters) for _ in range(32))
    return token


def from_system():
    token = "".join(random.SystemRandom().choice(string.ascii_letters) for _ in range(32))
    return token


def mixed():
    token = f"{int(time.time())}.{secrets.token_hex(32)}"
    return token


def file_name(upload):
    name = f"{random.randint(1, 1000)}_{upload.filename}"
    return name


def colour():
    return "#%06x" % random.randint(0, 0xFFFFFF)


def jitter(token):
    time.sleep(random.random())
    return token


def pool(tokens):
    token = random.choice(tokens)
    return token


def expiry(user):
    token_expires = time.time() + 3600
    return token_expires


def item():
    item_id = uuid.uuid4().hex
    return {"id": item_id}


def cache_key(user):
    key = hashlib.sha256(user.email.encode()).hexdigest()
    return key


def digest_for_store(token):
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    return token_hash


def page(cursor):
    next_token = str(random.randint(0, 9))
    return next_token


def generate_otp():
    digits, otp = "0123456789", ""
    for _ in range(6):
        otp += digits[math.floor(random.random() * 10)]  # bad
    return otp


def picked(tokens):
    token = tokens[random.randint(0, 9)]
    return token


def generate_refresh_token(token):
    refresh_code = hashlib.md5(token).hexdigest()  # bad
    return refresh_code


def create_session_token(access_token):
    return hashlib.sha256(access_token.encode()).hexdigest()  # bad


def generate_download_token(token):
    key = hashlib.sha256(token.encode()).hexdigest()
    cache.set(key, "download")
    return secrets.token_urlsafe(32)


def generate_token_hash(token):
    return hashlib.sha256(token.encode()).hexdigest()
