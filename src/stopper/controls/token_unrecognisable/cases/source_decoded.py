import base64
import secrets


def new_key(user):
    user.api_token = base64.b64encode(secrets.token_bytes(32)).decode("utf-8")  # bad
