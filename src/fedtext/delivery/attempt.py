"""One attempt to deliver: signed anew each time, no redirects, at most two bounded exchanges.

The second one is another knock: the same bytes, signed as the answer to the first one asks for (`fetch.knocking`).
"""

from __future__ import annotations

from functools import lru_cache

import attrs

from ..config import Config, Limits
from ..errors import FetchError, LocalProtocolError, MalformedIri
from ..fetch import Signer, send_signed
from ..http import Headers, Request
from ..ports import ExchangeLimits, PortSet
from ..wire.iri import Origin, parse_url
from ..wire.media_types import ACTIVITY_JSON
from .outcome import Drop, Outcome, classify_error, classify_response
from .tasks import DeliveryTask

_ANSWER_BYTES_MAX = 65_536


@attrs.frozen(kw_only=True)
class Dispatch:
    """All that an attempt needs: ports, settings, the sender's keys and the User-Agent; it serves any number of them.

    `fields`: header fields, in lower case, that are sent besides the usual ones, and signed (DLV-16).
    """

    ports: PortSet
    config: Config
    signer: Signer
    user_agent: str
    own_origins: frozenset[str]
    fields: tuple[tuple[str, str], ...] = ()
    limits: ExchangeLimits = attrs.field(
        init=False, default=attrs.Factory(lambda self: _limits_of(self.config.limits), takes_self=True)
    )
    """Of each exchange."""


async def attempt(task: DeliveryTask, dispatch: Dispatch) -> Outcome:
    """POST one activity to one inbox and judge the answer.

    Never raises for what the peer or the network does; errors of ports other than the transport pass through.
    """
    try:
        url, origin = _place_of(task.inbox)
    except MalformedIri as error:
        return Drop(reason=error.code)
    if origin in dispatch.own_origins:
        return Drop(reason="the inbox is served here")
    request = Request.to(
        url,
        method="POST",
        headers=_fields(dispatch.user_agent, dispatch.fields),
        body=task.body.encode("utf-8"),
    )
    ports, fields = dispatch.ports, dispatch.fields
    try:
        response = await send_signed(
            request,
            dispatch.signer,
            ports=ports,
            site=task.site,
            before=lambda: dispatch.limits,
            digest=task.digest,
            covering=tuple([name for name, _ in fields]) if fields else (),
        )
    except LocalProtocolError as error:
        return Drop(reason=error.code)
    except FetchError as error:
        return classify_error(error)
    policy = dispatch.config.delivery
    return classify_response(
        response,
        now_s=ports.clock.now_s(),
        retry_after_s_max=policy.retry_after_s_max,
        retries_forbidden=policy.retries_forbidden,
    )


@lru_cache(maxsize=256)  # all that waits for a host goes to few inboxes
def _place_of(inbox: str) -> tuple[str, Origin]:
    """Give the address of an inbox as it is asked for, and its origin."""
    url = parse_url(inbox)
    return str(url), url.origin


def _limits_of(limits: Limits) -> ExchangeLimits:
    return ExchangeLimits.of(limits, body_bytes_max=_ANSWER_BYTES_MAX)


@lru_cache(maxsize=16)  # nearly always the same
def _fields(user_agent: str, more: tuple[tuple[str, str], ...]) -> Headers:
    usual = (("content-type", ACTIVITY_JSON), ("accept", ACTIVITY_JSON), ("user-agent", user_agent))
    return Headers.build([*usual, *more])
