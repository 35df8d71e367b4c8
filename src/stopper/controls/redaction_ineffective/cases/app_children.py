import logging
import re

from flask import Flask

TOKEN = re.compile(r"(Bearer )?[\w-]{30,}(\.[\w-]+)*")


class Redaction(logging.Filter):
    def filter(self, record):
        record.msg = TOKEN.sub("[redacted]", record.getMessage())
        record.args = ()
        record.exc_info = None
        return True


app = Flask("redacts_its_own_logger_alone")
app.logger.addHandler(logging.StreamHandler())
app.logger.addFilter(Redaction())  # records of children pass it by


@app.get("/orders")  # bad
def orders():
    return {}
