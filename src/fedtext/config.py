"""Settings as frozen values, units in their names, and the ONE table of limits.

This module knows no other part of the library but `errors`, reads no environment, and holds no dependency: ports
are given to `Federation`, not configured here.

Example:
    >>> attrs.evolve(Config(), limits=Limits(redirects_count_max=1)).limits.redirects_count_max
    1
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs
from attrs.validators import ge, gt, le

from .errors import ConfigurationError


class Scheme(Enum):
    """How an HTTP message is signed."""

    CAVAGE = "draft-cavage-http-signatures-12"
    RFC9421 = "rfc9421"


@attrs.frozen(kw_only=True)
class Limits:
    """The one table of limits; every input has one.

    The defaults are those of the acceptance table: each is far above what honest servers send (documents seen in
    practice: median 849 B, largest 79 kB, depth at most 7). Nodes are the values of a document and the names of its
    members; terms are what contexts define.
    """

    body_bytes_max: int = attrs.field(default=1_048_576, validator=gt(0))
    document_bytes_max: int = attrs.field(default=1_048_576, validator=gt(0))
    discovery_bytes_max: int = attrs.field(default=65_536, validator=gt(0))
    json_depth_max: int = attrs.field(default=32, validator=gt(0))
    json_nodes_max: int = attrs.field(default=50_000, validator=gt(0))
    jsonld_nodes_max: int = attrs.field(default=1_000, validator=gt(0))
    jsonld_terms_max: int = attrs.field(default=1_000, validator=gt(0))
    iri_chars_max: int = attrs.field(default=2_048, validator=gt(0))
    header_bytes_max: int = attrs.field(default=65_536, validator=gt(0))
    header_count_max: int = attrs.field(default=128, validator=gt(0))
    signature_bytes_max: int = attrs.field(default=8_192, validator=gt(0))
    redirects_count_max: int = attrs.field(default=3, validator=gt(-1))
    host_fetches_at_once_count_max: int = attrs.field(default=2, validator=gt(0))
    host_fetches_waiting_count_max: int = attrs.field(default=64, validator=gt(0))
    host_fetches_per_minute_max: int = attrs.field(default=60, validator=gt(0))
    collection_items_count_max: int = attrs.field(default=200, validator=gt(0))
    collection_pages_count_max: int = attrs.field(default=200, validator=gt(0))
    synchronized_followers_count_max: int = attrs.field(default=25_000, validator=gt(0))
    synchronized_pages_count_max: int = attrs.field(default=10, validator=gt(0))
    thread_depth_max: int = attrs.field(default=64, validator=gt(0))
    fetches_per_message_max: int = attrs.field(default=20, validator=gt(0))
    keys_per_actor_max: int = attrs.field(default=16, validator=gt(0))
    tags_count_max: int = attrs.field(default=256, validator=gt(0))
    recipients_count_max: int = attrs.field(default=1_000, validator=gt(0))
    attachments_count_max: int = attrs.field(default=32, validator=gt(0))
    fields_count_max: int = attrs.field(default=50, validator=gt(0))
    aliases_count_max: int = attrs.field(default=256, validator=gt(0))
    resolved_addresses_max: int = attrs.field(default=16, validator=gt(0))
    connect_s_max: float = attrs.field(default=5.0, validator=gt(0))
    exchange_s_max: float = attrs.field(default=15.0, validator=gt(0))
    inbox_s_max: float = attrs.field(default=10.0, validator=gt(0))


@attrs.frozen(kw_only=True)
class SignaturePolicy:
    """What a signature must look like to be believed.

    `past_s_max`/`future_s_max`: how far `Date` or `created` may lie from now (acceptance: 1 h and 5 min).
    `linked_data`: believe the older signatures in documents (RsaSignature2017), too, where somebody passes them on.
    `forwarded_s_max`: how old a proof in a document may be that somebody passes on; older ones are asked for at their
    origin. No longer than `InboxPolicy.idempotency_s`, by which a second arrival is known (SEC-128).
    `tags`: which `tag` a signature of RFC 9421 may name, when it names one; None: any.
    `insecure_uncovered_query`: take signatures of RFC 9421 over `@authority` and `@path` that leave out a query.
    """

    past_s_max: int = 3_600
    future_s_max: int = 300
    linked_data: bool = False
    forwarded_s_max: int = 30 * 86_400
    tags: frozenset[str] | None = None
    insecure_uncovered_query: bool = False
    rsa_bits_min: int = 2_048
    rsa_bits_max: int = 8_192


@attrs.frozen(kw_only=True)
class FetchPolicy:
    """How documents of others are fetched and how long they are kept (seconds).

    `stale_s`: how much longer than they are fresh copies are kept that their host can be asked about ("has it
    changed?"), instead of being asked for them again.
    `spread_s_min`/`spread_s_max`: a listener that follows a collection or a conversation of others is put off for a
    random time in between at its first call, so that a post which many servers receive at once does not have them all
    ask its host at once (DLV-22); 0 turns that off.
    """

    actor_fresh_s: int = 86_400
    stale_s: int = 7 * 86_400
    retry_after_s_max: int = 86_400
    key_fresh_s: int = 86_400
    absent_fresh_s: int = 300
    refresh_pause_s: int = 300
    spread_s_min: int = 30
    spread_s_max: int = 600
    ports: tuple[int, ...] = (443,)


@attrs.frozen(kw_only=True)
class DeliveryPolicy:
    """How posts are sent: retries, batches, leases (seconds).

    The n-th retry waits `n ** 4 + 15` seconds plus up to half of `n ** 4` (16 attempts: two to three days).
    `proofs`: add an integrity proof (FEP-8b32, eddsa-jcs-2022) to each activity. `linked_data`: sign what everybody may
    see also in the older way (RsaSignature2017), for relays that ask for it.
    `retries_forbidden`: try again, too, where the answer is 403; some servers answer so while they cannot fetch a key.
    `unavailable_days`: on how many distinct days (UTC) a host fails, without one success, until it counts as
    unavailable: what waits for it is given up, nothing new is queued, until it gives a sign of life (DLV-08).
    `recovery_s`, `recovery_per_minute_max`: for how long, and how many times a minute, a host is sent something after
    an outage, so that it is not flooded; 0 of either: there is no limit.
    `collapses`: leave out what a later activity makes superfluous while it waits: Updates that a later one replaces, a
    post that is deleted before it was sent (`delivery.collapse`). Peers then do not see each activity.
    """

    attempts_max: int = 16
    batch_max: int = 20
    per_host_concurrency: int = 4
    lease_s: float = 60.0
    retry_after_s_max: int = 86_400
    followers_page_max: int = 500
    proofs: bool = True
    linked_data: bool = False
    retries_forbidden: bool = False
    unavailable_days: int = attrs.field(default=7, validator=ge(1))
    recovery_s: float = 900.0
    recovery_per_minute_max: int = 120
    collapses: bool = False


@attrs.frozen(kw_only=True)
class OutboundPolicy:
    """How much own actors may say, so that a new account is of little use for spam.

    `mentions_count_max`: how many actors one post may mention or be addressed to; more is refused. 0: there is no
    limit.
    `new_account_days`: for how many days an account is new, by the `published` of its actor; one without is not new.
    `new_account_posts_per_hour_max`, `new_account_mentions_per_hour_max`: how much a new account may say in an hour;
    more is refused. 0: there is no limit, and the actor is not asked for.
    """

    mentions_count_max: int = 50
    new_account_days: int = 7
    new_account_posts_per_hour_max: int = 0
    new_account_mentions_per_hour_max: int = 0


@attrs.frozen(kw_only=True)
class InboxPolicy:
    """What an inbox accepts and how long it remembers (seconds).

    `actor_activities_per_minute_max`, `host_activities_per_minute_max`: how much one actor, and all actors of one host,
    may say to one process of this server; more is answered 429. 0: there is no limit.
    `relay_activities_per_minute_max`: the same for the actor of a relay that has let this server in; its host is not
    counted then.
    `mentions_count_max`: how many actors of this server one activity may be addressed to or mention; more is refused.
    `allow_listed_only`: nobody is heard, fetched or told anything but the hosts that were allowed (`fed.allow`).
    `forwarded_by_proof`, `forwarded_by_fetch`: what counts for an activity that somebody else than its actor has
    signed: a proof of the actor's in it; that its origin gives it, too. Without both, nobody passes anything on here.
    `rules_fresh_s`: how soon other processes know of a rule that was set.
    """

    idempotency_s: int = 30 * 86_400
    tombstone_s: int = 365 * 86_400
    attempts_max: int = 12
    actor_activities_per_minute_max: int = 600
    host_activities_per_minute_max: int = 6_000
    relay_activities_per_minute_max: int = 6_000
    mentions_count_max: int = 50
    forwarded_by_proof: bool = True
    forwarded_by_fetch: bool = True
    allow_listed_only: bool = False
    rules_fresh_s: float = 5.0


@attrs.frozen(kw_only=True)
class SynchronizationPolicy:
    """How followers are kept in step with other servers (FEP-8fcf), where their source says that it is complete.

    `vanish_share_max`: which share of all followings of own actors the word of other servers may end until none has
    ended so for `vanish_window_s`; where more would go, all of it pauses until somebody resumes, or for `pause_s`. So
    long it pauses, too, after the store was restored from a copy (SEC-141).
    `again_s`: how long the followers of one actor are left alone after they were looked at.
    """

    vanish_share_max: float = attrs.field(default=0.05, validator=[ge(0.0), le(1.0)])
    vanish_window_s: int = 86_400
    pause_s: int = 7 * 86_400
    again_s: int = 3_600


@attrs.frozen(kw_only=True)
class DevPolicy:
    """Exceptions for development and tests: the only way to addresses that are not public.

    An explicit object, logged loudly at each start, refused when the own origin is a public one.

    Args:
        schemes: URL schemes that may be fetched besides https.
        hosts: Host names (lower case, no port) that may resolve to addresses that are not public; "*" for all.
        ports: Ports that may be connected to besides the usual ones; empty means every port.
        ca_file: A PEM file with the certificate authorities that are trusted instead of the system's.
        resolver: Host name to literal address, used instead of DNS for the names in it.
    """

    schemes: tuple[str, ...] = ("https",)
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    ports: tuple[int, ...] = ()
    ca_file: str | None = None
    resolver: Mapping[str, str] = attrs.field(factory=dict[str, str])

    @classmethod
    def allow_loopback(
        cls,
        *,
        ports: tuple[int, ...] = (),
        hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
        ca_file: str | None = None,
        resolver: Mapping[str, str] | None = None,
    ) -> DevPolicy:
        """Allow http and https to loopback addresses under `hosts`."""
        return cls(schemes=("http", "https"), hosts=hosts, ports=ports, ca_file=ca_file, resolver=dict(resolver or {}))


@attrs.frozen(kw_only=True)
class Config:
    """All settings of a federation; change one with `attrs.evolve`.

    `secure`: answer a GET of an actor, object or collection only where it is signed, by somebody who is not refused
    (authorized fetch). Pages for people, WebFinger, NodeInfo and the instance actor stay open.
    """

    limits: Limits = attrs.field(factory=Limits)
    signatures: SignaturePolicy = attrs.field(factory=SignaturePolicy)
    fetch: FetchPolicy = attrs.field(factory=FetchPolicy)
    delivery: DeliveryPolicy = attrs.field(factory=DeliveryPolicy)
    outbound: OutboundPolicy = attrs.field(factory=OutboundPolicy)
    inbox: InboxPolicy = attrs.field(factory=InboxPolicy)
    synchronization: SynchronizationPolicy = attrs.field(factory=SynchronizationPolicy)
    dev: DevPolicy | None = None
    secure: bool = False

    @classmethod
    def strict(cls) -> Config:
        """Give the defaults; named so that a deployment can say that it wants them."""
        return cls()

    @classmethod
    def relay_compatible(cls) -> Config:
        """Believe RsaSignature2017 in what others pass on, for relays' sake (guarded: SEC-119 to SEC-128)."""
        return cls(signatures=SignaturePolicy(linked_data=True))

    @classmethod
    def mastodon_compatible(cls) -> Config:
        """Accept signatures up to 12 hours old, as Mastodon does (acceptance: SEC-045 over SIG-11)."""
        return cls(signatures=SignaturePolicy(past_s_max=12 * 3_600))


def _check_software_name(_instance: object, _attribute: object, value: str) -> None:
    if not value or not all(c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in value):
        raise ConfigurationError("the software name takes a-z, 0-9 and '-'", name=value)


def _check_software_version(_instance: object, _attribute: object, value: str) -> None:
    if not value.isprintable() or not value or len(value) > 64:
        raise ConfigurationError("the software version takes 1 to 64 printable characters", version=value)


@attrs.frozen
class Software:
    """The name and version that NodeInfo and the User-Agent give.

    Args:
        name: Lower-case letters, digits and hyphens (NodeInfo 2.1: `^[a-z0-9-]+$`).
        version: Any short text without control characters.
    """

    name: str = attrs.field(validator=_check_software_name)
    version: str = attrs.field(default="0", validator=_check_software_version)
