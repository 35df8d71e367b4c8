"""Servers that misbehave, on loopback, for everything that talks to a target: `python -m tests.hostile --case NAME`."""
