"""Whether followers are kept in step with other servers at all: off, paused, or on.

Off until the follower source says that it is complete. Paused, for a time or until somebody resumes it, where what we
say or do would have followers removed that should not be: after our store was restored from an older copy, and where
another server's word would remove much at once (SEC-141).

Invariants: a pause stops both sides, what we tell others and what we believe of them; where it cannot be read, the
error passes through and nothing is told or removed.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import attrs

from ..errors import DocumentError, StoreError
from ..ports import Event, PortSet, store_key
from ..wire.json import dump, parse_object
from .engine import Engine
from .registry import SynchronizedFollowers

_COUNTS_MAX: Final = 8


class PauseReason(Enum):
    """Why followers are not synchronized at present."""

    RESTORED = "restored"
    VANISHING = "vanishing"


@attrs.frozen(kw_only=True)
class SynchronizationPause:
    """A pause.

    Args:
        reason: Why.
        until_s: When it ends by itself, in seconds since the epoch.
        sender: VANISHING: the actor whose word would have removed too much; else "".
        vanishing: VANISHING: how many followings of own actors it would have removed.
    """

    reason: PauseReason
    until_s: float
    sender: str = ""
    vanishing: int = 0

    def encode(self) -> bytes:
        """Give the stored form."""
        return dump(
            {
                "reason": self.reason.value,
                "until_s": self.until_s,
                "sender": self.sender,
                "vanishing": self.vanishing,
            }
        )

    @classmethod
    def decode(cls, value: bytes) -> SynchronizationPause:
        """Read the stored form.

        Raises:
            StoreError: It is none.
        """
        try:
            match parse_object(value):
                case {
                    "reason": str(reason),
                    "until_s": int() | float() as until_s,
                    "sender": str(sender),
                    "vanishing": int(vanishing),
                }:
                    return cls(reason=PauseReason(reason), until_s=until_s, sender=sender, vanishing=vanishing)
                case _:
                    raise StoreError("the pause of the synchronization lacks a member")
        except (DocumentError, ValueError) as error:
            raise StoreError("the pause of the synchronization cannot be read") from error


def source_of(engine: Engine) -> SynchronizedFollowers | None:
    """Give the follower source, if it is of the kind that can be synchronized and says that it is complete."""
    source = engine.router.follower_source
    # Most sources say nothing of being complete: that is seen at once, where `isinstance` looks at every method.
    if not getattr(source, "complete", False):
        return None
    return source if isinstance(source, SynchronizedFollowers) else None


async def active_source(engine: Engine, ports: PortSet) -> SynchronizedFollowers | None:
    """Give the follower source while it is synchronized: it says that it is complete, and nothing has paused it."""
    source = source_of(engine)
    return source if source is not None and await paused(engine, ports) is None else None


async def paused(engine: Engine, ports: PortSet) -> SynchronizationPause | None:
    """Give the pause that holds at present."""
    found = await ports.store.get(_pause_key(engine))
    return None if found is None else SynchronizationPause.decode(found)


async def pause(
    engine: Engine, ports: PortSet, reason: PauseReason, *, sender: str = "", vanishing: int = 0
) -> SynchronizationPause:
    """SynchronizationPause for `SynchronizationPolicy.pause_s` from now on, for a new reason or an old one."""
    lasts_s = engine.config.synchronization.pause_s
    made = SynchronizationPause(
        reason=reason, until_s=ports.clock.now_s() + lasts_s, sender=sender, vanishing=vanishing
    )
    await ports.store.put(_pause_key(engine), made.encode(), ttl_s=lasts_s)
    fields = {"reason": reason.value, "sender": sender, "vanishing": vanishing}
    ports.observer.emit(Event(name="synchronization.paused", fields=fields))
    return made


async def resume(engine: Engine, ports: PortSet) -> SynchronizationPause | None:
    """End the pause; gives what was paused.

    Whoever resumes after VANISHING has looked at it: what the sender's next word removes is removed, once.
    """
    ended = await paused(engine, ports)
    if ended is None:
        return None
    if ended.reason is PauseReason.VANISHING:
        consent_s = engine.config.synchronization.pause_s
        await ports.store.put(_consent_key(engine, ended.sender), b"%d" % ended.vanishing, ttl_s=consent_s)
    await ports.store.delete(_pause_key(engine))
    ports.observer.emit(Event(name="synchronization.resumed", fields={"reason": ended.reason.value}))
    return ended


async def may_vanish(
    engine: Engine, source: SynchronizedFollowers, ports: PortSet, *, sender: str, vanishing: int
) -> bool:
    """Tell whether a server's word may end so many followings of own actors; where it may not, all of it is paused.

    Raises:
        StoreError: Too many others count at the same time.
    """
    if not vanishing or vanishing <= await consented(engine, ports, sender):
        return True
    policy, key = engine.config.synchronization, store_key(engine.site.origin, "synchronization-vanished")
    for _ in range(_COUNTS_MAX):
        found = await ports.store.get(key)
        before = int(found or 0)
        total = before + await source.followings_total(engine.context(ports))
        if before + vanishing > policy.vanish_share_max * total:
            await pause(engine, ports, PauseReason.VANISHING, sender=sender, vanishing=vanishing)
            return False
        counted = b"%d" % (before + vanishing)
        if await ports.store.compare_and_set(key, found, counted, ttl_s=policy.vanish_window_s):
            return True
    raise StoreError("what vanishes could not be counted")


async def consented(engine: Engine, ports: PortSet, sender: str) -> int:
    """Take the consent that somebody gave by resuming; gives how many followings it lets vanish."""
    key = _consent_key(engine, sender)
    found = await ports.store.get(key)
    return int(found) if found is not None and await ports.store.delete(key) else 0


def _pause_key(engine: Engine) -> str:
    return store_key(engine.site.origin, "synchronization-pause")


def _consent_key(engine: Engine, sender: str) -> str:
    return store_key(engine.site.origin, "synchronization-consent", sender)
