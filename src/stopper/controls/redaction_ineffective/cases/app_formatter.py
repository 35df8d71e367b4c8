import logging
import re

from flask import Flask

TOKEN = re.compile(r"(Bearer )?[\w-]{30,}(\.[\w-]+)*")


class Redaction(logging.Formatter):
    def format(self, record):
        return TOKEN.sub("[redacted]", super().format(record))


app = Flask("redacts_the_finished_text")
handler = logging.StreamHandler()
handler.setFormatter(Redaction())
app.logger.handlers[:] = [handler]


@app.get("/orders")  # ok
def orders():
    return {}
