import os

from flask import Flask

app = Flask(__name__)
app.secret_key = os.urandom(24)
app.config["SECRET_KEY"] = os.environ["SHOP_KEY"]


def otherwise():
    other = Flask("other")
    if "SHOP_KEY" not in os.environ:
        other.config["SECRET_KEY"] = os.urandom(24)  # bad
    else:
        other.config["SECRET_KEY"] = os.environ["SHOP_KEY"]  # ok
    return other
