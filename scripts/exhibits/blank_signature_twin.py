"""The twin of `blank_signature`: there is always a signature to verify."""

from blank_signature import issue, served, strictly, verified

app = served(issue, strictly(verified))
