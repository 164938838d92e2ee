"""WebFinger, NodeInfo and handles: build, parse, look up."""

from .lookup import lookup_actor, lookup_object
from .nodeinfo import NodeInfo, build_nodeinfo, build_nodeinfo_index, fetch_nodeinfo, parse_nodeinfo
from .webfinger import JRD, JRDLink, build_jrd, fetch_jrd, parse_jrd

__all__ = [
    "JRD",
    "JRDLink",
    "NodeInfo",
    "build_jrd",
    "build_nodeinfo",
    "build_nodeinfo_index",
    "fetch_jrd",
    "fetch_nodeinfo",
    "lookup_actor",
    "lookup_object",
    "parse_jrd",
    "parse_nodeinfo",
]
