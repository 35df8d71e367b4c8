from flask import Flask

app = Flask("app_plain")


@app.get("/orders")  # ok
def orders():
    return {}
