"""`python -m stopper`."""

from stopper.cli import main

if __name__ == "__main__":
    main(prog_name="stopper")
