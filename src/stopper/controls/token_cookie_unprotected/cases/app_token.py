from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(JWT_TOKEN_LOCATION=["headers", "cookies"], JWT_COOKIE_SECURE=False, JWT_COOKIE_SAMESITE="Lax")


@app.get("/orders")  # bad
def orders():
    return {}
