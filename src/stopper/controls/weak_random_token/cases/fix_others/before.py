import hashlib
import os
import random
import time
import uuid
from datetime import datetime

from flask import Flask, jsonify
from sqlalchemy import Column, String

app = Flask(__name__)


def hashed(user):
    session_token = hashlib.sha256(f"{user.id}{time.time()}".encode()).hexdigest()  # 64 digits
    return session_token


def hashed_digits(user):
    session_token = hashlib.md5((user.email + str(int(datetime.now().timestamp()))).encode()).hexdigest()
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
    reset_token = hashlib.md5(str(random.random()).encode()).hexdigest()
    return reset_token


def of_the_clock():
    auth_token = str(time.time_ns())
    return auth_token


def of_process():
    auth_token = f"{os.getpid()}"
    return auth_token


def uuids(user):
    user.access_token = str(uuid.uuid4())
    user.refresh_token = uuid.uuid1().hex
    user.reset_token = str(uuid.uuid4()).replace("-", "")
    user.api_token = f"shop-{uuid.uuid4()}"
    user.auth_token = "shop-%s" % uuid.uuid4()


def letters():
    return str(uuid.uuid4())


def from_helper(user):
    user.access_token = letters()


def answered():
    return jsonify({"token": str(random.randint(0, 10**20))})


def both():
    auth_token = f"{random.randrange(800)},{random.randrange(600)}"
    return auth_token


class Invitation:
    invite_token = Column(String(20))


def invited(invitation):
    invitation.invite_token = str(time.time_ns())  # by hand
