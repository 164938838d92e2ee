"""What a relay announces: a hint where to look, never content.

An Announce by a relay that has let this server in is no boost: nobody chose it. What it names is fetched from its own
origin, and goes to the listeners as the Create that its author's server would have sent us had it known of us; with
`evidence.how` "origin", and no id. From whoever else, an Announce is what it is.

Invariants: nothing of what the relay wrote but one id is used; what is fetched is for everybody, of the origin of its
author, and neither of them is refused here; one object comes once, however many relays name it.

Sources: FEP-ae0c; DLV-20, SEC-131, SEC-139, SEC-151.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import attrs

from ..delivery import is_final
from ..errors import FedtextError, OriginMismatch, PolicyRefusal, PortError, TypeMismatch
from ..fetch import get_object, origin_or_none
from ..inbox import AuthenticActivity, Evidence, is_late
from ..ports import Event, Job, PortSet, store_key
from ..vocab import Activity, Actor, Announce, Create, Link, Object, is_public, reference_id
from .engine import Engine
from .fanning import later
from .outcomes import JobOutcome, Later

ATTEMPTS_MAX: Final = 4
"""So often is looked for what a relay names; it is no loss when a host is down for longer."""


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Heard:
    """What listeners are to hear, and why it is believed."""

    activity: Activity
    evidence: Evidence


async def hear(engine: Engine, authentic: AuthenticActivity, job: Job, ports: PortSet) -> Heard | JobOutcome | None:
    """Give what listeners hear of an activity: itself, unless a relay announces something.

    Args:
        engine: Knows the relays.
        authentic: What has arrived.
        job: How often it was tried.
        ports: The way out.

    Returns:
        None where there is nothing to hear; an outcome where it is to be tried later.

    Raises:
        PortError: Of the store.
    """
    activity = authentic.activity
    heard = Heard(activity=activity, evidence=authentic.evidence)
    if not isinstance(activity, Announce):
        return heard
    await engine.relaybook.refresh(ports)
    relay, named = str(activity.actor_id), activity.object_id
    if not engine.relaybook.is_accepted(relay):
        return heard
    if named is None or named.startswith(engine.site.origin + "/"):
        return None
    mark = store_key(engine.site.origin, "relayed", sha256(named.encode()).hexdigest())
    known = await ports.store.get(mark)
    if known is not None and known != str(activity.id).encode():
        return None
    try:
        create = await _create(engine, named, ports)
    except PortError:
        raise
    except FedtextError as error:
        return _not_had(engine, error, named, job, ports)
    if await is_late(ports.store, engine.site.origin, create):
        return None
    await ports.store.put(mark, str(activity.id).encode(), ttl_s=engine.config.inbox.idempotency_s)
    return Heard(activity=create, evidence=attrs.evolve(authentic.evidence, how="origin"))


def _not_had(engine: Engine, error: FedtextError, named: str, job: Job, ports: PortSet) -> JobOutcome | None:
    """Look for it again in a while, where that may help."""
    outcome = None
    if not is_final(error) and job.attempts + 1 < ATTEMPTS_MAX:
        outcome = later(engine, job, ports, str(error))
    if not isinstance(outcome, Later):
        ports.observer.emit(Event(name="relay.not_had", fields={"id": named, "code": error.code}))
        return None
    return outcome


async def _create(engine: Engine, named: str, ports: PortSet) -> Create[Object]:
    """Fetch what is named, or what an activity that is named has created, and say who wrote it.

    Raises:
        FetchError: Not to be had.
        DocumentError: Nothing that somebody wrote.
        OriginMismatch: It is of another origin than its author.
        PolicyRefusal: It, or its author, is not wanted here; or it is not for everybody.
    """
    engine.refuse(named)
    fetcher = engine.fetcher(ports)
    budget = fetcher.budget()
    found = await get_object(fetcher, named, budget)
    if isinstance(found, Create) and found.object_id is not None:
        engine.refuse(found.object_id)
        found = await get_object(fetcher, found.object_id, budget)
    if isinstance(found, Activity | Actor) or found.attributed_to is None:
        raise TypeMismatch("a relay announces what somebody wrote", type=found.type_name)
    author = reference_id(found.attributed_to)
    if author is None or origin_or_none(author) != origin_or_none(found.id):
        raise OriginMismatch("it is of another origin than its author", object=str(found.id), actor=str(author))
    _admit(engine, found, author)
    return Create(actor=author, published=found.published, to=found.to, cc=found.cc, object=found)


def _admit(engine: Engine, found: Object, author: str) -> None:
    """Ask the policy about what is fetched as it is asked about what is said (SEC-139, SEC-151)."""
    rules = engine.rulebook.rules
    for iri in (str(found.id), author, reference_id(found.in_reply_to)):
        if iri is not None:
            engine.refuse(iri)
    if rules.is_suspended(author) or rules.is_suspended(str(found.id)):
        raise PolicyRefusal("its author is suspended", actor=author)
    addressed = {*found.to, *found.cc}
    if not any(is_public(iri) for iri in addressed):
        raise PolicyRefusal("a relay passes on what is for everybody", object=str(found.id))
    spoken_to = addressed | {str(tag.href) for tag in found.tag if isinstance(tag, Link)}
    crowd = [iri for iri in spoken_to if iri.startswith(engine.site.origin + "/")]
    if len(crowd) > engine.config.inbox.mentions_count_max:
        raise PolicyRefusal("it is said to more of us than one may address at once", actors=len(crowd))
