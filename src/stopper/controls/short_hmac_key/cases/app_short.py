from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config["SECRET_KEY"] = "not-the-longest-key"


@app.get("/orders")  # bad
def orders():
    return {}
