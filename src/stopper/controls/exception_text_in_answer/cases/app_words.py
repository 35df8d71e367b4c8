from flask import Flask

app = Flask("app_words")


@app.errorhandler(Exception)
def failed(error):
    return {"error": "something failed"}, 500


@app.get("/orders")  # ok
def orders():
    return {}
