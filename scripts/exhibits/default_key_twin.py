"""The twin of `default_key`: the key is made for this installation."""

import secrets

from default_key import signed_by

app = signed_by(secrets.token_hex(32))
