"""From a handle or an address to an actor or object, checked both ways.

A handle is believed only when the host of the handle and the actor agree: the JRD's subject on its host names the
actor, and the actor's own name on that host leads back to it (WF-09, WF-10, WF-20, SEC-154).
"""

from __future__ import annotations

from ..errors import DocumentError, FetchError, OriginMismatch, TypeMismatch
from ..fetch import Budget, Fetcher, get_actor, get_object
from ..vocab import Actor, Object
from ..wire.acct import Handle, parse_handle, split
from ..wire.iri import parse_url
from .webfinger import JRD, fetch_jrd


async def lookup_object(fetcher: Fetcher, text: str, budget: Budget) -> Object:
    """Find what a handle (`@user@host`) or an absolute URL names.

    Raises:
        MalformedText: Neither a handle nor a URL.
        FetchError: Not to be had.
        OriginMismatch: Handle and actor do not name each other.
    """
    if "://" in text:
        return await get_object(fetcher, text, budget)
    return await lookup_actor(fetcher, parse_handle(text), budget)


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
    jrd, actor_id = await _find(fetcher, handle, budget)
    subject = _subject(jrd)
    if subject.lower() != handle.lower():
        # One redirection of the subject is allowed (WF-09): the other host must say the same of itself.
        jrd, other_id = await _find(fetcher, subject, budget)
        if other_id != actor_id or _subject(jrd).lower() != subject.lower():
            raise OriginMismatch("the hosts of the handle disagree", handle=handle, subject=subject)
    actor = await get_actor(fetcher, actor_id, budget)
    await _confirm(fetcher, actor, subject, budget)
    return actor


async def _find(fetcher: Fetcher, handle: Handle, budget: Budget) -> tuple[JRD, str]:
    jrd = await fetch_jrd(fetcher, handle, budget, scheme=_scheme(fetcher, handle))
    actor_id = jrd.actor_id()
    if actor_id is None:
        raise TypeMismatch("the JRD links no actor", handle=handle)
    return jrd, actor_id


def _scheme(fetcher: Fetcher, handle: Handle) -> str:
    """Choose https always, but for hosts that `DevPolicy` lists and that are to be reached without TLS."""
    dev = fetcher.config.dev
    if dev is None or "http" not in dev.schemes:
        return "https"
    _user, host = split(handle)
    name = host.rpartition(":")[0] or host
    return "http" if name in dev.hosts and dev.ca_file is None else "https"


def _subject(jrd: JRD) -> Handle:
    return parse_handle(jrd.subject)


async def _confirm(fetcher: Fetcher, actor: Actor, subject: Handle, budget: Budget) -> None:
    """Demand that the actor goes by the handle's name, itself or through its own host."""
    user, host = split(subject)
    if actor.webfinger is not None and actor.webfinger.lower() == subject.lower():
        return
    name = actor.preferred_username
    if name is None or name.lower() != user.lower():
        raise OriginMismatch("the actor goes by another name", subject=subject, name=name or "")
    actor_host = parse_url(actor.id or "").authority
    if actor_host == host:
        return
    try:
        _jrd, actor_id = await _find(fetcher, parse_handle(f"{name}@{actor_host}"), budget)
    except (FetchError, DocumentError) as error:
        raise OriginMismatch("the actor's own host does not confirm the handle", subject=subject) from error
    if actor_id != actor.id:
        raise OriginMismatch("the actor's own host names another actor", subject=subject)
