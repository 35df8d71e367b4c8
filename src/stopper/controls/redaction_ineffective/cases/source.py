import logging
import re

SECRET = re.compile(r"[A-Za-z0-9_.-]{32,}")


class MessageOnly(logging.Filter):
    def filter(self, record):
        record.msg = SECRET.sub("[redacted]", str(record.msg))  # bad
        return True


class ThrowsAway(logging.Filter):
    """Hides tokens."""

    def filter(self, record):
        SECRET.sub("[redacted]", record.getMessage())  # bad
        return True


class NeverUsed(logging.Formatter):
    """Hides tokens."""

    def format(self, record):
        text = super().format(record)
        hidden = SECRET.sub("[redacted]", text)  # bad
        return text


class PlainText(logging.Formatter):
    def format(self, record):
        return super().format(record).replace(r"Bearer \S+", "[redacted]")  # bad


class SmallLetters(logging.Formatter):
    def format(self, record):
        return re.sub(r"bearer \S+", "[redacted]", super().format(record))  # bad


class Backspace(logging.Formatter):
    def format(self, record):
        return re.sub("\bBearer .*", "[redacted]", super().format(record))  # bad


class MessageJudge(logging.Filter):
    def filter(self, record):
        return "token" not in record.msg  # bad


class EditsFirst(logging.Formatter):
    def format(self, record):
        record.msg = SECRET.sub("[redacted]", record.msg)  # bad
        return super().format(record)


class OnLogger(logging.Filter):
    """Redacts message and arguments."""

    def filter(self, record):
        record.msg, record.args = SECRET.sub("[redacted]", record.getMessage()), ()
        return True


logging.getLogger().addFilter(OnLogger())  # bad


class Finished(logging.Formatter):
    def format(self, record):  # ok
        return SECRET.sub("[redacted]", super().format(record))


class Whole(logging.Filter):
    """Redacts message and arguments."""

    def filter(self, record):
        record.msg, record.args = SECRET.sub("[redacted]", record.getMessage()), ()
        return True


class Health(logging.Filter):
    """Drops the lines of health checks."""

    def filter(self, record):
        return "/health" not in record.msg


class AnyCase(logging.Formatter):
    def format(self, record):  # ok
        return re.sub(r"bearer \S+", "[redacted]", super().format(record), flags=re.IGNORECASE)


handler = logging.StreamHandler()
handler.addFilter(Whole())
