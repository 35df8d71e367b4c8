import jwt


def read(token, (key, _)):
    print "reading"
    return jwt.decode(token, key, verify=False)  # bad


def good(token, key):
    return jwt.decode(token, key, algorithms=["HS256"])
