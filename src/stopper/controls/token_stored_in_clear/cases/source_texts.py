"""SQL texts that are filled with tokens, and such as only look for one."""

import hashlib


def keep(store, session_token, name):
    statement = f"UPDATE users SET failed = 0, session_token = '{session_token}' WHERE name = '{name}'"  # bad
    store.modify(statement)


def keep_digest(store, session_token, name):
    token_digest = hashlib.sha256(session_token.encode()).hexdigest()
    store.modify(f"UPDATE users SET session_token = '{token_digest}' WHERE name = '{name}'")


def touch(store, session_token):
    store.modify(f"UPDATE users SET seen = 1 WHERE session_token = '{session_token}'")


def forget(store, name):
    store.modify(f"UPDATE users SET session_token = '' WHERE name = '{name}'")
