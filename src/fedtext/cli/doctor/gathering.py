"""Which questions are put, in which order, and what each leads to.

The page is asked for before the actor, so that a cache that ignores `Vary` shows itself. What is posted can do nothing
wherever it is taken: it takes back a like that was never there, of a thing that does not exist. It is posted to the
server that is examined alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import attrs

from ...discovery import choose_nodeinfo, claimed_handle, origin_of_host
from ...errors import FedtextError
from ...wire.acct import Handle, parse_handle, split
from ...wire.iri import Url, parse_authority, parse_url
from ...wire.json import JsonObject, dump
from ...wire.links import HEADER_CHARS_MAX, HTML_CHARS_MAX, find_alternate
from ...wire.media_types import ACTIVITY_JSON, JRD_JSON, JSON, LD_JSON, is_html
from .asking import Asking
from .discovery_checks import actor_link
from .facts import Answer, Facts, Question, document_of, url_of
from .identity import Identity

# Under which an application behind a proxy is asked most often.
_INSIDE_HOSTS: Final = ("localhost", "127.0.0.1")
_INSIDE_PORTS: Final = (80, 3000, 5000, 8000, 8080)
STEPS_COUNT: Final = len(Question)


class Gathering:
    """Asks one server all there is to ask.

    Args:
        identity: Who asks.
        progress: Is told how many questions were put.
    """

    def __init__(self, identity: Identity, progress: Callable[[int], None]) -> None:
        self._identity = identity
        self._asking = Asking(identity)
        self._progress = progress
        self._answers: dict[Question, Answer] = {}
        self._disguises: dict[str, bool] = {}

    async def facts(self, target: str) -> Facts:
        """Ask.

        Args:
            target: A handle, or the address of an actor or of its page.

        Raises:
            MalformedText: It is no handle.
            MalformedIri: It is no address.
        """
        handle = None if "://" in target else parse_handle(target)
        actor_id = await self._find(target) if handle is None else await self._named(handle)
        known = self._known(actor_id, handle)
        if actor_id is None:
            return known
        await self._look(actor_id)
        known = self._known(actor_id, handle)
        await self._look_closer(known)
        await self._ask_names(known)
        await self._ask_server(parse_url(actor_id))
        if (inbox := _own_inbox(known)) is not None:
            await self._post(known, inbox)
        return self._known(actor_id, known.handle)

    def _known(self, actor_id: str | None, handle: Handle | None) -> Facts:
        found = Facts(
            actor_id=actor_id,
            handle=handle,
            answers=dict(self._answers),
            disguises=dict(self._disguises),
            is_key_asked_for=None if (witness := self._identity.witness) is None else witness.was_asked,
            is_development=actor_id is not None and not actor_id.startswith("https://"),
        )
        actor = found.actor
        claimed = claimed_handle(actor) if actor is not None and actor.id == actor_id else None
        return attrs.evolve(found, handle=claimed or handle)

    def _note(self, question: Question, answer: Answer) -> Answer:
        self._answers[question] = answer
        self._progress(len(self._answers))
        return answer

    # -- the actor --------------------------------------------------------------------------------------------------

    async def _named(self, handle: Handle) -> str | None:
        answer = self._note(Question.WEBFINGER, await self._webfinger(handle))
        return actor_link(answer)

    async def _find(self, target: str) -> str:
        """Give the id of the actor that an address leads to; where nothing tells otherwise, it is the address."""
        target = str(parse_url(target)).partition("#")[0]
        self._note(Question.PAGE, await self._asking.get(target, "text/html"))
        answer = self._note(Question.ACTOR, await self._asking.get(target, ACTIVITY_JSON))
        if answer.response is None:
            return target
        *_, address = answer.hops
        if is_html(answer.media_type):
            markup = answer.body[:HTML_CHARS_MAX].decode("utf-8", "replace")
            found: object = find_alternate(address, answer.header("link")[:HEADER_CHARS_MAX], markup)
        else:
            found = (document_of(answer.response) or {}).get("id")
        # An id elsewhere is not believed; that it is another than the address is then a finding.
        named, asked = url_of(found), parse_url(target)
        return str(named) if named is not None and named.origin == asked.origin else target

    async def _look(self, actor_id: str) -> None:
        answer = self._answers.get(Question.ACTOR)
        if answer is None or actor_id not in answer.hops[:1]:
            self._note(Question.PAGE, await self._asking.get(actor_id, "text/html"))
            self._note(Question.ACTOR, await self._asking.get(actor_id, ACTIVITY_JSON))
        if self._identity.can_be_fetched and self._answers[Question.ACTOR].status in (401, 403):
            signed = await self._asking.get(actor_id, ACTIVITY_JSON, is_signed=True)
            self._note(Question.ACTOR_SIGNED, signed)

    async def _look_closer(self, known: Facts) -> None:
        if known.document is None or known.actor_id is None:
            return
        as_ld = await self._asking.get(known.actor_id, LD_JSON, is_signed=known.is_secure)
        self._note(Question.ACTOR_AS_LD, as_ld)
        profile = url_of(known.document.get("url"))
        if profile is not None:
            self._note(Question.PROFILE, await self._asking.get(str(profile).partition("#")[0], "text/html"))

    # -- names and the server ---------------------------------------------------------------------------------------

    async def _ask_names(self, known: Facts) -> None:
        if known.handle is None or known.url is None:
            return
        user, host = split(known.handle)
        asked = self._answers.get(Question.WEBFINGER)
        if asked is None or not asked.hops or _resource(known.handle) not in asked.hops[0]:
            self._note(Question.WEBFINGER, await self._webfinger(known.handle))
        home = known.url.authority
        if host != home:
            name = known.actor.preferred_username if known.actor is not None else None
            answer = await self._webfinger(Handle(f"{name or user}@{home}"), at=known.url)
            self._note(Question.WEBFINGER_HOME, answer)
        stranger = Handle(f"nobody{secrets.token_hex(8)}@{host}")
        self._note(Question.WEBFINGER_STRANGER, await self._webfinger(stranger))

    async def _ask_server(self, url: Url) -> None:
        itself = await self._webfinger(Handle(f"{url.authority}@{url.authority}"), at=url)
        self._note(Question.WEBFINGER_SERVER, itself)
        actor_id = actor_link(itself)
        if actor_id is not None:
            self._note(Question.SERVER_ACTOR, await self._asking.get(actor_id, ACTIVITY_JSON))
        index = await self._asking.get(f"{url.origin}/.well-known/nodeinfo", JSON)
        self._note(Question.NODEINFO_INDEX, index)
        href = choose_nodeinfo(index.document or {})
        if href is not None:
            self._note(Question.NODEINFO, await self._asking.get(href, JSON))

    async def _webfinger(self, handle: Handle, *, at: Url | None = None) -> Answer:
        """Ask the host of a handle, or another one, whose it is."""
        try:
            host = parse_authority(split(handle)[1])
        except FedtextError as error:
            return Answer(response=None, problem=error.message)
        federation = self._identity.federation
        fetcher = federation.engine.fetcher(federation.ports.asynchronous())
        origin = origin_of_host(fetcher, host) if at is None else at.origin
        return await self._asking.get(f"{origin}/.well-known/webfinger?resource={_resource(handle)}", JRD_JSON)

    # -- the inbox --------------------------------------------------------------------------------------------------

    async def _post(self, known: Facts, inbox: str) -> None:
        asking, body = self._asking, dump(harmless(self._identity.actor_id, str(known.actor_id)))
        unsigned = asking.request(inbox, body)
        self._note(Question.POST_UNSIGNED, await asking.send(unsigned))
        self._note(Question.POST_AS_LD, await asking.post(inbox, body, kind=LD_JSON))
        self._note(Question.POST_MISTYPED, await asking.post(inbox, body, kind="text/plain"))
        shared = known.actor.shared_inbox if known.actor is not None else None
        if shared is not None and shared != inbox and _is_at(shared, known):
            self._note(Question.POST_SHARED, await asking.post(shared, body))
        self._note(Question.POST_FORGED, await asking.send(asking.forged(unsigned)))
        if not self._identity.can_be_fetched:
            return
        signed = asking.signed(unsigned)
        answer = self._note(Question.POST_SIGNED, await asking.send(signed))
        tampered = attrs.evolve(signed, body=body.replace(b"Undo", b"Like", 1))
        self._note(Question.POST_TAMPERED, await asking.send(tampered))
        if 400 <= answer.status < 500:
            await self._disguise(inbox, body)

    async def _disguise(self, inbox: str, body: bytes) -> None:
        """Find out which host the application sees: sign for another one, until it is taken."""
        host = parse_url(inbox).host
        inside = [f"{name}:{port}" for name in _INSIDE_HOSTS for port in _INSIDE_PORTS]
        for name in dict.fromkeys((host, f"{host}:443", *_INSIDE_HOSTS, *inside)):
            if name != parse_url(inbox).authority:
                answer = await self._asking.send(self._asking.signed(self._asking.request(inbox, body), host=name))
                self._disguises[name] = 200 <= answer.status < 300
                if self._disguises[name]:
                    return


def harmless(actor_id: str, target_id: str) -> JsonObject:
    """Give an activity as peers send them that can do nothing wherever it is taken.

    Args:
        actor_id: Who sends it.
        target_id: The actor to whom it is sent.
    """
    nonce = secrets.token_hex(8)
    like: JsonObject = {
        "id": f"{actor_id}#likes/{nonce}",
        "type": "Like",
        "actor": actor_id,
        "object": f"{target_id}#nothing-{nonce}",
    }
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{actor_id}#undos/{nonce}",
        "type": "Undo",
        "actor": actor_id,
        "to": [target_id],
        "cc": [],
        "object": like,
    }


def _resource(handle: Handle) -> str:
    return quote(f"acct:{handle}", safe="")


def _own_inbox(known: Facts) -> str | None:
    """Give the inbox, where it is of the server that is examined: nothing is posted to others."""
    inbox = (known.document or {}).get("inbox")
    return inbox if isinstance(inbox, str) and _is_at(inbox, known) else None


def _is_at(address: str, known: Facts) -> bool:
    found = url_of(address)
    return found is not None and known.url is not None and found.origin == known.url.origin
