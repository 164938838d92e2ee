"""WebFinger, NodeInfo and handles: build, parse, look up."""

from .answering import (
    OPEN_FIELDS,
    Question,
    ResourceKind,
    answer_webfinger,
    canonical_resource,
    parse_question,
    select_links,
)
from .handles import claimed_handle, resolve_handle
from .host_meta import HOST_META_TYPES, HostLink, HostMeta, build_host_meta, dump_host_meta, parse_host_meta
from .lookup import lookup_actor, lookup_object
from .nodeinfo import (
    NodeInfo,
    ServerFacts,
    application_of,
    build_nodeinfo,
    build_nodeinfo_index,
    choose_nodeinfo,
    fetch_nodeinfo,
    fetch_nodeinfo_index,
    parse_nodeinfo,
    schema_of,
)
from .webfinger import JRD, REL_AVATAR, REL_SERVICE, JRDLink, build_jrd, fetch_jrd, parse_jrd

__all__ = [
    "HOST_META_TYPES",
    "JRD",
    "OPEN_FIELDS",
    "REL_AVATAR",
    "REL_SERVICE",
    "HostLink",
    "HostMeta",
    "JRDLink",
    "NodeInfo",
    "Question",
    "ResourceKind",
    "ServerFacts",
    "answer_webfinger",
    "application_of",
    "build_host_meta",
    "build_jrd",
    "build_nodeinfo",
    "build_nodeinfo_index",
    "canonical_resource",
    "choose_nodeinfo",
    "claimed_handle",
    "dump_host_meta",
    "fetch_jrd",
    "fetch_nodeinfo",
    "fetch_nodeinfo_index",
    "lookup_actor",
    "lookup_object",
    "parse_host_meta",
    "parse_jrd",
    "parse_nodeinfo",
    "parse_question",
    "resolve_handle",
    "schema_of",
    "select_links",
]
