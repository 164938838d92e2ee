"""Links, mentions and hashtags."""

from __future__ import annotations

from fedtext.vocab import Hashtag, Link, Mention, Note, Object, dump, load


def test_mod_14_a_mention_names_an_actor() -> None:
    mention = Mention(href="https://x.example/users/bob", name="@bob@x.example")
    assert dump(mention, context=False) == {
        "type": "Mention",
        "name": "@bob@x.example",
        "href": "https://x.example/users/bob",
    }
    note = load({"type": "Note", "tag": {"type": "Mention", "name": "@bob@x.example"}})
    assert note.tag == (Mention(name="@bob@x.example"),)


def test_mod_17_a_hashtag_is_known_with_or_without_its_sign() -> None:
    assert Hashtag(name="#x").topic == "x"
    assert Hashtag(name="x").topic == "x"
    assert Hashtag().topic is None


def test_links_are_objects_here_so_that_lists_have_one_type() -> None:
    assert isinstance(Mention(), Link)
    assert isinstance(Mention(), Object)
    items = Note(tag=[Mention(name="@bob"), Hashtag(name="#x")]).tag
    assert [item.name for item in items if isinstance(item, Link)] == ["@bob", "#x"]


def test_sizes_and_languages() -> None:
    link = load(
        {"type": "Link", "href": "https://x.example/", "hreflang": "en", "width": 3, "height": "x", "rel": "me"}
    )
    assert isinstance(link, Link)
    assert (link.href, link.hreflang, link.width, link.height, link.rel) == (
        "https://x.example/",
        "en",
        3,
        None,
        ("me",),
    )
