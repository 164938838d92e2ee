"""Send what we say: audience, seal, fan-out, attempts, outcomes."""

from .addressing import Audience, audience, iris, strip_blind
from .attempt import Dispatch, attempt
from .availability import (
    GONE_S,
    HEALTH_KEPT_S,
    OUTAGE_FAILURES_MIN,
    HostHealth,
    after_host_failure,
    after_host_gone,
    after_host_life,
    decode_health,
    is_unavailable,
    recovery_pause_s,
)
from .clamping import DOCUMENT_BYTES_ADVISED, clamp
from .collapse import Superfluous, Waiting, collapse, read_waiting
from .fanout import Follower, plan_deliveries, plan_inboxes, shared_inboxes
from .outcome import Delivered, Drop, Outcome, Retry, classify_error, classify_response, is_final
from .retry import lane_pause_s, retries_span_s, retry_delay_s
from .seal import Provers, SealedActivity, seal
from .synchronization import (
    SYNCHRONIZATION_HEADER,
    CollectionSynchronization,
    build_collection_synchronization,
    followers_digest,
    followers_digests,
    parse_collection_synchronization,
    partial_followers,
    peek_collection_synchronization,
)
from .tasks import DeliveryTask, FanoutTask, ResolveTask, SynchronizeTask, decode_outbound, decode_task, encode_task

__all__ = [
    "DOCUMENT_BYTES_ADVISED",
    "GONE_S",
    "HEALTH_KEPT_S",
    "OUTAGE_FAILURES_MIN",
    "SYNCHRONIZATION_HEADER",
    "Audience",
    "CollectionSynchronization",
    "Delivered",
    "DeliveryTask",
    "Dispatch",
    "Drop",
    "FanoutTask",
    "Follower",
    "HostHealth",
    "Outcome",
    "Provers",
    "ResolveTask",
    "Retry",
    "SealedActivity",
    "Superfluous",
    "SynchronizeTask",
    "Waiting",
    "after_host_failure",
    "after_host_gone",
    "after_host_life",
    "attempt",
    "audience",
    "build_collection_synchronization",
    "clamp",
    "classify_error",
    "classify_response",
    "collapse",
    "decode_health",
    "decode_outbound",
    "decode_task",
    "encode_task",
    "followers_digest",
    "followers_digests",
    "iris",
    "is_final",
    "is_unavailable",
    "lane_pause_s",
    "parse_collection_synchronization",
    "partial_followers",
    "peek_collection_synchronization",
    "plan_deliveries",
    "plan_inboxes",
    "read_waiting",
    "recovery_pause_s",
    "retries_span_s",
    "retry_delay_s",
    "seal",
    "shared_inboxes",
    "strip_blind",
]
