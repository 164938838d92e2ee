"""What receiving needs, and what becomes of what is received: plain values."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..config import Config
from ..fetch import Fetcher
from ..ports import PortSet
from ..signatures import VerifiedRequest
from ..wire.json import JsonObject
from .arrivals import Arrivals
from .pacing import Pace


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Reception:
    """All that receiving needs.

    Args:
        ports: Of the colour of the edge.
        fetcher: The one way out.
        config: Limits and policies.
        site: Origin of the receiving site.
        authorities: Hosts under which the site is served.
        refuse: Policy by host or IRI; raises `PolicyRefusal`. Called for every IRI involved, before any work for it.
        inbox: Path of the inbox.
        recipient: Identifier of the inbox's owner, or None for the shared inbox.
        suspends: Tells whether of somebody, or of a host, only endings and changes are heard (INB-20).
        pace: Counts how much actors and hosts say.
        passes_on: Tells whether an activity may have to be passed on as it arrived (see `forwarding`).
        is_relay: Tells whether this is the actor of a relay that has let the site in.
        arrivals: Keeps what is queued for a worker of this process; None: nobody does.
    """

    ports: PortSet
    fetcher: Fetcher
    config: Config
    site: str
    authorities: frozenset[str]
    refuse: Callable[[str], None]
    inbox: str
    recipient: str | None
    suspends: Callable[[str], bool] = lambda _iri: False
    pace: Pace = attrs.field(factory=Pace, eq=False)
    passes_on: Callable[[JsonObject], bool] = lambda _document: False
    is_relay: Callable[[str], bool] = lambda _actor: False
    arrivals: Arrivals | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Receipt:
    """What became of it: "queued", "duplicate", "ignored" (all 202). Refusals are errors.

    `verified`: evidence of who signed the request, and what of it; None where nobody that is there did.
    """

    outcome: str
    activity_id: str | None = None
    verified: VerifiedRequest | None = None
