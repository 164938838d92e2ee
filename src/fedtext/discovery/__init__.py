"""WebFinger, host metadata, NodeInfo, handles, intents and pages: build, parse, look up."""

from ..wire.acct import parse_handle
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
from .intents import (
    CLOSE,
    Afterwards,
    Intent,
    build_intent,
    fill_intent,
    find_intent,
    intent_links,
    intent_url,
    parse_afterwards,
)
from .lookup import dereference, lookup_actor, lookup_object
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
from .pages import lookup_page
from .servers import lookup_server_actor
from .webfinger import JRD, REL_AVATAR, REL_SERVICE, JRDLink, build_jrd, fetch_descriptor, fetch_jrd, parse_jrd

__all__ = [
    "CLOSE",
    "HOST_META_TYPES",
    "JRD",
    "OPEN_FIELDS",
    "REL_AVATAR",
    "REL_SERVICE",
    "Afterwards",
    "HostLink",
    "HostMeta",
    "Intent",
    "JRDLink",
    "NodeInfo",
    "Question",
    "ResourceKind",
    "ServerFacts",
    "answer_webfinger",
    "application_of",
    "build_host_meta",
    "build_intent",
    "build_jrd",
    "build_nodeinfo",
    "build_nodeinfo_index",
    "canonical_resource",
    "choose_nodeinfo",
    "claimed_handle",
    "dereference",
    "dump_host_meta",
    "fetch_descriptor",
    "fetch_jrd",
    "fetch_nodeinfo",
    "fetch_nodeinfo_index",
    "fill_intent",
    "find_intent",
    "intent_links",
    "intent_url",
    "lookup_actor",
    "lookup_object",
    "lookup_page",
    "lookup_server_actor",
    "parse_afterwards",
    "parse_handle",
    "parse_host_meta",
    "parse_jrd",
    "parse_nodeinfo",
    "parse_question",
    "resolve_handle",
    "schema_of",
    "select_links",
]
