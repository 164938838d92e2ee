"""The handle of an actor: what it is called, as the hosts say that have to know (WF-09, WF-10, WF-20).

A name is believed only when the host of the handle names the actor and the actor's side names the handle. At most one
hop leads from the asked handle to the subject that is its true one; a handle is a name and may change, an id never.

Sources: the SWICG report on ActivityPub and WebFinger, section 2.2; FEP-2c59; SEC-154.
"""

from __future__ import annotations

from ..errors import DocumentError, FetchError, MalformedText, OriginMismatch, TypeMismatch
from ..fetch import Budget, Fetcher
from ..vocab import Actor
from ..wire.acct import Handle, parse_handle
from ..wire.iri import parse_url
from .webfinger import fetch_jrd


async def resolve_handle(fetcher: Fetcher, actor: Actor, budget: Budget) -> Handle | None:
    """Ask the network for the handle of an actor.

    Args:
        fetcher: The way out.
        actor: As fetched from its id.
        budget: Shared by all steps.

    Returns:
        The confirmed handle, or None: it goes by no handle that anybody confirms; show the id instead.

    Raises:
        FetchError: A host cannot be reached now; later it may say something.
    """
    claimed = claimed_handle(actor)
    if claimed is None or actor.id is None:
        return None
    try:
        subject, actor_id = await ask_host(fetcher, claimed, budget)
    except FetchError as error:
        if not error.permanent:
            raise
        return None
    except (DocumentError, OriginMismatch):
        return None
    return subject if actor_id == actor.id else None


def claimed_handle(actor: Actor) -> Handle | None:
    """Give the handle that an actor itself claims: `webfinger`, else its name at the host of its id; pure."""
    if actor.id is None:
        return None
    name = actor.preferred_username
    claims = [actor.webfinger, None if name is None else f"{name}@{parse_url(actor.id).authority}"]
    for claim in claims:
        try:
            if claim is not None:
                return parse_handle(claim)
        except MalformedText:
            continue
    return None


async def ask_host(fetcher: Fetcher, handle: Handle, budget: Budget) -> tuple[Handle, str]:
    """Ask the host of a handle whose it is.

    Returns:
        The true handle (the subject), and the id of the actor.

    Raises:
        FetchError: Not to be had.
        DocumentError: Not a JRD with a subject and an actor.
        OriginMismatch: The host of the subject says something else.
    """
    subject, actor_id = await _ask(fetcher, handle, budget)
    if same_handle(subject, handle):
        return subject, actor_id
    # One hop is allowed (WF-09): the host of the subject must say the same of itself.
    confirmed, other_id = await _ask(fetcher, subject, budget)
    if other_id != actor_id or not same_handle(confirmed, subject):
        raise OriginMismatch("the hosts of the handle disagree", handle=handle, subject=subject)
    return confirmed, actor_id


def same_handle(one: str, other: str) -> bool:
    """Compare handles as servers do: without case."""
    return one.lower() == other.lower()


async def _ask(fetcher: Fetcher, handle: Handle, budget: Budget) -> tuple[Handle, str]:
    jrd = await fetch_jrd(fetcher, handle, budget)
    actor_id = jrd.actor_id()
    if actor_id is None:
        raise TypeMismatch("the JRD links no actor", handle=handle)
    if jrd.subject is None:
        raise TypeMismatch("the JRD has no subject", handle=handle)
    return parse_handle(jrd.subject), actor_id
