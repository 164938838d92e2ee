"""What a server's answers mean to its peers: pure checks over answers that somebody else has gathered.

Decided here: which answers break which peer software, by which rule, and how that is mended. Nothing is asked here.
What has not been asked is `None` in the facts, and is not judged; what was asked and did not answer is a fault.
Whatever the answers hold, a check gives a finding or nothing; strangers' texts are cut to `_SEEN_CHARS_MAX` characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from ..errors import FedtextError
from ..http import Response
from ..wire.json import JsonObject, parse_object

Severity: TypeAlias = Literal["failure", "warning"]

_SEEN_CHARS_MAX: Final = 120
# Takahē refuses what is older than this; others allow 300 s and more.
CLOCK_OFF_S_MAX: Final = 60.0
EVERYBODY: Final = "all"
# As Lemmy compares them; nothing else is taken everywhere (COL-01).
_ACTIVITY_TYPES: Final = frozenset((
    "application/activity+json",
    "application/activity+json; charset=utf-8",
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
))  # fmt: skip
_ACTOR_TYPES: Final = frozenset(("Person", "Service", "Application", "Group", "Organization"))
# Name among the facts, the rule that asks for an answer, and how bad its absence is.
_ANSWERS_NEEDED: Final[tuple[tuple[str, str, Severity], ...]] = (
    ("webfinger", "WF-01", "failure"),
    ("nodeinfo", "WF-17", "warning"),
    ("unsigned_post", "INB-03", "failure"),
)
_ACTOR_NEEDS: Final = ("id", "preferredUsername", "inbox", "outbox", "publicKey")


@attrs.frozen(kw_only=True)
class Facts:
    """What a server answered; None: not asked.

    Args:
        actor_id: The actor that was asked for.
        actor: The answer to a request for activity JSON.
        page: The answer of the same address to a request for HTML, just before.
        webfinger: The answer about the actor's handle.
        nodeinfo: The answer of `/.well-known/nodeinfo`.
        unsigned_post: The answer of the inbox to a body that is no activity, unsigned.
        mistyped_post: The answer of the inbox to plain text.
        clock_off_s: How many seconds its clock is ahead of ours; negative: behind.
        unanswered: Names of those of the fields above that were asked and gave no answer.
    """

    actor_id: str
    actor: Response | None = None
    page: Response | None = None
    webfinger: Response | None = None
    nodeinfo: Response | None = None
    unsigned_post: Response | None = None
    mistyped_post: Response | None = None
    clock_off_s: float | None = None
    unanswered: frozenset[str] = frozenset()


def _cut(text: str) -> str:
    return text[:_SEEN_CHARS_MAX]


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong.

    Args:
        rules: Their ids.
        severity: "failure": peers refuse; "warning": some of them may.
        peers: The software that it breaks, or `EVERYBODY`.
        seen: What the server answered.
        mend: What to do.
    """

    rules: tuple[str, ...]
    severity: Severity
    peers: tuple[str, ...]
    seen: str = attrs.field(converter=_cut)
    mend: str


def examine(facts: Facts) -> tuple[Finding, ...]:
    """Judge all facts; nothing found: all is well as far as it was asked."""
    return tuple(finding for check in _CHECKS for finding in check(facts))


def broken_peers(findings: Sequence[Finding]) -> dict[str, tuple[Finding, ...]]:
    """Sort findings by peer software, by name."""
    names = sorted({name for finding in findings for name in finding.peers})
    return {name: tuple(finding for finding in findings if name in finding.peers) for name in names}


def _failure(rules: Sequence[str], peers: Sequence[str], seen: str, mend: str) -> Finding:
    return Finding(rules=tuple(rules), severity="failure", peers=tuple(peers), seen=seen, mend=mend)


def document_of(response: Response) -> JsonObject | None:
    """Give the object in an answer; None where there is none."""
    try:
        return parse_object(response.body)
    except FedtextError:
        return None


def _actor(facts: Facts) -> Iterator[Finding]:
    answer = facts.actor
    if answer is None:
        return
    if answer.status != 200:
        mend = "answer signed requests for the actor with 200"
        yield _failure(("INB-10",), (EVERYBODY,), f"the actor answered {answer.status}", mend)
        return
    if answer.media_type not in _ACTIVITY_TYPES:
        mend = "send Content-Type: application/activity+json, and no other parameter than charset=utf-8"
        yield _failure(("COL-01",), ("Akkoma", "Lemmy", "Mastodon", "Misskey"), answer.media_type or "no type", mend)
    document = document_of(answer)
    if document is None:
        yield _failure(("ACT-01",), (EVERYBODY,), "the actor is no JSON object", "send the actor as one JSON object")
        return
    if document.get("id") != facts.actor_id:
        mend = "give the address at which the actor is served as its id, letter by letter"
        yield _failure(("INB-10",), (EVERYBODY,), f"its id is {document.get('id')}", mend)
    yield from _shape(document)


def _shape(document: JsonObject) -> Iterator[Finding]:
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in _ACTOR_TYPES:
        yield _failure(("ACT-01",), (EVERYBODY,), f"its type is {kind}", "use Person, Service, Application or Group")
    missing = [name for name in _ACTOR_NEEDS if not document.get(name)]
    if missing:
        yield _failure(("ACT-01",), ("Lemmy", "PeerTube"), f"without {', '.join(missing)}", "add these properties")
    key = document.get("publicKey")
    if key and not _is_whole_key(key, document.get("id")):
        mend = "give publicKey as {id, owner, publicKeyPem}, its owner being the actor"
        yield _failure(("ACT-06",), (EVERYBODY,), "publicKey is not whole, or somebody else's", mend)


def _is_whole_key(key: object, owner: object) -> bool:
    if not isinstance(key, dict):
        return False
    fields = [key.get(name) for name in ("id", "owner", "publicKeyPem")]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return all(isinstance(field, str) and field for field in fields) and fields[1] == owner  # pyright: ignore[reportUnknownVariableType]


def _vary(facts: Facts) -> Iterator[Finding]:
    if facts.page is None or facts.actor is None:
        return
    if "html" in facts.page.media_type and "html" in facts.actor.media_type and facts.actor.body == facts.page.body:
        mend = "let the cache honour Vary: Accept, or keep it away from this address"
        yield _failure(("ACT-26",), (EVERYBODY,), "the page came back when the actor was asked for", mend)
    elif "html" in facts.page.media_type and "accept" not in (facts.actor.headers.get("vary") or "").lower():
        yield Finding(
            rules=("ACT-26",),
            severity="warning",
            peers=(EVERYBODY,),
            seen="pages and actors share an address without Vary: Accept",
            mend="send Vary: Accept with both",
        )


def _webfinger(facts: Facts) -> Iterator[Finding]:
    answer = facts.webfinger
    if answer is None:
        return
    document = document_of(answer) if answer.status == 200 else None
    if document is None:
        mend = "answer /.well-known/webfinger?resource=acct:… with 200 and a JRD"
        yield _failure(("WF-01",), (EVERYBODY,), f"WebFinger answered {answer.status}, no JRD", mend)
        return
    links = document.get("links")
    selves = [x for x in links if isinstance(x, dict) and x.get("rel") == "self"] if isinstance(links, list) else []
    if not selves or selves[0].get("type") not in _ACTIVITY_TYPES:
        mend = "put one link rel=self of type application/activity+json before all other self links"
        yield _failure(("WF-02", "WF-03"), ("Mastodon", "Misskey"), "the first self link is no actor's", mend)
    elif selves[0].get("href") != facts.actor_id:
        mend = "let the self link be the id of the actor, letter by letter"
        yield _failure(("WF-09", "WF-11"), ("Mastodon",), f"it leads to {selves[0].get('href')}", mend)


def _nodeinfo(facts: Facts) -> Iterator[Finding]:
    answer = facts.nodeinfo
    if answer is not None and (answer.status != 200 or not isinstance((document_of(answer) or {}).get("links"), list)):
        yield Finding(
            rules=("WF-17",),
            severity="warning",
            peers=(EVERYBODY,),
            seen=f"/.well-known/nodeinfo answered {answer.status}, no links",
            mend="serve NodeInfo: peers show and count servers by it",
        )


def _inbox(facts: Facts) -> Iterator[Finding]:
    unsigned, mistyped = facts.unsigned_post, facts.mistyped_post
    if unsigned is not None and unsigned.status != 401:
        mend = "answer what is not signed with 401, before its body is read"
        yield _failure(("SIG-26",), (EVERYBODY,), f"an unsigned POST got {unsigned.status}", mend)
    if mistyped is not None and mistyped.status not in (400, 401, 406, 415):
        mend = "take application/activity+json and ld+json with the profile alone"
        yield _failure(("INB-01",), (EVERYBODY,), f"a POST of plain text got {mistyped.status}", mend)


def _clock(facts: Facts) -> Iterator[Finding]:
    off_s = facts.clock_off_s
    if off_s is not None and abs(off_s) > CLOCK_OFF_S_MAX:
        mend = "let the machine keep its time by NTP"
        yield _failure(("SIG-05",), ("Takahē",), f"its clock is off by {off_s:.0f} s", mend)


def _silence(facts: Facts) -> Iterator[Finding]:
    """Threat to whoever asks: a server that says nothing would look like one without faults."""
    for name, rule, severity in _ANSWERS_NEEDED:
        if name in facts.unanswered:
            yield Finding(
                rules=(rule,),
                severity=severity,
                peers=(EVERYBODY,),
                seen=f"{name.replace('_', ' ')}: no answer",
                mend="let it answer within seconds, and see what stands between it and the network",
            )


_CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    _actor,
    _vary,
    _webfinger,
    _nodeinfo,
    _inbox,
    _clock,
    _silence,
)
