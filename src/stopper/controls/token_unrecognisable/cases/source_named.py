import secrets
import uuid


def with_prefix(user):
    user.api_key = f"shop_{secrets.token_urlsafe(32)}"  # ok


def concatenated(user):
    user.api_token = "shop-" + secrets.token_hex(32)  # ok


def body():
    return "shop_" + secrets.token_hex(32)


def by_function(user):
    user.api_key = body()  # ok


def of_a_login(user):
    user.access_token = secrets.token_urlsafe(32)
    user.session_token = uuid.uuid4().hex


def given(user, key):
    user.api_key = key


def from_outside(settings):
    settings.api_key = settings.environment["MAIL_API_KEY"]
