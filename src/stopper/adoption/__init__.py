"""Sets Stopper up in a Flask project: looks at its files, decides, and writes the texts.

`look.py` finds what there is, `login.py` guesses how one logs in, `files.py` makes the settings and the CI file.
Nothing here reads, writes or runs anything: the files are given, the texts are returned.
"""

from stopper.adoption.files import Pipeline, appended, pipeline, settings
from stopper.adoption.login import Login, login
from stopper.adoption.look import Application, Found, look

__all__ = ["Application", "Found", "Login", "Pipeline", "appended", "login", "look", "pipeline", "settings"]
