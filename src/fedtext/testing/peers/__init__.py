"""Peers for tests: whole servers that stand for other people's, and models of how other software reads a document."""

from .cases import Delivery
from .readers import assert_readable, read_as
from .reading import SERVERS, Finding, Reading, Verdict
from .servers import (
    PROFILES,
    BlockingPeer,
    BlockingPeerActor,
    Inbox,
    Peer,
    PeerActor,
    Profile,
    SharedKeys,
    profile_named,
)

__all__ = [
    "PROFILES",
    "SERVERS",
    "BlockingPeer",
    "BlockingPeerActor",
    "Delivery",
    "Finding",
    "Inbox",
    "Peer",
    "PeerActor",
    "Profile",
    "Reading",
    "SharedKeys",
    "Verdict",
    "assert_readable",
    "profile_named",
    "read_as",
]
