"""The engine: everything that is decided about one request, one send or one job, given ports.

It owns no port, no loop and no thread; edges call `handle` and `run_job` with the ports of their colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..config import Config, Software
from ..discovery import lookup_object
from ..dispatch import failure
from ..errors import ConfigurationError, FedtextError
from ..fetch import Fetcher, get_object
from ..http import Headers, Request, Response
from ..ports import Backend, Batch, Event, Job, PortSet, Statement, store_key
from ..vocab import Activity, Object, load_as, reference_id
from ..wire.iri import Iri, Origin
from ..wire.json import JsonObject
from . import sending, serving, wellknown
from .actor_keys import ActorKeys
from .calling import Caller
from .context import Context, Local, Scope
from .inboxes import take
from .outcomes import JobOutcome
from .registry import Router
from .routes import Paths, Route, RouteKind, find_route
from .site import Site
from .step import run_job

if TYPE_CHECKING:
    from ..fetch import SigningKey

Refuse = Callable[[str], None]


@attrs.frozen(kw_only=True)
class Engine:
    """All that is fixed at start-up.

    Args:
        site: The one site that is served.
        router: What the application registered; read at each call, so registration may go on until then.
        config: Settings.
        software: For NodeInfo.
        user_agent: Of every request that leaves.
        keys: Signing keys of own actors.
        caller: Calls the application.
        backend: Gives the backend, for `within=`.
        paths: Where the library's own end points live.
        refuse: Policy by IRI; raises `PolicyRefusal`.
        load_source: Finds the application's own things where it gave no `load` (class, parameters).
    """

    site: Site
    router: Router
    config: Config
    software: Software
    user_agent: str
    keys: ActorKeys
    caller: Caller
    backend: Callable[[], Backend]
    paths: Paths = attrs.field(factory=Paths)
    refuse: Refuse = lambda _iri: None
    load_source: Callable[[type[Any], dict[str, str]], object] | None = None

    # ---- addresses -----------------------------------------------------------------------------------------------

    @property
    def own_origins(self) -> frozenset[Origin]:
        """Origins that are served here."""
        return frozenset({self.site.origin})

    @property
    def instance_actor_id(self) -> Iri:
        """Id of the actor that signs on behalf of the server."""
        return Iri(self.site.origin + self.paths.instance_actor)

    def actor_path(self, pk: str) -> str:
        """Give the path of an own actor.

        Raises:
            ConfigurationError: No actors are registered, or the identifier cannot stand in a path.
        """
        if not self.router.actors:
            raise ConfigurationError("no actors are registered: use @fed.actor(…)")
        route = self.router.actors[0]
        return route.template.expand({route.parameter: pk})

    def outbox_path(self, pk: str) -> str:
        """Give the path of an own actor's outbox: the registered one, else below the actor."""
        if self.router.outboxes:
            template = self.router.outboxes[0].template
            return template.expand({template.parameters[0]: pk})
        return self.actor_path(pk) + "/outbox"

    def parse_path(self, path: str) -> Local | None:
        """Tell what of ours a path names."""
        route = find_route(self.router, self.paths, path)
        if route is None:
            return None
        if route.kind is RouteKind.ACTOR:
            template = self.router.actors[0].template
            return Local(kind="actor", path=template.text, parameters=route.parameters)
        if route.kind is RouteKind.OBJECT and route.object_route is not None:
            return Local(kind="object", path=route.object_route.template.text, parameters=route.parameters)
        if route.kind in (RouteKind.FOLLOWERS, RouteKind.FOLLOWING, RouteKind.OUTBOX):
            return Local(kind="collection", path=route.kind.value, parameters=route.parameters)
        return None

    def followers_owner(self, iri: str) -> str | None:
        """Give the identifier of the own actor whose followers collection this is, or None."""
        if not iri.startswith(self.site.origin + "/"):
            return None
        route = find_route(self.router, self.paths, iri[len(self.site.origin) :])
        return route.identifier if route is not None and route.kind is RouteKind.FOLLOWERS else None

    # ---- making the parts ----------------------------------------------------------------------------------------

    def context(self, ports: PortSet, scope: Scope | None = None) -> Context:
        """Make a context on these ports."""
        return Context(self, self.site, ports, scope or Scope())

    def fetcher(self, ports: PortSet) -> Fetcher:
        """Make the way out on these ports; requests are signed by the instance actor (SIG-24)."""

        async def signer() -> SigningKey:
            return await self.keys.signing_key(ports, self.site.origin, self.instance_actor_id)

        return Fetcher(
            ports=ports,
            config=self.config,
            site=self.site.origin,
            own_origins=self.own_origins,
            user_agent=self.user_agent,
            signer=signer,
        )

    # ---- the edge's calls ----------------------------------------------------------------------------------------

    def route(self, path: str) -> Route | None:
        """Tell whether a raw path is served here; None: it is the application's own."""
        return find_route(self.router, self.paths, path)

    async def handle(self, request: Request, ports: PortSet) -> Response | None:
        """Answer one request; None: leave it to the application (a page for people under a path of ours).

        Never raises for what the request is; a fault of ours or of the application passes through to the edge.
        """
        route = self.route(request.path)
        if route is None:
            return None
        try:
            if request.method == "OPTIONS":
                return _options(route)
            return await self._respond(request, route, ports)
        except FedtextError as error:
            ports.observer.emit(Event(name="request.refused", fields={"code": error.code, "error": str(error)}))
            return failure(error, allow=route.allow if error.status_hint == 405 else None)

    async def _respond(self, request: Request, route: Route, ports: PortSet) -> Response | None:
        if route.kind in (RouteKind.INBOX, RouteKind.SHARED_INBOX):
            return await take(self, request, route, ports)
        serving.require_get(request, route)
        if route.kind is RouteKind.WEBFINGER:
            return await wellknown.webfinger(self, request, ports)
        if route.kind in (RouteKind.NODEINFO_INDEX, RouteKind.NODEINFO):
            return wellknown.nodeinfo(self, route)
        return await serving.serve(self, request, route, ports)

    async def run_job(self, job: Job, ports: PortSet) -> JobOutcome:
        """Carry out one job of the queue; see `step`."""
        return await run_job(self, job, ports)

    # ---- what contexts call --------------------------------------------------------------------------------------

    async def get(self, context: Context, reference: object, *, fresh: bool = False) -> Object:
        """See `Context.get`."""
        if isinstance(reference, Object) and not fresh:
            return reference
        iri = reference_id(reference) if isinstance(reference, str | Object) else None
        if iri is None:
            raise ConfigurationError("a reference is an id or a model", reference=repr(reference))
        local = context.parse(iri)
        if local is not None:
            return load_as(await serving.local_document(self, iri, context.ports), Object)
        self.refuse(iri)
        fetcher = self.fetcher(context.ports)
        return await get_object(fetcher, iri, fetcher.budget(), fresh=fresh)

    async def lookup(self, context: Context, text: str) -> Object:
        """See `Context.lookup`."""
        local = await wellknown.local_lookup(self, text, context.ports)
        if local is not None:
            return local
        fetcher = self.fetcher(context.ports)
        return await lookup_object(fetcher, text, fetcher.budget())

    async def send(self, context: Context, activity: Activity, *, to: object, within: object) -> Iri:
        """See `Context.send`."""
        return await sending.send(self, context, activity, to=to, within=within)

    async def confirm(self, context: Context, scope: Scope, *, within: object) -> None:
        """See `Context.confirm`."""
        if scope.confirm_key is None:
            raise ConfigurationError("there is something to confirm in listeners only")
        await sending.confirm(self, context, scope.confirm_key, scope.confirm_value, within=within)

    async def run_within(self, within: object, statements: Sequence[Statement]) -> None:
        """Run statements through the application's transaction, awaited where it must be."""
        if isinstance(within, Batch):
            within.statements.extend(statements)
            return
        backend = self.backend()
        if hasattr(within, "__aenter__"):
            await backend.execute_within_async(within, statements)
        else:
            backend.execute_within(within, statements)

    async def is_removed(self, ports: PortSet, iri: str) -> JsonObject | None:
        """Give the tombstone of an own actor or object, or None."""
        return await serving.tombstone(ports, self.site.origin, iri)

    def tombstone_key(self, iri: str) -> str:
        """Give the store's key of a tombstone."""
        return store_key(self.site.origin, "tombstone", iri)


def _options(route: Route) -> Response:
    headers = [
        ("allow", route.allow),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", route.allow),
        ("access-control-allow-headers", "accept, content-type, signature, date, digest"),
        ("content-length", "0"),
    ]
    return Response(status=204, headers=Headers.build(headers))
