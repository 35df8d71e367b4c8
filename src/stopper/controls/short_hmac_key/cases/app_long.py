from flask import Flask

app = Flask(__name__)
app.extensions["flask-jwt-extended"] = object()
app.config.update(SECRET_KEY="short", JWT_SECRET_KEY="b7" * 16, JWT_ALGORITHM="HS256")


@app.get("/orders")  # ok
def orders():
    return {}
