"""The guard refuses plain HTTP."""

from flask import Flask, jsonify

from stopper.guard import Guard

app = Flask(__name__)
guard = Guard(app)  # ok


@app.get("/me")
def me():
    return jsonify({})
