"""Send what we say: audience, seal, fan-out, attempts, outcomes."""

from .addressing import Audience, audience, iris, strip_blind
from .attempt import Dispatch, attempt
from .clamping import DOCUMENT_BYTES_ADVISED, clamp
from .fanout import Follower, plan_deliveries, plan_inboxes
from .outcome import Delivered, Drop, Outcome, Retry, classify_error, classify_response, is_final
from .retry import lane_pause_s, retry_delay_s
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
from .tasks import DeliveryTask, FanoutTask, ResolveTask, SynchronizeTask, decode_task, encode_task, kind_of

__all__ = [
    "DOCUMENT_BYTES_ADVISED",
    "SYNCHRONIZATION_HEADER",
    "Audience",
    "CollectionSynchronization",
    "Delivered",
    "DeliveryTask",
    "Dispatch",
    "Drop",
    "FanoutTask",
    "Follower",
    "Outcome",
    "Provers",
    "ResolveTask",
    "Retry",
    "SealedActivity",
    "SynchronizeTask",
    "attempt",
    "audience",
    "build_collection_synchronization",
    "clamp",
    "classify_error",
    "classify_response",
    "decode_task",
    "encode_task",
    "followers_digest",
    "followers_digests",
    "iris",
    "is_final",
    "kind_of",
    "lane_pause_s",
    "parse_collection_synchronization",
    "partial_followers",
    "peek_collection_synchronization",
    "plan_deliveries",
    "plan_inboxes",
    "retry_delay_s",
    "seal",
    "strip_blind",
]
