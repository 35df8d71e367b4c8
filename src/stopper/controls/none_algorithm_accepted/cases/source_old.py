import jwt


def read(token, key):
    print "reading"
    return jwt.decode(token, key, algorithms=["none"])  # bad


def good(token, key):
    return jwt.decode(token, key, algorithms=["HS256"])
