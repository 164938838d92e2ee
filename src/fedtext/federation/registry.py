"""What the application has registered: tables, and the `Router` that fills them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from inspect import CO_COROUTINE
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import attrs

from ..delivery import Follower
from ..discovery import Intent, build_intent
from ..dispatch import Page, PageRequest
from ..errors import ConfigurationError
from ..inbox import Listener
from ..vocab import Activity
from .context import Context
from .templates import PathTemplate, parse_template

Callback = Callable[..., Any]
CallbackT = TypeVar("CallbackT", bound=Callback)

OF_ACTORS: Final[Mapping[str, str]] = {
    "inbox": "inbox",
    "outbox": "outbox",
    "followers": "followers",
    "following": "following",
    "liked": "liked",
    "featured": "featured",
    "featuredTags": "featured_tags",
}
"""The properties of an actor that name a collection, and the attributes of the model."""

OF_OBJECTS: Final = frozenset({"replies", "likes", "shares", "context"})
"""The properties of an object that name a collection."""

# COL-08 to COL-10: what others give as a plain Collection.
_UNORDERED: Final = frozenset({"featuredTags", "replies", "likes", "shares"})


@attrs.frozen(kw_only=True)
class ActorRoute:
    """Where actors live and who gives them; `parameter` is the name of the one path parameter."""

    template: PathTemplate
    callback: Callback

    @property
    def parameter(self) -> str:
        """Name of the identifier in the path."""
        return self.template.parameters[0]


@attrs.frozen(kw_only=True)
class ObjectRoute:
    """Where objects live: `source` is the application's own class, `load` finds one by the path's parameters."""

    template: PathTemplate
    callback: Callback
    source: type[Any] | None
    load: Callback | None


@attrs.frozen(kw_only=True)
class CollectionRoute:
    """Where a collection lives and who gives its pages.

    `name` is the property by which an actor or an object names it; None: none does. `ordered`: whether its order says
    something.
    """

    template: PathTemplate
    callback: Callback
    name: str | None
    ordered: bool


@attrs.frozen(kw_only=True)
class ListenerFailure:
    """A listener has raised.

    Args:
        activity: What it was called with.
        error: What it raised.
        attempts: How often the activity was tried, this time included.
        given_up: Whether it lies among the dead letters now; else it is tried again later.
    """

    activity: Activity
    error: Exception
    attempts: int
    given_up: bool


@attrs.frozen(kw_only=True)
class PermanentFailure:
    """A delivery is given up.

    Args:
        inbox: Where it should have gone; None where that could not be found out.
        host: Of the inbox or of the recipient, "mastodon.example".
        activity_id: Of what was to be delivered.
        sender: Identifier of the own actor; "" for the one that signs on behalf of the server.
        actor: Id of the recipient, where it was for one alone whose inbox could not be found out.
        reason: "status 410", "fetch.timeout, given up after 16 attempts", "the host is unavailable".
        status: Of the last answer; None: there was none.
        attempts: How often it was tried.
    """

    inbox: str | None
    host: str
    activity_id: str
    sender: str
    actor: str | None
    reason: str
    status: int | None
    attempts: int


class FollowerSource(Protocol):
    """Who follows whom: what fan-out and access decisions ask."""

    async def page(self, context: Context, pk: str, page: PageRequest) -> Page[Follower]:
        """Give one page of the followers of an own actor."""
        ...

    async def contains(self, context: Context, pk: str, actor_id: str) -> bool:
        """Tell whether somebody is an accepted follower of an own actor."""
        ...

    async def count(self, context: Context, pk: str) -> int:
        """Count the followers of an own actor."""
        ...

    async def following_count(self, context: Context, pk: str) -> int:
        """Count whom an own actor follows."""
        ...


@runtime_checkable
class SynchronizedFollowers(FollowerSource, Protocol):
    """A follower source that can be kept in step with other servers (FEP-8fcf): optional, for it may remove followings.

    What it says of followings is of those that were accepted.
    """

    @property
    def complete(self) -> bool:
        """Whether it holds every follower and every following that there is; False turns all of it off.

        Who says so without it being true has others remove the followers that are missing here.
        """
        ...

    async def followed_by(self, context: Context, actor_id: str) -> Sequence[str]:
        """Give the identifiers of the own actors that follow somebody."""
        ...

    async def followings_total(self, context: Context) -> int:
        """Count the followings of all own actors."""
        ...

    async def keep_following(self, context: Context, pk: str, actor_id: str) -> bool:
        """Take note that somebody holds an own actor for a follower; False where that one never asked to be."""
        ...

    async def drop_following(self, context: Context, pk: str, actor_id: str) -> None:
        """End a following of which its other side knows nothing; without a word to that side."""
        ...


class Router:
    """Collects callbacks; `Federation` is one, and `fed.include(router)` takes over another's."""

    def __init__(self) -> None:
        self.actors: list[ActorRoute] = []
        self.objects: list[ObjectRoute] = []
        self.collections: list[CollectionRoute] = []
        self.listeners: list[Listener] = []
        self.unverified: list[Callback] = []
        self.failed: list[Callback] = []
        self.undelivered: list[Callback] = []
        self.handle_callback: Callback | None = None
        self.resource_callback: Callback | None = None
        self.nodeinfo_callback: Callback | None = None
        self.owner_callback: Callback | None = None
        self.outbox_callback: Callback | None = None
        self.interactors_callbacks: list[Callback] = []
        self.intents: list[Intent] = []
        self.follower_source: FollowerSource | None = None

    @property
    def edition(self) -> tuple[int, int, int, bool]:
        """What changes when anything is registered that decides which path is what, and what objects say of themselves.

        Registration only adds; it may go on while requests are answered.
        """
        return len(self.actors), len(self.objects), len(self.collections), self.outbox_callback is not None

    def actor(self, path: str) -> Callable[[CallbackT], CallbackT]:
        """Register who gives the actors: `(context, identifier) -> Actor | None`.

        Args:
            path: Template with one parameter, for example "/ap/users/{pk}". Ids are for ever: take what never
                changes, not the name.
        """
        template = parse_template(path)
        if len(template.parameters) != 1:
            raise ConfigurationError("an actor's path has exactly one parameter", path=path)

        def register(callback: CallbackT) -> CallbackT:
            if self.actors:
                raise ConfigurationError("there is one path for actors already", path=self.actors[0].template.text)
            self.actors.append(ActorRoute(template=template, callback=callback))
            return callback

        return register

    def handle(self, callback: CallbackT) -> CallbackT:
        """Register who maps names to identifiers: `(context, name) -> identifier | None`; asked by WebFinger."""
        if self.handle_callback is not None:
            raise ConfigurationError("names are mapped by one callback only")
        self.handle_callback = callback
        return callback

    def resource(self, callback: CallbackT) -> CallbackT:
        """Register who describes what is no actor: `(context, resource) -> JRD as a dict | None`; asked by WebFinger.

        The resource is text of somebody else's: any URI, a handle or an address (RFC 7033 section 4.5).
        """
        if self.resource_callback is not None:
            raise ConfigurationError("resources are described by one callback only")
        self.resource_callback = callback
        return callback

    def nodeinfo(self, callback: CallbackT) -> CallbackT:
        """Register who tells of the server: `(context) -> ServerFacts | None`; for NodeInfo, which anybody may read.

        It is asked at each request: keep figures that are dear to count.
        """
        if self.nodeinfo_callback is not None:
            raise ConfigurationError("NodeInfo is told by one callback only")
        self.nodeinfo_callback = callback
        return callback

    def intent(self, kind: str, template: str) -> None:
        """Name a page of the application where its people do something that they were asked for elsewhere (FEP-3b86).

        WebFinger tells it of every actor. The page shows what is to be done and lets its reader confirm: nothing
        changes by a GET. What it offers afterwards is read by `discovery.parse_afterwards`.

        Args:
            kind: A type of activity, such as "Follow", "Like" or "Create", or "Object" for a page that only shows it.
            template: A path with gaps, named as in ActivityStreams: "/intents/follow?uri={object}".

        Raises:
            ConfigurationError: No such kind or gap, no path, or the kind has a page already.
        """
        if any(intent.kind == kind for intent in self.intents):
            raise ConfigurationError("this intent has a page already", kind=kind)
        self.intents.append(build_intent(kind, template))

    def object(
        self, path: str, *, source: type[Any] | None = None, load: Callback | None = None
    ) -> Callable[[CallbackT], CallbackT]:
        """Register who maps the application's own things to objects: `(context, thing) -> Object | None`.

        Args:
            path: Template whose parameters are attributes of the thing, for example "/ap/posts/{pk}".
            source: Class of the things; `fed.publish(thing)` finds the route by it. Without one, the callback gets
                the path's parameters as keyword arguments instead of a thing.
            load: `(context, **parameters) -> thing | None`. Not needed where the backend can load by itself
                (Django models).
        """
        template = parse_template(path)

        def register(callback: CallbackT) -> CallbackT:
            self.objects.append(ObjectRoute(template=template, callback=callback, source=source, load=load))
            return callback

        return register

    def collection(
        self, path: str, name: str | None = None, *, ordered: bool | None = None
    ) -> Callable[[CallbackT], CallbackT]:
        """Register who gives the pages of a collection: `(context, identifier, PageRequest) -> Page | None`.

        The actor or object names the collection by itself. What a page holds are ids, models, or the application's own
        things; of models and things each reader is shown those that are for him (AP-08), ids are shown to all.
        `context.viewer` tells who asks. None: there is no such collection.

        Args:
            path: Template. A collection of actors has one parameter, the identifier. One of objects lives below them,
                with the same parameters: "/posts/{pk}/replies"; its callback gets each of them.
            name: Of an actor: "inbox" (shown to its owner alone), "outbox", "followers", "following", "liked",
                "featured", "featuredTags". Of an object: "replies", "likes", "shares", "context". None: a collection
                of your own, which nothing names by itself.
            ordered: Whether the order says something, as newest first does; None: as is usual for the name.

        Raises:
            ConfigurationError: No such name, or an actor's collection without exactly one parameter, or registered
                twice.
        """
        template = parse_template(path)
        if name is not None and name not in OF_ACTORS and name not in OF_OBJECTS:
            raise ConfigurationError("no property of this name holds a collection", name=name)
        if name in OF_ACTORS and len(template.parameters) != 1:
            raise ConfigurationError("the path of an actor's collection has exactly one parameter", path=path)

        def register(callback: CallbackT) -> CallbackT:
            made = CollectionRoute(
                template=template,
                callback=callback,
                name=name,
                ordered=name not in _UNORDERED if ordered is None else ordered,
            )
            self._add_collection(made)
            return callback

        return register

    def _add_collection(self, route: CollectionRoute) -> None:
        if route.name in OF_ACTORS and self.collection_of(route.name) is not None:
            raise ConfigurationError("actors have one collection of this name already", name=route.name)
        self.collections.append(route)

    def collection_of(self, name: str | None) -> CollectionRoute | None:
        """Give the registration of the actors' collection with this name, or None."""
        if name in OF_ACTORS:
            for route in self.collections:
                if route.name == name:
                    return route
        return None

    def outbox(self, path: str) -> Callable[[CallbackT], CallbackT]:
        """Register who gives an actor's posts, newest first: `(context, identifier, PageRequest) -> Page`."""
        return self.collection(path, "outbox")

    def authorize_owner(self, callback: CallbackT) -> CallbackT:
        """Register who tells owners from others: `(context, identifier, request) -> bool`, by session or token.

        The owner of an actor reads its inbox, and in its other collections what is not for everybody. It is asked at
        each request for a collection of an actor; `request` is a `fedtext.http.Request`, as it came.
        """
        if self.owner_callback is not None:
            raise ConfigurationError("owners are known by one callback only")
        self.owner_callback = callback
        return callback

    def on_outbox(self, callback: CallbackT) -> CallbackT:
        """Register who carries out what owners say through clients: `(context, identifier, activity) -> id`.

        A POST to an outbox by its owner (see `authorize_owner`) comes here as an activity of that actor, without an id;
        what is no activity has become a Create. The callback does what it says, or raises `PolicyRefusal`, and gives
        the id of the activity. `bto` and `bcc` are still there: `context.send` uses and removes them.
        """
        if self.outbox_callback is not None:
            raise ConfigurationError("what clients say is carried out by one callback only")
        self.outbox_callback = callback
        return callback

    def followers(self, source: FollowerSource) -> FollowerSource:
        """Register who knows the followers; `behaviors.Follows` does this."""
        if self.follower_source is not None:
            raise ConfigurationError("followers are kept by one source only")
        self.follower_source = source
        return source

    def interactors(self, callback: CallbackT) -> CallbackT:
        """Register who knows those that have liked, boosted or answered: `(context, object_id) -> ids of actors`.

        It is asked when an object of ours that everybody may see is revised or withdrawn, before the application has
        deleted it: their servers hold a copy, and are told (DLV-02). Several may be registered.
        """
        self.interactors_callbacks.append(callback)
        return callback

    def on(self, key: Any) -> Callable[[CallbackT], CallbackT]:
        """Register a listener for a type of activity: `(context, activity) -> None`.

        Only verified, origin-checked, owner-checked activities get here. A listener that raises is called again
        later: it must bear being called twice.

        Args:
            key: `Create`, `Create[Note]`, `Activity` for all, or an own type.
        """

        def register(callback: CallbackT) -> CallbackT:
            self.listeners.append(Listener(key, callback))
            return callback

        return register

    def on_unverified(self, callback: CallbackT) -> CallbackT:
        """Register who is told of refused deliveries: `(context, error, peeked) -> Response | None`.

        It gets the error and what the body claims, never a model. What it returns is answered in place of the refusal;
        whatever that is, nothing was taken. A peer that is told 2xx does not try again in another way.
        """
        self.unverified.append(callback)
        return callback

    def on_any(self, callback: CallbackT) -> CallbackT:
        """Register a listener for all activities, whatever their type: `on(Activity)`."""
        return self.on(Activity)(callback)

    def on_error(self, callback: CallbackT) -> CallbackT:
        """Register who is told that a listener has failed: `(context, ListenerFailure) -> None`.

        It is told each time, and cannot change what follows: the activity is handled again later, or kept as a dead
        letter (`fed.dead_letters`).
        """
        self.failed.append(callback)
        return callback

    def on_permanent_failure(self, callback: CallbackT) -> CallbackT:
        """Register who is told that a delivery is given up: `(context, PermanentFailure) -> None`.

        It is told once for each inbox, or again where the worker fell just then, and cannot change what follows. What
        was given up lies among the dead letters (`fed.dead_letters`), unless its recipient is gone for good.
        """
        self.undelivered.append(callback)
        return callback

    def include(self, router: Router) -> None:
        """Take over all that another router has registered."""
        for route in router.actors:
            self.actor(route.template.text)(route.callback)
        self.objects.extend(router.objects)
        for collection in router.collections:
            self._add_collection(collection)
        self.listeners.extend(router.listeners)
        self.unverified.extend(router.unverified)
        self.failed.extend(router.failed)
        self.undelivered.extend(router.undelivered)
        self.interactors_callbacks.extend(router.interactors_callbacks)
        if router.handle_callback is not None:
            self.handle(router.handle_callback)
        if router.resource_callback is not None:
            self.resource(router.resource_callback)
        for intent in router.intents:
            self.intent(intent.kind, intent.template)
        if router.nodeinfo_callback is not None:
            self.nodeinfo(router.nodeinfo_callback)
        if router.owner_callback is not None:
            self.authorize_owner(router.owner_callback)
        if router.outbox_callback is not None:
            self.on_outbox(router.outbox_callback)
        if router.follower_source is not None:
            self.followers(router.follower_source)

    def callbacks(self) -> list[Callback]:
        """Give every registered callback, for the checks at start-up."""
        found: list[Callback] = [route.callback for route in self.actors]
        found += [route.callback for route in self.objects]
        found += [route.callback for route in self.collections]
        found += [route.load for route in self.objects if route.load is not None]
        found += [listener.callback for listener in self.listeners]
        found += [*self.unverified, *self.failed, *self.undelivered, *self.interactors_callbacks]
        single = (
            self.handle_callback,
            self.resource_callback,
            self.nodeinfo_callback,
            self.owner_callback,
            self.outbox_callback,
        )
        found += [callback for callback in single if callback is not None]
        return found


_PLAIN: Final = frozenset({FunctionType, MethodType})


def is_async(callback: Callback) -> bool:
    """Tell whether calling it gives an awaitable."""
    code = getattr(callback, "__code__", None)
    if type(code) is CodeType and code.co_flags & CO_COROUTINE:  # a function or method, as nearly all of them
        return True
    if type(callback) in _PLAIN and getattr(callback, "_is_coroutine_mark", None) is None:
        return False
    inner = getattr(callback, "func", callback)
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(type(inner).__call__)
