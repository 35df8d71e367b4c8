from flask import Flask

app = Flask(__name__)
INSTALLED = {"python": "3.12.1", "pyjwt": "2.3.0", "flask": "3.1.3"}


@app.get("/orders")  # bad
def orders():
    return {}
