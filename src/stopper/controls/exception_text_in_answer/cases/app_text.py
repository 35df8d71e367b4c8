from flask import Flask

app = Flask("app_text")


@app.errorhandler(Exception)
def failed(error):
    return {"error": str(error)}, 500


@app.get("/orders")  # bad
def orders():
    return {}
