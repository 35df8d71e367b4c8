import os

SECRET_KEY = "c0rrect-horse-battery-staple"  # bad
JWT_SECRET = os.environ["JWT_SECRET"]

print "configured"
