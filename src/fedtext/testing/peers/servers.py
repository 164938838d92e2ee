"""Peer servers for tests: whole servers of this library that stand for other people's, and their actors.

Each exists twice under the same names: to be awaited (`Peer`, `PeerActor`) and to be called (`BlockingPeer`,
`BlockingPeerActor`).
"""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Iterator
from threading import Lock
from typing import Any, TypeVar

import attrs

from ...behaviors import FollowState
from ...config import Config, Scheme, Software
from ...errors import ConfigurationError
from ...federation.actor_keys import StoredKeys
from ...http import Request, Response
from ...keys import generate_rsa
from ...ports import PortSet, store_key
from ...runtime import Context, Federation, MemoryBackend
from ...social import Entry, Post, Social, SocialActor, Visibility
from ...sync import run_sync
from ...vocab import Activity, matches

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Profile:
    """How a peer server behaves.

    Args:
        software: What it calls itself.
        config: What it accepts.
        takes: The schemes of signatures that it understands.
        swallows: Whether it answers 202 to a POST that it does not understand, and drops it; else it answers 401.
    """

    software: Software
    config: Config
    takes: frozenset[Scheme] = frozenset(Scheme)
    swallows: bool = False

    def answer(self, request: Request) -> Response | None:
        """Answer a request that is signed in a way that this server does not understand; None: it does."""
        scheme = Scheme.RFC9421 if "signature-input" in request.headers else Scheme.CAVAGE
        if "signature" not in request.headers or scheme in self.takes:
            return None
        return Response(status=202 if self.swallows and request.method == "POST" else 401)


PROFILES = {
    "fedtext": Profile(software=Software("fedtext", "0"), config=Config()),
    "mastodon": Profile(software=Software("mastodon", "4.4.0"), config=Config.mastodon_compatible()),
    # What the schemes of signatures meet: a server that takes one of them alone, and one that says nothing of it.
    "rfc9421-only": Profile(software=Software("rfc9421-only", "0"), config=Config(), takes=frozenset({Scheme.RFC9421})),
    "cavage-only": Profile(software=Software("cavage-only", "0"), config=Config(), takes=frozenset({Scheme.CAVAGE})),
    "swallows-rfc9421": Profile(
        software=Software("swallows-rfc9421", "0"), config=Config(), takes=frozenset({Scheme.CAVAGE}), swallows=True
    ),
}


def profile_named(name: str) -> Profile:
    """Give a profile.

    Raises:
        ConfigurationError: There is none of this name.
    """
    if name not in PROFILES:
        raise ConfigurationError("there is no such profile", name=name, known=", ".join(PROFILES))
    return PROFILES[name]


class SharedKeys(StoredKeys):
    """Keys for tests: made once in a process and given out again, since making one takes longer than a test."""

    async def load(self, ports: PortSet, site: str, actor_id: str) -> bytes:
        """Give an actor's key: the n-th of a site is the same in every test."""
        name = store_key(site, "keypair", actor_id)
        found = await ports.store.get(name)
        if found is None:
            made = _shared_key(await ports.store.count(store_key(site, "keypair") + "/"))
            await ports.store.add_if_absent(name, made)
            found = await ports.store.get(name) or made
        return found


_made: list[bytes] = []
_making = Lock()


def _shared_key(number: int) -> bytes:
    with _making:
        while len(_made) <= number:
            _made.append(generate_rsa().pem().encode("ascii"))
        return _made[number]


class Inbox:
    """What has arrived for an actor, verified, in order of arrival."""

    def __init__(self) -> None:
        self.activities: list[Activity] = []

    def has(self, key: Any) -> bool:
        """Tell whether an activity of a kind has arrived: `Create`, `Create[Note]`, an own type."""
        return bool(self.of(key))

    def of(self, key: Any) -> list[Activity]:
        """Give the activities of a kind."""
        return [activity for activity in self.activities if matches(activity, key)]

    def __iter__(self) -> Iterator[Activity]:
        """Iterate in order of arrival."""
        return iter(self.activities)

    def __len__(self) -> int:
        """Count what has arrived."""
        return len(self.activities)


class Peer:
    """A peer server.

    Args:
        host: Its name.
        profile: What it behaves like.
    """

    def __init__(self, host: str, profile: str) -> None:
        chosen = profile_named(profile)
        self.host = host
        self.profile = chosen
        self.federation = Federation(
            f"https://{host}",
            backend=MemoryBackend(),
            software=chosen.software,
            config=chosen.config,
            keys=SharedKeys(),
            worker="off",
        )
        self.social = Social(self.federation)
        self.received: list[Activity] = []
        self._actors: dict[str, PeerActor] = {}
        self.federation.on(Activity)(self._record)

    async def actor(self, name: str) -> PeerActor:
        """Give the actor of this name; it is made at first."""
        if name not in self._actors:
            self._actors[name] = PeerActor(await self.social.create_actor(name, pk=name))
        return self._actors[name]

    async def _record(self, context: Context, activity: Activity) -> None:
        """Note what arrives; what comes to the shared inbox concerns those it addresses and who follow its actor."""
        self.received.append(activity)
        addressed = {*activity.to, *activity.cc}
        for actor in self._actors.values():
            pk = actor.actor.pk
            if context.recipient is None:
                state = await self.social.follows.following(context, pk, str(activity.actor_id))
                concerned = actor.uri in addressed or state is FollowState.ACCEPTED
            else:
                concerned = context.recipient == pk
            if concerned:
                actor.inbox.activities.append(activity)


class PeerActor:
    """Somebody on a peer server. What it is told to do is queued; it happens when the network settles."""

    def __init__(self, actor: SocialActor) -> None:
        self.actor = actor
        self.inbox = Inbox()

    @property
    def uri(self) -> str:
        """Its id."""
        return self.actor.uri

    @property
    def handle(self) -> str:
        """Its handle: "@bob@mastodon.example"."""
        return self.actor.handle

    async def follow(self, target: str) -> str:
        """Ask to follow a handle or id; gives the Follow's id."""
        return await self.actor.follow(target)

    async def unfollow(self, target: str) -> bool:
        """Stop following; False when it did not follow."""
        return await self.actor.unfollow(target)

    async def following(self, target: str) -> FollowState | None:
        """Tell how far following an id has come."""
        return await self.actor.following(target)

    async def followers(self) -> list[str]:
        """List the ids of its followers."""
        return await self.actor.followers()

    async def block(self, target: str) -> str:
        """Block a handle or id; gives the Block's id."""
        return await self.actor.block(target)

    async def post(self, text: str, *, visibility: Visibility = Visibility.PUBLIC, language: str | None = None) -> Post:
        """Write a post."""
        return await self.actor.post(text, visibility=visibility, language=language)

    async def reply(self, parent: Post | Entry | str, text: str, *, visibility: Visibility | None = None) -> Post:
        """Answer a post."""
        return await self.actor.reply(parent, text, visibility=visibility)

    async def edit(self, post: Post, text: str) -> Post:
        """Change what a post says."""
        return await self.actor.edit(post, text)

    async def delete(self, post: Post) -> None:
        """Delete a post."""
        await self.actor.delete(post)

    async def like(self, target: Entry | str) -> str:
        """Like a post; gives the Like's id."""
        return await self.actor.like(target)

    async def boost(self, target: Entry | str) -> str:
        """Boost a public post; gives the Announce's id."""
        return await self.actor.boost(target)

    async def undo(self, activity: str) -> bool:
        """Take back a like, boost or block by its id."""
        return await self.actor.undo(activity)

    async def timeline(self) -> list[Entry]:
        """Read its timeline, newest first."""
        return [entry async for entry in self.actor.timeline()]


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    return run_sync(coroutine, what="a port in a blocking test")


class BlockingPeer:
    """A peer server for plain tests; see `Peer`."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._actors: dict[str, BlockingPeerActor] = {}

    @property
    def host(self) -> str:
        """Its name."""
        return self._peer.host

    @property
    def received(self) -> Collection[Activity]:
        """All that has arrived."""
        return self._peer.received

    def actor(self, name: str) -> BlockingPeerActor:
        """Give the actor of this name; it is made at first."""
        if name not in self._actors:
            self._actors[name] = BlockingPeerActor(_run(self._peer.actor(name)))
        return self._actors[name]


class BlockingPeerActor:
    """Somebody on a peer server, for plain tests; see `PeerActor`."""

    def __init__(self, peer_actor: PeerActor) -> None:
        self._actor = peer_actor

    @property
    def inbox(self) -> Inbox:
        """What has arrived."""
        return self._actor.inbox

    @property
    def uri(self) -> str:
        """Its id."""
        return self._actor.uri

    @property
    def handle(self) -> str:
        """Its handle."""
        return self._actor.handle

    def follow(self, target: str) -> str:
        """See `PeerActor.follow`."""
        return _run(self._actor.follow(target))

    def unfollow(self, target: str) -> bool:
        """See `PeerActor.unfollow`."""
        return _run(self._actor.unfollow(target))

    def following(self, target: str) -> FollowState | None:
        """See `PeerActor.following`."""
        return _run(self._actor.following(target))

    def followers(self) -> list[str]:
        """See `PeerActor.followers`."""
        return _run(self._actor.followers())

    def block(self, target: str) -> str:
        """See `PeerActor.block`."""
        return _run(self._actor.block(target))

    def post(self, text: str, *, visibility: Visibility = Visibility.PUBLIC, language: str | None = None) -> Post:
        """See `PeerActor.post`."""
        return _run(self._actor.post(text, visibility=visibility, language=language))

    def reply(self, parent: Post | Entry | str, text: str, *, visibility: Visibility | None = None) -> Post:
        """See `PeerActor.reply`."""
        return _run(self._actor.reply(parent, text, visibility=visibility))

    def edit(self, post: Post, text: str) -> Post:
        """See `PeerActor.edit`."""
        return _run(self._actor.edit(post, text))

    def delete(self, post: Post) -> None:
        """See `PeerActor.delete`."""
        _run(self._actor.delete(post))

    def like(self, target: Entry | str) -> str:
        """See `PeerActor.like`."""
        return _run(self._actor.like(target))

    def boost(self, target: Entry | str) -> str:
        """See `PeerActor.boost`."""
        return _run(self._actor.boost(target))

    def undo(self, activity: str) -> bool:
        """See `PeerActor.undo`."""
        return _run(self._actor.undo(activity))

    def timeline(self) -> list[Entry]:
        """See `PeerActor.timeline`."""
        return _run(self._actor.timeline())
