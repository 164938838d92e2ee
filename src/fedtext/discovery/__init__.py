"""WebFinger, NodeInfo and handles: build, parse, look up."""

from .handles import claimed_handle, resolve_handle
from .host_meta import HostLink, HostMeta, parse_host_meta
from .lookup import lookup_actor, lookup_object
from .nodeinfo import NodeInfo, build_nodeinfo, build_nodeinfo_index, choose_nodeinfo, fetch_nodeinfo, parse_nodeinfo
from .webfinger import JRD, JRDLink, build_jrd, fetch_jrd, parse_jrd

__all__ = [
    "JRD",
    "HostLink",
    "HostMeta",
    "JRDLink",
    "NodeInfo",
    "build_jrd",
    "build_nodeinfo",
    "build_nodeinfo_index",
    "choose_nodeinfo",
    "claimed_handle",
    "fetch_jrd",
    "fetch_nodeinfo",
    "lookup_actor",
    "lookup_object",
    "parse_host_meta",
    "parse_jrd",
    "parse_nodeinfo",
    "resolve_handle",
]
