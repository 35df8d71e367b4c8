import calendar
import datetime
import os
import time
from datetime import timedelta

import jwt
from flask import Flask, request
from flask_jwt_extended import create_access_token, create_refresh_token
from itsdangerous import TimedJSONWebSignatureSerializer as Serializer
from itsdangerous import URLSafeTimedSerializer

KEY = os.environ["SHOP_KEY"]
LIFE = 60 * 60 * 24 * 14
ACCESS_TOKEN_EXPIRE_MINUTES = 60 * 24 * 8  # bad
REFRESH_TOKEN_EXPIRE_DAYS = 7  # ok
MAX_TOKEN_LIFETIME_DAYS = 90
EMAIL_TOKEN_EXPIRES_DAYS = 7

app = Flask(__name__)
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(days=30)  # bad
app.config["JWT_REFRESH_TOKEN_EXPIRES"] = timedelta(days=365)  # bad
app.config.update(JWT_EXPIRATION_DELTA=datetime.timedelta(weeks=1))  # bad


class Config:
    JWT_ACCESS_TOKEN_EXPIRES = timedelta(10**6)  # bad
    JWT_REFRESH_TOKEN_EXPIRES = timedelta(days=30)  # ok
    JWT_ACCESS_LIFESPAN = {"days": 14}  # bad
    JWT_EXPIRATION_DELTA = timedelta(hours=30)  # bad
    SECURITY_TOKEN_MAX_AGE = int(os.environ.get("TOKEN_AGE", "604800"))  # bad


class Short:
    JWT_ACCESS_TOKEN_EXPIRES = 3600  # ok
    JWT_EXPIRATION_DELTA = timedelta(days=1, seconds=5)  # ok
    JWT_REFRESH_TOKEN_EXPIRES = timedelta(days=float(os.environ["DAYS"]))


def inline(user):
    return jwt.encode(
        {
            "sub": user.id,
            "exp": datetime.datetime.utcnow() + datetime.timedelta(days=7),  # bad
        },
        KEY,
        algorithm="HS256",
    )


def by_variable(user):
    now = datetime.datetime.now(datetime.UTC)
    claims = {"sub": user.id, "iat": now, "exp": now + timedelta(seconds=LIFE)}  # bad
    return jwt.encode(claims, KEY, algorithm="HS256")


def set_later(user):
    claims = {"sub": user.id}
    claims["exp"] = int(time.time()) + 86400 * 30  # bad
    return jwt.encode(claims, KEY, algorithm="HS256")


def as_number(user):
    claims = {"sub": user.id}
    ends = datetime.datetime.utcnow() + timedelta(hours=72)
    claims.update({"exp": calendar.timegm(ends.utctimetuple())})  # bad
    return jwt.encode(claims, KEY, algorithm="HS256")


def with_default(user, expires_in=2592000):
    return jwt.encode({"sub": user.id, "exp": time.time() + expires_in}, KEY, algorithm="HS256")  # bad


def by_library(user):
    return create_access_token(user.id, expires_delta=timedelta(days=90))  # bad


def by_library_again(user):
    lasting = timedelta(days=90)  # bad
    return create_refresh_token(user.id, expires_delta=lasting)


def by_serializer(user):
    serializer = Serializer(KEY, expires_in=60 * 60 * 24 * 30)  # bad
    return serializer.dumps({"id": user.id})


def verify_auth_token(token):
    return URLSafeTimedSerializer(KEY).loads(token, max_age=86400 * 60)  # bad


def new_row(user):
    user.token_expiration = datetime.datetime.utcnow() + timedelta(days=365)  # bad
    return AccessToken(user=user, expires_at=int(time.time()) + 86400 * 7)  # bad


def new_short_row(user):
    user.token_expiration = datetime.datetime.utcnow() + timedelta(hours=1)  # ok
    user.refresh_expiration = datetime.datetime.utcnow() + timedelta(days=14)  # ok
    user.token_expiration = datetime.datetime.utcnow() - timedelta(days=365)
    user.trial_expires = datetime.datetime.utcnow() + timedelta(days=365)
    return InviteToken(user=user, expires_at=datetime.datetime.utcnow() + timedelta(days=7))


@app.post("/login")
def login():
    expiration = request.json.get("expiration", 3600)  # bad
    return {"token": create_token(request.json["user"], expiration)}


def create_token(user, expiration):
    return jwt.encode({"sub": user, "exp": time.time() + expiration}, KEY, algorithm="HS256")


@app.post("/policy")
def by_policy():
    policy_params = app.config["POLICY"]
    ttl = policy_params.get("ttl", 10)
    return {"token": create_token(request.json["user"], ttl)}


@app.post("/bounded")
def bounded():
    expiration = request.json.get("expiration", 3600)
    if expiration > 3600:
        return {}, 400
    return {"token": create_token(request.json["user"], expiration)}


def by_own_setting(user):
    ends = datetime.datetime.utcnow() + timedelta(minutes=ACCESS_TOKEN_EXPIRE_MINUTES)
    return jwt.encode({"sub": user.id, "exp": ends}, KEY, algorithm="HS256")


def one_hour(user):
    return jwt.encode({"sub": user.id, "exp": time.time() + 3600}, KEY, algorithm="HS256")  # ok


def one_day(user):
    ends = datetime.datetime.utcnow() + datetime.timedelta(hours=24)  # ok
    return jwt.encode({"sub": user.id, "exp": ends}, KEY, algorithm="HS256")


def refresh_token(user):
    claims = {"sub": user.id, "exp": time.time() + 86400 * 30}  # ok
    return jwt.encode(claims, KEY, algorithm="HS256")


def by_type(user):
    return jwt.encode({"type": "refresh", "exp": time.time() + 86400 * 14}, KEY, algorithm="HS256")  # ok


def confirmation_token(user):
    return jwt.encode({"confirm": user.id, "exp": time.time() + 86400 * 7}, KEY, algorithm="HS256")


def api_key(user):
    return jwt.encode({"sub": user.id, "exp": time.time() + 86400 * 365}, KEY, algorithm="HS256")


def unknown(user, life):
    return jwt.encode({"sub": user.id, "exp": time.time() + life}, KEY, algorithm="HS256")


def unsubscribe(token):
    return URLSafeTimedSerializer(KEY).loads(token, max_age=86400 * 60)


def cache():
    CACHE_EXPIRES_DAYS = 30
    return timedelta(days=CACHE_EXPIRES_DAYS)
