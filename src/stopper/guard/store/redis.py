"""Tokens in one Redis 6.2 or newer that never evicts: entries expire by themselves, revocations are a stream.

Ids of a stream grow in the order in which its entries become visible, which is what the feed needs.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from stopper.guard.clients import Client, ClientSecret
from stopper.guard.settings import ConfigurationError
from stopper.guard.store import Kind, Redemption, Revocation, StoreError
from stopper.guard.token import Refresh, Token

_PREFIX = "stopper:"
_STREAM = _PREFIX + "revocations"
_CLIENTS = _PREFIX + "clients"
_KEYS = _PREFIX + "keys"
_SEQUENCE_BITS = 20
_INDEX_STAYS = 30 * 86_400

_REDEEM = """
local data, used_at, successor = unpack(redis.call('HMGET', KEYS[1], 'data', 'used_at', 'successor'))
if not data then return nil end
if used_at then
    local late = math.abs(ARGV[1] - used_at) >= tonumber(ARGV[2])
    if late or redis.call('HEXISTS', successor, 'used_at') == 1 then return {data, 1} end
    if redis.call('EXISTS', successor) == 1 then redis.call('HSET', successor, 'used_at', '0') end
else
    redis.call('HSET', KEYS[1], 'used_at', ARGV[1])
end
redis.call('HSET', KEYS[1], 'successor', KEYS[2])
redis.call('HSET', KEYS[2], 'data', ARGV[3])
redis.call('EXPIREAT', KEYS[2], ARGV[4])
return {data, 0}
"""

_END = """
local known = redis.call('GET', KEYS[1])
if known and tonumber(known) > tonumber(ARGV[1]) then return end
redis.call('SET', KEYS[1], ARGV[1], 'EXAT', ARGV[2])
"""

_REPLACE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _as_store_error(method: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Turn the driver's errors into StoreError, whose text holds nothing of the command."""

    @functools.wraps(method)
    def wrapped(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        try:
            return method(*arguments, **keywords)
        except (_driver().exceptions.RedisError, OSError) as error:
            raise StoreError(f"the token store failed: {type(error).__name__}") from None

    return wrapped


@functools.cache
def _driver() -> Any:
    try:
        return importlib.import_module("redis")
    except ImportError:
        raise ConfigurationError("a store in Redis needs the package redis") from None


class RedisStore:
    """A store in the Redis of a URL. Nothing is opened before the first use."""

    shared = True

    def __init__(self, url: str) -> None:
        """Take the URL; raise ConfigurationError where it is none, or the driver is missing."""
        try:
            self._client = _driver().Redis.from_url(
                url, decode_responses=True, socket_timeout=2.0, socket_connect_timeout=2.0
            )
            self._client.connection_pool.make_connection()  # which connects nowhere yet, but takes all options
        except (ValueError, TypeError):
            raise ConfigurationError("STOPPER_STORE is no URL of a Redis, such as redis://host:6379/0") from None

    @functools.cached_property
    def _redis(self) -> Any:
        client = self._client
        policy = client.info("memory").get("maxmemory_policy", "noeviction")
        if policy != "noeviction":  # an evicted revocation would bring a token back to life
            raise ConfigurationError(f"Redis evicts entries (maxmemory-policy {policy}): it must be noeviction")
        return client

    # ----------------------------------------------------------------------- access tokens

    @_as_store_error
    def add(self, digest: bytes, token: Token) -> bool:
        """Keep an access token under its digest; return False, keeping nothing, where its id is taken."""
        name, end = digest.hex(), _whole(token.expires_at)
        if not self._redis.set(f"{_PREFIX}id:{token.id}", name, nx=True, exat=end):
            return False
        index = f"{_PREFIX}subject:{token.subject}"
        with self._redis.pipeline() as together:
            together.set(f"{_PREFIX}token:{name}", _written(token), exat=end)
            together.zremrangebyscore(index, "-inf", token.issued_at)
            together.zadd(index, {name: token.expires_at})
            together.expireat(index, end + _INDEX_STAYS)  # a token with a shorter life must not end it early
            together.execute()
        return True

    @_as_store_error
    def find(self, digest: bytes) -> Token | None:
        """Return the access token of a digest, or None."""
        return _read(self._redis.get(f"{_PREFIX}token:{digest.hex()}"))

    @_as_store_error
    def find_by_id(self, token_id: str) -> Token | None:
        """Return the access token of an id, or None."""
        name = self._redis.get(f"{_PREFIX}id:{token_id}")
        return _read(self._redis.get(f"{_PREFIX}token:{name}")) if name else None

    @_as_store_error
    def tokens_of(self, subject: str, now: float) -> list[Token]:
        """Return a subject's access tokens that have not expired, newest first."""
        names = self._redis.zrangebyscore(f"{_PREFIX}subject:{subject}", f"({now}", "+inf")
        texts = self._redis.mget([f"{_PREFIX}token:{name}" for name in names]) if names else []
        found = [token for token in map(_read, texts) if token]
        return sorted(found, key=lambda token: token.issued_at, reverse=True)

    # ----------------------------------------------------------------------- refresh tokens

    @_as_store_error
    def add_refresh(self, digest: bytes, refresh: Refresh) -> None:
        """Keep a refresh token under its digest."""
        name = _refresh_key(digest)
        with self._redis.pipeline() as together:
            together.hset(name, "data", _written(refresh))
            together.expireat(name, _whole(refresh.expires_at))
            together.execute()

    @_as_store_error
    def redeem(
        self, digest: bytes, now: float, grace: float, successor_digest: bytes, successor: Refresh
    ) -> Redemption:
        """Use a refresh token in one script, so that one of several callers at once is the first."""
        names = _refresh_key(digest), _refresh_key(successor_digest)
        kept = _written(successor), _whole(successor.expires_at)
        answer = self._redis.eval(_REDEEM, 2, *names, repr(now), repr(grace), *kept)
        if answer is None:
            return Redemption(None)
        return Redemption(_refresh(answer[0]), reused=bool(answer[1]))

    @_as_store_error
    def find_refresh(self, digest: bytes) -> Refresh | None:
        """Return the refresh token of a digest, or None, without using it."""
        text = self._redis.hget(_refresh_key(digest), "data")
        return _refresh(text) if text else None

    # ----------------------------------------------------------------------- revocations

    @_as_store_error
    def revoke(self, kind: Kind, value: str, before: float, until: float) -> None:
        """Write a revocation to the stream and under its own name, together."""
        with self._redis.pipeline() as together:
            together.xadd(_STREAM, {"k": kind.value, "v": value, "b": repr(before), "u": repr(until)})
            together.eval(_END, 1, f"{_PREFIX}ended:{kind.value}:{value}", repr(before), _whole(until))
            together.execute()

    @_as_store_error
    def revocations(self, after: int, now: float, limit: int) -> list[Revocation]:
        """Return the entries above a number that still end something, in order, at most `limit`."""
        found: list[Revocation] = []
        for entry in self._entries(after):
            if entry.until > now:
                found.append(entry)
                if len(found) == limit:
                    break
        return found

    def _entries(self, after: int) -> Iterator[Revocation]:
        while rows := self._redis.xrange(_STREAM, f"({_stream_id(after)}", "+", count=1000):
            for name, fields in rows:
                after = _number(name)
                yield Revocation(after, Kind(fields["k"]), fields["v"], float(fields["b"]), float(fields["u"]))

    @_as_store_error
    def newest_revocation(self) -> int:
        """Return the number of the newest entry that there ever was, 0 where there was none."""
        if not self._redis.exists(_STREAM):
            return 0
        return _number(self._redis.xinfo_stream(_STREAM)["last-generated-id"])

    @_as_store_error
    def is_revoked(self, token: Token) -> bool:
        """Tell from all entries whether one ends this token."""
        by_id, by_family, by_subject, by_client, by_all = self._redis.mget(
            f"{_PREFIX}ended:{Kind.TOKEN.value}:{token.id}",
            f"{_PREFIX}ended:{Kind.FAMILY.value}:{token.family}",
            f"{_PREFIX}ended:{Kind.SUBJECT.value}:{token.user}",
            f"{_PREFIX}ended:{Kind.CLIENT.value}:{token.client}",
            f"{_PREFIX}ended:{Kind.ALL.value}:",
        )
        if by_id or (by_family and token.family):
            return True
        return any(before and float(before) >= token.issued_at for before in (by_subject, by_client, by_all))

    @_as_store_error
    def purge(self, now: float) -> int:
        """Take revocations that end nothing any more from the stream; the rest expires by itself."""
        names = [_stream_id(entry.number) for entry in self._entries(0) if entry.until <= now]
        return int(self._redis.xdel(_STREAM, *names)) if names else 0

    # ----------------------------------------------------------------------- proofs

    @_as_store_error
    def first_use(self, digest: bytes, until: float) -> bool:
        """Set a key that must not be there, which expires by itself."""
        return bool(self._redis.set(f"{_PREFIX}proof:{digest.hex()}", "", nx=True, exat=_whole(until)))

    def forget_uses(self, now: float) -> None:
        """Leave it to Redis, which has forgotten them already."""

    @_as_store_error
    def secret(self, name: str) -> bytes:
        """Return the 32 random bytes of a name, in hexadecimal where they are kept."""
        key = f"{_PREFIX}secret:{name}"
        self._redis.set(key, os.urandom(32).hex(), nx=True)
        return bytes.fromhex(self._redis.get(key))

    # ----------------------------------------------------------------------- clients

    @_as_store_error
    def put_client(self, client: Client) -> None:
        """Keep a client, in place of an earlier one of its id."""
        fields = {
            "id": client.id,
            "name": client.name,
            "scopes": sorted(client.scopes),
            "grants": sorted(client.grants),
            "introspects": client.introspects,
            "created_at": client.created_at,
            "secrets": [(kept.digest.hex(), kept.until) for kept in client.secrets],
        }
        self._redis.hset(_CLIENTS, client.id, json.dumps(fields))

    @_as_store_error
    def find_client(self, client_id: str) -> Client | None:
        """Return the client of an id, or None."""
        text = self._redis.hget(_CLIENTS, client_id)
        return _client(text) if text else None

    @_as_store_error
    def clients(self) -> list[Client]:
        """Return all clients, oldest first."""
        found = map(_client, self._redis.hvals(_CLIENTS))
        return sorted(found, key=lambda client: client.created_at)

    @_as_store_error
    def remove_client(self, client_id: str) -> bool:
        """Forget a client; tell whether there was one."""
        return bool(self._redis.hdel(_CLIENTS, client_id))

    # ----------------------------------------------------------------------- signing keys

    @_as_store_error
    def read_keys(self) -> str | None:
        """Return the document of signing keys, or None where there is none."""
        document: str | None = self._redis.get(_KEYS)
        return document

    @_as_store_error
    def replace_keys(self, old: str | None, new: str) -> bool:
        """Put a document of signing keys in place of another, or of none; return False where it is not that one."""
        if old is None:
            return bool(self._redis.set(_KEYS, new, nx=True))
        return bool(self._redis.eval(_REPLACE, 1, _KEYS, old, new))


def _whole(moment: float) -> int:
    """Return the next whole second: an entry may stay a moment too long, never go too early."""
    return int(moment) + 1


def _written(kept: Token | Refresh) -> str:
    fields = {name: getattr(kept, name) for name in kept.__slots__}
    return json.dumps({**fields, "scopes": sorted(kept.scopes)})


def _refresh_key(digest: bytes) -> str:
    return f"{_PREFIX}refresh:{digest.hex()}"


def _read(text: str | None) -> Token | None:
    if text is None:
        return None
    fields = json.loads(text)
    fields["scopes"] = frozenset(fields["scopes"])
    return Token(**fields)


def _refresh(text: str) -> Refresh:
    fields = json.loads(text)
    fields["scopes"] = frozenset(fields["scopes"])
    return Refresh(**fields)


def _client(text: str) -> Client:
    fields = json.loads(text)
    kept = tuple(ClientSecret(bytes.fromhex(digest), until) for digest, until in fields.pop("secrets"))
    return Client(
        **{**fields, "scopes": frozenset(fields["scopes"]), "grants": frozenset(fields["grants"]), "secrets": kept}
    )


def _number(stream_id: str) -> int:
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds) << _SEQUENCE_BITS | int(sequence)


def _stream_id(number: int) -> str:
    return f"{number >> _SEQUENCE_BITS}-{number & ((1 << _SEQUENCE_BITS) - 1)}"
