import os

from flask import Flask
from flask_talisman import Talisman

app = Flask(__name__)
if os.environ["SHOP_STAGE"] == "production":
    Talisman(app, strict_transport_security=True, strict_transport_security_max_age=31536000)  # ok
else:
    Talisman(app, force_https=False, strict_transport_security=False)

if app.debug:
    Talisman(app, strict_transport_security_max_age=1)

short = Talisman(app, strict_transport_security=True, strict_transport_security_max_age=1)  # bad
