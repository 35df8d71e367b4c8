from itsdangerous import BadSignature, TimedJSONWebSignatureSerializer as Serializer  # bad


def made(key):
    return Serializer(key, expires_in=600)
