"""A fast hash in a function that says nothing of passwords, and what is held against a stored one."""

import hashlib
import hmac


def encoded(text):
    return hashlib.sha256(text.encode()).hexdigest()  # bad


def checksum(text):
    return hashlib.sha256(text.encode()).hexdigest()


def tag(key, text):
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def login(user, typed):
    return user.password == encoded(typed.password)


def unchanged(page, text):
    return page.checksum == checksum(text)


def signed(user, key, typed):
    return user.password == tag(key, typed.password)
