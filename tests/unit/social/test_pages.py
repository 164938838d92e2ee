"""The pages over ASGI: who gets what, with which headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from fedtext import Federation, connect
from fedtext.social import Post, Social, SocialActor, Visibility
from fedtext.social.pages import Pages

KEY = "the key of alice"


@attrs.frozen
class Answer:
    status: int
    headers: dict[str, str]
    text: str


class Site:
    """A server with alice, and the way to ask for its pages."""

    def __init__(self, origin: str = "https://a.example") -> None:
        self.federation = Federation(origin, backend=connect("memory://"), worker="off")
        self.social = Social(self.federation)
        self.app = self.federation.asgi(Pages(self.social, readers={KEY: "alice"}))

    async def get(self, target: str, *, method: str = "GET", **headers: str) -> Answer:
        path, _, query = target.partition("?")
        fields = {"host": self.federation.site.authority, "accept": "text/html", **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()],
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.app(scope, receive, send)
        start, body = sent
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            body["body"].decode(),
        )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    yield made
    await made.federation.ports.close()


@pytest.fixture
async def alice(site: Site) -> SocialActor:
    return await site.social.create_actor("alice", name="Alice <3", summary="I <b>bake</b>.")


def path(post: Post) -> str:
    return f"/@alice/{post.pk}"


async def test_every_page_forbids_scripts_and_framing(site: Site, alice: SocialActor) -> None:
    made = await alice.post("Hello #one")
    for target in ("/", "/@alice", path(made), "/tags/one", "/home/alice", "/nothing", "/assets/nothing.css"):
        answer = await site.get(target)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, target
        assert "frame-ancestors 'none'" in policy, target
        assert "script" not in policy, target
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_profile_shows_public_posts_only(site: Site, alice: SocialActor) -> None:
    for visibility in Visibility:
        to = "https://b.example/users/1" if visibility is Visibility.DIRECT else None
        await alice.post(f"for {visibility.value} eyes", visibility=visibility, to=to)
    answer = await site.get("/@alice")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "for public eyes" in answer.text
    assert "for unlisted eyes" in answer.text
    assert "for followers eyes" not in answer.text
    assert "for direct eyes" not in answer.text


async def test_what_people_say_of_themselves_is_text(site: Site, alice: SocialActor) -> None:
    await alice.post("<img src=x onerror=alert(1)>")
    answer = await site.get("/@alice")
    assert "<img" not in answer.text
    assert "Alice &lt;3" in answer.text
    assert "I &lt;b&gt;bake&lt;/b&gt;." in answer.text


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.DIRECT])
async def test_a_post_that_is_not_for_all_has_no_page(site: Site, alice: SocialActor, visibility: Visibility) -> None:
    made = await alice.post("secret", visibility=visibility, to="https://b.example/users/1")
    answer = await site.get(path(made), authorization=f"Bearer {KEY}")
    assert answer.status == 404
    assert "secret" not in answer.text


async def test_the_page_of_a_post_under_another_name_is_none(site: Site, alice: SocialActor) -> None:
    await site.social.create_actor("carol")
    made = await alice.post("mine")
    assert (await site.get(f"/@carol/{made.pk}")).status == 404


async def test_a_deleted_post_is_gone(site: Site, alice: SocialActor) -> None:
    made = await alice.post("rash")
    await alice.delete(made)
    assert [(await site.get(target)).status for target in (path(made), "/@alice/never")] == [410, 404]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/activity+json", 303),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', 303),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("*/*", 200),
        ("", 200),
        ("text/html;q=0.1, application/activity+json", 303),
    ],
)
async def test_servers_are_sent_to_the_id(site: Site, alice: SocialActor, accept: str, status: int) -> None:
    made = await alice.post("Hello")
    for target, iri in (("/@alice", alice.uri), (path(made), made.uri)):
        answer = await site.get(target, accept=accept)
        assert answer.status == status
        assert answer.headers["vary"] == "Accept"
        if status == 303:
            assert answer.headers["location"] == iri
        else:
            assert f'<link rel="alternate" type="application/activity+json" href="{iri}">' in answer.text
            assert answer.headers["link"] == f'<{iri}>; rel="alternate"; type="application/activity+json"'


async def test_people_are_sent_from_the_id_to_the_page(site: Site, alice: SocialActor) -> None:
    made = await alice.post("Hello")
    for iri, page in ((alice.uri, "https://a.example/@alice"), (made.uri, f"https://a.example{path(made)}")):
        answer = await site.get(iri.removeprefix("https://a.example"))
        assert (answer.status, answer.headers["location"]) == (303, page)


# ---- the home timeline -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {KEY}"}, 401),
        ({"authorization": "Bearer " + "x" * 10_000}, 401),
        ({"authorization": "Bearer \xff"}, 401),
        ({"cookie": "fedtext-home-alice=wrong"}, 401),
        ({"cookie": "=;;; \x01"}, 401),
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer {KEY}"}, 200),
        ({"cookie": f'fedtext-home-alice="{KEY}"'}, 200),
    ],
)
async def test_a_home_timeline_is_for_its_reader(
    site: Site, alice: SocialActor, headers: dict[str, str], status: int
) -> None:
    await alice.post("for followers", visibility=Visibility.FOLLOWERS)
    answer = await site.get("/home/alice", **headers)
    assert answer.status == status
    assert answer.headers["cache-control"] == "private, no-store"
    assert ("for followers" in answer.text) == (status == 200)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_the_key_of_one_does_not_open_the_home_of_another(site: Site, alice: SocialActor) -> None:
    await site.social.create_actor("carol")
    assert (await site.get("/home/carol", authorization=f"Bearer {KEY}")).status == 401
    assert (await site.get("/home/carol?key=the%20key%20of%20alice")).status == 401


async def test_a_key_in_the_address_becomes_a_cookie(site: Site, alice: SocialActor) -> None:
    answer = await site.get("/home/alice?key=the%20key%20of%20alice")
    assert (answer.status, answer.headers["location"]) == (303, "/home/alice")
    cookie = answer.headers["set-cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    assert (await site.get("/home/alice", cookie=cookie.partition(";")[0])).status == 200
    assert (await site.get("/home/alice?key=wrong")).status == 401


async def test_without_readers_there_is_no_home(site: Site, alice: SocialActor) -> None:
    site.app = site.federation.asgi(Pages(site.social))
    assert (await site.get("/home/alice", authorization="Bearer ")).status == 404


# ---- the rest --------------------------------------------------------------------------------------------------------


async def test_the_style_sheet_is_there_under_the_name_of_its_content(site: Site, alice: SocialActor) -> None:
    page = (await site.get("/@alice")).text
    target = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    answer = await site.get(target)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    assert "prefers-color-scheme: dark" in answer.text
    assert "color-scheme: light dark" in answer.text
    physical = ["left:", "right:", "-left", "-right", "text-align: left", "text-align: right"]
    assert [word for word in physical if word in answer.text] == [], "sides follow the direction of writing"
    assert [word for word in ("@import", "url(", "http") if word in answer.text] == [], "nothing from elsewhere"


async def test_many_posts_come_in_pages(site: Site, alice: SocialActor) -> None:
    for number in range(45):
        await alice.post(f"number {number:02}.")
    target, seen = "/@alice", []
    for _ in range(4):
        text = (await site.get(target)).text
        seen += [n for n in range(45) if f"number {n:02}." in text]
        target = text.partition('<a rel="next" href="')[2].partition('"')[0]
        if not target:
            break
    assert sorted(seen) == list(range(45))
    assert len(seen) == 45


@pytest.mark.parametrize("before", ["x", "-1", "9" * 500, "1&before=2", "%00"])
async def test_a_place_in_the_list_that_is_none_is_the_beginning(site: Site, alice: SocialActor, before: str) -> None:
    await alice.post("Hello")
    assert "Hello" in (await site.get(f"/@alice?before={before}")).text


@pytest.mark.parametrize(
    "target", ["/@", "/@nobody", "/@alice/a/b", "/home", "/home/alice/x", "/tags/none", "/@%00", "//"]
)
async def test_what_is_not_there_says_so(site: Site, alice: SocialActor, target: str) -> None:
    answer = await site.get(target)
    assert answer.status == 404
    assert "Nothing here" in answer.text


async def test_names_are_found_in_either_case(site: Site, alice: SocialActor) -> None:
    assert (await site.get("/@Alice")).status == 200


async def test_pages_are_only_for_reading(site: Site, alice: SocialActor) -> None:
    answer = await site.get("/@alice", method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    head = await site.get("/@alice", method="HEAD")
    assert (head.status, head.text) == (200, "")
    assert int(head.headers["content-length"]) > 0


async def test_hashtags_list_public_posts(site: Site, alice: SocialActor) -> None:
    await alice.post("yes #Tea")
    await alice.post("never #tea", visibility=Visibility.UNLISTED)
    answer = await site.get("/tags/tea")
    assert answer.status == 200
    assert "yes" in answer.text
    assert "never" not in answer.text


async def test_the_front_page_lists_who_lives_here(site: Site, alice: SocialActor) -> None:
    answer = await site.get("/")
    assert 'href="https://a.example/@alice"' in answer.text


async def test_it_starts_and_ends_with_its_server(site: Site) -> None:
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Any:
        return next(asked)

    async def send(event: Any) -> None:
        sent.append(event["type"])

    await site.app({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
