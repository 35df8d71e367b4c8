"""Flask-CORS sorts its paths by length, so that a rule for all beats the one for the caller's own (CVE-2024-6839)."""

from flask_cors import CORS
from unverified_identity_twin import app

ANYBODY = {"origins": ".*", "supports_credentials": True}
OURS = {"origins": "https://shop.test", "supports_credentials": True}

CORS(app, resources={r"/(?:products|me|orders)": ANYBODY, r"/me": OURS, r"/orders": OURS})
