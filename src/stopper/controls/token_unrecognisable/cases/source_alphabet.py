import secrets


def new_key(user):
    user.apikey = "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(32))  # bad
