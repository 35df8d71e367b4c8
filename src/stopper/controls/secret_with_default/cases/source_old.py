import os

print "configuring"
SECRET_KEY = os.environ.get("SECRET_KEY", "c0rrect-horse-battery-staple")  # bad
JWT_SECRET = os.environ["JWT_SECRET"]
