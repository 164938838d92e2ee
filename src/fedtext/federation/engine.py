"""The engine: what is fixed at start-up, and the addresses that follow from it.

It owns no port, no loop and no thread; edges call `handle` and `run_job` with the ports of their colour. What it does
stands in `operations`, above it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

import attrs

from ..config import Config, Software
from ..errors import ConfigurationError, UnfitIdentifier
from ..fetch import Fetcher, Signer, SigningKey
from ..http import Request, Response
from ..inbox import Arrivals, Pace
from ..keys import Algorithm
from ..ports import Backend, Batch, Claim, Job, PortSet, Rows, Statement, store_key
from ..vocab import Activity, Object
from ..wire.acct import Handle
from ..wire.iri import Iri, Origin
from ..wire.json import JsonObject, parse_object
from .actor_keys import ActorKeys
from .calling import Caller
from .context import NOTHING_SPECIAL, Context, Local, Scope
from .described import DescribedActors
from .outcomes import JobOutcome
from .recipients import Recipients
from .registry import OF_ACTORS, OF_OBJECTS, Router
from .relaybook import RelayBook
from .routes import Paths, Route, RouteBook, RouteKind, find_route
from .rulebook import RuleBook
from .shown import Shown
from .site import Site
from .tallies import HostTallies
from .templates import PathTemplate
from .turns import Turn, TurnResult

Refuse = Callable[[str], None]


class Operations(Protocol):
    """What the engine does, implemented above it; each call gets the engine."""

    async def handle(
        self, engine: Engine, request: Request, ports: PortSet, route: Route | None = None
    ) -> Response | None:
        """Answer one request."""
        ...

    def run_job(self, engine: Engine, job: Job, ports: PortSet, turn: Turn | None) -> Coroutine[Any, Any, JobOutcome]:
        """Carry out one job."""
        ...

    async def begin_turn(self, engine: Engine, claim: Claim, ports: PortSet) -> Turn:
        """Look at the host of a lane."""
        ...

    async def end_turn(self, engine: Engine, claim: Claim, turn: Turn, result: TurnResult, ports: PortSet) -> float:
        """Write down what a turn says of its host."""
        ...

    async def heard_from(self, engine: Engine, iri: str, ports: PortSet) -> None:
        """Take a sign of life of a host."""
        ...

    async def get(
        self, engine: Engine, context: Context, reference: object, *, fresh: bool, as_actor: object
    ) -> Object:
        """Give an object."""
        ...

    async def lookup(self, engine: Engine, context: Context, text: str) -> Object:
        """Find an object."""
        ...

    async def handle_of(self, engine: Engine, context: Context, reference: object) -> Handle | None:
        """Give the confirmed handle of an actor."""
        ...

    async def send(self, engine: Engine, context: Context, activity: Activity, *, to: object, within: object) -> Iri:
        """Queue an activity."""
        ...

    async def confirm(self, engine: Engine, context: Context, scope: Scope, *, within: object) -> None:
        """Mark an activity as handled."""
        ...


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
        operations: What the engine does.
        paths: Where the library's own end points live.
        rulebook: The rules that are kept in the store.
        relaybook: The relays that are kept in the store.
        policy: The application's own policy by IRI; raises `PolicyRefusal`.
        contact: How to reach the people behind it, for NodeInfo.
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
    operations: Operations
    rulebook: RuleBook
    relaybook: RelayBook
    paths: Paths = attrs.field(factory=Paths)
    policy: Refuse = lambda _iri: None
    pace: Pace = attrs.field(factory=Pace, eq=False)
    arrivals: Arrivals = attrs.field(factory=Arrivals, eq=False)
    hosts: HostTallies = attrs.field(factory=HostTallies, eq=False)
    recipients: Recipients = attrs.field(factory=Recipients, eq=False)
    shown: Shown = attrs.field(factory=Shown, eq=False)
    routes: RouteBook = attrs.field(factory=RouteBook, eq=False)
    described: DescribedActors = attrs.field(factory=DescribedActors, eq=False)
    contact: str | None = None
    load_source: Callable[[type[Any], dict[str, str]], object] | None = None

    @property
    def shared_inbox_path(self) -> str:
        """Path of the shared inbox."""
        return self.paths.shared_inbox

    @property
    def edition(self) -> Hashable:
        """What changes when anything is registered that decides on addresses."""
        return self.router.edition

    # ---- addresses -----------------------------------------------------------------------------------------------

    @property
    def own_origins(self) -> frozenset[Origin]:
        """Origins that are served here."""
        return self.site.origins

    @property
    def instance_actor_id(self) -> Iri:
        """Id of the actor that signs on behalf of the server."""
        return Iri(self.site.origin + self.paths.instance_actor)

    def sender_id(self, sender: str) -> str:
        """Give the id of the own actor that signs a delivery; "": the one of the server.

        Raises:
            ConfigurationError: No actors are registered.
            UnfitIdentifier: It cannot stand in their path.
        """
        return self.site.origin + self.actor_path(sender) if sender else self.instance_actor_id

    def actor_path(self, pk: str) -> str:
        """Give the path of an own actor.

        Raises:
            ConfigurationError: No actors are registered.
            UnfitIdentifier: It cannot stand in their path.
        """
        if not self.router.actors:
            raise ConfigurationError("no actors are registered: use @fed.actor(…)")
        route = self.router.actors[0]
        try:
            return (_path_of if len(pk) > _KEPT_CHARS_MAX else _kept_path_of)(route.template, pk)
        except ConfigurationError as error:
            raise UnfitIdentifier("nobody can be an actor by this identifier", path=route.template.text) from error

    def collection_path(self, name: str, pk: str, actor_path: str | None = None) -> str:
        """Give the path of an own actor's collection: the registered one, else below the actor.

        Args:
            name: "inbox", "outbox" …
            pk: Identifier of the actor.
            actor_path: Path of the actor, where it is known.
        """
        route = self.router.collection_of(name)
        if route is not None:
            return route.template.expand({route.template.parameters[0]: pk})
        return f"{self.actor_path(pk) if actor_path is None else actor_path}/{name}"

    def actor_collections(self, pk: str) -> dict[str, Iri]:
        """Give the ids of the registered collections of an own actor, by the attribute that names them."""
        names = {route.name for route in self.router.collections}
        return {
            attribute: Iri(self.site.origin + self.collection_path(name, pk))
            for name, attribute in OF_ACTORS.items()
            if name in names
        }

    def object_collections(self, path: str) -> dict[str, Iri]:
        """Give the ids of the registered collections of the own object at a path, by the property that names them."""
        route = self.route(path)
        if route is None or route.object_route is None:
            return {}
        template, parameters = route.object_route.template, route.parameters
        return {
            below.name: Iri(self.site.origin + below.template.expand(parameters))
            for below in self.router.collections
            if below.name in OF_OBJECTS and below.template.is_below(template)
        }

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
        if route.kind is RouteKind.COLLECTION and route.collection_route is not None:
            return Local(kind="collection", path=route.collection_route.template.text, parameters=route.parameters)
        return None

    def followers_owner(self, iri: str) -> str | None:
        """Give the identifier of the own actor whose followers collection this is, or None."""
        if not iri.startswith(self.site.origin + "/"):
            return None
        route = find_route(self.router, self.paths, iri[len(self.site.origin) :])
        return route.identifier if route is not None and route.kind is RouteKind.FOLLOWERS else None

    # ---- policy --------------------------------------------------------------------------------------------------

    def refuse(self, iri: str) -> None:
        """Refuse an address or id, by the application's policy or by the rules as they are known here.

        Raises:
            PolicyRefusal: One of them does.
        """
        self.policy(iri)
        self.rulebook.rules.refuse(iri)

    # ---- making the parts ----------------------------------------------------------------------------------------

    def context(self, ports: PortSet, scope: Scope | None = None) -> Context:
        """Make a context on these ports."""
        return Context(self, self.site, ports, scope or NOTHING_SPECIAL)

    def fetcher(self, ports: PortSet) -> Fetcher:
        """Make the way out on these ports; requests are signed by the instance actor (SIG-24).

        Policy is asked about each address before it is asked for anything, redirects included (TRU-01).
        """

        async def admits(url: str) -> None:
            await self.rulebook.refresh(ports)
            self.refuse(url)

        async def answered(url: str) -> None:
            await self.operations.heard_from(self, url, ports)

        return Fetcher(
            ports=ports,
            config=self.config,
            site=self.site.origin,
            own_origins=self.own_origins,
            user_agent=self.user_agent,
            signer=self.signer(ports, self.instance_actor_id),
            admits=admits,
            answered=answered,
        )

    def signer(self, ports: PortSet, actor_id: str) -> Signer:
        """Give the keys with which an own actor signs requests, on these ports."""

        async def signer(algorithm: Algorithm) -> SigningKey:
            return await self.keys.request_key(ports, self.site.origin, actor_id, algorithm=algorithm)

        return signer

    # ---- what edges and contexts call ----------------------------------------------------------------------------

    def route(self, path: str) -> Route | None:
        """Tell whether a raw path is served here; None: it is the application's own."""
        return self.routes.find(self.router, self.paths, path)

    def handle(
        self, request: Request, ports: PortSet, route: Route | None = None
    ) -> Coroutine[Any, Any, Response | None]:
        """Answer one request; None: leave it to the application (a page for people under a path of ours).

        Never raises for what the request is; a fault of ours or of the application passes through to the edge.

        Args:
            request: As it came.
            ports: Of the edge's colour.
            route: What its path names, where the edge has looked.
        """
        return self.operations.handle(self, request, ports, route)

    def run_job(self, job: Job, ports: PortSet, turn: Turn | None = None) -> Coroutine[Any, Any, JobOutcome]:
        """Carry out one job of the queue; see `step`."""
        return self.operations.run_job(self, job, ports, turn)

    async def begin_turn(self, claim: Claim, ports: PortSet) -> Turn:
        """Decide what holds for a whole batch; see `hosts`."""
        return await self.operations.begin_turn(self, claim, ports)

    async def end_turn(self, claim: Claim, turn: Turn, result: TurnResult, ports: PortSet) -> float:
        """Write down how a batch went; gives for how long its lane should rest. See `hosts`."""
        return await self.operations.end_turn(self, claim, turn, result, ports)

    async def get(self, context: Context, reference: object, *, fresh: bool = False, as_actor: object = None) -> Object:
        """See `Context.get`."""
        return await self.operations.get(self, context, reference, fresh=fresh, as_actor=as_actor)

    def way_out(self, context: Context, iri: str, as_actor: object) -> Fetcher:
        """Give the way to an id of others, if policy allows it, on behalf of an own actor or (None) of the server."""
        self.refuse(iri)
        fetcher = self.fetcher(context.ports)
        if as_actor is None:
            return fetcher
        actor_id = context.actor_uri(as_actor)
        return attrs.evolve(fetcher, signer=self.signer(context.ports, actor_id), requester=actor_id)

    async def lookup(self, context: Context, text: str) -> Object:
        """See `Context.lookup`."""
        return await self.operations.lookup(self, context, text)

    async def handle_of(self, context: Context, reference: object) -> Handle | None:
        """See `Context.handle_of`."""
        return await self.operations.handle_of(self, context, reference)

    async def send(self, context: Context, activity: Activity, *, to: object, within: object) -> Iri:
        """See `Context.send`."""
        return await self.operations.send(self, context, activity, to=to, within=within)

    async def confirm(self, context: Context, scope: Scope, *, within: object) -> None:
        """See `Context.confirm`."""
        await self.operations.confirm(self, context, scope, within=within)

    async def run_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through the application's transaction, awaited where it must be; gives the rows of each."""
        if isinstance(within, Batch):
            within.statements.extend(statements)
            return []
        backend = self.backend()
        if hasattr(within, "__aenter__"):
            return await backend.execute_within_async(within, statements)
        return backend.execute_within(within, statements)

    async def read_within(self, within: object, ports: PortSet, key: str) -> bytes | None:
        """Give a value of the store as the application's transaction sees it, with what it has written itself."""
        if isinstance(within, Batch):
            return within.values[key] if key in within.values else await ports.store.get(key)
        [rows] = await self.run_within(within, [ports.store.reading(key)])
        value = rows[0][0] if rows else None
        return bytes(value) if isinstance(value, bytes | memoryview) else None

    async def is_removed(self, ports: PortSet, iri: str) -> JsonObject | None:
        """Give the tombstone that is kept for an id of ours, or None."""
        found = await ports.store.get(tombstone_key(self.site.origin, iri))
        return None if found is None else parse_object(found, self.config.limits)

    def handle_uri(self, name: str) -> str:
        """Give the acct URI of an own name, in one spelling: under it the tombstone of the handle is kept."""
        return f"acct:{name.lower()}@{self.site.handle_host}"

    def tombstone_key(self, iri: str) -> str:
        """Give the store's key of a tombstone."""
        return tombstone_key(self.site.origin, iri)


_KEPT_CHARS_MAX: Final = 512


def _path_of(template: PathTemplate, pk: str) -> str:
    return template.expand({template.parameters[0]: pk})


_kept_path_of: Final = lru_cache(maxsize=2_048)(_path_of)  # each post names its author


def tombstone_key(site: str, iri: str) -> str:
    """Give the store's key of a tombstone of a site; each request asks for one."""
    return _tombstone_key(site, iri) if len(iri) > _KEPT_CHARS_MAX else _kept_tombstone_key(site, iri)


def _tombstone_key(site: str, iri: str) -> str:
    return store_key(site, "tombstone", iri)


_kept_tombstone_key: Final = lru_cache(maxsize=2_048)(_tombstone_key)
