from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(SECRET_KEY="short", JWT_ALGORITHM="RS256")


@app.get("/orders")
def orders():
    return {}
