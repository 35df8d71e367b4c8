from flask import Flask

app = Flask("app_original")


@app.errorhandler(500)
def failed(error):
    return {"error": repr(error.original_exception)}, 500


@app.get("/orders")  # bad
def orders():
    return {}
