"""Passwords under a fast hash, and digests that are no passwords."""

import hashlib
from hashlib import sha256

import bcrypt
import requests
from Crypto.Hash import SHA512
from flask import Flask, request
from passlib.hash import pbkdf2_sha256, hex_md5
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)


@app.post("/register")
def register(users):
    password = request.json["password"]
    users.insert_one({"name": request.json["name"], "hash": hashlib.md5(password.encode()).hexdigest()})  # bad


def by_alias(user, pw):
    user.secret = sha256(pw.encode("utf-8")).hexdigest()  # bad


def by_name(password):
    return hashlib.new("sha1", password.encode()).hexdigest()  # bad


def by_update(form):
    digest = hashlib.sha512()  # bad
    digest.update(form.password.data.encode())
    return digest.hexdigest()


def by_package(user_password):
    return SHA512.new(user_password.encode("utf-8")).hexdigest()  # bad


def by_result(typed, salt):
    password_hash = hashlib.sha256((salt + typed).encode()).hexdigest()  # bad
    return password_hash


def hash_password(value):
    return hashlib.sha256(value.encode()).hexdigest()  # bad


def of_settings(key, value):
    if key == "settings-auth-password":
        value = hashlib.md5(f"{value}".encode()).hexdigest()  # bad
    return value


def by_passlib(password):
    return hex_md5.hash(password)  # bad


def by_werkzeug(password):
    return generate_password_hash(password, method="sha256")  # bad


def slow(password):
    return generate_password_hash(password)  # ok


def slow_compare(user, password):
    return check_password_hash(user.password_hash, password)  # ok


def slow_by_passlib(password):
    return pbkdf2_sha256.hash(password)


def gravatar(user):
    return hashlib.md5(user.email.lower().encode()).hexdigest()


def of_file(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def prepared(password):
    digest = hashlib.sha256(password.encode()).digest()
    return bcrypt.hashpw(digest, bcrypt.gensalt())  # ok


def breached(password):
    digest = hashlib.sha1(password.encode()).hexdigest()
    return digest[5:] in requests.get(f"https://pwned.example/range/{digest[:5]}").text


def key_from(password):
    key = hashlib.sha256(password.encode()).digest()
    return key


def session_fingerprint(user):
    return hashlib.sha256(user.password_hash.encode()).hexdigest()


def log_in_elsewhere(url, password):
    return requests.post(url, data={"password": hashlib.md5(password.encode()).hexdigest()})
