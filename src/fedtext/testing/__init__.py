"""Tools for testing, as part of the product: a network in one process, port suites and faults."""

from ..adapters.clocks import ManualClock
from .datasets import canonize_with_oxigraph
from .faults import FailNth, Moment
from .fediverse import BlockingFediverse, Bound, Fediverse
from .network import VirtualNetwork
from .peers import Peer, PeerActor

__all__ = [
    "BlockingFediverse",
    "Bound",
    "FailNth",
    "Fediverse",
    "ManualClock",
    "Moment",
    "Peer",
    "PeerActor",
    "VirtualNetwork",
    "canonize_with_oxigraph",
]
