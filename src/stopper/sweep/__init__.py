"""Tokens at rest: found in files, archives, databases and git histories by their form, told without being shown.

`sweeping.Sweep` goes over *sources* (files, tables, repositories) in steps and puts what it finds into a `tally.Tally`,
one row a token. Of Stopper it imports `secret` alone, so that the guard and the scanner can both use it.
"""
