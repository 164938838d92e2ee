"""A store in Redis, in the colour of its carrier.

Three keys of the server hold it: a hash of the values, a sorted set of the keys in order of their bytes (UTF-8 keeps
the order of code points), and a sorted set of the moments at which values expire. Each method is one script, and the
server runs scripts one after the other, so the three never go out of step; what somebody else removed from the hash
(by hand, or a server that evicts) is taken out of the order by the next listing that meets it.

Invariants: the time is that of our clock, not of the server's; values that expired are swept out while others are
written; a script whose answer was lost is never sent twice, because its second answer would be another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ...errors import ConfigurationError, StoreError
from ...ports import Clock, Statement
from ..threads import Carrier

CONNECT_S = 5
ANSWER_S = 10
PING_AFTER_S = 30
SWEPT_PER_WRITE = 16
SWEPT_PER_COUNT = 1_000
PREFIX: Final = "fedtext"

_COMMON: Final = f"""
local values, index, expiry, now = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])
local function live(key)
  local ends = redis.call('ZSCORE', expiry, key)
  if ends and tonumber(ends) <= now then return false end
  return redis.call('HGET', values, key)
end
local function remove(key)
  redis.call('HDEL', values, key)
  redis.call('ZREM', index, key)
  redis.call('ZREM', expiry, key)
end
local function sweep(most)
  local ended = redis.call('ZRANGEBYSCORE', expiry, '-inf', ARGV[1], 'LIMIT', 0, most)
  for _, key in ipairs(ended) do remove(key) end
  return #ended
end
local function write(key, value, ends)
  sweep({SWEPT_PER_WRITE})
  redis.call('HSET', values, key, value)
  redis.call('ZADD', index, 0, key)
  if ends == '' then redis.call('ZREM', expiry, key) else redis.call('ZADD', expiry, ends, key) end
end
"""
_GET: Final = """
local found = {}
for i = 2, #ARGV do found[i - 1] = live(ARGV[i]) end
return found
"""
_PUT: Final = "write(ARGV[2], ARGV[3], ARGV[4])"
_SWAP: Final = """
local present = live(ARGV[2])
if ARGV[5] == 'absent' then
  if present then return 0 end
elseif present ~= ARGV[6] then
  return 0
end
write(ARGV[2], ARGV[3], ARGV[4])
return 1
"""
_DELETE: Final = """
local present = live(ARGV[2])
remove(ARGV[2])
return present and 1 or 0
"""
_SCAN: Final = """
local found, from, most = {}, ARGV[2], 2 * tonumber(ARGV[4])
while #found < most do
  local keys = redis.call('ZRANGEBYLEX', index, from, ARGV[3], 'LIMIT', 0, 128)
  if #keys == 0 then break end
  for _, key in ipairs(keys) do
    from = '(' .. key
    local value = live(key)
    if value then
      found[#found + 1] = key
      found[#found + 1] = value
      if #found >= most then break end
    elseif redis.call('HEXISTS', values, key) == 0 then
      redis.call('ZREM', index, key)
    end
  end
end
return found
"""
_COUNT: Final = f"""
local swept = sweep({SWEPT_PER_COUNT})
return {{swept, redis.call('ZLEXCOUNT', index, ARGV[2], ARGV[3])}}
"""


_APART: Final = "the Redis store takes no part in a database transaction: use postgresql:// for the store, too"


class _Script(Protocol):
    def __call__(self, keys: Sequence[str], args: Sequence[bytes | str]) -> Any: ...


class RedisServer:
    """Connections to one Redis server, opened when needed; threads may share it, and a fork gets its own.

    Args:
        address: "redis://user:password@host:6379/0" (or "rediss://", with TLS); "?prefix=name" names the keys, where
            one server is shared: "fedtext" otherwise.

    Raises:
        ConfigurationError: It is not such an address.
    """

    def __init__(self, address: str) -> None:
        try:
            parts = urlsplit(address)
            options = dict(parse_qsl(parts.query, keep_blank_values=True))
            self.url = f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 6379}{parts.path}"
        except ValueError:
            raise ConfigurationError("this is no address of a Redis server", try_=_EXAMPLE) from None
        prefix = options.pop("prefix", PREFIX)
        if set(prefix) & set("{}") or not prefix:
            raise ConfigurationError("a prefix is not empty and has no braces", prefix=prefix)
        # braces: in a cluster the three keys have to live on one node
        self.keys = [f"{{{prefix}}}:{name}" for name in ("values", "index", "expiry")]
        try:
            self._client: redis.Redis = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its options
                urlunsplit(parts._replace(query=urlencode(options))),
                socket_connect_timeout=CONNECT_S,
                socket_timeout=ANSWER_S,
                health_check_interval=PING_AFTER_S,
                retry=Retry(NoBackoff(), 0),
            )
            self._client.connection_pool.make_connection()  # what it cannot take is said now; nothing is opened
        except (ValueError, TypeError):
            raise ConfigurationError("this is no address of a Redis server", try_=_EXAMPLE) from None
        self.get, self.put, self.swap, self.delete, self.scan, self.count = map(
            self._script, (_GET, _PUT, _SWAP, _DELETE, _SCAN, _COUNT)
        )

    def close(self) -> None:
        """Close what this process opened; the next use opens anew."""
        self._client.close()

    def _script(self, body: str) -> _Script:
        script: _Script = self._client.register_script(_COMMON + body)
        return script


_EXAMPLE = "redis://user:password@host:6379/0"


class RedisStore:
    """A store over one server, on one clock; any number of processes and machines may share it."""

    def __init__(self, server: RedisServer, carrier: Carrier, clock: Clock) -> None:
        self._server = server
        self._carrier = carrier
        self._clock = clock

    @property
    def dialect(self) -> None:
        """None: this store has no SQL."""
        return

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is absent or expired."""
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the values of those keys that are present."""
        if not keys:
            return {}
        found: list[bytes | None] = await self._run(self._server.get, *keys)
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Write a value, replacing what was there."""
        await self._run(self._server.put, key, value, self._ends(ttl_s))

    async def add_if_absent(self, key: str, value: bytes, *, ttl_s: float | None = None) -> bool:
        """Write a value only if there is none (expired counts as none); tell whether it was written."""
        return await self.compare_and_set(key, None, value, ttl_s=ttl_s)

    async def compare_and_set(
        self, key: str, expected: bytes | None, value: bytes, *, ttl_s: float | None = None
    ) -> bool:
        """Write a value only if the present one is `expected` (None: absent); tell whether it was."""
        condition = ("absent",) if expected is None else ("present", expected)
        return bool(await self._run(self._server.swap, key, value, self._ends(ttl_s), *condition))

    async def delete(self, key: str) -> bool:
        """Remove a value; tell whether there was one."""
        return bool(await self._run(self._server.delete, key))

    async def scan(self, prefix: str, *, after: str = "", limit: int = 100) -> list[tuple[str, bytes]]:
        """List (key, value) below a prefix in code point order of the keys, those greater than `after` only."""
        least, greatest = _bounds(prefix)
        if after >= prefix and after:
            least = b"(" + after.encode()
        found: list[bytes] = await self._run(self._server.scan, least, greatest, str(limit))
        return [(key.decode(), value) for key, value in zip(found[::2], found[1::2], strict=True)]

    async def count(self, prefix: str) -> int:
        """Count the keys below a prefix."""
        while True:
            swept, total = await self._run(self._server.count, *_bounds(prefix))
            if swept < SWEPT_PER_COUNT:
                return int(total)

    def statements(
        self, key: str, value: bytes, *, expires_s: float | None = None, once: bool = False
    ) -> list[Statement]:
        """Refuse: this store has no SQL.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            _APART,
            key=key,
            size_bytes=len(value),
            expires_s=expires_s,
            once=once,
        )

    def reading(self, key: str) -> Statement:
        """Refuse: this store has no SQL.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(_APART, key=key)

    async def _run(self, script: _Script, *arguments: bytes | str) -> Any:
        now_s = self._clock.now_s()

        def call() -> Any:
            try:
                return script(self._server.keys, [repr(now_s), *arguments])
            except (redis.RedisError, UnicodeError) as cause:
                raise StoreError("the store refused", cause=f"{type(cause).__name__}: {cause}") from cause

        return await self._carrier.run(call)

    def _ends(self, ttl_s: float | None) -> str:
        return "" if ttl_s is None else repr(self._clock.now_s() + ttl_s)


def _bounds(prefix: str) -> tuple[bytes, bytes]:
    """Give the ends of a range of keys: no UTF-8 has a byte FF."""
    start = prefix.encode()
    return (b"[" + start, b"(" + start + b"\xff") if prefix else (b"-", b"+")
