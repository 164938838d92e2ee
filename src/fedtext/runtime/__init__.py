"""The composition root: the public `Federation`, storage, doors and the worker."""

from ..adapters.backends import MemoryBackend, SqliteBackend, connect
from ..delivery import Follower
from ..discovery import ServerFacts
from ..dispatch import Page, PageRequest
from ..federation.actor_keys import StoredKeys
from ..federation.context import BlockingContext, Context, Local
from ..federation.registry import FollowerSource, Router
from ..federation.site import Site
from ..inbox import Evidence, Peeked
from ..ports import (
    Backend,
    Batch,
    Event,
    ExchangeLimits,
    Observer,
    Opened,
    PortSet,
    Sql,
    SqlValue,
    Statement,
    Store,
    Transport,
)
from ..wire.acct import Handle, parse_handle
from ..wire.iri import Iri
from ..wire.media_types import Representation, prefers_html
from .actions import BoundAction
from .application import Federation
from .checks import Finding, Level
from .portrecord import Ports
from .worker import Worker

__all__ = [
    "Backend",
    "Batch",
    "BlockingContext",
    "BoundAction",
    "Context",
    "Event",
    "Evidence",
    "ExchangeLimits",
    "Federation",
    "Finding",
    "Follower",
    "FollowerSource",
    "Handle",
    "Iri",
    "Level",
    "Local",
    "MemoryBackend",
    "Observer",
    "Opened",
    "Page",
    "PageRequest",
    "Peeked",
    "PortSet",
    "Ports",
    "Representation",
    "Router",
    "ServerFacts",
    "Site",
    "Sql",
    "SqlValue",
    "SqliteBackend",
    "Statement",
    "Store",
    "StoredKeys",
    "Transport",
    "Worker",
    "connect",
    "parse_handle",
    "prefers_html",
]
