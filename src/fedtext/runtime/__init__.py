"""The composition root: the public `Federation`, storage, doors and the worker."""

from ..adapters.backends import MemoryBackend, PostgresBackend, SqliteBackend, connect
from ..delivery import Follower
from ..discovery import ServerFacts
from ..dispatch import Page, PageRequest, alternate_link
from ..federation.actor_keys import StoredKeys
from ..federation.context import BlockingContext, Context, Local
from ..federation.deadletters import DeadLetter
from ..federation.digests import followers_changed, followings_changed
from ..federation.host_status import HostStatus
from ..federation.registry import (
    FollowerSource,
    ListenerFailure,
    PermanentFailure,
    Router,
    SynchronizedFollowers,
)
from ..federation.relaybook import Relay, RelayState, RelayStyle
from ..federation.reports import Report
from ..federation.site import Site
from ..federation.synchronization import PauseReason, SynchronizationPause
from ..inbox import Evidence, Peeked, Rule, Severity
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
    "DeadLetter",
    "Event",
    "Evidence",
    "ExchangeLimits",
    "Federation",
    "Finding",
    "Follower",
    "FollowerSource",
    "Handle",
    "HostStatus",
    "Iri",
    "Level",
    "ListenerFailure",
    "Local",
    "MemoryBackend",
    "Observer",
    "Opened",
    "Page",
    "PageRequest",
    "PauseReason",
    "Peeked",
    "PermanentFailure",
    "PortSet",
    "Ports",
    "PostgresBackend",
    "Relay",
    "RelayState",
    "RelayStyle",
    "Report",
    "Representation",
    "Router",
    "Rule",
    "ServerFacts",
    "Severity",
    "Site",
    "Sql",
    "SqlValue",
    "SqliteBackend",
    "Statement",
    "Store",
    "StoredKeys",
    "SynchronizationPause",
    "SynchronizedFollowers",
    "Transport",
    "Worker",
    "alternate_link",
    "connect",
    "followers_changed",
    "followings_changed",
    "parse_handle",
    "prefers_html",
]
