"""Ways over from other libraries: stand-ins with their names, and verifiers for the tokens that they handed out.

Nothing here is imported by the guard itself.
"""
