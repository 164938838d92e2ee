"""What activities that are signed as they should be may lead to, at each edge: no more than their actors may say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.edges import Edge
from tests.receiving import INBOX, KEYS, NOW_S, PUBLIC, SITE, Blocklist, Peer, PeerActor
from tests.scene import SHARED, Scene

from fedtext import BlockingContext, Like
from fedtext.behaviors import Follows, Replies, Reply
from fedtext.http import Response
from fedtext.vocab import Collection

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

BOB = f"{SITE}/users/bob"
NOTE = f"{SITE}/notes/1"


class Table:
    """Answers to our notes, as an application keeps them."""

    def __init__(self) -> None:
        self.rows: dict[str, Reply] = {}

    def save(self, reply: Reply) -> None:
        self.rows[reply.id] = reply

    def remove(self, reply_id: str, author_id: str) -> None:
        row = self.rows.get(reply_id)
        if row is not None and row.author.id == author_id:
            del self.rows[reply_id]

    def remove_author(self, author_id: str) -> None:
        self.rows = {key: row for key, row in self.rows.items() if row.author.id != author_id}


@pytest.fixture
def follows() -> Follows:
    return Follows()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def scene(edge: Edge, follows: Follows, table: Table) -> Scene:
    """A server with followers and answers; alice and eve take what they are sent."""
    made = Scene(edge, use=(follows, Replies(table)))
    for actor in (made.alice, made.eve):
        actor.peer.serve(f"/users/{actor.name}/inbox", Response(status=202))
    return made


def followers(scene: Scene, follows: Follows) -> set[str]:
    """Name those of alice and eve who follow bob."""
    found = {
        actor.id: scene.edge.do(follows.contains(scene.context, "bob", actor.id)) for actor in (scene.alice, scene.eve)
    }
    return {actor_id for actor_id, does in found.items() if does}


def sent(scene: Scene) -> list[str]:
    """Name the inboxes to which something was delivered, in order."""
    return [exchange.request.url for exchange in scene.network.exchanges if exchange.request.method == "POST"]


def follow(actor: PeerActor, number: int = 1) -> dict[str, Any]:
    return actor.activity("Follow", number, object=BOB)


def reply(actor: PeerActor, kind: str = "Create", number: int = 1, note: int = 1, **members: Any) -> dict[str, Any]:
    return actor.activity(kind, number, object=actor.note(note, inReplyTo=NOTE, **members), to=[PUBLIC])


# ---- moves -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-086")
@pytest.mark.parametrize("target", ["eve", "ours", "itself"])
def test_sec_086_a_move_takes_nobody_along(scene: Scene, follows: Follows, target: str) -> None:
    """Alice says that she is somebody else now, who does not say so, and says it again and again.

    Nobody who follows is changed, nothing is sent, nobody is asked; what an application makes of it, it makes knowing.
    """
    scene.takes(scene.alice.post(follow(scene.alice)))
    before, told = list(scene.fetched), sent(scene)
    to = {"eve": scene.eve.id, "ours": BOB, "itself": scene.alice.id}[target]
    for number in range(10, 30):
        scene.takes(scene.alice.post(scene.alice.activity("Move", number, object=scene.alice.id, target=to)))
    assert followers(scene, follows) == {scene.alice.id}
    assert sent(scene) == told
    assert scene.fetched == before


@pytest.mark.spec("SEC-086")
def test_sec_086_nobody_moves_somebody_else(scene: Scene) -> None:
    move = scene.eve.activity("Move", object=scene.alice.id, target=scene.eve.id)
    scene.refuses(scene.eve.post(move), 403, fetches_max=1)


# ---- forwarding, floods, masses --------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-137")
@pytest.mark.parametrize(
    ("to", "about"),
    [
        ("https://a.example.com/users/alice/followers", NOTE),
        (f"{BOB}/followers/1", NOTE),
        (f"{BOB}/followers", f"{SITE}/notes/none"),
        (f"{BOB}/followers", "https://a.example.com/notes/1"),
    ],
)
def test_sec_137_nothing_is_forwarded_unless_all_three_conditions_hold(scene: Scene, to: str, about: str) -> None:
    """Eve addresses our followers, or those of others, with what is about nothing of ours: it goes no further.

    Threat: pterotype#19.
    """
    scene.takes(scene.alice.post(follow(scene.alice)))
    told = sent(scene)
    for number in range(3):
        said = reply(scene.eve, number=number, note=number) | {"to": [to], "cc": [PUBLIC]}
        scene.answer(scene.eve.post(said | {"object": {**said["object"], "inReplyTo": about}}))
        scene.answer(scene.eve.post(scene.eve.activity("Announce", number + 10, object=about, to=[to])))
    assert sent(scene) == told


@pytest.mark.spec("SEC-137")
def test_sec_137_what_is_forwarded_goes_out_once_as_it_came(scene: Scene) -> None:
    scene.takes(scene.alice.post(follow(scene.alice)))
    told = len(sent(scene))
    request = scene.eve.post(reply(scene.eve) | {"to": [f"{BOB}/followers"]})
    for _ in range(3):
        scene.answer(request)
    posts = [exchange.request for exchange in scene.network.exchanges if exchange.request.method == "POST"]
    assert [post.body for post in posts[told:]] == [request.body]
    scene.answer(request.with_headers(request.headers.without("signature")))
    assert len(sent(scene)) == told + 1


@pytest.mark.spec("SEC-138")
def test_sec_138_a_flood_of_follows_is_one_follower(scene: Scene, follows: Follows) -> None:
    """And each Follow has one answer, each answer none."""
    times = 25
    for number in range(times):
        request = follow(scene.alice, 2 * number)
        scene.answer(scene.alice.post(request))
        scene.answer(scene.alice.post(scene.alice.activity("Undo", 2 * number + 1, object=request)))
    scene.answer(scene.alice.post(follow(scene.alice, 99)))
    assert followers(scene, follows) == {scene.alice.id}
    assert scene.edge.do(follows.count(scene.context, "bob")) == 1
    assert len(sent(scene)) == times + 1


@pytest.mark.spec("SEC-138")
def test_sec_138_an_accept_of_an_accept_is_answered_by_nothing(scene: Scene) -> None:
    scene.takes(scene.alice.post(follow(scene.alice)))
    told = sent(scene)
    for number in range(2, 6):
        about = {"id": f"{BOB}#accepts/{number}", "type": "Accept", "actor": BOB, "object": follow(scene.alice)}
        scene.answer(scene.alice.post(scene.alice.activity("Accept", number, object=about)))
    assert sent(scene) == told


@pytest.mark.spec("SEC-139")
def test_sec_139_a_mass_of_mentions_is_refused(scene: Scene) -> None:
    """Thousands of ours are named: nobody hears it. Of those elsewhere one may name many; so many are read."""
    tags = [{"type": "Mention", "href": f"{SITE}/users/{n}"} for n in range(4_000)]
    everybody = [f"{SITE}/users/{n}" for n in range(4_000)]
    scene.refuses(scene.alice.post(scene.alice.activity("Like", tag=tags, to=everybody)), 403, fetches_max=1)
    elsewhere = [scene.evil.url(f"/users/{n}") for n in range(4_000)]
    heard = scene.takes(scene.alice.post(scene.alice.activity("Like", to=elsewhere)))
    assert len(heard.to) <= scene.federation.config.limits.recipients_count_max
    assert scene.fetched == [scene.alice.id]


@pytest.mark.spec("SEC-140")
@pytest.mark.parametrize(
    ("given", "read"),
    [(-1, None), (1.5, None), (10**18, 10**18), (10**30, None), ("x", None), ("7", None), (7, 7), (True, None)],
)
def test_sec_140_numbers_of_others_are_numbers_or_nothing(scene: Scene, given: Any, read: int | None) -> None:
    """Threat: CVE-2024-52593."""
    likes = {"id": scene.home.url("/likes"), "type": "Collection", "totalItems": given}
    heard = scene.takes(scene.alice.post(reply(scene.alice, "Update", likes=likes, votersCount=given)))
    note = heard.object
    assert not isinstance(note, str)
    assert isinstance(note.likes, Collection)
    assert note.likes.total_items == read


@pytest.mark.spec("SEC-140")
def test_sec_140_nor_are_they_those_of_another_origin(scene: Scene) -> None:
    likes = {"id": scene.home.url("/likes"), "type": "Collection", "totalItems": 1_000_000}
    heard = scene.takes(scene.eve.post(reply(scene.eve, "Update", likes=likes)))
    assert not isinstance(heard.object, str)
    assert heard.object.likes == likes["id"]


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize(
    "url", ["https://evil.example.org/list", "https://127.0.0.1/list", f"{SITE}/users/bob/followers"]
)
def test_sec_141_nobody_tells_us_by_a_header_who_follows(scene: Scene, follows: Follows, url: str) -> None:
    """What FEP-8fcf sends along is not asked for, and changes nobody who follows. Threat: mastodon#34273."""
    scene.takes(scene.alice.post(follow(scene.alice)))
    before = list(scene.fetched)
    value = f'collectionId="{scene.eve.id}/followers", url="{url}", digest="{"0" * 64}"'
    request = scene.eve.post(scene.eve.activity(), headers={"collection-synchronization": value})
    scene.takes(request)
    assert [found for found in scene.fetched if found not in before] == [scene.eve.id]
    assert followers(scene, follows) == {scene.alice.id}


# ---- undoing, flagging -----------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-142")
@pytest.mark.parametrize("form", ["id", "object", "in her name", "nothing known"])
def test_sec_142_only_who_did_it_undoes_it(scene: Scene, follows: Follows, form: str) -> None:
    """Eve undoes alice's Follow by its id, embedded, and in her own name; or what nobody has ever sent."""
    theirs = follow(scene.alice)
    scene.takes(scene.alice.post(theirs))
    about = {
        "id": theirs["id"],
        "object": theirs,
        "in her name": {**theirs, "actor": scene.eve.id},
        "nothing known": scene.evil.url("/activities/none"),
    }[form]
    response = scene.answer(scene.eve.post(scene.eve.activity("Undo", 2, object=about)))
    assert response.status == (202 if form == "nothing known" else 403)
    assert followers(scene, follows) == {scene.alice.id}
    scene.answer(scene.alice.post(scene.alice.activity("Undo", 3, object=theirs["id"])))
    assert followers(scene, follows) == set()


@pytest.mark.spec("SEC-143")
def test_sec_143_a_report_about_ten_thousand_things_asks_for_none(scene: Scene) -> None:
    scene.takes(scene.alice.post(scene.alice.activity("Flag", object=[f"{SITE}/notes/{n}" for n in range(10_000)])))
    assert scene.fetched == [scene.alice.id]


@pytest.mark.spec("SEC-143")
def test_sec_143_nobody_reports_in_somebody_elses_name(scene: Scene) -> None:
    flag = {**scene.eve.activity("Flag", object=[BOB, NOTE]), "actor": scene.alice.id}
    scene.refuses(scene.eve.post(flag), 403, fetches_max=2)


# ---- policy ----------------------------------------------------------------------------------------------------------

BAD = "https://bad.example.net/users/x"
INVOLVED: dict[str, Callable[[PeerActor], dict[str, Any]]] = {
    "SEC-151 the object": lambda a: a.activity(object=f"{BAD}/1"),
    "SEC-151 an old post of his": lambda a: a.activity("Announce", object=f"{BAD}/1"),
    "SEC-151 an author inside": lambda a: a.activity("Announce", object={"id": a.peer.url("/2"), "attributedTo": BAD}),
    "SEC-151 who is answered": lambda a: reply(a) | {"object": a.note(inReplyTo=f"{BAD}/1")},
    "SEC-151 a target": lambda a: a.activity("Offer", target=BAD),
    "SEC-151 an instrument": lambda a: a.activity("Offer", instrument={"id": BAD, "type": "Service"}),
    "SEC-151 one of several": lambda a: a.activity("Flag", object=[NOTE, BAD]),
}


@pytest.mark.parametrize("said", INVOLVED.values(), ids=INVOLVED)
def test_sec_151_the_policy_is_asked_about_everybody_involved(
    scene: Scene, said: Callable[[PeerActor], dict[str, Any]]
) -> None:
    """Threats: CVE-2026-23961, gotosocial#593."""
    scene.policy = Blocklist("bad.example.net")
    scene.refuses(scene.alice.post(said(scene.alice)), 403, fetches_max=1)


@pytest.mark.spec("SEC-151")
@pytest.mark.parametrize("kind", ["Create", "Update", "Announce", "Follow", "Like", "Delete", "Undo"])
def test_sec_151_whoever_is_not_wanted_says_nothing(scene: Scene, kind: str) -> None:
    """Not even his key is asked for.  Threats: CVE-2026-23961, Hollo 0.8.5."""
    scene.policy = Blocklist("evil.example.org")
    scene.refuses(scene.eve.post(scene.eve.activity(kind, object=scene.eve.note())), 403)


# ---- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-152")
def test_sec_152_what_is_older_changes_nothing(scene: Scene, table: Table) -> None:
    for number, (text, day) in enumerate([("second", 2), ("first", 1), ("third", 3), ("second", 2)]):
        members = {"content": text, "published": "2026-01-01T00:00:00Z", "updated": f"2026-01-0{day}T00:00:00Z"}
        scene.takes(scene.alice.post(reply(scene.alice, "Update", number, **members)))
    assert [row.text for row in table.rows.values()] == ["third"]


@pytest.mark.spec("SEC-152")
def test_sec_152_what_was_removed_does_not_come_back(scene: Scene, table: Table) -> None:
    note = scene.alice.note()
    scene.takes(scene.alice.post(scene.alice.activity("Delete", 1, object=note["id"])))
    for number, kind in enumerate(("Create", "Update"), 2):
        assert scene.answer(scene.alice.post(reply(scene.alice, kind, number))).status == 202
    assert (len(scene.heard), table.rows) == (1, {})


@pytest.mark.spec("SEC-152")
def test_sec_152_nobody_buries_what_another_is_about_to_write(scene: Scene, table: Table) -> None:
    """Bo lives on alice's server; he says that her note is gone before she has written it."""
    bo = scene.home.actor("bo", KEYS[1])
    scene.answer(bo.post(bo.activity("Delete", 1, object=scene.alice.note()["id"])))
    scene.takes(scene.alice.post(reply(scene.alice, number=2)))
    assert list(table.rows) == [scene.alice.note()["id"]]


# ---- at once ---------------------------------------------------------------------------------------------------------


def at_once(*calls: Callable[[], object]) -> None:
    """Call them on threads of their own, and wait."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.spec("SEC-153")
def test_sec_153_what_arrives_many_times_at_once_is_heard_once(edge: Edge, scene: Scene) -> None:
    """The same request over many connections, and two workers over what came of it."""
    request = scene.alice.post(scene.alice.activity())
    statuses: list[int] = []
    at_once(*[lambda: statuses.append(edge.send(request).status)] * 8)
    assert statuses == [202] * 8
    at_once(edge.work, edge.work)
    assert len(scene.heard) == 1


@pytest.mark.spec("SEC-153")
def test_sec_153_a_listener_that_fails_hears_it_again(edge: Edge, scene: Scene) -> None:
    """At least once: the mark is written only when all have heard it."""
    heard: list[str] = []

    def fail_once(_context: BlockingContext, like: Like) -> None:
        heard.append(str(like.id))
        if len(heard) == 1:
            raise RuntimeError("the database is away")

    scene.federation.on(Like)(fail_once)
    request = scene.alice.post(scene.alice.activity())
    scene.answer(request)
    scene.clock.advance(3_000)
    assert scene.answer(request).status == 202
    assert scene.answer(request).status == 202
    assert len(heard) == 2


@pytest.mark.spec("SEC-175")
def test_sec_175_nobody_is_taken_for_somebody_who_speaks_at_the_same_time(edge: Edge, scene: Scene) -> None:
    """Many at once, over one server: each activity is heard with the evidence of its own actor."""
    actors = [scene.home.actor(f"u{number}", KEYS[number % 3]) for number in range(12)]
    seen: list[tuple[str, str]] = []

    def look(context: BlockingContext, like: Like) -> None:
        seen.append((context.evidence.signer, str(like.actor_id)))

    scene.federation.on(Like)(look)
    requests = [
        actor.post(actor.activity(number=number), url=SITE + (INBOX if number % 2 else SHARED))
        for number, actor in enumerate(actors)
    ]
    at_once(*[lambda request=request: edge.send(request) for request in requests])
    edge.work()
    assert sorted(seen) == sorted((actor.id, actor.id) for actor in actors)


@pytest.mark.spec("SEC-179")
def test_sec_179_ids_that_look_alike_in_a_store_are_not_the_same(scene: Scene) -> None:
    spellings = ["/a/b", "/a%2Fb", "/a:b", "/a%3Ab", "/a*b", "/a%00b", "/a?b", "/a%252Fb", "/A/b"]
    for path in spellings:
        scene.takes(scene.alice.post({**scene.alice.activity(), "id": scene.home.url(path)}))
    neighbour = Peer(scene.network, "a.example.com.example.net").actor("alice", KEYS[1])
    scene.takes(neighbour.post({**neighbour.activity(), "id": neighbour.peer.url("/a/b")}))


@pytest.mark.spec("SEC-173")
def test_sec_173_a_window_is_of_the_wall_clock(scene: Scene) -> None:
    """A clock that was wrong by a day refuses, and forgets nothing when it is right again."""
    request = scene.alice.post(scene.alice.activity())
    scene.takes(request)
    for days, status in ((1, 401), (-1, 401), (0, 202)):
        scene.clock.jump(days * 86_400)
        assert scene.answer(request).status == status
    assert len(scene.heard) == 1


@pytest.mark.spec("SEC-173")
@pytest.mark.parametrize("days", [1, -1])
def test_sec_173_a_deadline_is_not(scene: Scene, days: int) -> None:
    """While the key is fetched the wall clock jumps: the fetch is neither given up nor does it last for ever."""

    def serve_slowly(_request: object) -> Response:
        scene.clock.jump(days * 86_400)
        scene.home.actor()
        return Response(status=503)

    scene.home.serve("/users/alice", serve_slowly)
    budget = scene.federation.engine.fetcher(scene.edge.ports).budget()
    scene.answer(scene.alice.post(scene.alice.activity()))
    assert budget.seconds_left == scene.federation.config.limits.inbox_s_max
    assert scene.clock.now_s() == NOW_S + days * 86_400
