"""Methods that give a kept token out again, and those that make one each time or keep another's."""

import secrets
import uuid

import requests


class User:
    def get_token(self, now):
        if self.token and self.token_expiration > now:  # bad
            return self.token
        self.token = secrets.token_hex(16)
        return self.token

    def login(self):
        if self.auth_token is not None:  # bad
            return self.auth_token
        fresh = str(uuid.uuid4())
        self.auth_token = fresh
        return fresh

    def new_token(self):
        self.token = secrets.token_hex(16)  # ok
        return self.token

    def feed(self):
        if not self.feed_token:
            self.feed_token = secrets.token_hex(16)
        return self.feed_token

    def csrf(self):
        if self.csrf_token:
            return self.csrf_token
        self.csrf_token = secrets.token_hex(16)
        return self.csrf_token


class Client:
    def get_access_token(self, now):
        if self.access_token and self.expires > now:
            return self.access_token
        self.access_token = requests.post("https://login.test/token", timeout=5).json()["access_token"]
        return self.access_token
