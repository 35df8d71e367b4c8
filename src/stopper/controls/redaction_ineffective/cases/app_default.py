import logging
import re

from flask import Flask

TOKEN = re.compile(r"(Bearer )?[\w-]{30,}(\.[\w-]+)*")


class Redaction(logging.Formatter):
    def format(self, record):
        return TOKEN.sub("[redacted]", super().format(record))


app = Flask("redacts_beside_the_default")
handler = logging.StreamHandler()
handler.setFormatter(Redaction())
app.logger.addHandler(handler)  # beside the one that Flask has put there


@app.get("/orders")  # bad
def orders():
    return {}
