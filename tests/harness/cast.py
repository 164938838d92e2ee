"""Who plays: the peers and what each does to whoever delivers to it. Plain values, known to all processes."""

from __future__ import annotations

from enum import Enum

import attrs

HOME = "https://home.example"
DOMAIN = "peers.test"
ACTORS = ("alice", "bob")


class Manner(Enum):
    """What a peer does before it is healed."""

    HEALTHY = "takes everything at once"
    SLOW = "takes everything after a third of a second"
    FAILING = "answers 500 every other time"
    LIMITED = "answers 429 with Retry-After every third time"
    GONE = "answers 410"
    HANGING = "never answers"
    FLAPPING = "hangs up before it has read, or answers 503, every other time"
    CUTTING = "takes it and hangs up before it answers, every other time"
    DISGUISED = "shows the certificate of somebody else"
    AWAY = "does not listen for 46 hours"
    DEAD = "never listens again"


@attrs.frozen
class Peer:
    """One peer: a host name of its own."""

    name: str
    manner: Manner

    @property
    def host(self) -> str:
        """Its host name."""
        return f"{self.name}.{DOMAIN}"

    @property
    def is_living(self) -> bool:
        """Whether it takes things in the end."""
        return self.manner not in (Manner.GONE, Manner.DEAD)


PEERS = tuple(
    Peer(manner.name.lower() + suffix, manner)
    for manner in Manner
    for suffix in (("-1", "-2") if manner is Manner.HEALTHY else ("",))
)


@attrs.frozen(kw_only=True)
class Stage:
    """Where the peers are to be met; known once they listen."""

    plain_port: int
    tls_port: int
    away_port: int
    dead_port: int

    def origin(self, peer: Peer) -> str:
        """Give the origin of a peer."""
        if peer.manner is Manner.DISGUISED:
            return f"https://{peer.host}:{self.tls_port}"
        ports = {Manner.AWAY: self.away_port, Manner.DEAD: self.dead_port}
        return f"http://{peer.host}:{ports.get(peer.manner, self.plain_port)}"

    def shared_inbox(self, peer: Peer) -> str:
        """Give the shared inbox of a peer."""
        return f"{self.origin(peer)}/inbox"

    def user(self, peer: Peer, number: int) -> str:
        """Give the id of one of its actors."""
        return f"{self.origin(peer)}/users/{number}"
