from flask import Flask

app = Flask(__name__)
app.config["DEBUG"] = True


@app.get("/orders")  # bad
def orders():
    return {}
