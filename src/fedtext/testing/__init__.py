"""Tools for testing, as part of the product: a network in one process, port suites and faults."""

from ..adapters.clocks import ManualClock
from .datasets import canonize_with_oxigraph
from .faults import FailNth, Moment
from .fediverse import BlockingFediverse, Bound, Fediverse
from .network import VirtualNetwork
from .peers import Peer, PeerActor, assert_readable, read_as

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
    "assert_readable",
    "canonize_with_oxigraph",
    "read_as",
]
