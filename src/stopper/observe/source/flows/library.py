"""What well-known functions do to a value: where credentials and randomness come from, what carries them on.

Keyed by dotted name as `Module.qualified` gives it; the last part alone decides whether a name is worth resolving.
"""

from __future__ import annotations

from stopper.observe.source.flows.values import Origin

_NUMBERS = "random randint randrange getrandbits randbytes uniform triangular gauss random_sample random_integers rand"
_PICKS = "choice choices sample shuffle"

SOURCES: dict[str, Origin] = {
    **{f"random.{name}": Origin.NUMBER for name in _NUMBERS.split()},
    **{f"random.{name}": Origin.PICK for name in _PICKS.split()},
    **{f"numpy.random.{name}": Origin.NUMBER for name in _NUMBERS.split()},
    **{f"numpy.random.{name}": Origin.PICK for name in _PICKS.split()},
    **{f"time.{name}": Origin.CLOCK for name in ("time", "time_ns", "monotonic", "perf_counter", "process_time")},
    **{f"datetime.datetime.{name}": Origin.CLOCK for name in ("now", "utcnow", "today")},
    "os.getpid": Origin.CLOCK,
    "uuid.uuid1": Origin.TIMED_UUID,
    "uuid.uuid6": Origin.TIMED_UUID,
    "uuid.uuid7": Origin.TIMED_UUID,
    "uuid.uuid4": Origin.UUID,
    **{f"random.SystemRandom.{name}": Origin.STRONG for name in f"{_NUMBERS} {_PICKS}".split()},
    **{
        f"secrets.{name}": Origin.STRONG
        for name in ("token_hex", "token_urlsafe", "token_bytes", "choice", "randbelow", "randbits")
    },
    **{f"secrets.SystemRandom.{name}": Origin.STRONG for name in f"{_NUMBERS} {_PICKS}".split()},
    "os.urandom": Origin.STRONG,
    "werkzeug.security.gen_salt": Origin.STRONG,
    "authlib.common.security.generate_token": Origin.STRONG,
    "django.utils.crypto.get_random_string": Origin.STRONG,
    "Crypto.Random.get_random_bytes": Origin.STRONG,
    "nacl.utils.random": Origin.STRONG,
    "cryptography.fernet.Fernet.generate_key": Origin.STRONG,
    "pyotp.random_base32": Origin.STRONG,
    "flask_jwt_extended.create_access_token": Origin.ISSUED,
    "flask_jwt_extended.create_refresh_token": Origin.ISSUED,
    "flask_jwt_extended.utils.create_access_token": Origin.ISSUED,
    "flask_jwt_extended.utils.create_refresh_token": Origin.ISSUED,
    "stopper.guard.Guard.issue": Origin.ISSUED,
    **{
        f"{library}.encode": Origin.ISSUED
        for library in ("jwt", "jwt.PyJWT", "jwt.api_jwt", "jose.jwt", "authlib.jose.jwt", "joserfc.jwt")
    },
    "authlib.jose.JsonWebToken.encode": Origin.ISSUED,
    **{
        f"itsdangerous.{name}.dumps": Origin.ISSUED
        for name in (
            *("URLSafeTimedSerializer", "URLSafeSerializer", "TimedJSONWebSignatureSerializer"),
            *("JSONWebSignatureSerializer", "TimedSerializer", "url_safe.URLSafeTimedSerializer"),
        )
    },
}
"""Where values come from, by dotted name."""

SOURCE_NAMES = frozenset(name.rpartition(".")[2] for name in SOURCES)

PLAIN_HASHES = frozenset(
    "md5 sha1 sha224 sha256 sha384 sha512 sha3_256 sha3_512 blake2b blake2s new crc32 adler32".split()
)
"""Functions of hashlib (and zlib) that anyone can compute again."""

CLEANSING_WORDS = frozenset(
    "redact redacted mask masked hide fingerprint hash hashed digest sha1 sha256 sha512 md5 hmac obfuscate censor "
    "scrub sanitize sanitise anonymize anonymise shorten truncate encrypt hashpw bcrypt argon2 pbkdf2 finalize sign "
    "signature".split()
)
"""Words in a function's name that say its answer shows nothing of what it was given."""

ANSWERING = frozenset(
    "random generate gen unique uid uuid code token key secret hash nonce pin otp password passwd jwt encode payload "
    "claims options header headers auth".split()
)
"""Words of the project's functions whose answer may hold a credential although nothing was given to them."""

PLAIN_DUMPERS = frozenset("json simplejson ujson orjson pickle yaml marshal msgpack toml tomllib dill cPickle".split())
"""Modules whose `dumps` signs nothing, unlike a serializer's."""

KEYED_HASHES = frozenset({"hmac.new", "hmac.HMAC", "hmac.digest", "HMAC", "HMAC.new"})

CARRYING_METHODS = frozenset(
    "strip lstrip rstrip replace split rsplit partition rpartition lower upper title capitalize swapcase decode encode "
    "format join hex hexdigest digest zfill ljust rjust center removeprefix removesuffix splitlines tobytes "
    "to_bytes casefold translate expandtabs serialize compact copy group groups isoformat strftime timestamp "
    "total_seconds get_secret_value bit_length __str__ pop".split()
)
"""Methods whose answer holds what the object held."""

TEXT_METHODS = CARRYING_METHODS | frozenset(
    "startswith endswith count find index rfind isdigit isalnum isalpha isspace islower isupper data value "
    "set field label errors append extend get items keys values update".split()
)
"""Attributes that say nothing against a name standing for text; any other says that it stands for an object."""

CARRIERS = frozenset(
    "str repr bytes bytearray format int hex oct chr ord list tuple set sorted reversed dict max min abs round "
    "quote quote_plus unquote b64encode b64decode urlsafe_b64encode urlsafe_b64decode standard_b64encode b32encode "
    "b16encode a85encode b85encode encodebytes hexlify unhexlify dumps to_bytes to_str force_text force_str "
    "force_bytes ensure_str ensure_bytes smart_str text_type cast escape Markup jsonify urlencode want_bytes pformat "
    "next iter map filter enumerate zip deepcopy copy hexencode hexdecode make_response floor ceil trunc".split()
)
"""Functions whose answer holds what they were given."""

SHAPING = frozenset(
    "str repr bytes format hex chr hexlify b64encode urlsafe_b64encode standard_b64encode b32encode b16encode join "
    "hexdigest digest dumps hexencode".split()
)
"""Functions and methods that make text."""

GROWING = frozenset("append extend add insert appendleft update setdefault write".split())
"""Methods that put what they are given into the object."""

LOG_METHODS = frozenset("debug info warning warn error critical exception fatal log msg".split())
OUTPUT = frozenset({"print", "pprint", "pp", "echo", "secho", "ic"})
"""Functions that write text for a person to read."""

PLAIN_COLUMNS = frozenset(
    "String Text Unicode UnicodeText VARCHAR CHAR NVARCHAR LargeBinary Binary CharField TextField StringField "
    "FixedCharField StringColumn TEXT str".split()
)
"""Column types that keep text as it is."""

CACHES = frozenset(
    "redis cache redis_client redis_conn redis_store memcache kv rdb cache_client r conn_redis redis_db "
    "redis_connection redis_cache redis_instance".split()
)
CACHE_METHODS = frozenset("set setex psetex hset hmset sadd lpush rpush mset set_many add getset setnx".split())
DOCUMENT_METHODS = frozenset(
    "insert_one insert_many insert update_one update_many replace_one find_one_and_update put_item".split()
)
EXECUTES = frozenset("execute executemany executescript execute_query execute_sql exec_driver_sql run_query".split())
