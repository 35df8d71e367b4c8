from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(JWT_TOKEN_LOCATION=["headers"], JWT_COOKIE_SECURE=False)  # and no session


@app.get("/orders")
def orders():
    return {}
