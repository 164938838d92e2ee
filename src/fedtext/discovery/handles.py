"""The handle of an actor: what it is called, as the hosts say that have to know (WF-09, WF-10, WF-20).

A name is believed only when the host of the handle names the actor and the actor's side names the handle. At most one
hop leads from the asked handle to the subject that is its true one; a handle is a name and may change, an id never.

Sources: the SWICG report on ActivityPub and WebFinger, section 2.2; FEP-2c59; SEC-154.
"""

from __future__ import annotations

from typing import Final

from ..errors import (
    BodyTooLarge,
    BudgetExhausted,
    DocumentError,
    FedtextError,
    FetchError,
    Gone,
    HTTPStatusError,
    MalformedText,
    OriginMismatch,
    TypeMismatch,
    WrongMediaType,
)
from ..fetch import Budget, Fetcher
from ..ports import store_key
from ..vocab import Actor
from ..wire.acct import Handle, parse_handle
from ..wire.iri import parse_url
from ..wire.json import JsonObject, dump, parse_object
from .webfinger import fetch_jrd

# What a host says for good, as it is kept; whatever passes, and what was never sent, is not.
_REFUSALS: Final[tuple[tuple[type[FedtextError], str], ...]] = (
    (Gone, "gone"),
    (HTTPStatusError, "absent"),
    (WrongMediaType, "absent"),
    (BodyTooLarge, "absent"),
    (OriginMismatch, "disagreement"),
    (DocumentError, "malformed"),
)


async def resolve_handle(fetcher: Fetcher, actor: Actor, budget: Budget, *, fresh: bool = False) -> Handle | None:
    """Give the handle of an actor, as its hosts confirm it: reverse discovery (WF-10, WF-11).

    Args:
        fetcher: The way out.
        actor: As fetched from its id.
        budget: Shared by all steps.
        fresh: Ask the network in any case; see `ask_host`.

    Returns:
        The confirmed handle, or None: it goes by no handle that anybody confirms; show the id instead (WF-20).

    Raises:
        FetchError: A host cannot be reached now; later it may say something.
    """
    claimed = claimed_handle(actor)
    if claimed is None or actor.id is None:
        return None
    try:
        subject, actor_id = await ask_host(fetcher, claimed, budget, fresh=fresh)
    except BudgetExhausted:  # says nothing of the handle
        raise
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


async def ask_host(fetcher: Fetcher, handle: Handle, budget: Budget, *, fresh: bool = False) -> tuple[Handle, str]:
    """Ask the host of a handle whose it is.

    What it says is kept for as long as an actor is, that it refuses for as long as an absence; of many who ask at once
    one goes out (SEC-110). A handle is asked about as it is spelled: whether case matters, its host says (WF-12).

    Args:
        fetcher: The way out.
        handle: "user@host".
        budget: Shared by all steps.
        fresh: Ask the network in any case.

    Returns:
        The true handle (the subject), and the id of the actor.

    Raises:
        FetchError: Not to be had.
        DocumentError: Not a JRD with a subject and an actor.
        OriginMismatch: The host of the subject says something else.
    """
    store, policy = fetcher.ports.store, fetcher.config.fetch
    key = store_key(fetcher.site, "acct", handle)
    kept = None if fresh else await store.get(key)
    if kept is not None:
        return _restored(parse_object(kept, fetcher.config.limits), handle)

    async def ask() -> tuple[Handle, str]:
        try:
            subject, actor_id = await _ask_both(fetcher, handle, budget)
        except FedtextError as error:
            word = next((word for kind, word in _REFUSALS if isinstance(error, kind)), None)
            if word is not None:
                await store.put(key, dump({"refused": word}), ttl_s=policy.absent_fresh_s)
            raise
        await store.put(key, dump({"subject": subject, "actor": actor_id}), ttl_s=policy.actor_fresh_s)
        return subject, actor_id

    return await fetcher.share(key, ask)


def _restored(kept: JsonObject, handle: Handle) -> tuple[Handle, str]:
    """Say again what was found, or what was wrong."""
    match kept:
        case {"subject": str(subject), "actor": str(actor_id)}:
            return parse_handle(subject), actor_id
        case {"refused": "gone"}:
            raise Gone("it was gone a moment ago", handle=handle)
        case {"refused": "disagreement"}:
            raise OriginMismatch("the hosts of the handle disagreed a moment ago", handle=handle)
        case {"refused": "malformed"}:
            raise TypeMismatch("its host did not say whose it is a moment ago", handle=handle)
        case _:
            raise HTTPStatusError("it was not to be had a moment ago", handle=handle)


async def _ask_both(fetcher: Fetcher, handle: Handle, budget: Budget) -> tuple[Handle, str]:
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
