"""`Federation`: the public composition of everything below; an application makes one."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from ..config import Config, DevPolicy, Software
from ..errors import ConfigurationError, DocumentError, NotFound
from ..federation import publishing, reach, relays, sending, serving, synchronization
from ..federation.actor_keys import ActorKeys, StoredKeys
from ..federation.calling import Caller
from ..federation.context import BlockingContext, Context
from ..federation.deadletters import DeadLetter
from ..federation.engine import Engine
from ..federation.host_status import HostStatus, list_hosts
from ..federation.operations import EngineOperations
from ..federation.registry import Router
from ..federation.relaybook import Relay, RelayBook, RelayStyle
from ..federation.reports import Report, close_report, list_reports
from ..federation.routes import Paths
from ..federation.rulebook import RuleBook
from ..federation.site import Site
from ..federation.synchronization import PauseReason, SynchronizationPause
from ..inbox import Rule, Severity, parse_subject
from ..keys import OVERLAP_S, Algorithm, KeyRing
from ..ports import Backend, Lane, LaneKind, Observer, PortSet, Transport
from ..vocab import PUBLIC, Activity, Actor, Delete, Object, is_public, load_as
from ..wire.acct import parse_handle
from ..wire.iri import Iri, is_public_host, parse_origin, parse_url
from .actions import Action
from .asgi import ASGIApp, FederationASGI
from .checks import Finding, check_async, refuse_suspending
from .outgoing import TransportName
from .plugins import load_plugins
from .portrecord import Ports, default_ports
from .served import WorkerMode
from .storage import forget_actor
from .worker import Worker
from .wsgi import FederationWSGI, WSGIApp

BehaviorT = TypeVar("BehaviorT")


def _installed_version() -> str:
    try:
        return version("fedtext")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"


class Federation(Router):
    """Hosts text-post actors of one site.

    Args:
        origin: "https://blog.example"; every id begins with it, so it is for ever.
        backend: From `connect(…)`.
        handle_host: Host in the handles, when it is not the origin's: "@alice@example.org".
        software: Name and version for NodeInfo and the User-Agent.
        contact: How to reach the people behind it; told in NodeInfo's metadata.
        config: Settings; `Config(dev=DevPolicy.allow_loopback(…))` for development.
        keys: Where signing keys are kept; `StoredKeys(passphrase=…)` encrypts them.
        worker: "auto": a door starts a worker with itself; "off": you run `fedtext worker` beside it.
        observer: Is told of every finished decision; logs by default.
        transport: "httpx"; "httpx2" or "aiohttp", whose libraries are extras (`fedtext[httpx2]`, `fedtext[fast]`); or a
            `Transport` of your own, which then guards addresses itself.
        shared_inbox: Path of the shared inbox.
        instance_actor: Path of the actor that signs on behalf of the server.
        refuse: Policy by IRI: raises `PolicyRefusal` for hosts or ids that are not wanted.
        state: Anything; found in `context.site.state`.

    Raises:
        ConfigurationError: Not a usable origin, development exceptions under a public one, or no usable transport.
    """

    def __init__(
        self,
        origin: str,
        *,
        backend: Backend,
        handle_host: str | None = None,
        software: Software | None = None,
        contact: str | None = None,
        config: Config | None = None,
        keys: StoredKeys | None = None,
        worker: WorkerMode = "auto",
        observer: Observer | None = None,
        transport: TransportName | Transport = "httpx",
        shared_inbox: str = "/ap/inbox",
        instance_actor: str = "/ap/instance",
        refuse: Callable[[str], None] | None = None,
        state: Any = None,
    ) -> None:
        super().__init__()
        load_plugins()
        parsed = parse_origin(origin)
        self.config = config or Config()
        self.contact = contact
        self.worker_mode: WorkerMode = worker
        self.ports: Ports = default_ports(backend, self.config, transport)
        if observer is not None:
            self.ports.observer = observer
        _require_sane(parsed, self.config.dev)
        self.site = Site(origin=parsed, handle_host=(handle_host or parse_url(parsed).authority).lower(), state=state)
        _require_handle_host(self.site.handle_host)
        self.software = software or Software("fedtext", _installed_version())
        self.engine = Engine(
            site=self.site,
            router=self,
            config=self.config,
            software=self.software,
            user_agent=_user_agent(self.software, parsed),
            keys=ActorKeys(source=keys or StoredKeys(), ring=KeyRing()),
            caller=Caller(blocking_ports=lambda: self.ports.blocking()),
            backend=lambda: self.ports.backend,
            operations=EngineOperations(),
            paths=Paths(shared_inbox=shared_inbox, instance_actor=instance_actor),
            contact=contact,
            policy=refuse or (lambda _iri: None),
            rulebook=_rulebook(self.site, self.config),
            relaybook=RelayBook(self.site.origin, fresh_s=self.config.inbox.rules_fresh_s),
            load_source=getattr(backend, "load_source", None),
        )
        self._behaviors: list[object] = []

    # ---- composing -----------------------------------------------------------------------------------------------

    def use(self, *behaviors: Any) -> None:
        """Add behaviors: each registers its listeners and sources."""
        for behavior in behaviors:
            behavior.register(self)
            self._behaviors.append(behavior)

    def behavior(self, kind: type[BehaviorT]) -> BehaviorT | None:
        """Give the behavior of a kind that is in use, or None."""
        return next((b for b in self._behaviors if isinstance(b, kind)), None)

    def context(self) -> Context:
        """Make a context for async code outside of callbacks."""
        return self.engine.context(self.ports.asynchronous())

    def blocking_context(self) -> BlockingContext:
        """Make a context for plain code outside of callbacks."""
        ports = self.ports.blocking()
        return self.engine.context(ports).blocking(ports)

    # ---- doors ---------------------------------------------------------------------------------------------------

    def asgi(self, app: ASGIApp | None = None) -> ASGIApp:
        """Give an ASGI application that serves the library's paths and passes all others to `app`."""
        return FederationASGI(self, app)

    def wsgi(self, app: WSGIApp | None = None) -> WSGIApp:
        """Give a WSGI application that serves the library's paths and passes all others to `app`.

        Raises:
            ConfigurationError: A registered `async def` callback would suspend.
        """
        return FederationWSGI(self, app)

    def install(self, app: Any) -> None:
        """Mount on a Starlette or FastAPI application."""
        app.add_middleware(_middleware(self, FederationASGI))

    def init_app(self, app: Any) -> None:
        """Mount on a Flask application."""
        app.wsgi_app = self.wsgi(app.wsgi_app)

    def worker(self, *, concurrency: int = 8) -> Worker:
        """Make a worker for an event loop; `fedtext worker` runs one as a process."""
        return Worker(self, concurrency=concurrency)

    def require_blocking(self) -> None:
        """Refuse callbacks that would suspend under a blocking edge, by name.

        Raises:
            ConfigurationError: There is one.
        """
        refuse_suspending(self.callbacks())

    # ---- actions -------------------------------------------------------------------------------------------------

    async def _publish(self, ports: PortSet, thing: object, *, within: object = None) -> Iri:
        """Tell the network of something new; gives the object's id.

        Mints ids and writes one row; never any network. With `within`, that row goes through the application's own
        open transaction: rolled back means never sent, committed means sent.

        Args:
            ports: Given by the action.
            thing: An instance of a class registered with `@fed.object(…, source=…)`.
            within: sqlite3 or psycopg connection, Django alias, SQLAlchemy Session; with `.aio` their asyncio kin.

        Raises:
            ConfigurationError: The class is not registered, nobody is addressed, or another database.
            PolicyRefusal: It mentions too many people, or a new account has said enough (`OutboundPolicy`).
        """
        model = await self._mapped(ports, thing)
        return await self._send(ports, publishing.create_of(model), within=within, about=model)

    async def _revise(self, ports: PortSet, thing: object, *, within: object = None) -> Iri:
        """Tell those who got it that something has changed; see `publish`."""
        model = await self._mapped(ports, thing)
        update = publishing.update_of(model, ports.clock.now_s(), ports.randomness.token(8).hex())
        return await self._send(ports, update, within=within, about=model)

    async def _withdraw(self, ports: PortSet, thing: object, *, within: object = None) -> Iri:
        """Tell those who got it that something is gone, before the application deletes it; its id answers 410."""
        model = await self._mapped(ports, thing)
        public = any(is_public(iri) for iri in (*model.to, *model.cc))
        mark = sending.Mark.tombstone(self.engine, str(model.id), model.type_name, public=public)
        return await self._send(ports, publishing.delete_of(model), within=within, about=model, marks=(mark,))

    async def _remove_actor(self, ports: PortSet, pk: object, *, within: object = None) -> Iri:
        """Tell the network that an actor is gone for good; key and tombstone are kept, its id answers 410.

        Its followers are told, and every server that this one has ever heard from or sent something to (DLV-19).
        """
        context = self.engine.context(ports)
        actor_id, followers = context.actor_uri(pk), context.followers_uri(pk)
        activity = Delete(id=Iri(f"{actor_id}#delete"), actor=actor_id, object=actor_id, to=PUBLIC, cc=[followers])
        marks = sending.removal_marks(self.engine, actor_id, await serving.own_actor(self.engine, str(pk), ports))
        task = sending.fanout_task(self.engine, ports, activity)
        await sending.enqueue(self.engine, ports, task, within=within, marks=marks)
        return actor_id

    async def _rotate_key(
        self, ports: PortSet, pk: object, *, algorithm: Algorithm = Algorithm.RSA, overlap_s: int = OVERLAP_S
    ) -> str:
        """Make a new key, with which an own actor signs from now on, and tell its followers; gives the key's id.

        The new key has an id of its own, and the old one is not used once more: an Update of the actor, a row of the
        queue like any other, goes out under the new key. Whoever gets it has not seen that id yet and so asks for the
        actor, who lists it: no peer has to believe the old key for that, which would be wrong where it is in other
        hands; and a peer that knows the actor by one key alone has the new one in its place from then on.

        The rotation is done before the Update is queued. Where the queue fails in between, the new key signs all the
        same, and peers learn of it from the next thing that the actor sends.

        Args:
            ports: Given by the action.
            pk: Which actor; None: the one that signs on behalf of the server, of which nobody is told.
            algorithm: RSA signs requests, Ed25519 and ML-DSA-44 sign proofs.
            overlap_s: For how long the old key stays in the actor's document, so that what it signed still verifies;
                0 when it has fallen into other hands. What is proved already and still waits then verifies no more.

        Raises:
            NotFound: There is no such actor.
            ConfigurationError: The stored keys cannot be read, a kind with which we do not sign, or an actor that
                brings keys of its own.
            QueueError: The key was replaced, but the Update could not be queued.

        Sources: SIG-16, SIG-20, SIG-21.
        """
        engine = self.engine
        if pk is None:
            actor_id = engine.instance_actor_id
        else:
            actor_id = engine.context(ports).actor_uri(pk)
            own = await serving.own_actor(engine, str(pk), ports)
            if own is None:
                raise NotFound("there is no such actor", actor=str(pk))
            if own.keys:
                raise ConfigurationError("the actor brings keys of its own, which are not kept here", actor=actor_id)
        rotated = await engine.keys.rotate(ports, self.site.origin, actor_id, algorithm=algorithm, overlap_s=overlap_s)
        if pk is not None:
            await self._announce(ports, str(pk))
        return rotated.key_id

    async def _announce(self, ports: PortSet, pk: str) -> None:
        """Queue an Update of an own actor, as it is served now."""
        document = await serving.actor_document(self.engine, pk, ports)
        if document is None:  # it went in the meantime
            return
        token = ports.randomness.token(8).hex()
        update = publishing.actor_update_of(load_as(document, Actor), ports.clock.now_s(), token)
        task = sending.fanout_task(self.engine, ports, update)
        await sending.enqueue(self.engine, ports, task, within=None)

    async def _lookup(self, ports: PortSet, text: str) -> Object:
        """Find what a handle ("@bob@mastodon.example") or URL names; over the network."""
        return await self.engine.context(ports).lookup(text)

    async def _deliver(self, ports: PortSet, activity: Activity, *, to: object = None, within: object = None) -> Iri:
        """Queue an activity of an own actor; see `Context.send`."""
        return await self.engine.context(ports).send(activity, to=to, within=within)

    async def _forget(self, ports: PortSet, actor_id: str) -> int:
        """Erase what the store keeps about a remote actor; gives how many values."""
        return await forget_actor(ports, self.site.origin, actor_id)

    async def _block(
        self,
        ports: PortSet,
        subject: str,
        *,
        severity: Severity = Severity.BLOCK,
        rejects_reports: bool = False,
        comment: str = "",
    ) -> Rule:
        """Keep a host, or an actor, away; what already waits for it is dropped when it is due.

        Args:
            ports: Given by the action.
            subject: A host, whose subdomains are meant, too; or an actor's id.
            severity: How far; see `Severity`.
            rejects_reports: Whether its reports are not kept.
            comment: For those who read the list.

        Raises:
            MalformedIri: Neither a host nor an id.
            ConfigurationError: It is this server.
        """
        rule = Rule(subject=parse_subject(subject), severity=severity, rejects_reports=rejects_reports, comment=comment)
        if rule.subject in self.engine.rulebook.own_hosts:
            raise ConfigurationError("this server does not keep itself away", subject=subject)
        await self.engine.rulebook.set(ports, rule)
        return rule

    async def _allow(self, ports: PortSet, subject: str, *, comment: str = "") -> Rule:
        """Let a host or an actor in, whatever is said of a host above; in allow-list mode nobody else is let in."""
        rule = Rule(subject=parse_subject(subject), severity=Severity.ALLOW, comment=comment)
        await self.engine.rulebook.set(ports, rule)
        return rule

    async def _unrule(self, ports: PortSet, subject: str) -> bool:
        """Take a rule away; False when there was none."""
        return await self.engine.rulebook.remove(ports, parse_subject(subject))

    async def _rules(self, ports: PortSet) -> list[Rule]:
        """Give all rules, by subject."""
        rules = await self.engine.rulebook.refresh(ports)
        return sorted(rules.by_subject.values(), key=lambda rule: rule.subject)

    async def _join_relay(self, ports: PortSet, address: str, *, style: RelayStyle = RelayStyle.MASTODON) -> Relay:
        """Ask a relay to spread the public posts of this server, and to send those of others (FEP-ae0c).

        Posts go there of actors that are `discoverable`, once it has accepted; see `relays`. No network here.

        Args:
            ports: Given by the action.
            address: Its inbox; in the LitePub style the id of its actor.
            style: How it is spoken to.

        Raises:
            MalformedIri: Not an absolute URL.
            FetchRefused: No https.
            ConfigurationError: It is this server, or one too many.
            PolicyRefusal: It is blocked.
        """
        return await relays.join(self.engine, ports, address, style=style)

    async def _leave_relay(self, ports: PortSet, address: str) -> bool:
        """Leave a relay; False when it was never asked."""
        return await relays.leave(self.engine, ports, address)

    async def _relays(self, ports: PortSet) -> list[Relay]:
        """Give the relays that were asked, by address: what they have answered, and since when that is so."""
        return list(await self.engine.relaybook.refresh(ports))

    async def _reports(self, ports: PortSet, *, after: str = "", limit: int = 100) -> list[Report]:
        """Give the reports that were sent here and are not closed, the oldest first; see `list_reports`."""
        return await list_reports(ports, self.site.origin, after=after, limit=limit)

    async def _close_report(self, ports: PortSet, report_id: str) -> bool:
        """Take a report out of the box; False when it is not there."""
        return await close_report(ports, self.site.origin, report_id)

    async def _dead_letters(self, ports: PortSet, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Give what could not be carried out, in order of number; of this site alone.

        Args:
            ports: Given by the action.
            after: The last number of the page before.
            limit: How many are given, at most.
        """
        letters: list[DeadLetter] = []
        while len(letters) < limit and (found := await ports.queue.buried(after=after, limit=limit)):
            letters += [DeadLetter.of(job, reason) for job, reason in found if job.site == self.site.origin]
            after = found[-1][0].job_id
        return letters[:limit]

    async def _replay(self, ports: PortSet, letter: int) -> bool:
        """Put a dead letter of this site back, to be tried at once; False when it is not there."""
        found = await ports.queue.buried(after=letter - 1, limit=1)
        is_ours = [(job.job_id, job.site) for job, _ in found] == [(letter, self.site.origin)]
        return is_ours and await ports.queue.revive(letter)

    async def _replay_all(self, ports: PortSet, *, host: str | None = None) -> int:
        """Put back the dead letters of this site, to be tried at once; gives how many.

        Args:
            ports: Given by the action.
            host: Only what was to be delivered to this host, "mastodon.example".
        """
        lane, count = None if host is None else Lane(LaneKind.OUT, host), 0
        while step := await ports.queue.revive_all(site=self.site.origin, lane=lane):
            count += step
        return count

    async def _purge(self, ports: PortSet, *, host: str | None = None, waiting: bool = False) -> int:
        """Remove dead letters of this site for good; gives how many jobs went.

        Args:
            ports: Given by the action.
            host: Only what was to be delivered to this host, "mastodon.example".
            waiting: What still waits, too.
        """
        lane = None if host is None else Lane(LaneKind.OUT, host)
        return await ports.queue.purge(site=self.site.origin, lane=lane, waiting=waiting)

    async def _hosts(self, ports: PortSet, *, after: str = "", limit: int = 100) -> list[HostStatus]:
        """Tell how it stands with the hosts for which something waits, or lies, or that fail; see `HostStatus`.

        Args:
            ports: Given by the action.
            after: The last host of the page before.
            limit: How many are given.
        """
        return await list_hosts(self.engine, ports, after=after, limit=limit)

    async def _pause_synchronization(self, ports: PortSet) -> SynchronizationPause:
        """Stop comparing followers with other servers, for `SynchronizationPolicy.pause_s`.

        Call it after the database was restored from a copy: others know follows that it does not, and would be told
        that there are none; and the other way round (SEC-141).
        """
        return await synchronization.pause(self.engine, ports, PauseReason.RESTORED)

    async def _resume_synchronization(self, ports: PortSet) -> SynchronizationPause | None:
        """Compare followers with other servers again; gives what had paused it, None where nothing had.

        Where too much would have vanished on an actor's word, what he says next is carried out.
        """
        return await synchronization.resume(self.engine, ports)

    async def _synchronization_pause(self, ports: PortSet) -> SynchronizationPause | None:
        """Give what pauses the comparing of followers with other servers at present, or None."""
        return await synchronization.paused(self.engine, ports)

    async def _check(self, ports: PortSet, *, actor: str | None = None) -> list[Finding]:
        """Look for mistakes in the wiring; see `checks`."""
        return await check_async(self, ports, actor=actor)

    publish = Action(_publish)
    revise = Action(_revise)
    withdraw = Action(_withdraw)
    remove_actor = Action(_remove_actor)
    rotate_key = Action(_rotate_key)
    lookup = Action(_lookup)
    send = Action(_deliver)
    forget = Action(_forget)
    pause_synchronization = Action(_pause_synchronization)
    resume_synchronization = Action(_resume_synchronization)
    synchronization_pause = Action(_synchronization_pause)
    check = Action(_check)
    block = Action(_block)
    allow = Action(_allow)
    unrule = Action(_unrule)
    rules = Action(_rules)
    join_relay = Action(_join_relay)
    leave_relay = Action(_leave_relay)
    relays = Action(_relays)
    reports = Action(_reports)
    close_report = Action(_close_report)
    dead_letters = Action(_dead_letters)
    replay = Action(_replay)
    replay_all = Action(_replay_all)
    purge = Action(_purge)
    hosts = Action(_hosts)

    async def _mapped(self, ports: PortSet, thing: object) -> Object:
        model = await serving.map_thing(self.engine, thing, ports)
        if model is None:
            raise NotFound("the object callback gave nothing for this", given=type(thing).__name__)
        return model

    async def _send(
        self,
        ports: PortSet,
        activity: Activity,
        *,
        within: object,
        about: Object,
        marks: tuple[sending.Mark, ...] = (),
    ) -> Iri:
        besides = await reach.besides(self.engine, activity, about, ports)
        await sending.send_prepared(self.engine, ports, activity, within=within, marks=marks, besides=besides)
        return Iri(str(about.id))


def _rulebook(site: Site, config: Config) -> RuleBook:
    own_hosts = frozenset({parse_url(site.origin).host, parse_url(f"https://{site.handle_host}").host})
    policy = config.inbox
    return RuleBook(
        site.origin, own_hosts=own_hosts, allow_listed_only=policy.allow_listed_only, fresh_s=policy.rules_fresh_s
    )


def _user_agent(software: Software, origin: str) -> str:
    return f"fedtext/{_installed_version()} ({software.name}/{software.version}; +{origin}/)"


def _require_sane(origin: str, dev: DevPolicy | None) -> None:
    host = parse_url(origin).host
    public = is_public_host(host)
    if public and dev is not None:
        raise ConfigurationError("DevPolicy is refused under a public origin", origin=origin)
    if public and not origin.startswith("https://"):
        raise ConfigurationError("a public origin is https", origin=origin)


def _require_handle_host(host: str) -> None:
    try:
        parse_handle(f"name@{host}")
    except DocumentError as error:
        raise ConfigurationError("handles need a name, not an address: serve under localhost", host=host) from error


def _middleware(federation: Federation, factory: Any) -> type[Any]:
    """Give a class that Starlette's `add_middleware` can make: called with the inner application."""

    class FederationMiddleware:
        def __init__(self, app: ASGIApp) -> None:
            self._door = factory(federation, app)

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self._door(scope, receive, send)

    return FederationMiddleware
