"""Filters that mean to blot out tokens."""

import logging
import re


class Redaction(logging.Filter):
    """Blots out tokens in the message alone."""

    def filter(self, record):
        # long words
        record.msg = re.sub(r"[A-Za-z0-9_.-]{32,}", "[redacted]", str(record.getMessage()))  # in the message
        record.args = ()
        if record.exc_info:
            record.exc_text = re.sub(r"[A-Za-z0-9_.-]{32,}", "[redacted]", str(logging.Formatter().formatException(record.exc_info)))
        if record.stack_info:
            record.stack_info = re.sub(r"[A-Za-z0-9_.-]{32,}", "[redacted]", str(record.stack_info))
        return True


class Dropping(logging.Filter):
    """Drops what speaks of tokens."""

    def filter(self, record):
        return "token" not in str(record.getMessage())


class Scheme(logging.Formatter):
    """Knows the scheme in small letters alone."""

    def format(self, record):
        return re.sub(r"bearer \S+", "bearer ***", super().format(record), flags=re.IGNORECASE)


class Lost(logging.Formatter):
    """Throws the redacted text away."""

    def format(self, record):
        text = super().format(record)
        text.replace("token", "***")  # by hand
        return text
