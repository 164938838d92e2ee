"""The edge as seen from inside: small protocols that adapters implement.

Core code awaits these and nothing else. Each port comes in two colours with the same methods: one that suspends
(asyncio) and one whose coroutines run to their end in one step (`sync.run_sync`).
"""

from .backend import Backend, Opened
from .queue import (
    Claim,
    Job,
    Lane,
    LaneDue,
    LaneKind,
    LaneStatus,
    Queue,
    QueueDepth,
    Task,
    WakingQueue,
    pause_key,
)
from .services import Clock, Coalesce, Event, Observer, Offload, PortSet, Randomness
from .sql import Batch, Rows, Sql, SqlValue, Statement
from .store import Store, store_key, store_prefix
from .transport import ExchangeLimits, Transport

__all__ = [
    "Backend",
    "Batch",
    "Claim",
    "Clock",
    "Coalesce",
    "Event",
    "ExchangeLimits",
    "Job",
    "Lane",
    "LaneDue",
    "LaneKind",
    "LaneStatus",
    "Observer",
    "Offload",
    "Opened",
    "PortSet",
    "Queue",
    "QueueDepth",
    "Randomness",
    "Rows",
    "Sql",
    "SqlValue",
    "Statement",
    "Store",
    "Task",
    "Transport",
    "WakingQueue",
    "pause_key",
    "store_key",
    "store_prefix",
]
