"""Werkzeug's debugger stands before the application (CVE-2024-34069 is about its console)."""

from unverified_identity_twin import app
from werkzeug.debug import DebuggedApplication

app.wsgi_app = DebuggedApplication(app.wsgi_app, evalex=True)
