"""Nothing here takes a token."""

from flask import Flask

app = Flask(__name__)


@app.get("/weather")
def weather():
    return {}


app.run(host="0.0.0.0")
