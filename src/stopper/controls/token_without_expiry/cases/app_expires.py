from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(JWT_ACCESS_TOKEN_EXPIRES=900, JWT_REFRESH_TOKEN_EXPIRES=86400)


@app.get("/orders")  # ok
def orders():
    return {}
