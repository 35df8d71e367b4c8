from flask import Flask

app = Flask(__name__)
app.config.update(JWT_SECRET_KEY=b"\x9f" * 48, JWT_ALGORITHM="HS512")


@app.get("/orders")  # bad
def orders():
    return {}
