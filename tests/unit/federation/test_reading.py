"""GET: forms, conditions, and what caches may do with it."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from fedtext.vocab import PUBLIC, QuoteAuthorization

AP = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
DOCUMENTS = [
    "/users/1",
    "/posts/7",
    "/users/1/outbox",
    "/users/1/outbox?page=true",
    "/users/1/followers",
    "/ap/instance",
]


@pytest.mark.spec("AP-03", "AP-04", "COL-01", "COL-02")
@pytest.mark.parametrize("accept", [LD, AP, f"{AP}, {LD}", f"{LD.replace('; ', ';')}, text/html;q=0.1"])
@pytest.mark.parametrize("target", DOCUMENTS)
def test_ap_03_an_id_gives_its_document(world, target, accept):
    world.post(7)
    response = world.ask(target, accept=accept)
    document = json.loads(response.body)
    assert document["id"] == HOME + target
    assert "https://www.w3.org/ns/activitystreams" in document["@context"]
    assert response.headers.get_all("content-type") == [AP]
    assert "Accept" in (response.headers.get("vary") or "")
    assert response.headers.get("access-control-allow-origin") == "*"


@pytest.mark.spec("COL-14")
@pytest.mark.parametrize("target", DOCUMENTS)
def test_col_14_the_tag_is_strong_and_of_the_bytes_that_are_served(world, target):
    world.post(7)
    first, second = world.ask(target), world.ask(target)
    assert first.body == second.body
    assert first.headers.get("etag") == f'"{sha256(first.body).hexdigest()[:32]}"'
    again = world.ask(target, if_none_match=str(first.headers.get("etag")))
    assert (again.status, again.body) == (304, b"")
    for name in ("etag", "vary", "cache-control"):
        assert again.headers.get(name) == first.headers.get(name)
    assert world.status(target, if_none_match='"other"') == 200


def test_a_tag_changes_with_what_is_said(world):
    world.post(7)
    etag = str(world.ask("/posts/7").headers.get("etag"))
    world.post(7, text="edited")
    response = world.ask("/posts/7", if_none_match=etag)
    assert (response.status, json.loads(response.body)["content"]) == (200, "edited")


@pytest.mark.spec("SEC-134")
def test_sec_134_a_tag_that_was_known_shows_nothing(world):
    b = world.remote()
    bob, eve = b.actor("bob"), b.actor("eve")
    world.post(7, to=[bob])
    etag = str(world.ask("/posts/7", by=bob).headers.get("etag"))
    assert world.status("/posts/7", by=bob, if_none_match=etag) == 304
    assert world.ask("/posts/7", by=eve, if_none_match=etag) == world.ask("/posts/9", by=eve)


@pytest.mark.spec("AP-05", "SEC-134")
def test_ap_05_what_may_not_be_read_is_as_if_absent(world):
    """In the same words, and by the same questions to the application, the store and the network."""
    b = world.remote()
    eve = b.actor("eve")
    world.post(7, to=["https://b.example.org/users/bob"])
    assert world.status("/posts/9", by=eve) == 404  # her key is known from here on
    costs = []
    for target in ("/posts/7", "/posts/9"):
        world.asked.clear()
        before = len(world.network.exchanges)
        assert world.ask(target, by=eve) == world.ask("/posts/8", by=eve)
        costs.append(([entry.split()[0] for entry in world.asked], len(world.network.exchanges) - before))
    assert costs[0] == costs[1]


@pytest.mark.spec("AP-12")
@pytest.mark.parametrize("spelling", ["https://www.w3.org/ns/activitystreams#Public", "as:Public"])
def test_ap_12_public_is_readable_by_all_in_every_spelling(world, spelling):
    world.post(7, to=[spelling])
    world.post(8, to=[], cc=[spelling])
    assert world.get("/posts/7")["content"] == world.get("/posts/8")["content"] == "hello"


@pytest.mark.spec("ACT-26")
@pytest.mark.parametrize(("target", "page"), [("/users/1", "/@alice"), ("/posts/7", "/p/7")])
def test_act_26_a_browser_is_led_to_the_page_and_servers_back(world, target, page):
    world.post(7)
    response = world.ask(target, accept="text/html,*/*;q=0.8")
    assert (response.status, response.headers.get("location")) == (303, HOME + page)
    assert response.headers.get("link") == f'<{HOME}{target}>; rel="alternate"; type="{AP}"'
    assert response.headers.get("vary") == "Accept"


@pytest.mark.spec("COL-18")
def test_col_18_a_fragment_is_answered_by_what_it_belongs_to(world):
    """Clients do not send fragments: the id of a Create, whose object is embedded wherever it goes."""
    world.post(7)
    (item,) = world.get("/users/1/outbox?page=true")["orderedItems"]
    assert item["id"].partition("#")[0] == item["object"]["id"]


@pytest.mark.spec("COL-15")
@pytest.mark.parametrize("private", [False, True])
def test_col_15_a_stamp_is_served_to_those_for_whom_the_quoted_post_is(world, private):
    """The application gives it the audience of the post, and access is decided by that."""
    b = world.remote()
    bob, eve = b.actor("bob"), b.actor("eve")
    post = world.post(7, to=bob if private else PUBLIC)

    @world.fed.object("/stamps/{pk}")
    def stamp(context, pk):
        return QuoteAuthorization(
            attributed_to=ALICE, to=post.to, interacting_object=f"{bob}/9", interaction_target=f"{HOME}/posts/7"
        )

    served = world.get("/stamps/1", by=bob)
    assert (served["id"], served["type"]) == (f"{HOME}/stamps/1", "QuoteAuthorization")
    assert (served["interactingObject"], served["interactionTarget"]) == (f"{bob}/9", f"{HOME}/posts/7")
    for who in (bob, eve, None):
        assert world.status("/stamps/1", by=who) == world.status("/posts/7", by=who)
