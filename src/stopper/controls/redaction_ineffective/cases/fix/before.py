"""Filters that mean to blot out tokens."""

import logging
import re


class Redaction(logging.Filter):
    """Blots out tokens in the message alone."""

    def filter(self, record):
        # long words
        record.msg = re.sub(r"[A-Za-z0-9_.-]{32,}", "[redacted]", str(record.msg))  # in the message
        return True


class Dropping(logging.Filter):
    """Drops what speaks of tokens."""

    def filter(self, record):
        return "token" not in str(record.msg)


class Scheme(logging.Formatter):
    """Knows the scheme in small letters alone."""

    def format(self, record):
        return re.sub(r"bearer \S+", "bearer ***", super().format(record))


class Lost(logging.Formatter):
    """Throws the redacted text away."""

    def format(self, record):
        text = super().format(record)
        text.replace("token", "***")  # by hand
        return text
