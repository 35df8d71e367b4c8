"""Repairs: the controls' `fix` hooks asked about the findings of a scan, their changes applied to files.

`planning.py` goes from findings to a plan, `rounds.py` applies rewrites until nothing is left of them, `rewriter.py`
rewrites Python in a child process, `writing.py` puts files in their places, `comparing.py` tells what became of each
finding.
"""
