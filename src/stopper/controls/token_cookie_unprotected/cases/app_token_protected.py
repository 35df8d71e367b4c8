from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(JWT_TOKEN_LOCATION=("cookies",), JWT_COOKIE_SECURE=True, JWT_COOKIE_SAMESITE="Strict")


@app.get("/orders")  # ok
def orders():
    return {}
