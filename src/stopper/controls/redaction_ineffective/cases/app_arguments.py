import logging
import re

from flask import Flask

TOKEN = re.compile(r"(Bearer )?[\w-]{30,}(\.[\w-]+)*")


class Redaction(logging.Filter):
    def filter(self, record):
        record.msg = TOKEN.sub("[redacted]", str(record.msg))
        return True


app = Flask("redacts_messages_alone")
handler = logging.StreamHandler()
handler.addFilter(Redaction())
app.logger.addHandler(handler)


@app.get("/orders")  # bad
def orders():
    return {}
