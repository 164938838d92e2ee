"""Every way out of the library that is handed an address or a name: found by introspection, and how to go it.

`ways_out` finds the functions of `fetch` and `discovery` that take a Fetcher, `offered` what an application is offered
by `Context` and `Federation`. A new one has to be given its door here, or be named as one without network, or a test of
`tests/security/test_every_door.py` fails.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

import fedtext.discovery
import fedtext.fetch
from fedtext import Federation
from fedtext.discovery import (
    dereference,
    fetch_descriptor,
    fetch_jrd,
    fetch_nodeinfo,
    fetch_nodeinfo_index,
    lookup_actor,
    lookup_object,
    lookup_server_actor,
    resolve_handle,
)
from fedtext.discovery.handles import ask_host
from fedtext.discovery.host_meta import fetch_host_meta
from fedtext.federation.context import BlockingContext, Context
from fedtext.fetch import Fetcher, fetch_document, fetch_json, get_actor, get_object, resolve
from fedtext.fetch.caching import Validators
from fedtext.fetch.documents import fetch_found, fetch_if_changed
from fedtext.fetch.threads import ancestors, conversation
from fedtext.fetch.traversal import traverse
from fedtext.runtime.actions import Action
from fedtext.vocab import Actor, Create, Note, Person
from fedtext.wire.acct import Handle, parse_handle
from fedtext.wire.iri import Iri, Origin, parse_url

AP: Final = "application/activity+json"
FRONT: Final = "https://front.example.com"

Door = Callable[[Fetcher, str], Awaitable[object]]


async def go(door: Door, fetcher: Fetcher, url: str) -> object:
    """Go through a door; it may also raise before anything is awaited."""
    return await door(fetcher, url)


def of_handle(call: Callable[[Fetcher, Handle, Any], Awaitable[object]]) -> Door:
    """Make a door for addresses of one for handles: somebody of that host is asked for."""
    return lambda fetcher, url: call(fetcher, parse_handle(f"x@{authority_of(url)}"), fetcher.budget())


async def _drained(found: AsyncIterator[object]) -> object:
    """Give what a walk finds, or None."""
    return [one async for one in found] or None


def authority_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _origin(url: str) -> Origin:
    return Origin(parse_url(url).origin)


def _claims(url: str) -> Actor:
    """Give an actor whose claim leads to a host."""
    return Person(id=Iri(f"{FRONT}/users/x"), preferred_username="x", webfinger=f"x@{authority_of(url)}")


# Every way out of discovery and of fetch, by its name. A new one has to be added here, or the first test fails.
DOORS: dict[str, Door] = {
    "handles.ask_host": of_handle(ask_host),
    "handles.resolve_handle": lambda fetcher, url: resolve_handle(
        fetcher, Person(id=Iri(url), preferred_username="x"), fetcher.budget()
    ),
    "host_meta.fetch_host_meta": lambda fetcher, url: fetch_host_meta(fetcher, _origin(url), fetcher.budget()),
    "lookup.dereference": lambda fetcher, url: dereference(fetcher, url, fetcher.budget()),
    "lookup.lookup_actor": of_handle(lookup_actor),
    "lookup.lookup_object": lambda fetcher, url: lookup_object(fetcher, url, fetcher.budget()),
    "nodeinfo.fetch_nodeinfo": lambda fetcher, url: fetch_nodeinfo(fetcher, _origin(url), fetcher.budget()),
    "nodeinfo.fetch_nodeinfo_index": lambda fetcher, url: fetch_nodeinfo_index(fetcher, _origin(url), fetcher.budget()),
    "servers.lookup_server_actor": lambda fetcher, url: lookup_server_actor(fetcher, _origin(url), fetcher.budget()),
    "webfinger.fetch_descriptor": lambda fetcher, url: fetch_descriptor(
        fetcher, url, authority_of(url), fetcher.budget()
    ),
    "webfinger.fetch_jrd": of_handle(fetch_jrd),
    "documents.fetch_document": lambda fetcher, url: fetch_document(fetcher, url, fetcher.budget()),
    "documents.fetch_found": lambda fetcher, url: fetch_found(fetcher, url, fetcher.budget(), pages=True),
    "documents.fetch_if_changed": lambda fetcher, url: fetch_if_changed(
        fetcher, Validators(address=url, etag='"x"'), fetcher.budget(), url
    ),
    "documents.fetch_json": lambda fetcher, url: fetch_json(fetcher, url, fetcher.budget()),
    "fetcher.Fetcher.get": lambda fetcher, url: fetcher.get(
        url, accept=AP, accepts=lambda _type: True, budget=fetcher.budget()
    ),
    "keys.resolve": lambda fetcher, url: resolve(fetcher, f"{url}#key", fetcher.budget()),
    "threads.ancestors": lambda fetcher, url: _drained(
        ancestors(fetcher, Note(id=Iri(f"{FRONT}/1"), in_reply_to=url), fetcher.budget())
    ),
    "threads.conversation": lambda fetcher, url: _drained(
        conversation(fetcher, Note(id=Iri(f"{FRONT}/1"), context=url, replies=url), fetcher.budget())
    ),
    "traversal.traverse": lambda fetcher, url: _drained(traverse(fetcher, url, fetcher.budget())),
    "objects.get_actor": lambda fetcher, url: get_actor(fetcher, url, fetcher.budget()),
    "objects.get_object": lambda fetcher, url: get_object(fetcher, url, fetcher.budget()),
}
# They say nothing where nothing is to be had.
QUIET = {"handles.resolve_handle", "threads.ancestors", "threads.conversation"}
# They are given a host, or make one out of an address.
BY_HOST = {name for name in DOORS if name.startswith(("handles.", "webfinger.", "servers."))} | {"lookup.lookup_actor"}
# They take a Fetcher and never the network.
WITHOUT_NETWORK = {"fetcher.Fetcher.share", "keys.remember", "objects.cached_documents", "objects.expire_object"}


def ways_out() -> Iterator[str]:
    """Name every public coroutine function of the two layers that is handed a Fetcher, and those of the class."""
    for package in (fedtext.discovery, fedtext.fetch):
        for module_info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{module_info.name}")
            for name, value in inspect.getmembers(module, _is_asynchronous):
                own = value.__module__ == module.__name__ and not name.startswith("_")
                if own and "fetcher" in inspect.signature(value).parameters:
                    yield f"{module_info.name}.{name}"
    for name, _ in inspect.getmembers(Fetcher, _is_asynchronous):
        if not name.startswith("_"):
            yield f"fetcher.Fetcher.{name}"


def _is_asynchronous(value: object) -> bool:
    return inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value)


# ---- what an application is offered ----------------------------------------------------------------------------------

OWN: Final = "https://home.example.com/users/1"


def _create(url: str) -> Create:
    note = Note(id=Iri(f"{OWN}/notes/1"), attributed_to=OWN, content="hello", to=[url])
    return Create(id=Iri(f"{OWN}/creates/1"), actor=OWN, object=note, to=[url])


class Post:
    """What `Federation.publish` is given."""

    def __init__(self, to: str) -> None:
        self.to, self.pk = to, 1


# Each is called with what it belongs to and an address; what it queues is worked off afterwards.
OFFERED: dict[str, Callable[[Any, str], Any]] = {
    "Context.get": lambda context, url: context.get(url),
    "Context.get_actor": lambda context, url: context.get_actor(url),
    "Context.lookup": lambda context, url: context.lookup(url),
    "Context.handle_of": lambda context, url: context.handle_of(url),
    "Context.traverse": lambda context, url: context.traverse(url),
    "Context.ancestors": lambda context, url: context.ancestors(Note(id=Iri(f"{FRONT}/1"), in_reply_to=url)),
    "Context.conversation": lambda context, url: context.conversation(
        Note(id=Iri(f"{FRONT}/1"), context=url, replies=url)
    ),
    "Context.send": lambda context, url: context.send(_create(url), to=url),
    "Federation.lookup": lambda action, url: action(url),
    "Federation.send": lambda action, url: action(_create(url), to=url),
    "Federation.publish": lambda action, url: action(Post(url)),
    "Federation.revise": lambda action, url: action(Post(url)),
    "Federation.withdraw": lambda action, url: action(Post(url)),
    "Federation.join_relay": lambda action, url: action(url),
}
# They are handed no address, or only forget it.
OFFERED_WITHOUT_NETWORK: Final = {
    "Context.blocking",
    "Context.confirm",
    "Context.forget",
    "Context.is_deleted",
    "Federation.allow",
    "Federation.block",
    "Federation.check",
    "Federation.close_report",
    "Federation.dead_letters",
    "Federation.forget",
    "Federation.leave_relay",
    "Federation.pause_synchronization",
    "Federation.relays",
    "Federation.remove_actor",
    "Federation.hosts",
    "Federation.purge",
    "Federation.replay",
    "Federation.replay_all",
    "Federation.reports",
    "Federation.resume_synchronization",
    "Federation.rotate_key",
    "Federation.rules",
    "Federation.synchronization_pause",
    "Federation.unrule",
}


def offered() -> Iterator[str]:
    """Name every public method of `Context` beside the pure ones, and every action of `Federation`."""
    for name, value in vars(Context).items():
        if not name.startswith("_") and inspect.isfunction(value):
            yield f"Context.{name}"
    for name, value in vars(Federation).items():
        if not name.startswith("_") and (isinstance(value, Action) or inspect.iscoroutinefunction(value)):
            yield f"Federation.{name}"


def offered_blocking() -> Iterator[str]:
    """Name the same of `BlockingContext`."""
    for name, value in vars(BlockingContext).items():
        if not name.startswith("_") and inspect.isfunction(value):
            yield f"Context.{name}"
