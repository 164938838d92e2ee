"""Whom an activity reaches besides those in its addressing.

What everybody may see also goes to those whom it concerns: who is mentioned, whose post is answered or quoted, and, of
an edit or a removal, those who have liked, boosted or answered it: their servers hold a copy. One actor of each server
is enough for that. What is for some goes to these alone.

When an actor is removed, every server that has ever met this one is told: the copies may be anywhere.

Sources: DLV-02, DLV-19; `status_reach_finder.rb` of Mastodon, as wire.md describes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

import attrs

from ..delivery import FanoutTask, encode_task
from ..errors import ConfigurationError, FedtextError, PortError
from ..fetch import cached_documents, origin_or_none
from ..ports import Lane, LaneKind, PortSet, Task, store_key, store_prefix
from ..vocab import Activity, Create, Mention, Object, is_public, reference_id
from ..wire.iri import origin_of
from ..wire.json import JsonObject
from . import serving
from .engine import Engine
from .mentions import AUTHOR_OF
from .relays import relay_deliveries

INTERACTORS_COUNT_MAX: Final = 10_000
"""So many of those who have interacted with an object are looked at; one of each server is told."""

HOSTS_PER_JOB_MAX: Final = 100
"""So many servers one job finds that are told of an actor's end."""

_ACTORS_PER_HOST_MAX: Final = 20


# ---- when it is queued -----------------------------------------------------------------------------------------------


async def besides(engine: Engine, activity: Activity, about: Object, ports: PortSet) -> tuple[str, ...]:
    """Give whom an activity about an own object also goes to: ids, or "author-of:…" of what nobody here has seen.

    Args:
        engine: Knows the application.
        activity: What is sent, with its addressing.
        about: The object, complete.
        ports: Of the caller; no network.
    """
    if not any(is_public(iri) for iri in (*activity.to, *activity.cc)):
        return ()
    found = [str(tag.href) for tag in about.tag if isinstance(tag, Mention) and _is_address(tag.href)]
    found += [author for iri in _answered(about) if (author := await _author(engine, iri, ports)) is not None]
    if not isinstance(activity, Create):
        found += _one_of_each(await _interactors(engine, str(about.id), ports), engine.site.origin)
    known = {*activity.to, *activity.cc, *activity.bto, *activity.bcc, activity.actor_id}
    named = [iri for iri in dict.fromkeys(found) if iri not in known]
    return tuple(named[: max(0, engine.config.limits.recipients_count_max - len(known))])


def _is_address(href: object) -> bool:
    return isinstance(href, str) and href.startswith(("https://", "http://"))


def _answered(about: Object) -> list[str]:
    """Give the ids of what is answered and of what is quoted."""
    named = (reference_id(about.in_reply_to), about.quoted_id)
    return [str(iri) for iri in named if iri is not None and _is_address(iri)]


async def _author(engine: Engine, iri: str, ports: PortSet) -> str | None:
    """Give the author of an object: of ours, or as a copy says that we have; else what stands for him."""
    if iri.startswith(engine.site.origin + "/"):
        try:
            return _attributed(await serving.local_document(engine, iri, ports))
        except PortError:
            raise
        except FedtextError:  # it is gone, or was never there
            return None
    copies = await cached_documents(engine.fetcher(ports), [iri])
    return (_attributed(copies[iri]) if iri in copies else None) or AUTHOR_OF + iri


def _attributed(document: JsonObject) -> str | None:
    author = document.get("attributedTo")
    author = author.get("id") if isinstance(author, dict) else author
    return author if isinstance(author, str) else None


async def _interactors(engine: Engine, object_id: str, ports: PortSet) -> list[str]:
    """Ask the application who has interacted with an own object."""
    found: list[str] = []
    for callback in engine.router.interactors_callbacks:
        given = await engine.caller.call(callback, engine.context(ports), object_id)
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise ConfigurationError("the interactors callback gives ids of actors", given=type(given).__name__)
        found += [str(actor_id) for actor_id, _ in zip(given, range(INTERACTORS_COUNT_MAX), strict=False)]
    return found


def _one_of_each(actor_ids: Sequence[str], own_origin: str) -> Iterator[str]:
    """Give one actor of each server but ours, in order."""
    origins: set[str] = {own_origin}
    for actor_id in actor_ids:
        origin = origin_or_none(actor_id)
        if origin is not None and origin not in origins:
            origins.add(origin)
            yield actor_id


# ---- when it is fanned out -------------------------------------------------------------------------------------------


async def beyond(
    engine: Engine,
    task: FanoutTask,
    ports: PortSet,
    *,
    refused: Callable[[str], bool],
    single: Callable[[Engine, FanoutTask, str], list[Task]],
) -> tuple[FanoutTask, list[Task]]:
    """Plan what relays get, and what every server gets that is known here.

    Args:
        engine: Of the sending server.
        task: Proved.
        ports: The store.
        refused: Tells whether nothing may be sent to an IRI.
        single: Plans the search for one actor's inbox.

    Returns:
        What is left of the task, and the jobs, which belong into the same transaction.
    """
    jobs = await relay_deliveries(engine, task, ports, refused=refused) if task.relays else []
    rest = attrs.evolve(task, relays=False)
    if not task.everybody or task.recipients or task.followers_of:  # these come first
        return rest, jobs
    return attrs.evolve(rest, everybody=False), [*jobs, *await _known_servers(engine, rest, ports, single)]


async def _known_servers(
    engine: Engine, task: FanoutTask, ports: PortSet, single: Callable[[Engine, FanoutTask, str], list[Task]]
) -> list[Task]:
    """Plan the deliveries to one actor of each of the next servers, and the job for those after them."""
    jobs: list[Task] = []
    told = {origin_or_none(inbox) for inbox in task.reached}
    cursor, part = task.cursor, attrs.evolve(task, everybody=False, cursor="", shared=True)
    for _ in range(HOSTS_PER_JOB_MAX):
        rows = await ports.store.scan(store_prefix(task.site, "known"), after=cursor, limit=_ACTORS_PER_HOST_MAX)
        if not rows:
            return jobs
        known = [unquote(key.rpartition("/")[2]) for key, _value in rows]
        origin = origin_or_none(known[0])
        if origin is None:
            cursor = rows[0][0]
            continue
        cursor = _behind(task.site, known[0])
        if origin not in told:
            neighbours = [iri for iri in known if origin_or_none(iri) == origin]
            copies = await cached_documents(engine.fetcher(ports), neighbours)
            jobs += single(engine, part, next((iri for iri in neighbours if iri in copies), neighbours[0]))
    return [*jobs, _next_part(attrs.evolve(task, cursor=cursor))]


def _behind(site: str, actor_id: str) -> str:
    """Give a key behind those of all that one server has: "~" comes after whatever else stands in keys."""
    return store_key(site, "known", f"{origin_of(actor_id)}/") + "~~"


def _next_part(task: FanoutTask) -> Task:
    mark = sha256(f"{task.activity_id}\n{task.cursor}".encode()).hexdigest()
    return Task(
        site=task.site,
        lane=Lane(LaneKind.FANOUT, task.site),
        payload=encode_task(task),
        dedupe_key=store_key(task.site, "everybody", mark),
        ordering_key=task.ordering_key,
    )
