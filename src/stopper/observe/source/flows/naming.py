"""What a name says about the value behind it: `reset_token` is a credential, `token_count` and `next_token` are not."""

from __future__ import annotations

import enum
import functools
import re


class Says(enum.Enum):
    """What kind of credential a name stands for."""

    TOKEN = "token"
    SECRET = "secret"
    PASSWORD = "password"
    CODE = "one-time code"
    SESSION = "session id"


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_ALONE = {
    "jwt": Says.TOKEN,
    "bearer": Says.TOKEN,
    "apikey": Says.TOKEN,
    "authtoken": Says.TOKEN,
    "accesstoken": Says.TOKEN,
    "refreshtoken": Says.TOKEN,
    "sessionid": Says.SESSION,
    "authorization": Says.TOKEN,
    "secret": Says.SECRET,
    "secretkey": Says.SECRET,
    "password": Says.PASSWORD,
    "passwd": Says.PASSWORD,
    "passphrase": Says.PASSWORD,
    "pwd": Says.PASSWORD,
    "otp": Says.CODE,
    "pin": Says.CODE,
}

_PAIRS = {
    **{(first, "key"): Says.TOKEN for first in ("api", "auth")},
    **{(first, "key"): Says.SECRET for first in ("secret", "signing", "private", "encryption", "hmac", "jwt")},
    **{("session", last): Says.SESSION for last in ("id", "key")},
    **{(first, "header"): Says.TOKEN for first in ("auth", "authorization", "bearer")},
    **{
        (first, "code"): Says.CODE
        for first in ("otp", "reset", "verification", "verify", "auth", "authorization", "login", "recovery", "backup")
    },
}

_NO_BEARER_TOKEN = frozenset(
    "next prev previous page continuation cursor sync start end stop cancel cancellation current lookahead last first "
    "peek pad eos bos unk mask sep cls word max min num sub any no push device fcm apns parent wildcard default path "
    "syntax operator identity badge".split()
)
"""Words before `token` that make it a piece of text, a cursor or an address of a device."""

_CHANGED = frozenset(
    "hash hashed digest hashes encrypted masked redacted fingerprint public fake dummy sha256 md5 obfuscated csp "
    "dec decoded parsed payload claims verified unverified validated".split()
)
"""Words anywhere in a name that say the value is not, or no longer, the credential itself."""

_HIDDEN = frozenset("redacted masked hidden censored scrubbed sanitized sanitised obfuscated loggable safe".split())

_SPELLINGS = frozenset("string str value raw plain plaintext bytes encoded text b64".split())
"""Words after a credential's name that leave it what it is."""

_MAKING = frozenset("generate make create new gen issue build random get mint produce calculate compute".split())


@functools.lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, from snake_case, kebab-case and camelCase alike."""
    return tuple(word.lower() for word in _WORD.findall(name))


@functools.lru_cache(maxsize=20_000)
def credential(name: str) -> Says | None:
    """Return what credential a variable, attribute, parameter or key of this name holds, None where it holds none."""
    parts = words(name)
    while len(parts) > 1 and parts[-1] in _SPELLINGS:
        parts = parts[:-1]
    if not parts or not _CHANGED.isdisjoint(parts):
        return None
    last = parts[-1]
    before = parts[-2] if len(parts) > 1 else ""
    if last == "token":
        return None if before in _NO_BEARER_TOKEN else Says.TOKEN
    return _ALONE.get(last) or _PAIRS.get((before, last))


@functools.lru_cache(maxsize=20_000)
def hidden(name: str) -> bool:
    """Tell whether a name says that its value was made fit to be shown: `masked_token`, `loggable_url`."""
    return not _HIDDEN.isdisjoint(words(name))


@functools.lru_cache(maxsize=20_000)
def made_by(name: str) -> Says | None:
    """Return what credential a function of this name makes: `generate_reset_token`, `new_api_key`, `make_pin`."""
    parts = words(name)
    if not parts or parts[0] not in _MAKING:
        return None
    return credential("_".join(parts[1:])) if len(parts) > 1 else None


@functools.lru_cache(maxsize=5_000)
def harmless(name: str) -> bool:
    """Tell whether a piece of a credential's text is no secret by its name: the scheme, the user's name."""
    parts = words(name)
    return identity(name) or (bool(parts) and parts[-1] in ("scheme", "type", "kind", "method", "prefix", "user"))


@functools.lru_cache(maxsize=5_000)
def identity(name: str) -> bool:
    """Tell whether a name stands for something that others know or can guess: a user's id, name or address."""
    parts = words(name)
    return bool(parts) and parts[-1] in ("id", "uid", "username", "email", "mail", "login", "phone", "pk")
