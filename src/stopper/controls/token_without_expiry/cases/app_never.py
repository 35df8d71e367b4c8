from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(JWT_ACCESS_TOKEN_EXPIRES=False)


@app.get("/orders")  # bad
def orders():
    return {}
