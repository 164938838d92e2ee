"""A sound server as facts: what the tests of each check change in one place."""

from __future__ import annotations

import json
from typing import Any

import attrs

from fedtext.cli.doctor.facts import Answer, Facts, Question
from fedtext.http import Headers, Response
from fedtext.keys import generate_rsa
from fedtext.wire.acct import parse_handle

ORIGIN = "https://b.example"
ID = f"{ORIGIN}/users/1"
AS2 = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
PEM = generate_rsa().public.pem
ACTOR: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
    "id": ID,
    "type": "Person",
    "preferredUsername": "bob",
    "name": "Bob",
    "url": f"{ORIGIN}/@bob",
    "inbox": f"{ID}/inbox",
    "outbox": f"{ID}/outbox",
    "followers": f"{ID}/followers",
    "endpoints": {"sharedInbox": f"{ORIGIN}/inbox"},
    "publicKey": {"id": f"{ID}#main-key", "owner": ID, "publicKeyPem": PEM},
}
SELF = {"rel": "self", "type": AS2, "href": ID}
JRD: dict[str, Any] = {"subject": "acct:bob@b.example", "links": [SELF]}
NODEINFO: dict[str, Any] = {
    "version": "2.1",
    "software": {"name": "blog", "version": "2.3"},
    "protocols": ["activitypub"],
    "services": {"inbound": [], "outbound": []},
    "openRegistrations": False,
    "usage": {"users": {}},
    "metadata": {},
}
SENT_S = 784_111_777.0
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
SILENT = Answer(response=None, hops=(ID,), problem="no connection came about")


def answer(
    document: object = None, *, status: int = 200, kind: str = AS2, hops: tuple[str, ...] = (ID,), **headers: str
) -> Answer:
    """Give an answer; headers are named with underscores."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    fields = {"date": DATE, "content-type": kind, "vary": "Accept"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(status=status, headers=Headers.build(fields.items()), body=body)
    return Answer(response=response, hops=hops, seen_s=SENT_S)


PAGE = answer(b"<p>Bob</p>", kind="text/html")
JRD_ANSWER = {"kind": "application/jrd+json", "hops": (f"{ORIGIN}/.well-known/webfinger?resource=acct%3Abob",)}
SOUND = Facts(
    actor_id=ID,
    handle=parse_handle("bob@b.example"),
    answers={
        Question.PAGE: PAGE,
        Question.ACTOR: answer(ACTOR),
        Question.ACTOR_AS_LD: answer(ACTOR, kind=LD),
        Question.PROFILE: PAGE,
        Question.WEBFINGER: answer(JRD, **JRD_ANSWER),  # type: ignore[arg-type]
        Question.WEBFINGER_HOME: answer(JRD, **JRD_ANSWER),  # type: ignore[arg-type]
        Question.WEBFINGER_STRANGER: answer(status=404),
        Question.SERVER_ACTOR: answer({**ACTOR, "type": "Application"}),
        Question.NODEINFO_INDEX: answer({"links": []}, hops=(f"{ORIGIN}/.well-known/nodeinfo",)),
        Question.NODEINFO: answer(NODEINFO, kind="application/json", hops=(f"{ORIGIN}/nodeinfo/2.1",)),
        Question.POST_UNSIGNED: answer(status=401),
        Question.POST_SHARED: answer(status=401),
        Question.POST_AS_LD: answer(status=401),
        Question.POST_MISTYPED: answer(status=415),
        Question.POST_FORGED: answer(status=401),
        Question.POST_SIGNED: answer(status=202),
        Question.POST_TAMPERED: answer(status=401),
    },
)
SECURE = attrs.evolve(
    SOUND,
    answers={
        **SOUND.answers,
        Question.ACTOR: answer(status=401),
        Question.ACTOR_SIGNED: answer(ACTOR, vary="Accept, Signature"),
    },
)


def with_answer(question: Question, given: Answer | None, facts: Facts = SOUND) -> Facts:
    """Put another answer in the place of one; None: it was not asked."""
    answers = {**facts.answers}
    answers.pop(question, None)
    return attrs.evolve(facts, answers=answers if given is None else {**answers, question: given})


def with_actor(facts: Facts = SOUND, **members: object) -> Facts:
    """Change members of the actor; None: it is not there."""
    document = {name: value for name, value in {**ACTOR, **members}.items() if value is not None}
    return with_answer(Question.ACTOR, answer(document), facts)
