import secrets
import uuid


def begin(messages):
    session_id = str(uuid.uuid4())[:8]
    messages[session_id] = []
    return {"session_id": session_id}


class Run:
    def __init__(self):
        self.session_id = secrets.token_hex(4)
