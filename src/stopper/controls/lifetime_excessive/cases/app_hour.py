from datetime import timedelta

from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(JWT_ACCESS_TOKEN_EXPIRES=timedelta(hours=1), JWT_REFRESH_TOKEN_EXPIRES=timedelta(days=7))


@app.get("/orders")  # ok
def orders():
    return {}
