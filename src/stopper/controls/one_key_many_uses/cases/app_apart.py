from flask import Flask

app = Flask(__name__)
app.config["SECRET_KEY"] = "a-key-for-everything-that-is-long-enough"
app.config["JWT_SECRET_KEY"] = "another-key-for-tokens-that-is-long-enough"


@app.get("/orders")  # ok
def orders():
    return {}
