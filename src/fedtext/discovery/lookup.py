"""From a handle or an address to an actor or object, checked both ways.

A handle is believed only when the host of the handle and the actor agree: the JRD's subject on its host names the
actor, and the actor's own name on that host leads back to it (WF-09, WF-10, WF-20, SEC-154).
"""

from __future__ import annotations

from typing import Final

from ..errors import OriginMismatch
from ..fetch import Budget, Fetcher, get_actor, get_object
from ..vocab import Actor, Object
from ..wire.acct import Handle, parse_acct_uri, parse_handle, split
from ..wire.iri import parse_url
from .handles import ask_host, resolve_handle, same_handle

_ACCT: Final = "acct:"


async def lookup_object(fetcher: Fetcher, text: str, budget: Budget) -> Object:
    """Find what somebody has typed: a handle (`@user@host`), or the address of a document or of a page about it.

    Raises:
        MalformedText: Neither a handle nor a URL.
        FetchError: Not to be had.
        OriginMismatch: Handle and actor, or page and document, do not name each other.
    """
    if "://" in text:
        return await get_object(fetcher, text, budget, elsewhere=True)
    return await lookup_actor(fetcher, parse_handle(text), budget)


async def dereference(fetcher: Fetcher, uri: str, budget: Budget) -> Object:
    """Give what a URI in a document stands for: an address is fetched, an acct URI led by WebFinger (FEP-4adb).

    Args:
        fetcher: The way out.
        uri: "https:" or "acct:".
        budget: Shared by all that one message causes.

    Raises:
        MalformedText: An acct URI that is none.
        MalformedIri: A URI of another scheme: no host can be asked whose it is.
        FetchError: Not to be had.
        OriginMismatch: The handle and its actor do not name each other.
    """
    if uri[: len(_ACCT)].lower() == _ACCT:
        return await lookup_actor(fetcher, parse_acct_uri(uri), budget)
    return await get_object(fetcher, uri, budget)


async def lookup_actor(fetcher: Fetcher, handle: Handle, budget: Budget) -> Actor:
    """Find the actor of a handle.

    Args:
        fetcher: The way out.
        handle: "user@host".
        budget: Shared by all steps.

    Raises:
        FetchError: Not to be had.
        OriginMismatch: The subject is another's, or the actor goes by another name.
    """
    subject, actor_id = await ask_host(fetcher, handle, budget)
    actor = await get_actor(fetcher, actor_id, budget)
    if not _calls_itself(actor, subject):
        # The handle is of another host than the actor: the actor's host must know it by the same name.
        confirmed = await resolve_handle(fetcher, actor, budget)
        if confirmed is None or not same_handle(confirmed, subject):
            raise OriginMismatch("the actor goes by another name", subject=subject, name=confirmed or "")
    return actor


def _calls_itself(actor: Actor, subject: Handle) -> bool:
    """Tell whether the actor's own document, at its own host, claims the handle."""
    if actor.webfinger is not None and same_handle(actor.webfinger, subject):
        return True
    user, host = split(subject)
    name = actor.preferred_username
    return name is not None and same_handle(name, user) and parse_url(actor.id or "").authority == host
