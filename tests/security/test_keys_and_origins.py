"""Attacks by keys and by origins: who signed, whose key is it, whose word, whose thing.

SEC-060 to 067, 069, 070, 072, 079 to 085, 090, 131. After each: nothing dispatched, nobody's key in the victim's place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.edges import Edge
from tests.receiving import GONE, KEYS, SITE, Peer, PeerActor, answer, post, redirect
from tests.scene import Scene

from fedtext.behaviors import Follows, FollowState
from fedtext.fetch import resolve
from fedtext.http import Request, Response
from fedtext.keys import PrivateKey, VerificationKey

ALICE_KEY, EVE_KEY = KEYS[0], KEYS[2]


EVERYWHERE = pytest.mark.edges("pure", "asgi", "wsgi")
FETCHES_MAX = 4


def refused(scene: Scene, request: Request, *statuses: int) -> None:
    """Send what must be refused, for a few fetches at most."""
    scene.refuses(request, *(statuses or (401,)), fetches_max=FETCHES_MAX)


def forge(scene: Scene, key_id: str, **members: Any) -> None:
    """Post a Like in alice's name, signed by eve's key under some key id; it must be refused as unproven."""
    refused(scene, post(scene.alice.activity(**members), key=EVE_KEY, key_id=key_id), 401, 403)
    victim_is_unharmed(scene)


def victim_is_unharmed(scene: Scene) -> None:
    """The key of the victim, and nobody else's, is what lies under the victim's key id."""
    fetcher = scene.federation.engine.fetcher(scene.edge.ports)
    found = scene.edge.do(resolve(fetcher, scene.alice.key_id, fetcher.budget()))
    assert found == VerificationKey(scene.alice.key_id, scene.alice.id, ALICE_KEY.public)


def key_document(key_id: str, owner: Any, key: PrivateKey = EVE_KEY, **members: Any) -> dict[str, Any]:
    pem = key.public.pem
    return {"@context": "https://w3id.org/security/v1", "id": key_id, "owner": owner, "publicKeyPem": pem, **members}


# ---- SEC-060 to 064: whose key ---------------------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.spec("SEC-060", "SIG-18")
@pytest.mark.parametrize("claim", ["owner", "owner as object", "controller", "owner in a list"])
def test_sec_060_a_key_document_claims_the_victim(scene: Scene, claim: str) -> None:
    """The victim does not list it (CVE-2026-96625). Threat: Akkoma 2025.03."""
    key_id = scene.evil.url("/key")
    owner: dict[str, Any] = {
        "owner": {"owner": scene.alice.id},
        "owner as object": {"owner": {"id": scene.alice.id}},
        "controller": {"owner": None, "controller": scene.alice.id},
        "owner in a list": {"owner": [scene.alice.id]},
    }[claim]
    scene.evil.serve("/key", key_document(key_id, None) | owner)
    forge(scene, key_id)


@EVERYWHERE
@pytest.mark.spec("SEC-060", "SIG-18")
def test_sec_060_the_victim_lists_the_id_with_other_material(scene: Scene) -> None:
    """Both name each other, the keys differ: neither is believed."""
    key_id = scene.evil.url("/key")
    mine = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    listed = {"id": key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    scene.home.actor(publicKey=[mine, listed])
    scene.evil.serve("/key", key_document(key_id, scene.alice.id))
    forge(scene, key_id)
    refused(scene, post(scene.alice.activity(), key=ALICE_KEY, key_id=key_id))


@EVERYWHERE
@pytest.mark.spec("SEC-060", "SEC-063")
def test_sec_060_an_owner_behind_an_open_redirect_of_the_victim(scene: Scene) -> None:
    """eve's key names a URL of the victim as its owner; what is there leads to eve, who lists the key."""
    key_id, owner = scene.evil.url("/key"), scene.home.url("/out?to=evil")
    scene.home.serve("/out?to=evil", redirect(scene.eve.id))
    scene.evil.actor("eve", EVE_KEY, publicKey=key_id)
    scene.evil.serve("/key", key_document(key_id, owner))
    forge(scene, key_id)
    refused(scene, post(scene.eve.activity(actor=owner, id=owner), key=EVE_KEY, key_id=key_id))


@EVERYWHERE
@pytest.mark.spec("SEC-060", "SIG-18")
def test_sec_060_the_victim_lists_the_key_of_another_owner(scene: Scene) -> None:
    """alice's document names eve's key; eve's key says that it is eve's: it signs for eve only."""
    mine = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    theirs = {"id": scene.eve.key_id, "owner": scene.eve.id, "publicKeyPem": EVE_KEY.public.pem}
    scene.home.actor(publicKey=[mine, theirs])
    forge(scene, scene.eve.key_id)


@pytest.mark.spec("SEC-061")
def test_sec_061_there_is_one_way_to_an_owner(repository: Path) -> None:
    """HTTP signatures of POST and GET, and whatever proof comes later: one function confirms the owner of a key."""
    makers = set()
    for path in (repository / "src" / "fedtext").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "VerificationKey":
                makers.add(path.relative_to(repository / "src" / "fedtext").as_posix())
    if not makers:
        pytest.skip("tested without its source")
    # The command line verifies documents with keys that a person hands it; nothing that it says reaches an inbox.
    assert makers == {"fetch/keys.py", "cli/examining_documents.py"}


@EVERYWHERE
@pytest.mark.spec("SEC-062")
@pytest.mark.parametrize("target", ["/users/alice", "/key"])
def test_sec_062_evil_serves_the_victims_document(scene: Scene, target: str) -> None:
    """The actor document says id: victim, and holds eve's key; it is evil that serves it (CVE-2024-23832)."""
    key_id = scene.evil.url(target + "#main-key")
    listed = {"id": key_id, "owner": scene.alice.id, "publicKeyPem": EVE_KEY.public.pem}
    scene.evil.serve(target, scene.alice.document(publicKey=listed))
    forge(scene, key_id)


@EVERYWHERE
@pytest.mark.spec("SEC-063")
@pytest.mark.parametrize("claimed", ["its own id", "the victim's id", "the redirecting id"])
def test_sec_063_an_open_redirect_of_the_victim(scene: Scene, claimed: str) -> None:
    """A URL at the victim's host leads to eve's document (GHSA-8863).

    Threats: GHSA-288h-6j8h-6x5j, GHSA-8863-8468-7hq7.
    """
    at = scene.home.url("/out?to=evil")
    document_id = {"its own id": scene.eve.id, "the victim's id": scene.alice.id, "the redirecting id": at}[claimed]
    keys = [{"id": key, "owner": document_id, "publicKeyPem": EVE_KEY.public.pem} for key in (at, at + "#main-key")]
    scene.home.serve("/out?to=evil", redirect(scene.evil.url("/users/eve")))
    scene.evil.serve("/users/eve", {**scene.eve.document(publicKey=keys), "id": document_id})
    for key_id in (at, at + "#main-key"):
        forge(scene, key_id)
        refused(scene, post(scene.eve.activity(), key=EVE_KEY, key_id=key_id))  # not even what is hers


@EVERYWHERE
@pytest.mark.spec("SEC-062", "SEC-063", "SEC-064")
def test_sec_063_a_listed_key_that_is_redirected(scene: Scene) -> None:
    """alice lists a standalone key by its id alone; an open redirect at that host leads to eve's material."""
    keys = Peer(scene.network, "keys.example.org")
    key_id = keys.url("/alice")
    mine = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    scene.home.actor(publicKey=[mine, key_id])
    keys.serve("/alice", redirect(scene.evil.serve("/key", key_document(key_id, scene.alice.id))))
    forge(scene, key_id)


@EVERYWHERE
@pytest.mark.spec("SEC-064")
@pytest.mark.parametrize("bears", ["another fragment", "another path", "the victim's key id", "none"])
def test_sec_064_a_key_document_that_bears_another_id(scene: Scene, bears: str) -> None:
    """Threats: Akkoma 2025.03, fedify#963."""
    key_id = scene.evil.url("/key#1")
    document_id = {
        "another fragment": scene.evil.url("/key#2"),
        "another path": scene.evil.url("/other"),
        "the victim's key id": scene.alice.key_id,
        "none": None,
    }[bears]
    scene.evil.serve("/key", key_document(str(document_id), scene.alice.id) | {"id": document_id})
    forge(scene, key_id)


@EVERYWHERE
@pytest.mark.spec("SEC-064")
def test_sec_064_also_where_the_owner_lists_the_address(scene: Scene) -> None:
    """alice lists the key by its id alone; what answers there bears another id, and is dropped."""
    key_id = scene.home.url("/keys/1")
    scene.home.actor(publicKey=[key_id])
    scene.home.serve("/keys/1", key_document(scene.home.url("/keys/2"), scene.alice.id, ALICE_KEY))
    refused(scene, scene.alice.post(scene.alice.activity(), key_id=key_id))
    scene.home.serve("/keys/1", key_document(key_id, scene.alice.id, ALICE_KEY))
    scene.clock.advance(301)
    request = scene.alice.post(scene.alice.activity(), key_id=key_id, now_s=scene.clock.now_s())
    scene.takes(request)


# ---- SEC-065 to 068: which key ---------------------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.spec("SEC-065")
def test_sec_065_exactly_the_named_key_is_taken(scene: Scene) -> None:
    """Two keys in one document: each signs under its own name, neither under the other's."""
    keys = [
        {"id": f"{scene.alice.id}#{name}", "owner": scene.alice.id, "publicKeyPem": key.public.pem}
        for name, key in (("one", ALICE_KEY), ("two", KEYS[1]))
    ]
    scene.home.actor(publicKey=keys)
    for number, (name, key, taken) in enumerate(
        [("one", ALICE_KEY, True), ("two", KEYS[1], True), ("one", KEYS[1], False), ("two", ALICE_KEY, False)]
    ):
        request = post(scene.alice.activity("Like", number), key=key, key_id=f"{scene.alice.id}#{name}")
        if taken:
            scene.takes(request)
        else:
            refused(scene, request)


@EVERYWHERE
@pytest.mark.spec("SEC-065")
@pytest.mark.parametrize("fragment", ["#other", "#MAIN-KEY", "#main-key#", "#", "?main-key", "/main-key"])
def test_sec_065_a_key_id_that_is_not_in_the_document(scene: Scene, fragment: str) -> None:
    """Threat: Mitra 2.9 to 5.8."""
    scene.home.serve("/users/alice" + fragment.partition("#")[0], scene.alice.document())
    request = scene.alice.post(scene.alice.activity(), key_id=scene.alice.id + fragment)
    refused(scene, request)


@EVERYWHERE
@pytest.mark.spec("SEC-065")
def test_sec_065_one_id_twice(scene: Scene) -> None:
    mine = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    scene.home.actor(publicKey=[mine, {**mine, "publicKeyPem": EVE_KEY.public.pem}])
    for key in (ALICE_KEY, EVE_KEY):
        refused(scene, post(scene.alice.activity(), key=key, key_id=scene.alice.key_id))
        scene.clock.advance(301)


@EVERYWHERE
@pytest.mark.spec("SEC-066")
def test_sec_066_the_actors_id_names_no_foreign_key(scene: Scene) -> None:
    """PeerTube's form: the one key that is listed must still be the actor's own."""
    scene.home.actor(publicKey={"id": scene.eve.key_id, "owner": scene.eve.id, "publicKeyPem": EVE_KEY.public.pem})
    refused(scene, post(scene.alice.activity(), key=EVE_KEY, key_id=scene.alice.id))


@EVERYWHERE
@pytest.mark.spec("SEC-068")
@pytest.mark.parametrize(("place", "taken"), [(0, True), (15, True), (16, False), (500, False)])
def test_sec_068_so_many_keys_are_read(scene: Scene, place: int, taken: bool) -> None:
    keys = [{"id": f"{scene.alice.id}#{n}", "owner": scene.alice.id, "publicKeyPem": "x"} for n in range(1_000)]
    keys[place] = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    scene.home.actor(publicKey=keys)
    request = scene.alice.post(scene.alice.activity())
    if taken:
        scene.takes(request)
    else:
        refused(scene, request)


# ---- SEC-090: what is a key, what is an actor ------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.spec("SEC-090")
@pytest.mark.parametrize("kind", ["Note", "Create", "Activity", "Collection", "Tombstone", "Image", ["Note", "Key"], 7])
def test_sec_090_a_note_with_a_key_in_it_is_no_key(scene: Scene, kind: Any) -> None:
    """On a server that stores what people send, such a note is easily made. Threat: Mitra 2.9 to 5.8."""
    key_id = scene.home.url("/media/1.json")
    mine = {"id": scene.alice.key_id, "owner": scene.alice.id, "publicKeyPem": ALICE_KEY.public.pem}
    scene.home.actor(publicKey=[mine, key_id])
    scene.home.serve("/media/1.json", key_document(key_id, scene.alice.id, type=kind))
    forge(scene, key_id)


@EVERYWHERE
@pytest.mark.spec("SEC-090")
@pytest.mark.parametrize("kind", ["Note", "Create", "OrderedCollection", "Tombstone", "Link", ["Note"]])
def test_sec_090_the_owner_of_a_key_is_an_actor(scene: Scene, kind: Any) -> None:
    scene.home.serve("/notes/1", {**scene.alice.document(), "id": scene.home.url("/notes/1"), "type": kind})
    forge(scene, scene.home.url("/notes/1#main-key"))
    refused(scene, scene.alice.post(scene.alice.activity(), key_id=scene.home.url("/notes/1#main-key")))


# ---- SEC-067: before any fetch ---------------------------------------------------------------------------------------

NOWHERE = [
    f"{SITE}/users/bob#main-key",
    "https://B.EXAMPLE.com:443/users/bob#main-key",
    "https://b.example.com./users/bob#main-key",
    "http://b.example.com/users/bob#main-key",
    "https://127.0.0.1/k",
    "https://10.0.0.1/k",
    "https://169.254.169.254/k",
    "https://8.8.8.8/k",
    "https://[::1]/k",
    "https://[::ffff:7f00:1]/k",
    "https://localhost/k",
    "https://x.localhost/k",
    "https://localhost./k",
    "https://2130706433/k",
    "https://0x7f.1/k",
    "https://127.1/k",
    "https://a_b.example.com/k",
    "https://a..b.example.com/k",
    "https://u:p@a.example.com/k",
    "https://a.example.com\\@127.0.0.1/k",
    "https://a.example.com:0/k",
    "acct:alice@a.example.com",
    "did:key:z6Mk",
    "data:,x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "alice",
    "/users/alice",
    "https://a.example.com/" + "x" * 2_048,
]


@EVERYWHERE
@pytest.mark.spec("SEC-067")
@pytest.mark.parametrize("key_id", NOWHERE)
def test_sec_067_no_fetch_by_a_key_id(scene: Scene, key_id: str) -> None:
    """Nor is the policy asked about what may be no address at all."""
    request = scene.alice.post(scene.alice.activity())
    value = str(request.headers.get("signature")).replace(scene.alice.key_id, key_id)
    scene.refuses(attrs.evolve(request, headers=request.headers.with_fields(("signature", value))), 401)
    assert scene.policy.asked == []


# ---- SEC-069, 070: what a key id may cost ----------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.spec("SEC-069", "SEC-017")
@pytest.mark.parametrize(
    "served", [Response(status=404), GONE, Response(status=500), answer(b"x"), redirect("/users/alice")]
)
def test_sec_069_a_hundred_forgeries_cost_one_fetch(scene: Scene, served: Response) -> None:
    """Threats: Akkoma 2025.10, CVE-2026-34148."""
    scene.home.serve("/users/alice", served)
    for number in range(100):
        refused(scene, scene.alice.post(scene.alice.activity("Like", number)), 401, 503)
    assert len(scene.fetched) == 1


@EVERYWHERE
@pytest.mark.spec("SEC-069")
def test_sec_069_what_an_attacker_names_does_not_harm_the_genuine_key(scene: Scene) -> None:
    """Absence is remembered by key id: another fragment of the same address is another key."""
    for fragment in ("#x", "#y", ""):
        refused(scene, post(scene.alice.activity(), key=EVE_KEY, key_id=scene.alice.id + fragment))
    scene.takes(scene.alice.post(scene.alice.activity()))


# ---- SEC-072, 079 to 084, 131: whose word, whose thing ---------------------------------------------------------------

FORGERIES: list[tuple[str, Callable[[Scene], dict[str, Any]]]] = [
    ("SEC-131 in the victim's name", lambda s: s.alice.activity()),
    ("SEC-131 in a neighbour's name", lambda s: {**s.eve.activity(), "actor": s.evil.url("/users/other")}),
    ("SEC-072 under the victim's id", lambda s: {**s.eve.activity(), "id": s.alice.activity()["id"]}),
    ("SEC-080 a note of the victim", lambda s: s.eve.activity("Create", object=s.alice.note())),
    (
        "SEC-080 the victim's as one's own",
        lambda s: s.eve.activity("Create", object=s.alice.note(attributedTo=s.eve.id)),
    ),
    (
        "SEC-080 one's own as the victim's",
        lambda s: s.eve.activity("Create", object=s.eve.note(attributedTo=s.alice.id)),
    ),
    ("SEC-081 Update of the victim", lambda s: s.eve.activity("Update", object=s.alice.document())),
    ("SEC-081 Update of the victim's note", lambda s: s.eve.activity("Update", object=s.alice.note())),
    ("SEC-081 Delete of the victim", lambda s: s.eve.activity("Delete", object=s.alice.id)),
    ("SEC-081 Delete of the victim's note", lambda s: s.eve.activity("Delete", object=s.alice.note()["id"])),
    ("SEC-081 Undo of what the victim did", lambda s: s.eve.activity("Undo", object=s.alice.activity("Follow"))),
    ("SEC-081 Add to the victim's collection", lambda s: s.eve.activity("Add", target=f"{s.alice.id}/featured")),
    ("SEC-081 Remove from it", lambda s: s.eve.activity("Remove", target=f"{s.alice.id}/featured")),
    ("SEC-081 Move of the victim", lambda s: s.eve.activity("Move", object=s.alice.id, target=s.eve.id)),
    ("SEC-084 Update of a note of ours", lambda s: s.eve.activity("Update", object=s.eve.note(id=f"{SITE}/notes/1"))),
    ("SEC-084 Delete of a note of ours", lambda s: s.eve.activity("Delete", object=f"{SITE}/notes/1")),
    ("SEC-083 in our name", lambda s: {**s.eve.activity(), "actor": f"{SITE}/users/bob"}),
]


@EVERYWHERE
@pytest.mark.spec("SEC-072", "SEC-080", "SEC-081", "SEC-083", "SEC-084", "SEC-131", "SIG-19")
@pytest.mark.parametrize("said", [case[1] for case in FORGERIES], ids=[case[0] for case in FORGERIES])
def test_sec_081_what_eve_says_with_a_key_of_her_own(scene: Scene, said: Callable[[Scene], dict[str, Any]]) -> None:
    """Threats that were published elsewhere.

    Bridgy Fed 2024-12, CVE-2024-37903, CVE-2024-52593, CVE-2026-55103, CVE-2026-73090, GHSA-288h-6j8h-6x5j,
    GHSA-4qhx-hhwf-8685, Hollo 0.8.5, lemmy-federation#130, Mitra 2.9 to 5.8, NodeBB 2026-04, Pleroma 1.0.3.
    """
    refused(scene, scene.eve.post(said(scene)), 403)
    assert len([url for url in scene.fetched if url != scene.eve.id]) <= 1, "at most its origin is asked"


@EVERYWHERE
@pytest.mark.spec("SEC-079", "INB-09")
def test_sec_079_the_victims_object_in_eves_activity_is_its_id(scene: Scene) -> None:
    """Threat: Hollo 0.8.5."""
    fake = scene.alice.note(content="never said")
    for number, kind in enumerate(("Announce", "Like", "Flag", "Block", "Offer", "X")):
        heard = scene.takes(scene.eve.post(scene.eve.activity(kind, number, object=fake, target=fake)))
        assert heard.document["object"] == heard.document["target"] == fake["id"]


@EVERYWHERE
@pytest.mark.spec("SEC-082")
def test_sec_082_a_neighbour_is_not_deleted(scene: Scene) -> None:
    """alice and bo live on one server, and we know both."""
    bo = scene.home.actor("bo", KEYS[1])
    for number, actor in enumerate((scene.alice, bo)):
        scene.takes(actor.post(actor.activity(number=number)))
    for about in (bo.id, {"id": bo.id}, [bo.id], bo.document(), {"id": bo.id, "type": "Tombstone"}):
        refused(scene, scene.alice.post(scene.alice.activity("Delete", 9, object=about)), 403)


# ---- SEC-085: Accept of what was never asked -------------------------------------------------------------------------


@pytest.mark.spec("SEC-085", "INB-17")
@EVERYWHERE
def test_sec_085_only_who_was_asked_may_accept_and_only_what_was_asked(edge: Edge) -> None:
    """Threats: CVE-2025-30741, Pleroma 1.0.3."""
    follows = Follows()
    scene = Scene(edge, use=(follows,))
    alice, eve, bo = scene.alice, scene.eve, scene.home.actor("bo", KEYS[1])
    for actor in (alice, bo, eve):
        actor.peer.serve(f"/users/{actor.name}/inbox", Response(status=202))

    def state(actor: PeerActor) -> FollowState | None:
        return edge.do(follows.following(scene.context, "bob", actor.id))

    follow_id = edge.do(follows.follow(scene.context, "bob", alice.id))
    edge.work()
    assert state(alice) is FollowState.PENDING
    bob = f"{SITE}/users/bob"
    genuine = {"id": follow_id, "type": "Follow", "actor": bob, "object": alice.id}
    never_sent = {"id": f"{bob}#follows/never", "type": "Follow", "actor": bob, "object": alice.id}
    forgeries: list[tuple[PeerActor, Any]] = [
        (eve, genuine),
        (eve, follow_id),
        (eve, {**genuine, "object": eve.id}),
        (bo, genuine),
        (bo, follow_id),
        (bo, {**genuine, "object": bo.id}),
        (alice, never_sent),
        (alice, never_sent["id"]),
        (alice, {**genuine, "object": bo.id}),
        (alice, {**genuine, "actor": eve.id, "id": eve.peer.url("/follows/1")}),
        (alice, {"id": eve.peer.url("/follows/1")}),
    ]
    for number, (actor, about) in enumerate(forgeries):
        assert scene.answer(actor.post(actor.activity("Accept", number, object=about))).status in (202, 403)
        assert state(alice) is FollowState.PENDING, f"accepted by {number}: {actor.name} {about}"
        for other in (bo, eve):
            assert state(other) is None
    assert scene.answer(alice.post(alice.activity("Accept", 99, object=genuine))).status == 202
    assert state(alice) is FollowState.ACCEPTED
