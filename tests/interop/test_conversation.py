"""The conversation with a server that is not ours, in both directions, with both of its first knocks.

Each test takes two actors that nobody has used yet, `speaker` and `listener`, on two different servers. After every
step it asks the *other* server what arrived there.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from .servers import Account, Authority, FedifyPeer, Knock, OurServer, Server, running, text_of
from .steps import anonymous_get, audience, follow, members, require_calm

USERS = [f"user{number}" for number in range(60)]


@attrs.frozen
class Pair:
    """Our server and the peer, both running."""

    ours: OurServer
    fedify: FedifyPeer


@pytest.fixture(scope="module", params=list(Knock), ids=lambda knock: f"knock-{knock.name.lower()}")
def pair(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Run both servers, once for each first knock."""
    folder = tmp_path_factory.mktemp("conversation")
    ours, fedify = OurServer(authority, folder, USERS), FedifyPeer(authority, folder, USERS, first_knock=request.param)
    with running(ours, fedify):
        yield Pair(ours, fedify)
        require_calm(ours)


@pytest.fixture(params=["ours-speaks", "fedify-speaks"])
def servers(request: pytest.FixtureRequest, pair: Pair) -> tuple[Server, Server]:
    """Say whose server speaks and whose listens."""
    return (pair.ours, pair.fedify) if request.param == "ours-speaks" else (pair.fedify, pair.ours)


@pytest.fixture
def speaker(servers: tuple[Server, Server]) -> Account:
    """Give a fresh actor on the server that speaks."""
    return servers[0].account()


@pytest.fixture
def listener(servers: tuple[Server, Server]) -> Account:
    """Give a fresh actor on the server that listens."""
    return servers[1].account()


def test_lookup_by_handle_and_by_id(speaker: Account, listener: Account) -> None:
    for resource in (listener.handle, listener.id):
        found = speaker.lookup(resource)
        assert found is not None, resource
        assert found["id"] == listener.id
        assert found["preferredUsername"] == listener.user
        assert found["inbox"].startswith(listener.server.origin)


def test_lookup_of_nobody_finds_nothing(speaker: Account, listener: Account) -> None:
    assert speaker.lookup(f"@nobody@{listener.server.host}") is None


def test_follow_and_accept(speaker: Account, listener: Account) -> None:
    follow(speaker, listener)
    assert list(listener.held()["followers"]) == [speaker.id]
    assert speaker.held()["following"] == {listener.id: True}


def test_undo_of_follow(speaker: Account, listener: Account) -> None:
    activity = follow(speaker, listener)
    speaker.act("undo", activity=activity)
    undo = listener.server.received("Undo", actor=speaker.id, object=activity)
    assert undo["object"]["type"] == "Follow"
    listener.server.until("let the follower go", lambda: speaker.id not in listener.held()["followers"])
    assert listener.id not in speaker.held()["following"]


def test_public_post_reaches_followers(speaker: Account, listener: Account) -> None:
    follow(listener, speaker)
    post = speaker.post("good morning, all")
    create = listener.server.received("Create", actor=speaker.id, object=post)
    note = create["object"]
    assert (note["type"], note["id"], note["attributedTo"]) == ("Note", post, speaker.id)
    assert "Public" in audience(create)
    assert "Public" in audience(note)
    assert text_of(note["content"]) == "good morning, all"
    assert listener.server.until("shows the post", lambda: listener.shown(post)) == "good morning, all"
    found = listener.lookup(post)
    assert found is not None
    assert text_of(found["content"]) == text_of(note["content"])
    assert anonymous_get(speaker.server, post).status_code == 200


def test_followers_only_post_is_for_followers(speaker: Account, listener: Account) -> None:
    follow(listener, speaker)
    post = speaker.post("only for you", visibility="followers")
    create = listener.server.received("Create", actor=speaker.id, object=post)
    assert "Public" not in audience(create) | audience(create["object"])
    assert any(name.startswith(speaker.server.origin) for name in audience(create))
    assert "only for you" in listener.server.until("shows the post", lambda: listener.shown(post))
    assert anonymous_get(speaker.server, post).status_code in {401, 403, 404}


def test_direct_post_reaches_only_who_is_mentioned(speaker: Account, listener: Account) -> None:
    bystander = listener.server.account()
    follow(bystander, speaker)
    follow(listener, speaker)
    post = speaker.post("between us", visibility="direct", mentions=[listener])
    create = listener.server.received("Create", actor=speaker.id, object=post)
    assert audience(create) == audience(create["object"]) == {listener.id}
    mentions = [tag["href"] for tag in members(create["object"].get("tag")) if tag["type"] == "Mention"]
    assert mentions == [listener.id]
    assert "between us" in listener.server.until("shows the post", lambda: listener.shown(post))
    if isinstance(listener.server, OurServer):  # the peer keeps no timelines
        later = speaker.post("to everybody")
        listener.server.until("shows the later post", lambda: bystander.shown(later))
        assert bystander.shown(post) is None
    assert anonymous_get(speaker.server, post).status_code in {401, 403, 404}


def test_reply_names_what_it_answers_and_whom(speaker: Account, listener: Account) -> None:
    follow(speaker, listener)
    question = listener.post("who is there?")
    speaker.server.until("shows the question", lambda: speaker.shown(question))
    answer = speaker.post("me", in_reply_to=question, mentions=[listener])
    create = listener.server.received("Create", actor=speaker.id, object=answer)
    assert create["object"]["inReplyTo"] == question
    assert listener.id in audience(create)
    assert text_of(create["object"]["content"]).endswith("me")
    assert "me" in listener.server.until("shows the answer", lambda: listener.shown(answer))


@pytest.mark.parametrize(("deed", "type_name"), [("like", "Like"), ("announce", "Announce")])
def test_reaction_and_its_undo(speaker: Account, listener: Account, deed: str, type_name: str) -> None:
    post = listener.post("what do you think?")
    activity = speaker.act(deed, object=post)
    reaction = listener.server.received(type_name, id=activity, actor=speaker.id, object=post)
    assert ("Public" in audience(reaction)) == (type_name == "Announce")
    if isinstance(listener.server, OurServer):  # the peer does not count
        listener.server.until("counts it", lambda: listener.reactions(post)[deed] == 1)
    speaker.act("undo", activity=activity)
    undo = listener.server.received("Undo", actor=speaker.id, object=activity)
    assert undo["object"]["type"] == type_name
    if isinstance(listener.server, OurServer):
        listener.server.until("counts it no more", lambda: listener.reactions(post)[deed] == 0)


def test_announce_and_its_undo_reach_followers(speaker: Account, listener: Account) -> None:
    author = speaker.server.account()
    follow(listener, speaker)
    post = author.post("worth a look")
    activity = speaker.act("announce", object=post)
    listener.server.received("Announce", id=activity, actor=speaker.id, object=post)
    if isinstance(listener.server, OurServer):  # the peer keeps no timelines
        assert listener.server.until("shows the boost", lambda: listener.shown(post)) == "worth a look"
    speaker.act("undo", activity=activity)
    listener.server.received("Undo", actor=speaker.id, object=activity)
    if isinstance(listener.server, OurServer):
        listener.server.until("shows it no more", lambda: listener.shown(post) is None)


def test_update_replaces_the_text(speaker: Account, listener: Account) -> None:
    follow(listener, speaker)
    post = speaker.post("first draft")
    listener.server.until("shows the draft", lambda: "first draft" in (listener.shown(post) or ""))
    speaker.act("update", object=post, content="second draft")
    update = listener.server.received("Update", actor=speaker.id, object=post)
    assert text_of(update["object"]["content"]) == "second draft"
    assert update["object"]["updated"] > update["object"]["published"]
    listener.server.until("shows the edit", lambda: listener.shown(post) == "second draft")
    found = listener.lookup(post)
    assert found is not None
    assert text_of(found["content"]) == "second draft"


def test_delete_takes_the_post_away(speaker: Account, listener: Account) -> None:
    follow(listener, speaker)
    post = speaker.post("never mind")
    listener.server.until("shows the post", lambda: listener.shown(post))
    speaker.act("delete", object=post)
    delete = listener.server.received("Delete", actor=speaker.id, object=post)
    assert delete["object"] == post or delete["object"]["type"] == "Tombstone"
    listener.server.until("shows it no more", lambda: listener.shown(post) is None)
    answer = anonymous_get(speaker.server, post)
    assert answer.status_code == 410 or answer.json()["type"] == "Tombstone"


def test_direct_post_is_corrected_and_taken_back_where_it_went(pair: Pair) -> None:
    """The peer sends edits to followers only, so there is one direction."""
    speaker, listener = pair.ours.account(), pair.fedify.account()
    post = speaker.post("at eight", visibility="direct", mentions=[listener])
    listener.server.received("Create", actor=speaker.id, object=post)
    speaker.act("update", object=post, content=f"{listener.handle} at nine")
    update = listener.server.received("Update", actor=speaker.id, object=post)
    assert audience(update) == audience(update["object"]) == {listener.id}
    speaker.act("delete", object=post)
    delete = listener.server.received("Delete", actor=speaker.id, object=post)
    assert "Public" not in audience(delete)


def test_block_and_its_undo(speaker: Account, listener: Account) -> None:
    follow(listener, speaker)
    post = speaker.post("before")
    listener.server.until("shows the post", lambda: listener.shown(post))
    activity = speaker.act("block", target=listener.id)
    listener.server.received("Block", id=activity, actor=speaker.id, object=listener.id)
    if isinstance(listener.server, OurServer):  # the peer keeps following, as far as it is concerned
        listener.server.until("follows no more", lambda: speaker.id not in listener.held()["following"])
        listener.server.until("shows nothing of it", lambda: listener.shown(post) is None)
    else:
        assert listener.id not in speaker.held()["followers"]
    speaker.act("undo", activity=activity)
    undo = listener.server.received("Undo", actor=speaker.id, object=activity)
    assert undo["object"]["type"] == "Block"


def test_outbox_offers_what_is_public_and_nothing_else(pair: Pair) -> None:
    """Only the peer has a command that reads collections, so there is one direction."""
    speaker, listener = pair.ours.account(), pair.fedify.account()
    follow(listener, speaker)
    public = [speaker.post(f"number {number}") for number in range(3)]
    speaker.post("for followers", visibility="followers")
    speaker.post("for one", visibility="direct", mentions=[listener])
    card = listener.lookup(speaker.id)
    assert card is not None
    outbox = listener.server.call("collection", user=listener.user, uri=card["outbox"])
    assert outbox["total"] == len(public)
    assert [item.partition("#")[0] for item in outbox["items"]] == public[::-1]


def test_peer_knocks_as_told_and_gets_in(pair: Pair) -> None:
    speaker, listener = pair.fedify.account(), pair.ours.account()
    before = len(pair.ours.knocks())
    follow(speaker, listener)
    knocks = pair.ours.knocks()[before:]
    assert knocks[-1][1] == 202
    first = "draft-cavage" if pair.fedify.first_knock is Knock.CAVAGE else "rfc9421"
    assert set(knocks) == {(first, 202)}


def test_our_knocks_are_understood_at_once(pair: Pair) -> None:
    follow(pair.ours.account(), pair.fedify.account())
    assert {status for _, status in pair.fedify.knocks()} == {202}
    assert pair.fedify.events("unverified") == []
