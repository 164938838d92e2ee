"""How much own actors may say: mentions of one post, and posts and mentions in an hour of new accounts.

What counts is decided by pure functions on the document as it will be queued. The counts of new accounts are kept in
the store, by the hour. Where the application brings its transaction, the count is read and written through it: all that
it says counts, and rolled back means not said; what two transactions say at the same moment may count once. A store
without SQL takes no part in that transaction: there it is counted at once, also what is rolled back.

Sources: SEC-139 (mass mentions), from the other side.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import attrs

from ..config import OutboundPolicy
from ..delivery import audience
from ..errors import QuotaExceeded, StoreError, TooManyMentions
from ..ports import PortSet, store_key
from ..vocab import Activity, dump
from ..wire.json import JsonObject, JsonValue, parse_object
from ..wire.json import dump as dump_json
from . import serving
from .engine import Engine

_POSTS: Final = ("Create", "Update")
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400
_ROUNDS: Final = 8


@attrs.frozen(kw_only=True)
class Said:
    """How much something says: posts, and whom they ask for attention."""

    posts: int = 0
    mentions: int = 0

    def __add__(self, other: Said) -> Said:
        """Give the sum."""
        return Said(posts=self.posts + other.posts, mentions=self.mentions + other.mentions)


@attrs.frozen(kw_only=True)
class Count:
    """What is to be kept of how much a new account has said: a value of the store, and for how long."""

    key: str
    value: bytes
    ttl_s: float


def said_by(document: JsonObject, besides: Iterable[str] = (), *, followers_owner: Callable[[str], str | None]) -> Said:
    """Count a post and its mentions; an edit is no new post, and what is neither counts nothing.

    Args:
        document: The activity as dumped.
        besides: Recipients that are not in it.
        followers_owner: As for `delivery.audience`: followers are no mentions.

    Raises:
        LimitExceeded: More recipients than other servers read.
    """
    kind = document.get("type")
    if kind not in _POSTS:
        return Said()
    addressed: JsonObject = {**document, "bcc": [*_listed(document.get("bcc")), *besides]}
    mentioned = set(audience(addressed, followers_owner=followers_owner).recipients)
    inner = document.get("object")
    for tag in _listed(inner.get("tag") if isinstance(inner, dict) else None):
        href = tag.get("href") if isinstance(tag, dict) and tag.get("type") == "Mention" else None
        mentioned |= {href} if isinstance(href, str) else set()
    return Said(posts=int(kind == "Create"), mentions=len(mentioned - {str(document.get("actor"))}))


def over(said: Said, policy: OutboundPolicy) -> str | None:
    """Name the quota of new accounts that so much in an hour is over, or None."""
    quotas = (
        ("new_account_posts_per_hour_max", said.posts),
        ("new_account_mentions_per_hour_max", said.mentions),
    )
    for name, count in quotas:
        limit: int = getattr(policy, name)
        if 0 < limit < count:
            return name
    return None


async def admit(
    engine: Engine, ports: PortSet, activity: Activity, *, besides: Iterable[str], within: object
) -> tuple[Count, ...]:
    """Let an own actor say something, within the quotas.

    Args:
        engine: Knows the policy, and the actors.
        ports: Of the colour of the caller.
        activity: With its actor.
        besides: Recipients that are not in it.
        within: The application's transaction, or None.

    Returns:
        What is to be written through the transaction together with the activity.

    Raises:
        TooManyMentions: The post mentions more than `OutboundPolicy.mentions_count_max`.
        QuotaExceeded: A new account has said so much in this hour.
    """
    if activity.type_name not in _POSTS:
        return ()
    policy = engine.config.outbound
    said = said_by(dump(activity), besides, followers_owner=engine.followers_owner)
    if 0 < policy.mentions_count_max < said.mentions:
        raise TooManyMentions(activity=str(activity.id), mentions=said.mentions, most=policy.mentions_count_max)
    quotas = (policy.new_account_posts_per_hour_max, policy.new_account_mentions_per_hour_max)
    actor = str(activity.actor_id)
    if not any(quotas) or not await _is_new(engine, actor, ports):
        return ()
    if within is not None and ports.store.dialect is not None:

        async def seen(key: str) -> bytes | None:
            return await engine.read_within(within, ports, key)

        return ((await _counted(engine, actor, said, ports, seen))[0],)
    for _ in range(_ROUNDS):
        count, before = await _counted(engine, actor, said, ports, ports.store.get)
        if await ports.store.compare_and_set(count.key, before, count.value, ttl_s=count.ttl_s):
            return ()
    raise StoreError("the count of what an account says changes too often", actor=actor)


async def _counted(
    engine: Engine, actor: str, said: Said, ports: PortSet, kept: Callable[[str], Awaitable[bytes | None]]
) -> tuple[Count, bytes | None]:
    """Add what is said now to what was said in this hour; gives that, and what was kept before."""
    now_s = ports.clock.now_s()
    key = store_key(engine.site.origin, "outbound-quota", actor, str(int(now_s // _HOUR_S)))
    before = await kept(key)
    total = _read(before) + said
    quota = over(total, engine.config.outbound)
    if quota is not None:
        raise QuotaExceeded(quota=quota, actor=actor, retry_after_s=int(_HOUR_S - now_s % _HOUR_S) + 1)
    value = dump_json({"posts": total.posts, "mentions": total.mentions})
    return Count(key=key, value=value, ttl_s=2.0 * _HOUR_S), before


def _read(value: bytes | None) -> Said:
    found = parse_object(value) if value is not None else {}
    posts, mentions = found.get("posts"), found.get("mentions")
    return Said(
        posts=posts if isinstance(posts, int) else 0,
        mentions=mentions if isinstance(mentions, int) else 0,
    )


async def _is_new(engine: Engine, actor_id: str, ports: PortSet) -> bool:
    """Tell whether an own actor was made in the last days, by what its document says."""
    local = engine.parse_path(actor_id.removeprefix(engine.site.origin))
    actor = None if local is None else await serving.own_actor(engine, local.pk, ports)
    if actor is None or actor.published is None:
        return False
    return ports.clock.now_s() - actor.published.timestamp() < engine.config.outbound.new_account_days * _DAY_S


def _listed(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
