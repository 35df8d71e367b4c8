import hashlib
import secrets
import time
import uuid

from flask import Flask, jsonify
from sqlalchemy import Column, String

app = Flask(__name__)


def hashed(user):
    session_token = hashlib.sha256(f"{user.id}{secrets.token_hex(16)}".encode()).hexdigest()  # 64 digits
    return session_token


def hashed_digits(user):
    session_token = hashlib.md5((user.email + secrets.token_hex(16)).encode()).hexdigest()
    return session_token


def in_a_window(user):
    session_token = hashlib.md5(f"{user.id}{int(time.time() / 30)}".encode()).hexdigest()  # by hand
    return session_token


def with_its_time(user):
    auth_token = f"{user.id}:{time.time()}"  # by hand
    return auth_token


def of_identity(user):
    token = hashlib.md5(user.email.encode()).hexdigest()  # by hand
    return token


def of_a_number():
    reset_token = hashlib.md5(secrets.token_hex(16).encode()).hexdigest()
    return reset_token


def of_the_clock():
    auth_token = secrets.token_hex(16)
    return auth_token


def of_process():
    auth_token = f"{secrets.token_hex(16)}"
    return auth_token


def uuids(user):
    user.access_token = secrets.token_hex(16)
    user.refresh_token = secrets.token_hex(16)
    user.reset_token = secrets.token_hex(16)
    user.api_token = f"shop-{secrets.token_hex(16)}"
    user.auth_token = "shop-%s" % uuid.UUID(bytes=secrets.token_bytes(16))


def letters():
    return str(uuid.UUID(bytes=secrets.token_bytes(16)))


def from_helper(user):
    user.access_token = letters()


def answered():
    return jsonify({"token": str(secrets.SystemRandom().randint(0, 10**20))})


def both():
    auth_token = f"{secrets.SystemRandom().randrange(800)},{secrets.SystemRandom().randrange(600)}"
    return auth_token


class Invitation:
    invite_token = Column(String(20))


def invited(invitation):
    invitation.invite_token = str(time.time_ns())  # by hand
