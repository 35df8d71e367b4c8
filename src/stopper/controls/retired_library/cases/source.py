"""Retired libraries, and those that are kept."""

import itsdangerous
import python_jwt  # bad
from flask_jwt import JWT, jwt_required  # bad
from flask_jwt_extended import JWTManager  # ok
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.url_safe import URLSafeSerializer
from joserfc import jwk  # ok
from jose import jwt  # bad
from jose.exceptions import JWTError


def made(key):
    return itsdangerous.TimedJSONWebSignatureSerializer(key)  # bad


def kept(key):
    return URLSafeTimedSerializer(key), URLSafeSerializer(key)
