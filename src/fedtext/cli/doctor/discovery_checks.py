"""How a server is found: WebFinger, handles, NodeInfo, the actor of the server."""

from __future__ import annotations

import re
from typing import Final

from ...discovery import parse_nodeinfo
from ...errors import FedtextError
from ...wire.acct import split
from ...wire.json import JsonObject, JsonValue
from ...wire.media_types import JSON, is_activity, is_jrd
from .facts import Answer, Facts, Question, url_of
from .judging import EVERYBODY, Check, Seen, bad, check, good

_HOPS_MAX: Final = 3
_NAME: Final = re.compile(r"[A-Za-z0-9_]+([.-]+[A-Za-z0-9_]+)*")
_SOFTWARE_NAME: Final = re.compile(r"[a-z0-9-]+")
_ABSENT_STATUSES: Final = (400, 404, 410)


def self_links(answer: Answer | None) -> list[JsonObject]:
    """Give the self links of a descriptor, in order."""
    links = (answer.document or {}).get("links") if answer is not None else None
    return [x for x in links if isinstance(x, dict) and x.get("rel") == "self"] if isinstance(links, list) else []


def actor_link(answer: Answer | None) -> str | None:
    """Give where the first self link of an ActivityPub type leads (WF-02, WF-03)."""
    for link in self_links(answer):
        href, kind = link.get("href"), link.get("type")
        if isinstance(href, str) and isinstance(kind, str) and is_activity(kind):
            return href
    return None


# -- WebFinger --------------------------------------------------------------------------------------------------


@check(
    "webfinger.answer", "WebFinger answers",
    rules=("WF-01", "TRU-04"), peers=EVERYBODY,
    mend="answer /.well-known/webfinger?resource=acct:… with 200 and a JRD, to anybody",
)  # fmt: skip
def webfinger_answer(facts: Facts) -> Seen | None:
    """It is asked unsigned, since WebFinger is open everywhere."""
    answer = facts.of(Question.WEBFINGER)
    if answer is None:
        return None if facts.document is None else bad("the actor claims no handle that could be asked about")
    if answer.document is None:
        return bad(f"{answer.told()}, no JRD" if answer.response is not None else answer.told())
    return good(answer.told())


@check(
    "webfinger.type", "WebFinger's media type",
    rules=("WF-06",), peers=("GoToSocial",),
    mend="send it as application/jrd+json",
)  # fmt: skip
def webfinger_type(facts: Facts) -> Seen | None:
    """GoToSocial reads JRDs and JSON alone."""
    answer = _descriptor(facts)
    return None if answer is None else Seen(is_jrd(answer.media_type), answer.media_type or "none")


@check(
    "webfinger.self", "WebFinger's first self link",
    rules=("WF-02", "WF-03"), peers=("Mastodon", "Misskey"),
    mend="put one link rel=self of type application/activity+json before all other self links",
)  # fmt: skip
def webfinger_self(facts: Facts) -> Seen | None:
    """Misskey takes the first of them whatever its type."""
    answer = _descriptor(facts)
    if answer is None:
        return None
    links = self_links(answer)
    if not links:
        return bad("there is no self link")
    kind = links[0].get("type")
    return Seen(isinstance(kind, str) and is_activity(kind), f"the first is of type {kind}")


@check(
    "webfinger.actor", "WebFinger leads to the actor",
    rules=("WF-09", "WF-11"), peers=("Mastodon",),
    mend="let the self link be the id of the actor, letter by letter",
)  # fmt: skip
def webfinger_actor(facts: Facts) -> Seen | None:
    """Identity is the id, letter by letter."""
    href = actor_link(_descriptor(facts))
    return None if href is None else Seen(href == facts.actor_id, f"it leads to {href}")


@check(
    "webfinger.subject", "WebFinger's subject",
    rules=("WF-02", "WF-09"), peers=("Mastodon",),
    mend="let the subject be acct: and the handle that was asked about, which the actor claims, too",
)  # fmt: skip
def webfinger_subject(facts: Facts) -> Seen | None:
    """A handle that calls itself otherwise is asked about once more, and must then agree."""
    answer = _descriptor(facts)
    if answer is None or facts.handle is None:
        return None
    subject = (answer.document or {}).get("subject")
    is_same = isinstance(subject, str) and subject.lower() == f"acct:{facts.handle}".lower()
    return Seen(is_same, f"{subject}" if subject is not None else "there is none")


@check(
    "webfinger.redirects", "redirects of WebFinger",
    rules=("WF-16",), peers=("Mastodon", "WordPress"),
    mend=f"answer after {_HOPS_MAX} redirects at most, all of them to https",
)  # fmt: skip
def webfinger_redirects(facts: Facts) -> Seen | None:
    """Mastodon and WordPress follow three."""
    return _redirected(facts.of(Question.WEBFINGER), _HOPS_MAX)


@check(
    "webfinger.redirect_once", "redirects of WebFinger, for who follows one",
    rules=("WF-16",), peers=("Lemmy",),
    mend="answer after one redirect at most",
)  # fmt: skip
def webfinger_redirect_once(facts: Facts) -> Seen | None:
    """Lemmy follows one."""
    return _redirected(facts.of(Question.WEBFINGER), 1)


@check(
    "webfinger.home", "the host of the id knows the actor",
    rules=("WF-10",), peers=("Mastodon",),
    mend="let WebFinger at the host of the id answer for the actor's name with the same actor",
)  # fmt: skip
def webfinger_home(facts: Facts) -> Seen | None:
    """Where the handle is of another host, both hosts have to agree."""
    answer = facts.of(Question.WEBFINGER_HOME)
    if answer is None:
        return None
    href = actor_link(answer)
    return Seen(href is not None and href == facts.actor_id, f"it leads to {href}" if href else answer.told())


@check(
    "webfinger.stranger", "WebFinger about a name that nobody has",
    rules=("WF-01",), peers=EVERYBODY, is_warning=True,
    mend="answer 404 for names that nobody has",
)  # fmt: skip
def webfinger_stranger(facts: Facts) -> Seen | None:
    """Who answers everything confirms whatever others claim."""
    answer = facts.response(Question.WEBFINGER_STRANGER)
    return None if answer is None else Seen(answer.status in _ABSENT_STATUSES, answer.told())


@check(
    "handle.name", "the name in the handle",
    rules=("WF-12",), peers=("Mastodon", "Misskey", "PeerTube"),
    mend="use letters, digits and underscores; dots and hyphens between them alone",
)  # fmt: skip
def handle_name(facts: Facts) -> Seen | None:
    """What all of them take."""
    name = (facts.document or {}).get("preferredUsername")
    return Seen(_NAME.fullmatch(name) is not None, name) if isinstance(name, str) else None


@check(
    "handle.port", "the host in the handle",
    rules=("WF-13",), peers=("Lemmy",),
    mend="serve at the default port: Lemmy takes no other",
)  # fmt: skip
def handle_port(facts: Facts) -> Seen | None:
    """On this machine, ports are not looked at."""
    if facts.handle is None or facts.is_development:
        return None
    host = split(facts.handle)[1]
    return Seen(":" not in host, host)


def _descriptor(facts: Facts) -> Answer | None:
    answer = facts.of(Question.WEBFINGER)
    return answer if answer is not None and answer.document is not None else None


def _redirected(answer: Answer | None, hops_max: int) -> Seen | None:
    if answer is None or not answer.hops:
        return None
    *_, last = answer.hops
    count = len(answer.hops) - 1
    return Seen(count <= hops_max, f"{count}, to {last}" if count else "none")


# -- NodeInfo ---------------------------------------------------------------------------------------------------


@check(
    "nodeinfo.index", "NodeInfo is linked",
    rules=("WF-17", "NI-01"), peers=EVERYBODY, is_warning=True,
    mend="serve /.well-known/nodeinfo with links to NodeInfo 2.0 or 2.1: peers show and count servers by it",
)  # fmt: skip
def nodeinfo_index(facts: Facts) -> Seen | None:
    """Nobody refuses a server without it, but many do not count it as one."""
    answer = facts.of(Question.NODEINFO_INDEX)
    if answer is None:
        return None
    is_linked = isinstance((answer.document or {}).get("links"), list) and Question.NODEINFO in facts.answers
    if answer.document is not None and not is_linked:
        return bad("it links no NodeInfo of a version that is known")
    return Seen(is_linked, answer.told())


@check(
    "nodeinfo.document", "NodeInfo is whole",
    rules=("WF-17", "NI-04"), peers=EVERYBODY, is_warning=True,
    mend="give version, software, protocols, services, openRegistrations, usage and metadata as the schema has them",
)  # fmt: skip
def nodeinfo_document(facts: Facts) -> Seen | None:
    """The facts of the schemas 2.0 and 2.1."""
    answer = facts.of(Question.NODEINFO)
    if answer is None:
        return None
    document = answer.document
    if document is None:
        return bad(answer.told())
    faults = [what for what, is_fault in _schema_faults(document).items() if is_fault]
    if faults:
        return bad(f"not as the schema has it: {', '.join(faults)}")
    try:
        found = parse_nodeinfo(document)
    except FedtextError as error:
        return bad(error.message)
    return good(f"{found.schema}, {found.software} {found.version}")


def _schema_faults(document: JsonObject) -> dict[str, bool]:
    software, services, usage = (document.get(name) for name in ("software", "services", "usage"))
    protocols = document.get("protocols")
    return {
        "version": document.get("version") not in ("2.0", "2.1", "2.2"),
        "software.name": not _is_text(software, "name", _SOFTWARE_NAME),
        "software.version": not _is_text(software, "version", re.compile(".+")),
        "protocols": not isinstance(protocols, list) or "activitypub" not in protocols,
        "services": not all(isinstance(_member(services, way), list) for way in ("inbound", "outbound")),
        "openRegistrations": not isinstance(document.get("openRegistrations"), bool),
        "usage.users": not isinstance(_member(usage, "users"), dict),
        "metadata": not isinstance(document.get("metadata"), dict),
    }


def _member(value: JsonValue, name: str) -> JsonValue:
    return value.get(name) if isinstance(value, dict) else None


def _is_text(value: JsonValue, name: str, form: re.Pattern[str]) -> bool:
    text = _member(value, name)
    return isinstance(text, str) and form.fullmatch(text) is not None


@check(
    "nodeinfo.type", "NodeInfo's media type",
    rules=("WF-17", "NI-03"), peers=("GoToSocial",), is_warning=True,
    mend='send it as application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"',
)  # fmt: skip
def nodeinfo_type(facts: Facts) -> Seen | None:
    """With the profile, or without."""
    answer = facts.response(Question.NODEINFO)
    if answer is None or answer.status != 200:
        return None
    return Seen(answer.media_type.partition(";")[0].strip().lower() == JSON, answer.media_type or "none")


@check(
    "nodeinfo.host", "NodeInfo lies on its own host",
    rules=("SEC-160",), peers=EVERYBODY, is_warning=True,
    mend="link a document at the same host, without a redirect to another one",
)  # fmt: skip
def nodeinfo_host(facts: Facts) -> Seen | None:
    """A host speaks for itself."""
    answer, index = facts.response(Question.NODEINFO), facts.response(Question.NODEINFO_INDEX)
    if answer is None or index is None or not answer.hops or not index.hops:
        return None
    asked, last = url_of(index.hops[0]), url_of(answer.hops[-1])
    return Seen(asked is not None and last is not None and asked.origin == last.origin, answer.hops[-1])


# -- the actor of the server ------------------------------------------------------------------------------------


@check(
    "server.actor", "the actor of the server, to anybody",
    rules=("ACT-21", "SIG-24", "SIG-25"), peers=("GoToSocial", "Mastodon", "Threads"),
    mend="give the actor of the server and its key to anybody, and name it in WebFinger for acct:host@host",
)  # fmt: skip
def server_actor(facts: Facts) -> Seen | None:
    """Servers that sign with actors which neither gives to who does not sign wait for each other for ever."""
    answer = facts.of(Question.SERVER_ACTOR)
    if answer is None:
        return bad("secure mode, and WebFinger names none") if facts.is_secure else None
    document = answer.document
    if document is None:
        return bad(answer.told())
    return good(f"{document.get('id')}") if document.get("publicKey") else bad("it has no key")


CHECKS: Final[tuple[Check, ...]] = (
    webfinger_answer,
    webfinger_type,
    webfinger_self,
    webfinger_actor,
    webfinger_subject,
    webfinger_redirects,
    webfinger_redirect_once,
    webfinger_home,
    webfinger_stranger,
    handle_name,
    handle_port,
    nodeinfo_index,
    nodeinfo_document,
    nodeinfo_type,
    nodeinfo_host,
    server_actor,
)
