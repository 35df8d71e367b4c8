from flask import Flask

app = Flask(__name__)


@app.get("/<path:rest>")
def everything(rest):
    return {"served": rest}


@app.get("/favicon.ico")
def icon():
    return b"", 200, {"Content-Type": "image/x-icon"}


@app.get("/api/goods")  # bad
def goods():
    return {"goods": []}
