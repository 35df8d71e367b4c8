"""Finds and judges tokens."""

import functools
import hmac
import os

from flask import abort, request


def token_required(view):
    """Let a request come to the view if it has the token."""

    @functools.wraps(view)
    def guarded(*args, **kwargs):
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), b"Bearer " + os.environ["TOKEN"].encode()):
            abort(401)
        return view(*args, **kwargs)

    return guarded
