import secrets
import string


def generate_api_key():
    return "".join(secrets.choice(string.ascii_letters) for _ in range(40))  # bad
