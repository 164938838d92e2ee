"""POST to an outbox: what the owner of an actor says through a client; what becomes of it is the application's."""

from __future__ import annotations

from ..dispatch import created, owners_activity
from ..errors import ConfigurationError, PolicyRefusal
from ..http import Request, Response
from ..inbox import admit, check_plain
from ..jsonld import normalize
from ..ports import PortSet
from ..vocab import Object, reference_id
from ..wire.json import parse_object
from . import serving
from .asking import is_owner
from .context import Scope
from .engine import Engine
from .routes import Route


async def take(engine: Engine, request: Request, route: Route, ports: PortSet) -> Response:
    """Answer a POST to an outbox: 201 with the id of the activity, a typed refusal else (AP-C01).

    Raises:
        RequestError: Host, media type or size (421, 415, 413).
        NotFound: Nobody has this outbox (404).
        RecipientGone: Its owner was removed (410).
        PolicyRefusal: It is not the owner who asks, or the application refuses (403).
        DocumentError: Not a document that can be used (400).
        OriginMismatch: It is said in somebody else's name (403).
    """
    limits, identifier, callback = engine.config.limits, route.identifier or "", engine.router.outbox_callback
    admit(request, limits, engine.site.authorities)
    actor = await serving.require_actor(engine, identifier, ports)
    if callback is None or not await is_owner(engine, request, route, ports):
        raise PolicyRefusal("only its owner speaks at an outbox", outbox=route.path)
    document = normalize(check_plain(parse_object(request.body, limits)), limits=limits)
    activity = owners_activity(document, str(actor.id))
    context = engine.context(ports, Scope(identifier=identifier, viewer=str(actor.id)))
    given = await engine.caller.call(callback, context, identifier, activity)
    activity_id = reference_id(given) if isinstance(given, str | Object) else None
    if activity_id is None or not activity_id.startswith(engine.site.origin + "/"):
        raise ConfigurationError("the outbox callback gives our id of what was said", given=repr(given))
    return created(activity_id)
