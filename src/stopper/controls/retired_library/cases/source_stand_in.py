"""An import that only serves old installations."""

try:
    from itsdangerous import TimedJSONWebSignatureSerializer
except ImportError:
    from shop.serializer import TimedJSONWebSignatureSerializer

import josepy as jose
import jwt  # ok
