"""Tokens of a language, with a log: nothing here is a credential."""

import logging
import secrets

log = logging.getLogger(__name__)
NONCE = secrets.token_hex(4)


def parse(tokens):
    for token in tokens:
        log.debug("token %s", token)
        print(token)
        if token == "end":
            raise ValueError(f"unexpected {token}")
