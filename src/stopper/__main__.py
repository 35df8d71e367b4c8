"""`python -m stopper`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # Python put the current folder first, and that may be what is scanned: nothing of Stopper is imported from it.
        del sys.path[0]
    from stopper.cli import main

    main(prog_name="stopper")
