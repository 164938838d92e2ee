"""`Replies`: what reaches the application's table, what changes there, and what never gets there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from fedtext import PUBLIC, Block, Create, Delete, Note, Person, Update, Visibility
from fedtext.behaviors import Deletes, Replies, Reply, author_card
from fedtext.errors import OriginMismatch
from fedtext.sync import run_sync
from fedtext.vocab import dump, load_as

ME, POST = "https://blog.example/users/7", "https://blog.example/posts/1"
NOTE = "https://peer.example/notes/1"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@attrs.define
class Table:
    """The application's table."""

    rows: dict[str, Reply] = attrs.field(factory=dict)
    calls: list[str] = attrs.field(factory=list)

    def save(self, reply: Reply) -> None:
        self.calls.append("save")
        self.rows[reply.id] = reply

    def remove(self, reply_id: str, author_id: str) -> None:
        self.calls.append("remove")
        if reply_id in self.rows and self.rows[reply_id].author.id == author_id:
            del self.rows[reply_id]

    def remove_author(self, author_id: str) -> None:
        self.calls.append("remove_author")
        self.rows = {key: row for key, row in self.rows.items() if row.author.id != author_id}


class AsyncTable(Table):
    """The same, awaited."""

    async def save(self, reply: Reply) -> None:  # type: ignore[override]
        super().save(reply)

    async def remove(self, reply_id: str, author_id: str) -> None:  # type: ignore[override]
        super().remove(reply_id, author_id)

    async def remove_author(self, author_id: str) -> None:  # type: ignore[override]
        super().remove_author(author_id)


@pytest.fixture(params=[Table, AsyncTable])
def table(request):
    return request.param()


@pytest.fixture
def world(stage, table):
    return stage(Replies(table))


@pytest.fixture
def bob(person):
    return person("bob")


def note(who, **changes) -> Note:
    given = {
        "id": NOTE,
        "attributed_to": who.id,
        "content": "<p>Well <b>said</b></p>",
        "in_reply_to": POST,
        "to": [PUBLIC],
        "cc": [who.followers],
        "published": NOON,
    }
    return Note(**{**given, **changes})


def create(who, **changes) -> Create:
    model = note(who, **changes)
    return Create(id=f"{NOTE}#create", actor=who.id, object=model, to=model.to, cc=model.cc)


def update(who, **changes) -> Update:
    model = note(who, **changes)
    return Update(id=f"{NOTE}#update", actor=who.id, object=model, to=model.to, cc=model.cc)


@pytest.mark.spec("AP-S10")
def test_an_answer_to_ours_gets_there_with_a_card_of_its_author(world, table, bob) -> None:
    world.receive(create(bob, sensitive=True, summary="<i>careful</i>", url="https://peer.example/@bob/1"))
    row = table.rows[NOTE]
    assert (row.target.kind, row.target.path, row.target.pk) == ("object", "/posts/{pk}", "1")
    assert (row.text, row.visibility, row.published) == ("Well said", Visibility.PUBLIC, NOON)
    assert (row.sensitive, row.summary, row.url) == (True, "careful", "https://peer.example/@bob/1")
    assert (row.author.id, row.author.handle, row.author.name) == (bob.id, "@bob@peer.example", "Bob")


@pytest.mark.parametrize(
    "target",
    [
        None,
        "https://peer.example/notes/9",
        ME,
        "https://blog.example/about",
        "https://blog.example/users/7/followers",
        "https://blog.example.evil.example/posts/1",
    ],
)
def test_an_answer_to_anything_else_does_not(world, table, bob, target: str | None) -> None:
    world.receive(create(bob, in_reply_to=target))
    assert table.calls == []


def test_an_answer_to_what_is_not_there_does_not(world, table, bob) -> None:
    """Anybody can make up an address; a table with a foreign key would fail again and again."""
    world.receive(create(bob, in_reply_to="https://blog.example/posts/404"))
    assert table.calls == []


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        ([PUBLIC], [], Visibility.PUBLIC),
        ([], [PUBLIC], Visibility.UNLISTED),
        (["https://peer.example/users/bob/followers"], [], None),
        ([ME], [], None),
        ([], [], None),
    ],
)
def test_a_direct_message_never_becomes_a_comment(world, table, bob, to, cc, expected) -> None:
    world.receive(create(bob, to=to, cc=cc))
    assert [row.visibility for row in table.rows.values()] == ([expected] if expected else [])


def test_unless_the_application_asks_for_it(stage, table, bob) -> None:
    stage(Replies(table, visibilities=list(Visibility))).receive(create(bob, to=[ME], cc=[]))
    assert table.rows[NOTE].visibility is Visibility.DIRECT


@pytest.mark.spec("AP-S11")
def test_an_edit_changes_it_and_may_take_it_away(world, table, bob) -> None:
    world.receive(create(bob))
    world.receive(update(bob, content="better", updated=NOON + timedelta(minutes=1)))
    assert (table.rows[NOTE].text, len(table.rows)) == ("better", 1)
    world.receive(update(bob, to=[ME], cc=[], updated=NOON + timedelta(minutes=2)))
    assert table.rows == {}


@pytest.mark.spec("SEC-152", "MOD-25", "INB-26")
def test_sec_152_what_is_older_changes_nothing_in_whatever_order_it_comes(world, table, bob) -> None:
    world.receive(update(bob, content="third", updated=NOON + timedelta(minutes=2)))
    world.receive(update(bob, content="second", updated=NOON + timedelta(minutes=1)))
    world.receive(create(bob, content="first"))
    assert table.rows[NOTE].text == "third"


@pytest.mark.spec("SEC-152")
def test_the_same_told_twice_is_saved_twice(world, table, bob) -> None:
    """A listener is called again where it failed half way."""
    for _ in range(2):
        world.receive(create(bob))
    assert table.calls == ["save", "save"]


@pytest.mark.spec("AP-S12")
@pytest.mark.parametrize("who", ["bob", "eve"])
def test_only_the_author_removes_it(world, table, person, bob, who: str) -> None:
    world.receive(create(bob))
    world.receive(Delete(id=f"{NOTE}#delete", actor=person(who).id, object=NOTE))
    assert (NOTE in table.rows) is (who == "eve")


@pytest.mark.spec("SEC-152", "MOD-27", "MOD-28")
@pytest.mark.parametrize("also", [[], [Deletes()]])
def test_sec_152_what_was_removed_does_not_come_back(stage, table, bob, also) -> None:
    world = stage(Replies(table), *also)
    world.receive(Delete(id=f"{NOTE}#delete", actor=bob.id, object=NOTE))
    world.receive(create(bob))
    world.receive(update(bob, updated=NOON + timedelta(minutes=1)))
    assert table.rows == {}


def test_what_somebody_else_removed_comes(world, table, person, bob) -> None:
    world.receive(Delete(id=f"{NOTE}#delete", actor=person("eve").id, object=NOTE))
    world.receive(create(bob))
    assert NOTE in table.rows


@pytest.mark.parametrize("how", ["gone", "block"])
def test_with_the_author_goes_all_that_he_wrote(world, table, person, bob, how: str) -> None:
    eve = person("eve")
    world.receive(create(bob))
    world.receive(create(bob, id=f"{NOTE}2"))
    world.receive(create(eve, id=f"{NOTE}3"))
    ending = {
        "gone": Delete(id=f"{bob.id}#d", actor=bob.id, object=bob.id),
        "block": Block(id=f"{bob.id}#b", actor=bob.id, object=ME),
    }
    world.receive(ending[how])
    assert list(table.rows) == [f"{NOTE}3"]


def test_a_block_of_somebody_else_changes_nothing(world, table, bob) -> None:
    world.receive(create(bob))
    world.receive(Block(id=f"{bob.id}#b", actor=bob.id, object="https://peer.example/users/eve"))
    assert NOTE in table.rows


def test_somebody_elses_note_is_refused(world, table, bob, person) -> None:
    forged = note(person("eve"))
    with pytest.raises(OriginMismatch):
        world.receive(Create(id=f"{NOTE}#create", actor=bob.id, object=forged))
    assert table.rows == {}


@pytest.mark.spec("SEC-159", "SEC-161", "AP-S21")
@pytest.mark.parametrize(
    "content", ["<script>alert(1)</script>x", '<a href="javascript:x">x</a>', '<img src=x onerror="y">x', None]
)
def test_what_is_shown_is_safe(world, table, bob, content: str | None) -> None:
    world.receive(create(bob, content=content))
    html = table.rows[NOTE].html
    assert not any(bad in html for bad in ("<script", "javascript:", "onerror", "<img"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("Bob", "@bob@peer.example", None)),
        ({"name": "<b>Bob</b> & Co"}, ("Bob & Co", "@bob@peer.example", None)),
        ({"name": None}, ("bob", "@bob@peer.example", None)),
        ({"name": "x" * 500}, ("x" * 128, "@bob@peer.example", None)),
        ({"webfinger": "bobby@peer.example"}, ("Bob", "@bobby@peer.example", None)),
        ({"webfinger": "president@elsewhere.example"}, ("Bob", "@bob@peer.example", None)),  # SEC-154: a claim only
        (
            {"icon": {"type": "Image", "url": "https://peer.example/b.png"}},
            ("Bob", "@bob@peer.example", "https://peer.example/b.png"),
        ),
        ({"icon": {"type": "Image", "url": "javascript:alert(1)"}}, ("Bob", "@bob@peer.example", None)),
        ({"icon": "data:image/png;base64,x"}, ("Bob", "@bob@peer.example", None)),
        ({"url": "javascript:alert(1)"}, ("Bob", "@bob@peer.example", None)),
    ],
)
def test_a_card_is_plain_text_and_web_links(bob, changes, expected) -> None:
    card = author_card(load_as({**dump(bob), **changes}, Person))
    assert (card.name, card.handle, card.avatar) == expected
    assert (card.url or "").startswith("https://")


def test_sec_154_a_handle_of_another_host_is_shown_only_where_the_caller_vouches_for_it(bob) -> None:
    claiming = load_as({**dump(bob), "webfinger": "bob@handles.example"}, Person)
    assert author_card(claiming).handle == "@bob@peer.example"
    assert author_card(claiming, handle_host="handles.example").handle == "@bob@handles.example"


class Knowing(Table):
    """A table that tells who has answered."""

    def authors(self, target):
        return [row.author.id for row in self.rows.values() if row.target == target]


class AsyncKnowing(AsyncTable):
    """The same, awaited."""

    async def authors(self, target):
        return [row.author.id for row in self.rows.values() if row.target == target]


@pytest.mark.spec("DLV-02")
@pytest.mark.parametrize("kind", [Knowing, AsyncKnowing, Table])
def test_dlv_02_a_table_that_knows_who_answered_is_asked(stage, bob, kind) -> None:
    table = kind()
    world = stage(Replies(table))
    world.receive(create(bob))
    assert len(table.rows) == 1
    router = world.federation.engine.router
    asked = [
        run_sync(world.federation.engine.caller.call(callback, world.context(), about))
        for callback in router.interactors_callbacks
        for about in (POST, NOTE)
    ]
    assert asked == ([] if kind is Table else [[bob.id], []])
