"""Writes regression tests: for each finding one that fails before its repair and passes after it.

`subject.py` has what is known of the API under test, `recipes.py` what a test of each control asks and asserts,
`files.py` makes the files. Nothing here reads or writes a file, and no token or secret stands in what it makes.
"""

from stopper.regression.files import Made, folder, one_file
from stopper.regression.login import LoginWritten, written
from stopper.regression.subject import Subject

__all__ = ["LoginWritten", "Made", "Subject", "folder", "one_file", "written"]
