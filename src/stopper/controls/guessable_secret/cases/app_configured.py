from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config["JWT_SECRET_KEY"] = "super-secret"


@app.get("/orders")  # bad
def orders():
    return {}
