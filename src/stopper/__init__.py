"""Stopper keeps bearer tokens in the Flask: a guard that does them right, a scanner that proves it."""

__version__ = "0.1.0"
