"""Objects: links to pages, pictures, files, polls."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import LocalProtocolError
from fedtext.vocab import (
    Document,
    Emoji,
    Image,
    Link,
    Note,
    Object,
    PageObject,
    Person,
    PropertyValue,
    Question,
    Tombstone,
    dump,
    load,
)

PAGE = "https://blog.example/@alice/1"


def note(**members: Any) -> Note:
    found = load({"type": "Note", **members})
    assert isinstance(found, Note)
    return found


URLS = [
    (PAGE, PAGE),
    ([PAGE], PAGE),
    ({"type": "Link", "href": PAGE}, PAGE),
    ({"type": "Link", "href": PAGE, "mediaType": "text/html"}, PAGE),
    (
        [{"type": "Link", "href": "https://x.example/v.mp4", "mediaType": "video/mp4"}, {"type": "Link", "href": PAGE}],
        PAGE,
    ),
    ([{"href": "https://x.example/v.mp4", "mediaType": "video/mp4"}], "https://x.example/v.mp4"),
    (["threads://post/1", PAGE], PAGE),
    ([{"type": "Link", "href": "magnet:?xt=1", "mediaType": "text/html"}], None),
    ("javascript:alert(1)", None),  # SEC-164
    ("images/sally.jpg", None),
    ("https://user@blog.example/", None),
    (3, None),
    (None, None),
    ([], None),
]


@pytest.mark.parametrize(("value", "expected"), URLS)
def test_mod_32_the_page_of_an_object(value: Any, expected: str | None) -> None:
    assert note(url=value).url == expected


def test_a_path_of_the_own_site_is_taken_from_the_application_only() -> None:
    assert Note(url="/posts/1/").url == "/posts/1/"
    assert Note(url="/posts/1/").evolve(url="https://blog.example/posts/1/").url == "https://blog.example/posts/1/"
    assert note(url="/logout").url is None
    assert [problem.property for problem in note(url="/logout").problems] == ["url"]
    for wrong in ("//elsewhere.example/", "/a b", "/a\\b", "posts/1", ""):
        with pytest.raises(LocalProtocolError):
            Note(url=wrong)


def test_all_links_can_be_read() -> None:
    found = note(url=[PAGE, {"type": "Link", "href": "https://x.example/v.mp4", "mediaType": "video/mp4"}, "relative"])
    assert found.links == (PAGE, Link(href="https://x.example/v.mp4", media_type="video/mp4"))
    assert [problem.property for problem in found.problems] == ["url"]


PICTURES = [
    "https://x.example/a.png",
    ["https://x.example/a.png"],
    {"type": "Image", "url": "https://x.example/a.png"},
    [{"type": "Image", "url": "https://x.example/a.png"}, {"type": "Image", "url": "https://x.example/b.png"}],
    {"type": "Image", "url": {"type": "Link", "href": "https://x.example/a.png"}},
    {"type": "Image", "url": [{"type": "Link", "href": "https://x.example/a.png"}]},
    {"type": "Link", "href": "https://x.example/a.png"},
    {"type": "Document", "url": "https://x.example/a.png"},
    {"url": "https://x.example/a.png"},
    {"id": "https://x.example/a.png"},
]


@pytest.mark.parametrize("value", PICTURES)
def test_act_07_pictures_in_any_shape(value: Any) -> None:
    found = load({"type": "Person", "icon": value})
    assert isinstance(found.icon, Image)
    assert found.icon.url == "https://x.example/a.png"
    assert found.problems == ()


@pytest.mark.parametrize("value", ["data:image/png;base64,x", 3, {}, {"type": "Link"}, {"type": "Note"}, "x.png"])
def test_bad_pictures_are_reported(value: Any) -> None:
    found = load({"type": "Person", "icon": value})
    assert found.icon is None
    assert [problem.property for problem in found.problems] == ["icon"]


def test_a_picture_is_written_as_an_image() -> None:
    expected = {"type": "Image", "url": "https://x.example/a.png"}
    assert dump(Person(icon="https://x.example/a.png"), context=False)["icon"] == expected
    assert dump(Person(icon=Image(url="https://x.example/a.png")), context=False)["icon"] == expected
    typed = Image(url="https://x.example/a.png", media_type="image/png")
    assert dump(Person(icon=typed), context=False)["icon"] == {
        "type": "Image",
        "mediaType": "image/png",
        "url": expected["url"],
    }


def test_mod_33_what_stands_for_a_picture() -> None:
    assert Document(name="a cat").alt == "a cat"
    assert Document(name="cat.png", summary="a cat").alt == "a cat"
    assert Document().alt is None


def test_mod_31_a_source_may_be_a_mere_text() -> None:
    assert note(source="*x*").source == {"content": "*x*"}
    assert note(source={"content": "*x*", "mediaType": "text/markdown"}).source == {
        "content": "*x*",
        "mediaType": "text/markdown",
    }


def test_mod_36_polls() -> None:
    poll = load(
        {
            "type": "Question",
            "oneOf": [
                {"type": "Note", "name": "yes", "replies": {"type": "Collection", "totalItems": 2}},
                {"type": "Note"},
            ],
            "votersCount": 3,
            "endTime": "2026-01-02T12:00:00Z",
        }
    )
    assert isinstance(poll, Question)
    first = poll.one_of[0]
    assert isinstance(first, Note)
    assert first.name == "yes"
    assert poll.any_of == ()
    assert poll.voters_count == 3
    assert poll.end_time is not None


def test_kinds_of_content() -> None:
    assert dump(Tombstone(id=PAGE, former_type="Note"), context=False) == {
        "id": PAGE,
        "type": "Tombstone",
        "formerType": "Note",
    }
    assert dump(PageObject(name="x"), context=False) == {"type": "Page", "name": "x"}
    assert dump(PropertyValue(name="Web", value="<a>x</a>"))["@context"] == [
        "https://www.w3.org/ns/activitystreams",
        {"schema": "http://schema.org#", "PropertyValue": "schema:PropertyValue", "value": "schema:value"},
    ]
    emoji = load(
        {"type": "Emoji", "id": None, "name": ":x:", "icon": {"type": "Image", "url": "https://x.example/x.png"}}
    )
    assert isinstance(emoji, Emoji)
    assert emoji.icon == Image(url="https://x.example/x.png")


def test_every_property_of_every_type_has_one_json_name() -> None:
    for kind in (Object, Note, Person, Question, Document, Link):
        for attribute, item in kind.declared.items():
            assert item.attribute == attribute
            assert item.name


@pytest.mark.spec("MOD-09")
def test_mod_09_all_authors() -> None:
    alice, group = "https://blog.example/users/alice", {"id": "https://blog.example/c/x", "type": "Group"}
    found = note(attributedTo=[alice, group])
    assert found.author_id == alice
    assert found.authors == (alice, load(dict(group)))
    assert dump(Note(authors=[Person(id=alice)]), context=False)["attributedTo"] == alice


LINK_TYPES = [
    ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
    ("application/activity+json", True),
    ("Application/Activity+JSON ; charset=utf-8", True),
    ("text/html", False),
    (None, False),
]


@pytest.mark.parametrize(("media_type", "expected"), LINK_TYPES)
def test_fep_e232_links_to_objects(media_type: str | None, expected: bool) -> None:
    link = {"type": "Link", "href": PAGE, "mediaType": media_type, "name": "RE: it"}
    found = note(tag=[link, {"type": "Mention", "href": PAGE, "mediaType": media_type}, PAGE])
    assert [isinstance(item, Link) and item.href == PAGE for item in found.object_links] == [True] * expected


def test_a_file_says_what_it_must_be() -> None:
    assert Document(digest_multibase="zQm1", focal_point=(0.0, 1)).focal_point == (0.0, 1)
    for wrong in ((0.0,), (0.0, 1.1), (True, 0), 3):
        with pytest.raises(LocalProtocolError):
            Document(focal_point=wrong)


@pytest.mark.parametrize(
    ("name", "shortcode"),
    [
        (":blob_cat2:", "blob_cat2"),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        (":../../x:", None),
        (":a/b:", None),
        (":a b:", None),
        (":é:", None),
        (":x\n:", None),
        ("::", None),
        (None, None),
    ],
)
def test_sec_166_a_shortcode_is_a_word(name: str | None, shortcode: str | None) -> None:
    emoji = load({"type": "Emoji", "name": name})
    assert isinstance(emoji, Emoji)
    assert emoji.shortcode == shortcode
