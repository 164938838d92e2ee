"""The relays of a site as they lie in the store, and as they are known here: read anew soon after they have changed.

A relay is a server that spreads public posts among all who have joined it. One record says what was asked of it, what
it answered, and since when that is so. A process that changes a record knows of it at once, the others after
`InboxPolicy.rules_fresh_s`.

Sources: FEP-ae0c; DLV-20.
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from urllib.parse import unquote

import attrs

from ..errors import FedtextError
from ..ports import PortSet, store_key, store_prefix
from ..wire.json import JsonObject, dump, parse_object

RELAYS_COUNT_MAX: Final = 100
"""So many relays a site may join: each public post goes to all of them."""

_VERSION: Final = 1


class RelayStyle(Enum):
    """How a relay is spoken to.

    MASTODON: It is known by its inbox, is asked for the public, and passes on activities as they are signed.
    LITEPUB: It is known by its actor, is asked for that actor, and announces ids.
    """

    MASTODON = "mastodon"
    LITEPUB = "litepub"


class RelayState(Enum):
    """What a relay has answered."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@attrs.frozen(kw_only=True)
class Relay:
    """One relay that this site has asked.

    Args:
        address: What it is known by: its inbox (Mastodon style), or the id of its actor (LitePub style).
        style: How it is spoken to.
        state: What it has answered.
        since_s: Since when, in seconds since the epoch.
        follow_id: Id of our Follow, by which its answer is known.
        actor: Id of its actor; None: it has not answered yet, and is known by its inbox.
        inbox: Where it takes posts; None: not known before it answers.
        followers: Its followers collection, to which announces are addressed in the LitePub style; None: it names none.
    """

    address: str
    style: RelayStyle
    state: RelayState
    since_s: float
    follow_id: str
    actor: str | None = None
    inbox: str | None = None
    followers: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether it takes and sends posts."""
        return self.state is RelayState.ACCEPTED

    def encode(self) -> bytes:
        """Give the value for a store, as JSON."""
        about: JsonObject = {"style": self.style.value, "state": self.state.value, "since_s": self.since_s}
        ids: JsonObject = {"follow_id": self.follow_id, "actor": self.actor, "inbox": self.inbox}
        return dump({"v": _VERSION, **about, **ids, "followers": self.followers})


def decode_relay(address: str, value: bytes) -> Relay | None:
    """Read a value of a store; None: it cannot be read, and counts as none."""
    try:
        found = parse_object(value)
        style, state = RelayStyle(found["style"]), RelayState(found["state"])
    except (FedtextError, KeyError, ValueError):
        return None
    since_s, follow_id = found.get("since_s"), found.get("follow_id")
    if not isinstance(since_s, int | float) or not isinstance(follow_id, str):
        return None
    named = {name: iri for name in ("actor", "inbox", "followers") if isinstance(iri := found.get(name), str)}
    return Relay(address=address, style=style, state=state, since_s=float(since_s), follow_id=follow_id, **named)


class RelayBook:
    """The relays of one site.

    Args:
        site: Its origin.
        fresh_s: See `InboxPolicy.rules_fresh_s`.
    """

    def __init__(self, site: str, *, fresh_s: float) -> None:
        self._site = site
        self._fresh_s = fresh_s
        self._version: bytes | None = None
        self._checked_s: float | None = None
        self.relays: tuple[Relay, ...] = ()

    def of_address(self, address: str) -> Relay | None:
        """Give the relay that is known by an address, as far as it is known here."""
        return next((relay for relay in self.relays if relay.address == address), None)

    def of_actor(self, actor_id: str) -> Relay | None:
        """Give the relay whose actor this is, as far as it is known here."""
        return next((relay for relay in self.relays if relay.actor == actor_id), None)

    def of_follow(self, follow_id: str | None) -> Relay | None:
        """Give the relay that was asked by a Follow, as far as it is known here."""
        return next((relay for relay in self.relays if relay.follow_id == follow_id), None)

    def is_accepted(self, actor_id: str) -> bool:
        """Tell whether this is the actor of a relay that has let this site in."""
        relay = self.of_actor(actor_id)
        return relay is not None and relay.is_accepted

    async def refresh(self, ports: PortSet) -> tuple[Relay, ...]:
        """Give the relays, by address, read anew where they may have changed."""
        now_s = ports.clock.now_s()
        if self._checked_s is not None and 0 <= now_s - self._checked_s < self._fresh_s:
            return self.relays
        version = await ports.store.get(store_key(self._site, "relays-version"))
        if version is None:
            self.relays = ()  # no relay was ever joined
        elif version != self._version:
            self.relays = await self._read(ports)
        self._version, self._checked_s = version, now_s
        return self.relays

    async def put(self, ports: PortSet, relay: Relay) -> None:
        """Keep a record, in place of the one with the same address."""
        await ports.store.put(self._key(relay.address), relay.encode())
        await self._changed(ports)

    async def remove(self, ports: PortSet, address: str) -> bool:
        """Drop a record; False when there was none."""
        removed = await ports.store.delete(self._key(address))
        await self._changed(ports)
        return bool(removed)

    async def _changed(self, ports: PortSet) -> None:
        await ports.store.put(store_key(self._site, "relays-version"), ports.randomness.token(16))
        self._checked_s = None
        await self.refresh(ports)

    async def _read(self, ports: PortSet) -> tuple[Relay, ...]:
        prefix = store_prefix(self._site, "relay")
        rows = await ports.store.scan(prefix, limit=RELAYS_COUNT_MAX)
        found = [decode_relay(unquote(key[len(prefix) :]), value) for key, value in rows]
        return tuple(relay for relay in found if relay is not None)

    def _key(self, address: str) -> str:
        return store_key(self._site, "relay", address)
