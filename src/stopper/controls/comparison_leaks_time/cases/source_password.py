"""A password's hash, compared where nothing else speaks of who asks."""

import hashlib


class Password:
    def __init__(self, password):
        self.password = password

    def validate_password(self, hashed_password):
        return self._compare_password(hashed_password, self._digest(self.password))

    def _digest(self, text):
        return hashlib.sha256(text).hexdigest()

    def _compare_password(self, first, second):
        return first == second  # bad
