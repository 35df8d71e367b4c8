import secrets


def new_key(user):
    user.api_key = secrets.token_urlsafe(32)  # bad
    return user.api_key


def once_is_enough(user):
    user.second_api_key = secrets.token_hex(32)
    return user.second_api_key
