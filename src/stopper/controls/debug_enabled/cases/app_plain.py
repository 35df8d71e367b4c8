from flask import Flask

app = Flask(__name__)


@app.get("/orders")  # ok
def orders():
    return {}
