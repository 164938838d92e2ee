"""One attempt to deliver: signed anew each time, no redirects, one bounded exchange."""

from __future__ import annotations

import attrs

from ..config import Config
from ..errors import FetchError, LocalProtocolError, MalformedIri
from ..http import Request
from ..keys import PrivateKey
from ..ports import ExchangeLimits, PortSet
from ..signatures import sign
from ..wire.iri import parse_url
from ..wire.media_types import ACTIVITY_JSON
from .outcome import Drop, Outcome, classify_error, classify_response
from .tasks import DeliveryTask

_ANSWER_BYTES_MAX = 65_536


@attrs.frozen(kw_only=True)
class Dispatch:
    """All that an attempt needs: ports, settings, the sender's key and the User-Agent."""

    ports: PortSet
    config: Config
    key: PrivateKey
    key_id: str
    user_agent: str
    own_origins: frozenset[str]


async def attempt(task: DeliveryTask, dispatch: Dispatch) -> Outcome:
    """POST one activity to one inbox and judge the answer.

    Never raises for what the peer or the network does; errors of ports other than the transport pass through.
    """
    try:
        inbox = parse_url(task.inbox)
    except MalformedIri as error:
        return Drop(reason=error.code)
    if inbox.origin in dispatch.own_origins:
        return Drop(reason="the inbox is served here")
    now_s = dispatch.ports.clock.now_s()
    request = Request.to(
        str(inbox),
        method="POST",
        headers=[("content-type", ACTIVITY_JSON), ("accept", ACTIVITY_JSON), ("user-agent", dispatch.user_agent)],
        body=task.body.encode("utf-8"),
    )
    try:
        signed = sign(request, dispatch.key, key_id=dispatch.key_id, now_s=now_s, digest=task.digest)
    except LocalProtocolError as error:
        return Drop(reason=error.code)
    limits = ExchangeLimits.of(dispatch.config.limits, body_bytes_max=_ANSWER_BYTES_MAX)
    try:
        response = await dispatch.ports.transport.send(signed, limits)
    except FetchError as error:
        return classify_error(error)
    return classify_response(response, now_s=now_s, retry_after_s_max=dispatch.config.delivery.retry_after_s_max)
