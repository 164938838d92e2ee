"""What callbacks get: ids without I/O, and the few things that an application does with others.

`Context` is awaited; `BlockingContext` has the same names without `await`, for plain `def` callbacks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar, cast

import attrs

from ..errors import ConfigurationError, FetchPostponed, LocalProtocolError, MalformedIri
from ..fetch import Fetcher, Item, Pause, ancestors, conversation, crawl_budget, forget_object, traverse
from ..inbox import Evidence, is_deleted
from ..ports import PortSet, Sql, Store, store_key
from ..sync import iterate_sync, run_sync
from ..vocab import Activity, Actor, Collection, Object, reference_id
from ..wire.acct import Handle, parse_handle
from ..wire.iri import Iri, origin_of
from .described import DescribedActors, describe
from .rulebook import RuleBook
from .site import Site
from .templates import parse_template

ActorT = TypeVar("ActorT", bound=Actor)
T = TypeVar("T")

_HANDLE_KEPT_CHARS_MAX: Final = 256
_kept_handle: Final = lru_cache(maxsize=1_024)(parse_handle)  # actors are made at each request, with the same names


@attrs.frozen(kw_only=True)
class Local:
    """One of ours.

    Args:
        kind: "actor", "object" or "collection".
        path: The template under which it lives.
        parameters: The path's parameters.
    """

    kind: str
    path: str
    parameters: Mapping[str, str]

    @property
    def pk(self) -> str:
        """The first parameter of the path: the identifier where there is one only."""
        return next(iter(self.parameters.values()), "")


def _nothing_yet() -> list[str]:  # `list[…]` itself takes as long to make as ten lists
    return []


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Scope:
    """What one callback is called about.

    `viewer`: id of the actor who asks for a collection, where that is known.
    `postpones_crawls`: whether long looks elsewhere are put off, since many servers hear of the same post at this time.
    """

    identifier: str | None = None
    viewer: str | None = None
    recipient: str | None = None
    evidence: Evidence | None = None
    confirm_key: str | None = None
    confirm_value: str = ""
    postpones_crawls: bool = False
    confirmed: list[str] = attrs.field(factory=_nothing_yet, eq=False)
    """Grows: the key, once a listener of this call has confirmed it."""


# Each request needs one. Nothing can be confirmed there, so that many calls may share it.
NOTHING_SPECIAL: Final = Scope()


@lru_cache(maxsize=1_024)
def scope_of(identifier: str) -> Scope:
    """Give what a callback that is asked for an own actor is called about."""
    return Scope(identifier=identifier)


class Host(Protocol):
    """What a context asks of the engine."""

    @property
    def shared_inbox_path(self) -> str:
        """Path of the shared inbox."""
        ...

    @property
    def rulebook(self) -> RuleBook:
        """The rules of the site."""
        ...

    @property
    def described(self) -> DescribedActors:
        """Own actors as they were made before."""
        ...

    @property
    def edition(self) -> Hashable:
        """What changes when anything is registered that decides on addresses."""
        ...

    def actor_path(self, pk: str) -> str:
        """Give the path of an own actor."""
        ...

    def collection_path(self, name: str, pk: str, actor_path: str | None = None) -> str:
        """Give the path of an own actor's collection; the actor's own path where it is known."""
        ...

    def actor_collections(self, pk: str) -> Mapping[str, Iri]:
        """Give the ids of the registered collections of an own actor, by attribute."""
        ...

    def parse_path(self, path: str) -> Local | None:
        """Tell what of ours a path names."""
        ...

    async def get(self, context: Context, reference: object, *, fresh: bool = False, as_actor: object = None) -> Object:
        """See `Context.get`."""
        ...

    def way_out(self, context: Context, iri: str, as_actor: object) -> Fetcher:
        """Give the way to an id of others, on behalf of an own actor or (None) of the server."""
        ...

    async def lookup(self, context: Context, text: str) -> Object:
        """See `Context.lookup`."""
        ...

    async def handle_of(self, context: Context, reference: object) -> Handle | None:
        """See `Context.handle_of`."""
        ...

    async def send(self, context: Context, activity: Activity, *, to: object, within: object) -> Iri:
        """See `Context.send`."""
        ...

    async def confirm(self, context: Context, scope: Scope, *, within: object) -> None:
        """See `Context.confirm`."""
        ...


class _Addresses:
    """Ids and URLs of our own things: pure."""

    def __init__(self, engine: Host, site: Site, ports: PortSet, scope: Scope) -> None:
        self._engine = engine
        self._scope = scope
        self.site = site
        self.ports = ports

    @property
    def recipient(self) -> str | None:
        """Identifier of the inbox's owner; None for the shared inbox and outside of listeners."""
        return self._scope.recipient

    @property
    def viewer(self) -> str | None:
        """Id of the actor who asks, proved; None: nobody in particular. In callbacks of collections only."""
        return self._scope.viewer

    @property
    def evidence(self) -> Evidence:
        """Why the activity is believed; in listeners only."""
        if self._scope.evidence is None:
            raise ConfigurationError("there is evidence in listeners only")
        return self._scope.evidence

    @property
    def store(self) -> Store:
        """The backend's store; build keys with `key`."""
        return self.ports.store

    @property
    def sql(self) -> Sql:
        """SQL over the backend's database, for tables of one's own.

        Raises:
            ConfigurationError: This backend has none.
        """
        if self.ports.sql is None:
            raise ConfigurationError("this backend has no SQL")
        return self.ports.sql

    def key(self, *parts: str) -> str:
        """Build a key of the store below this site."""
        return store_key(self.site.origin, *parts)

    def now_s(self) -> float:
        """Give seconds since the epoch, on the library's clock."""
        return self.ports.clock.now_s()

    def token(self) -> str:
        """Give 32 unpredictable hex digits, for ids."""
        return self.ports.randomness.token(16).hex()

    def is_silenced(self, reference: str | Object) -> bool:
        """Tell whether what comes from somebody should not ask for attention: by the rules as they are known here."""
        return self._engine.rulebook.rules.is_silenced(str(reference_id(reference)))

    def actor_uri(self, pk: object) -> Iri:
        """Give the id of an own actor."""
        return Iri(self.site.origin + self._engine.actor_path(str(pk)))

    def inbox_uri(self, pk: object) -> Iri:
        """Give the inbox of an own actor."""
        return self._collection_uri("inbox", pk)

    def outbox_uri(self, pk: object) -> Iri:
        """Give the outbox of an own actor."""
        return self._collection_uri("outbox", pk)

    def followers_uri(self, pk: object) -> Iri:
        """Give the followers collection of an own actor."""
        return self._collection_uri("followers", pk)

    def following_uri(self, pk: object) -> Iri:
        """Give the collection of those whom an own actor follows."""
        return self._collection_uri("following", pk)

    def _collection_uri(self, name: str, pk: object, actor_path: str | None = None) -> Iri:
        return Iri(self.site.origin + self._engine.collection_path(name, str(pk), actor_path))

    def shared_inbox_uri(self) -> Iri:
        """Give the shared inbox."""
        return Iri(self.site.origin + self._engine.shared_inbox_path)

    def object_uri(self, path: str, /, **parameters: object) -> Iri:
        """Give the id of an own object from its path template and parameters."""
        return Iri(self.site.origin + parse_template(path).expand(parameters))

    def handle(self, name: str) -> Handle:
        """Give the handle of an own actor from its name."""
        text = f"{name}@{self.site.handle_host}"
        return parse_handle(text) if len(text) > _HANDLE_KEPT_CHARS_MAX else _kept_handle(text)

    def parse(self, reference: object) -> Local | None:
        """Tell what of ours a reference names; None when it is not ours (or no reference at all)."""
        iri = reference_id(reference) if isinstance(reference, str | Object) else None
        if iri is None:
            return None
        try:
            if origin_of(iri) != self.site.origin:
                return None
        except MalformedIri:
            return None
        path = iri[len(self.site.origin) :] if iri.startswith(self.site.origin) else ""
        return self._engine.parse_path(path.partition("#")[0].partition("?")[0])

    def actor(self, model: type[ActorT], /, *, handle: str, pk: object = None, **properties: Any) -> ActorT:
        """Build an own actor with all that other servers need: id, collections, handle (ACT-01, ACT-03, WF-11).

        The public key is added when the actor is served. Where no `url` is given, its page is looked for at its id.

        Args:
            model: `Person`, `Service`, `Group`, `Organization` or `Application`.
            handle: The name before the "@".
            pk: Its identifier; not needed in the actor callback.
            properties: Any properties of the model, such as `name`, `summary`, `url`, `icon`.
        """
        identifier = pk if pk is not None else self._scope.identifier
        if identifier is None:
            raise ConfigurationError("name the actor's identifier: pk=…")
        engine, text = self._engine, str(identifier)
        description = describe(model, engine.edition, text, handle, properties)
        found = engine.described.find(description)
        if found is None:
            found = self._made(model, text, handle, properties)
            engine.described.keep(description, found)
        return cast("ActorT", found)

    def _made(self, model: type[ActorT], identifier: str, handle: str, properties: Mapping[str, Any]) -> ActorT:
        path = self._engine.actor_path(identifier)
        actor_id = Iri(self.site.origin + path)
        defaults: dict[str, Any] = {
            "id": actor_id,
            "url": actor_id,
            "preferred_username": handle,
            "webfinger": self.handle(handle),
            "inbox": self._collection_uri("inbox", identifier, path),
            "outbox": self._collection_uri("outbox", identifier, path),
            "followers": self._collection_uri("followers", identifier, path),
            "following": self._collection_uri("following", identifier, path),
            "endpoints": {"sharedInbox": self.shared_inbox_uri()},
            **self._engine.actor_collections(identifier),
        }
        if isinstance(url := properties.get("url"), str) and url.startswith("/"):
            properties = {**properties, "url": self.site.origin + url}
        return model(**{**defaults, **properties})


class Context(_Addresses):
    """For `async def` callbacks and code."""

    def blocking(self, ports: PortSet) -> BlockingContext:
        """Give the same for plain `def` callbacks, on ports that never suspend."""
        return BlockingContext(self._engine, self.site, ports, self._scope)

    async def get(self, reference: object, *, fresh: bool = False, as_actor: object = None) -> Object:
        """Give the object behind a reference: embedded, cached, ours, or fetched within the usual bounds.

        A reference may also be an acct URI, which WebFinger leads to its actor (FEP-4adb).

        Args:
            reference: An id or a model.
            fresh: Ask its host in any case.
            as_actor: Identifier of an own actor on whose behalf it is fetched, and for whom alone it is then cached:
                for what not everybody may see. None: on behalf of the server.

        Raises:
            FetchError: Not to be had.
            DocumentError: Not an object.
        """
        return await self._engine.get(self, reference, fresh=fresh, as_actor=as_actor)

    async def forget(self, reference: str | Object) -> None:
        """Drop the copies of an object of others, also those that were fetched for one own actor alone.

        Args:
            reference: Its id, or the object.
        """
        await forget_object(self.store, self.site.origin, str(reference_id(reference)))

    async def is_deleted(self, reference: str | Object, author: str | Object) -> bool:
        """Tell whether an author is known to have deleted an object of his, so that nothing brings it back (MOD-28).

        Args:
            reference: The object, or its id.
            author: Whose it is, or his id: only he takes it away.
        """
        object_id, author_id = str(reference_id(reference)), str(reference_id(author))
        return await is_deleted(self.store, self.site.origin, object_id, author_id)

    def traverse(
        self,
        collection: str | Collection,
        *,
        pages_max: int | None = None,
        as_actor: object = None,
        pause: Pause | None = None,
    ) -> AsyncGenerator[Item, None]:
        """Iterate over the members of a collection of others, fetching pages as they are needed.

        Args:
            collection: Its id, or the collection itself.
            pages_max: Pages that are read at most; None: `Limits.collection_pages_count_max`.
            as_actor: See `get`.
            pause: Waits for so many seconds where the host asks for patience, such as `asyncio.sleep`; None:
                `HostPaused` is raised then.

        Raises:
            FetchPostponed: In a listener, where an activity is handled for the first time: let it pass, and the
                listener is called again in a while, when not everybody asks (DLV-22).
            FetchError: A page is not to be had, or may not be fetched.
            DocumentError: A page cannot be read, or is none.
        """
        fetcher = self._crawler(str(reference_id(collection)), as_actor)
        pages = self._pages(fetcher, pages_max)
        return traverse(fetcher, collection, crawl_budget(fetcher, pages), pages_max=pages, pause=pause)

    def ancestors(self, post: Object, *, as_actor: object = None) -> AsyncGenerator[Object, None]:
        """Iterate over what a post answers, what that answers, and so on to the beginning of the conversation.

        Raises:
            FetchPostponed: See `traverse`.
            FetchError: A host cannot be reached now.
        """
        fetcher = self._crawler(str(post.id), as_actor)
        return ancestors(fetcher, post, crawl_budget(fetcher, fetcher.config.limits.thread_depth_max))

    def conversation(
        self, post: Object, *, posts_max: int = 200, as_actor: object = None, pause: Pause | None = None
    ) -> AsyncGenerator[Object, None]:
        """Iterate over the other posts of the conversation that a post belongs to, as they are found (FEP-f228).

        Args:
            post: Any post of it.
            posts_max: Posts that are asked for at most.
            as_actor: See `get`.
            pause: See `traverse`.

        Raises:
            FetchPostponed: See `traverse`.
            FetchError: A host cannot be reached now.
        """
        fetcher = self._crawler(str(post.id), as_actor)
        budget = crawl_budget(fetcher, posts_max + self._pages(fetcher, None))
        return conversation(fetcher, post, budget, posts_max=posts_max, pause=pause)

    def _crawler(self, iri: str, as_actor: object) -> Fetcher:
        """Give the way to many documents, when they may be asked for now (DLV-22)."""
        if self._scope.postpones_crawls:
            raise FetchPostponed(url=iri)
        return self._engine.way_out(self, iri, as_actor)

    def _pages(self, fetcher: Fetcher, pages_max: int | None) -> int:
        most = fetcher.config.limits.collection_pages_count_max
        return most if pages_max is None else min(pages_max, most)

    async def get_actor(self, reference: object, *, fresh: bool = False) -> Actor:
        """Give the actor behind a reference; see `get`."""
        found = await self.get(reference, fresh=fresh)
        if not isinstance(found, Actor):
            raise LocalProtocolError("an actor was expected", type=found.type_name)
        return found

    async def lookup(self, text: str) -> Object:
        """Find what a handle ("@bob@mastodon.example") or URL names; over the network unless cached."""
        return await self._engine.lookup(self, text)

    async def handle_of(self, reference: object) -> Handle | None:
        """Give the handle of an actor, as the hosts confirm it that have to know; over the network unless cached.

        What an actor says of its own name is a claim: show what this gives, or else the id (WF-20, SEC-154). A handle
        may change; keep the id.

        Args:
            reference: The actor, or its id.

        Raises:
            FetchError: The actor is not to be had, or a host cannot be reached now.
        """
        return await self._engine.handle_of(self, reference)

    async def send(self, activity: Activity, *, to: object = None, within: object = None) -> Iri:
        """Queue an activity of an own actor; durable when it returns, and no network here.

        Args:
            activity: Its `actor` is one of ours; an id is minted when it has none.
            to: One or more recipients (models or ids) besides those in its addressing.
            within: The application's open transaction; then it is queued exactly if that commits.

        Returns:
            The activity's id.
        """
        return await self._engine.send(self, activity, to=to, within=within)

    async def confirm(self, *, within: object = None) -> None:
        """Mark the present activity as handled, inside the listener's own transaction: exactly once.

        Args:
            within: The transaction that holds the listener's effects.

        Raises:
            PortError: Another worker has confirmed it meanwhile, so that the transaction cannot hold: let it be rolled
                back and the error pass.
        """
        await self._engine.confirm(self, self._scope, within=within)


class BlockingContext(_Addresses):
    """For plain `def` callbacks: the same names as `Context`, without `await`."""

    def _run(self, method: Callable[[Context], Coroutine[Any, Any, T]]) -> T:
        return run_sync(method(self._unblocked()))

    def _unblocked(self) -> Context:
        return Context(self._engine, self.site, self.ports, self._scope)

    def get(self, reference: object, *, fresh: bool = False, as_actor: object = None) -> Object:
        """See `Context.get`."""
        return self._run(lambda context: context.get(reference, fresh=fresh, as_actor=as_actor))

    def forget(self, reference: str | Object) -> None:
        """See `Context.forget`."""
        self._run(lambda context: context.forget(reference))

    def is_deleted(self, reference: str | Object, author: str | Object) -> bool:
        """See `Context.is_deleted`."""
        return self._run(lambda context: context.is_deleted(reference, author))

    def traverse(
        self, collection: str | Collection, *, pages_max: int | None = None, as_actor: object = None
    ) -> Iterator[Item]:
        """See `Context.traverse`."""
        return iterate_sync(self._unblocked().traverse(collection, pages_max=pages_max, as_actor=as_actor))

    def ancestors(self, post: Object, *, as_actor: object = None) -> Iterator[Object]:
        """See `Context.ancestors`."""
        return iterate_sync(self._unblocked().ancestors(post, as_actor=as_actor))

    def conversation(self, post: Object, *, posts_max: int = 200, as_actor: object = None) -> Iterator[Object]:
        """See `Context.conversation`."""
        return iterate_sync(self._unblocked().conversation(post, posts_max=posts_max, as_actor=as_actor))

    def get_actor(self, reference: object, *, fresh: bool = False) -> Actor:
        """See `Context.get_actor`."""
        return self._run(lambda context: context.get_actor(reference, fresh=fresh))

    def lookup(self, text: str) -> Object:
        """See `Context.lookup`."""
        return self._run(lambda context: context.lookup(text))

    def handle_of(self, reference: object) -> Handle | None:
        """See `Context.handle_of`."""
        return self._run(lambda context: context.handle_of(reference))

    def send(self, activity: Activity, *, to: object = None, within: object = None) -> Iri:
        """See `Context.send`."""
        return self._run(lambda context: context.send(activity, to=to, within=within))

    def confirm(self, *, within: object = None) -> None:
        """See `Context.confirm`."""
        return self._run(lambda context: context.confirm(within=within))
