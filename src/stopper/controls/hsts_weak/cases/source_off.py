from flask import Flask
from flask_talisman import Talisman

app = Flask(__name__)
talisman = Talisman()
talisman.init_app(app, strict_transport_security=False, frame_options="DENY")  # bad
