"""Relays: join and leave one, take its answer, and give it what everybody may see (FEP-ae0c).

What goes to a relay: activities that address the public openly, of actors that say that they want to be found
(`discoverable`); a Delete always, since what it removes may have gone there before. Mastodon's style gets the activity
itself, with a linked-data signature, by which those who get it from the relay believe it; nobody else gets that
signature. LitePub's style gets an Announce of what was created, by the actor of the server.

Invariants: only whom we asked becomes a relay, and only by an answer to our own Follow, whose id nobody can guess, from
the origin that was asked; no network here but in `take_answer`, which the worker calls.

Interop: relays of the LitePub style look for themselves, or for the followers of the actor that speaks, in the
addressing, and take what addresses the public for the other style; some of them want that actor's path to end in
"/relay".

Sources: FEP-ae0c; DLV-20; `Activity-Relay` and `pleroma-relay` as the FEP names them.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final

import attrs

from ..delivery import FanoutTask, Provers, plan_deliveries, seal
from ..errors import ConfigurationError, DocumentError, FetchRefused, LocalProtocolError
from ..fetch import get_actor, origin_or_none
from ..keys import Algorithm
from ..ports import Event, PortSet, Task
from ..vocab import PUBLIC, Accept, Activity, Announce, Delete, Follow, Reject, Undo, dump
from ..wire.iri import Iri, parse_url
from ..wire.json import JsonObject, parse_object
from ..wire.timestamps import from_epoch_s
from . import serving
from .engine import Engine
from .relaybook import RELAYS_COUNT_MAX, Relay, RelayState, RelayStyle
from .sending import enqueue, fanout_task, ordering_key

_FOLLOWS: Final = "relay-follows"


# ---- joining and leaving ---------------------------------------------------------------------------------------------


async def join(engine: Engine, ports: PortSet, address: str, *, style: RelayStyle) -> Relay:
    """Ask a relay to let this server in; where it has done so already, nothing is sent.

    Args:
        engine: Of the asking server.
        ports: The store and the queue; no network.
        address: Its inbox (Mastodon style), or the id of its actor (LitePub style).
        style: How it is spoken to.

    Returns:
        Its record: pending until it answers, which may take days where somebody has to approve.

    Raises:
        MalformedIri: Not an absolute URL.
        FetchRefused: No https.
        ConfigurationError: It is this server, or there are `RELAYS_COUNT_MAX` already.
        PolicyRefusal: It is blocked.
    """
    url = parse_url(address)
    if url.origin in engine.own_origins:
        raise ConfigurationError("this server is no relay of its own", relay=address)
    if url.scheme != "https" and engine.config.dev is None:
        raise FetchRefused("a relay is asked by https", url=address)
    await engine.rulebook.refresh(ports)
    engine.refuse(address)
    known = await engine.relaybook.refresh(ports)
    former = engine.relaybook.of_address(address)
    if former is not None and former.is_accepted and former.style is style:
        return former
    if former is None and len(known) >= RELAYS_COUNT_MAX:
        raise ConfigurationError("no more relays can be joined", relays=len(known))
    named = {"inbox": address} if style is RelayStyle.MASTODON else {"actor": address}
    relay = Relay(
        address=address,
        style=style,
        state=RelayState.PENDING,
        since_s=ports.clock.now_s(),
        follow_id=f"{engine.instance_actor_id}#{_FOLLOWS}/{ports.randomness.token(16).hex()}",
        **named,
    )
    # First the record: the answer may be here before the queue has said that the question waits.
    await engine.relaybook.put(ports, relay)
    await _say(engine, ports, relay, _follow(engine, relay))
    return relay


async def leave(engine: Engine, ports: PortSet, address: str) -> bool:
    """Take back what a relay was asked, and send it nothing more; False when it was never asked."""
    await engine.relaybook.refresh(ports)
    relay = engine.relaybook.of_address(address)
    if relay is None:
        return False
    follow = _follow(engine, relay)
    undo = Undo(id=Iri(f"{relay.follow_id}/undo"), actor=engine.instance_actor_id, to=follow.to, object=follow)
    await _say(engine, ports, relay, undo)
    return await engine.relaybook.remove(ports, address)


def _follow(engine: Engine, relay: Relay) -> Follow:
    """Give the Follow by which a relay is, or was, asked: the same each time."""
    mastodon = relay.style is RelayStyle.MASTODON
    return Follow(
        id=Iri(relay.follow_id),
        actor=engine.instance_actor_id,
        to=() if mastodon else (relay.address,),
        object=PUBLIC if mastodon else Iri(relay.address),
    )


async def _say(engine: Engine, ports: PortSet, relay: Relay, activity: Activity) -> None:
    """Queue something for a relay alone: straight to its inbox where that is what it is known by."""
    if relay.style is RelayStyle.LITEPUB:
        await enqueue(engine, ports, fanout_task(engine, ports, activity, (relay.address,)), within=None)
    elif relay.inbox is not None:
        task = _sealed(engine, activity, ordering=ordering_key(activity))
        await ports.queue.enqueue(plan_deliveries(task, [relay.inbox]))


def _sealed(engine: Engine, activity: Activity, *, ordering: str) -> FanoutTask:
    """Seal an activity of the server's own actor."""
    sealed = seal(dump(activity), engine.config.limits)
    return FanoutTask(
        site=engine.site.origin,
        sender="",
        activity_id=sealed.activity_id,
        actor=sealed.actor,
        body=sealed.body.decode("utf-8"),
        digest=sealed.digest,
        recipients=(),
        blind=(),
        followers_of=(),
        cursor="",
        reached=(),
        ordering_key=ordering,
        shared=True,
    )


# ---- what a relay answers --------------------------------------------------------------------------------------------


async def take_answer(engine: Engine, activity: Activity, ports: PortSet) -> None:
    """Take note of what a relay says of our asking; whatever else arrives is none of this.

    Args:
        engine: Of the asking server.
        activity: Authentic.
        ports: The way out too: where a relay is known by its actor, its inbox is looked up.

    Raises:
        FetchError: The actor of a relay that has accepted cannot be had now.
        PortError: Of store or queue.
    """
    if not isinstance(activity, Accept | Reject | Follow | Delete):
        return
    await engine.relaybook.refresh(ports)
    if isinstance(activity, Accept | Reject):
        relay = engine.relaybook.of_follow(activity.object_id)
        if relay is not None and _is_by(relay, str(activity.actor_id)):
            await _answered(engine, relay, activity, ports)
        return
    relay = engine.relaybook.of_actor(str(activity.actor_id))
    if relay is None:
        return
    if isinstance(activity, Follow) and activity.object_id == engine.instance_actor_id:
        await _let_follow(engine, relay, activity, ports)
    elif isinstance(activity, Delete) and activity.object_id == activity.actor_id:
        await _note(engine, attrs.evolve(relay, state=RelayState.REJECTED), ports)


def _is_by(relay: Relay, actor_id: str) -> bool:
    """Tell whether an answer is by whom was asked: that actor, or one of the origin of that inbox."""
    if relay.actor is not None:
        return relay.actor == actor_id
    return relay.inbox is not None and origin_or_none(relay.inbox) == origin_or_none(actor_id)


async def _answered(engine: Engine, relay: Relay, answer: Accept | Reject, ports: PortSet) -> None:
    actor_id = str(answer.actor_id)
    if isinstance(answer, Reject):
        await _note(engine, attrs.evolve(relay, actor=actor_id, state=RelayState.REJECTED), ports)
        return
    changed = attrs.evolve(relay, actor=actor_id, state=RelayState.ACCEPTED)
    if relay.style is RelayStyle.LITEPUB:
        fetcher = engine.fetcher(ports)
        actor = await get_actor(fetcher, actor_id, fetcher.budget())
        changed = attrs.evolve(changed, inbox=actor.inbox, followers=actor.followers)
    await _note(engine, changed, ports)


async def _note(engine: Engine, relay: Relay, ports: PortSet) -> None:
    """Keep what has changed; since when it is so moves only where the state does."""
    former = engine.relaybook.of_address(relay.address)
    if former is None or former.state is not relay.state:
        relay = attrs.evolve(relay, since_s=ports.clock.now_s())
    await engine.relaybook.put(ports, relay)
    ports.observer.emit(Event(name=f"relay.{relay.state.value}", fields={"relay": relay.address}))


async def _let_follow(engine: Engine, relay: Relay, follow: Follow, ports: PortSet) -> None:
    """Let a relay that we asked follow the server's own actor, as the LitePub style has it; nobody else may."""
    if relay.state is RelayState.REJECTED or relay.actor is None:
        return
    me, actor_id = engine.instance_actor_id, Iri(relay.actor)
    accept = Accept(
        id=Iri(f"{me}#accepts/{sha256(str(follow.id).encode()).hexdigest()[:32]}"),
        actor=me,
        to=(actor_id,),
        object=Follow(id=follow.id, actor=actor_id, object=me),
    )
    await enqueue(engine, ports, fanout_task(engine, ports, accept, (actor_id,)), within=None)


# ---- what relays get -------------------------------------------------------------------------------------------------


async def relay_deliveries(
    engine: Engine, task: FanoutTask, ports: PortSet, *, refused: Callable[[str], bool]
) -> list[Task]:
    """Plan the deliveries of an activity to the relays that have let this server in.

    Args:
        engine: Of the sending server.
        task: An activity that relays are to get, proved.
        ports: The store: the record of relays, and keys.
        refused: Tells whether nothing may be sent to an IRI.
    """
    relays = [
        (relay, relay.inbox)
        for relay in await engine.relaybook.refresh(ports)
        if relay.is_accepted and relay.inbox is not None and not refused(relay.inbox)
    ]
    if not relays:
        return []
    document = parse_object(task.body.encode("utf-8"), engine.config.limits)
    if not await _is_offered(engine, task, document, ports):
        return []
    jobs: list[Task] = []
    forwarding = [inbox for relay, inbox in relays if relay.style is RelayStyle.MASTODON]
    if forwarding:
        plain = attrs.evolve(task, recipients=(), blind=(), followers_of=(), relays=False, everybody=False)
        jobs += plan_deliveries(await _signed(engine, plain, document, ports), forwarding)
    for relay, inbox in relays:
        announce = _announce(engine, relay, document, ports) if relay.style is RelayStyle.LITEPUB else None
        if announce is not None:
            jobs += plan_deliveries(_sealed(engine, announce, ordering=task.ordering_key), [inbox])
    return jobs


async def _is_offered(engine: Engine, task: FanoutTask, document: JsonObject, ports: PortSet) -> bool:
    """Tell whether the actor of an activity wants to be found; what was found once may always be removed."""
    if document.get("type") == "Delete":
        return True
    actor = await serving.own_actor(engine, task.sender, ports) if task.sender else None
    return actor is not None and actor.discoverable is True


async def _signed(engine: Engine, task: FanoutTask, document: JsonObject, ports: PortSet) -> FanoutTask:
    """Add the linked-data signature by which others believe what a relay passes on."""
    if "signature" in document:
        return task
    key = await engine.keys.signing_key(ports, task.site, task.actor, algorithm=Algorithm.RSA)
    try:
        sealed = seal(document, engine.config.limits, Provers(linked_data=key, now_s=ports.clock.now_s()))
    except (DocumentError, LocalProtocolError) as error:  # it has just the size that others take
        ports.observer.emit(Event(name="relay.unsigned", fields={"id": task.activity_id, "code": error.code}))
        return task
    return attrs.evolve(task, body=sealed.body.decode("utf-8"), digest=sealed.digest)


def _announce(engine: Engine, relay: Relay, document: JsonObject, ports: PortSet) -> Announce | None:
    """Announce what was created, by its id; other activities are not announced."""
    created = document.get("object")
    object_id = created.get("id") if isinstance(created, dict) else created
    if document.get("type") != "Create" or not isinstance(object_id, str):
        return None
    me = engine.instance_actor_id
    mark = sha256(f"{object_id}\n{relay.address}".encode()).hexdigest()[:32]
    addressed = (relay.actor, relay.followers, f"{me}/followers")
    return Announce(
        id=Iri(f"{me}#announces/{mark}"),
        actor=me,
        published=from_epoch_s(ports.clock.now_s()),
        to=tuple(Iri(iri) for iri in addressed if iri is not None),
        object=Iri(object_id),
    )
