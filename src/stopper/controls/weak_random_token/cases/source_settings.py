"""Settings that get their secret from a variable whose name does not say what it is for."""

import random
import secrets
import string

LETTERS = string.ascii_letters + string.digits

key = "".join(random.choice(LETTERS) for _ in range(32))  # bad
colour = "".join(random.choice(LETTERS) for _ in range(6))
strong = secrets.token_urlsafe(32)

SECRET_KEY = key
JWT_SECRET_KEY = strong
BACKGROUND = colour
