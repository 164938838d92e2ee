"""What one server passes on of another, in secure mode: believed by its proof or at its origin, and never otherwise.

Three servers: an author, somebody elsewhere who answers, and a reader who follows the author alone. The author's server
passes the answer on as it came (ActivityPub 7.1.2), under a signature of its own. The peers that are not ours and ours
all want every fetch signed.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator

import attrs
import pytest

from fedtext.http import Request
from fedtext.signatures import sign

from .servers import PEER_HOST, Account, Authority, FedifyPeer, Json, Knock, OurServer, running, text_of
from .steps import ACTIVITY_JSON, anonymous_get, audience, follow, require_calm

USERS = [f"user{number}" for number in range(12)]
SECURE = ["--secure-mode", "--serve-activities"]


@attrs.frozen
class Trio:
    """Ours; the peer that passes on; and two that answer: with proofs of their own, and without."""

    ours: OurServer
    author: FedifyPeer
    proving: FedifyPeer
    plain: FedifyPeer


@pytest.fixture(scope="module", params=list(Knock), ids=lambda knock: f"knock-{knock.name.lower()}")
def trio(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trio]:
    """Run all servers, once for each first knock."""
    folder, other = tmp_path_factory.mktemp("forwarding"), f"other.{PEER_HOST}"
    ours = OurServer(authority, folder, USERS, options=["--secure"])
    author = FedifyPeer(authority, folder, USERS, first_knock=request.param, options=[*SECURE, "--forward"])
    proving = FedifyPeer(authority, folder, USERS, first_knock=request.param, options=SECURE, host=other)
    plain = FedifyPeer(
        authority, folder, USERS, first_knock=request.param, options=[*SECURE, "--no-ed25519"], host=other
    )
    with running(ours, author, proving, plain):
        yield Trio(ours, author, proving, plain)
        require_calm(ours)


def answer(replier: Account, author: Account, text: str, *, passed_on: bool = True) -> tuple[str, Json]:
    """Let somebody answer a new post of the author's; give the answer's id and its Create as the author read it."""
    question = author.post("who is there?")
    cc = [f"{author.id}/followers"] if passed_on else []
    reply = replier.post(text, in_reply_to=question, mentions=[author], cc=cc)
    return reply, author.server.received("Create", actor=replier.id, object=reply)


def overheard(author: Account, replier: Account, text: str) -> Json:
    """Give the Create of an answer, bytes as they came to the author, who does not pass it on."""
    _, create = answer(replier, author, text, passed_on=False)
    bodies = [json.loads(event["text"]) for event in author.server.events("body")]
    return next(body for body in bodies if body["id"] == create["id"])


def how_it_came(reader: Account, object_id: str) -> tuple[str, str]:
    """Wait for a Create at our server; tell why it was believed, and who signed the request."""
    reader.server.received("Create", object=object_id)
    event = reader.server.activities("Create", object=object_id)[0]
    return str(event["how"]), str(event["signer"])


def text_received(reader: Account, object_id: str) -> str:
    """Give the text of the answer as it went on to our listeners."""
    return text_of(reader.server.received("Create", object=object_id)["object"]["content"])


@pytest.mark.spec("AP-S07", "SEC-131", "INB-15")
@pytest.mark.parametrize(("kind", "how"), [("proving", "proof"), ("plain", "origin")])
def test_sec_131_an_answer_that_is_passed_on_is_believed(trio: Trio, kind: str, how: str) -> None:
    server: FedifyPeer = getattr(trio, kind)
    reader, author, replier = trio.ours.account(), trio.author.account(), server.account()
    follow(reader, author)
    reply, create = answer(replier, author, "me, from elsewhere")
    assert ("proof" in create) == (how == "proof")
    assert how_it_came(reader, reply) == (how, author.id)
    assert text_received(reader, reply).endswith("me, from elsewhere")
    for server, shown in ((replier.server, create["id"]), (author.server, author.id), (trio.ours, reader.id)):
        assert anonymous_get(server, shown).status_code == 401


@pytest.mark.spec("AP-S07")
@pytest.mark.parametrize("kind", ["proving", "plain"])
def test_what_we_pass_on_is_believed_by_the_peer(trio: Trio, kind: str) -> None:
    """Without an integrity proof it is the older signature that the peer has put into the document."""
    server: FedifyPeer = getattr(trio, kind)
    reader, author, replier = trio.author.account(), trio.ours.account(), server.account()
    follow(reader, author)
    reply, sent = answer(replier, author, "me, to you all")
    assert f"{author.id}/followers" in audience(sent)
    create = reader.server.received("Create", actor=replier.id, object=reply)
    assert text_of(create["object"]["content"]).endswith("me, to you all")
    assert ("proof" in create) == (kind == "proving")


def forge(trio: Trio, forger: Account, activity: Json) -> int:
    """Pass an activity on that another one is to have made, under a good signature of the forger's own."""
    url = f"{trio.ours.origin}/ap/inbox"
    key = trio.author.private_key(forger.user)
    request = Request.to(
        url, method="POST", headers=[("content-type", ACTIVITY_JSON)], body=json.dumps(activity).encode()
    )
    signed = sign(request, key, key_id=f"{forger.id}#main-key", now_s=time.time())
    with trio.ours.client() as client:
        answered = client.post("/ap/inbox", content=signed.body, headers=dict(signed.headers))
    return answered.status_code


def altered(create: Json, text: str) -> Json:
    """Give somebody's Create with other words in it."""
    return {**create, "object": {**create["object"], "content": f"<p>{text}</p>"}}


@pytest.mark.spec("SEC-005", "SEC-131")
def test_sec_131_forgeries_that_are_passed_on_reach_nobody(trio: Trio) -> None:
    reader, forger = trio.ours.account(), trio.author.account()
    follow(reader, forger)
    victim = trio.proving.account()
    create = overheard(forger, victim, "what I said")
    assert "proof" in create
    before = len(trio.ours.events("unverified"))
    new = f"{victim.id}/activities/{uuid.uuid4()}"
    unproved = {name: value for name, value in create.items() if name not in ("proof", "signature")}
    assert forge(trio, forger, altered(create, "what I never said")) == 401  # its proof does not hold
    assert forge(trio, forger, {**unproved, "id": new}) == 403  # its origin does not know it
    assert forge(trio, forger, {**unproved, "id": f"{forger.id}/activities/1"}) == 403  # an id of somebody else's
    # Peers may be trying again what another test has had refused.
    refused = [event for event in trio.ours.events("unverified")[before:] if victim.id in event["peeked"]]
    reasons = [event["error"] for event in refused]
    assert reasons == ["proof.mismatch", "origin_mismatch", "origin_mismatch"]
    assert trio.ours.activities("Create", actor=victim.id) == []
    # A control: as it was said, it is believed, whoever passes it on.
    assert forge(trio, forger, create) == 202
    assert how_it_came(reader, create["object"]["id"]) == ("proof", forger.id)


@pytest.mark.spec("SEC-131")
def test_sec_131_a_proof_by_who_passes_it_on_is_no_proof_of_the_actor(trio: Trio) -> None:
    """The peer itself puts its proof and its signature on it."""
    reader, forger, victim = trio.ours.account(), trio.author.account(), trio.plain.account()
    follow(reader, forger)
    activity_id = f"{victim.id}/activities/{uuid.uuid4()}"
    note = {"id": f"{activity_id}/note", "type": "Note", "attributedTo": victim.id, "content": "<p>never</p>"}
    activity = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": activity_id,
        "type": "Create",
        "actor": victim.id,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "object": note,
    }
    before = len(trio.ours.events("unverified"))
    trio.author.call("send", user=forger.user, to=reader.id, activity=activity)

    def refusals() -> list[Json]:
        return [event for event in trio.ours.events("unverified")[before:] if activity_id in event["peeked"]]

    assert trio.ours.until("refuses it", refusals)
    assert trio.ours.activities("Create", actor=victim.id) == []


@pytest.mark.spec("SEC-131", "INB-15")
def test_inb_15_what_is_not_proved_goes_on_as_its_origin_has_it(trio: Trio) -> None:
    reader, forger, victim = trio.ours.account(), trio.author.account(), trio.plain.account()
    follow(reader, forger)
    create = overheard(forger, victim, "what I said")
    reply = create["object"]["id"]
    assert "proof" not in create
    assert forge(trio, forger, altered(create, "what I never said")) == 202
    assert how_it_came(reader, reply) == ("origin", forger.id)
    assert text_received(reader, reply).endswith("what I said")
