"""Starts `app_runner.py` in the application's own interpreter, as a package that no module there is called after.

Run by `stopper.io.child` as a plain script: that interpreter need not have `stopper`.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

PACKAGE = "stopper_in_app"

if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this script's folder holds modules named like the standard library's
    folder = Path(__file__).absolute().parent
    found = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if found is not None:
        sys.modules[PACKAGE] = importlib.util.module_from_spec(found)
        importlib.import_module(f"{PACKAGE}.app_runner").main()
