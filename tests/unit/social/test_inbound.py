"""What arrives: in whose timeline it stands, and what changes there."""

from __future__ import annotations

import pytest

from fedtext import Block, Create, Delete, Like, Note, Undo, Update, Visibility
from fedtext.federation.context import Scope
from fedtext.inbox import remember_ended, select
from fedtext.social.model import at
from fedtext.vocab import Tombstone

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
DAY_S = 86_400


@pytest.fixture
async def bob(world):
    """Bob, whom Alice follows."""
    found = await world.net.peer("peer.example").actor("bob")
    await world.alice.follow(found.handle)
    await world.net.settle()
    return found


@pytest.fixture
def arrive(world):
    """Hand a verified activity to the listeners, as the worker does; what has ended is kept before that."""

    async def deliver(activity, *, recipient: str | None = None) -> None:
        engine, ports = world.federation.engine, world.federation.ports.asynchronous()
        context = engine.context(ports, Scope(recipient=recipient))
        await remember_ended(ports.store, engine.site.origin, activity, engine.config.inbox)
        for listener in select(engine.router.listeners, activity):
            await engine.caller.call(listener.callback, context, activity)

    return deliver


def note(who, text: str = "hi", number: int = 1, **more) -> Note:
    given = {"to": [PUBLIC], "cc": [f"{who.uri}/followers"], **more}
    return Note(id=f"{who.uri}/n{number}", attributed_to=who.uri, content=text, **given)


def told(kind, model: Note, number: int = 1):
    name = kind.__name__.lower()
    return kind(id=f"{model.id}#{name}{number}", actor=model.attributed_to, object=model, to=model.to, cc=model.cc)


async def entries(world):
    return [entry async for entry in world.alice.timeline()]


@pytest.mark.spec("INB-11", "AP-S10")
@pytest.mark.parametrize(
    ("followed", "to", "shown"),
    [
        (True, [PUBLIC], True),
        (True, ["followers"], True),
        (True, ["https://other.example/u"], False),
        (True, ["alice"], True),
        (False, [PUBLIC], False),
        (False, ["followers"], False),
        (False, ["alice"], True),
        (False, [PUBLIC, "alice"], True),
    ],
)
async def test_only_what_concerns_her_stands_there(world, bob, arrive, followed: bool, to, shown: bool) -> None:
    who = bob if followed else await world.net.peer("other.example").actor("eve")
    names = {"followers": f"{who.uri}/followers", "alice": world.alice.uri}
    await arrive(told(Create, note(who, to=[names.get(iri, iri) for iri in to], cc=[])))
    assert await world.texts() == (["hi"] if shown else [])


@pytest.mark.spec("INB-12")
@pytest.mark.parametrize(("recipient", "shown"), [("a", True), ("b", False), (None, False)])
async def test_what_comes_blindly_to_her_own_inbox_is_for_her(world, arrive, recipient, shown: bool) -> None:
    eve = await world.net.peer("other.example").actor("eve")
    await arrive(told(Create, note(eve, to=[], cc=[])), recipient=recipient)
    assert [entry.visibility for entry in await entries(world)] == [Visibility.DIRECT] * shown


async def test_mentions_are_told_with_a_way_to_answer(world) -> None:
    heard = []

    @world.social.on_mention
    async def answer(actor, mention) -> None:
        heard.append((actor.name, mention.author.handle, mention.text, mention.recipient))
        await actor.reply(mention, f"Hi {mention.author.handle}")

    world.social.on_mention(lambda actor, mention: heard.append(actor.name))  # plain ones too
    bob = await world.net.peer("peer.example").actor("bob")
    await bob.post(f"{world.alice.handle} are you there?")
    await world.net.settle()
    assert heard == [("alice", "@bob@peer.example", "@alice are you there?", "a"), "alice"]
    assert next(entry.text for entry in await bob.timeline()) == "Hi @bob"


@pytest.mark.spec("SEC-152", "INB-26", "MOD-24", "MOD-25")
@pytest.mark.parametrize("order", ["123", "132", "213", "231", "312", "321", "1123", "3113"])
async def test_sec_152_the_newest_stands_in_whatever_order_it_comes(world, bob, arrive, order: str) -> None:
    now_s = world.net.clock.now_s()

    published = at(int(now_s))
    first = told(Create, note(bob, "one", published=published))
    second = told(Update, note(bob, "two", published=published, updated=at(int(now_s) + 10)), 2)
    third = told(Update, note(bob, "three", published=published, updated=at(int(now_s) + 20)), 3)
    for digit in order:
        await arrive({"1": first, "2": second, "3": third}[digit])
    assert await world.texts() == ["three"]


@pytest.mark.parametrize(("age_s", "shown"), [(DAY_S - 60, True), (DAY_S + 60, False)])
async def test_an_edit_of_an_old_post_that_we_never_saw_is_no_news(world, bob, arrive, age_s: int, shown: bool) -> None:

    published = at(world.net.clock.now_s() - age_s)
    await arrive(told(Update, note(bob, published=published, updated=at(world.net.clock.now_s()))))
    assert await world.texts() == ["hi"] * shown


@pytest.mark.spec("SEC-152", "MOD-26", "MOD-28")
@pytest.mark.parametrize("form", ["id", "tombstone"])
@pytest.mark.parametrize("order", ["cd", "dc", "cdc", "dcu", "cud", "udc"])
async def test_sec_152_what_was_removed_stays_so(world, bob, arrive, form: str, order: str) -> None:

    model = note(bob, published=at(world.net.clock.now_s()))
    removed = Delete(id=f"{model.id}#d", actor=bob.uri, object=model.id if form == "id" else Tombstone(id=model.id))
    told_as = {"c": told(Create, model), "u": told(Update, model), "d": removed}
    for letter in order:
        await arrive(told_as[letter])
    assert await world.texts() == []


async def test_somebody_else_removes_and_edits_nothing(world, bob, arrive) -> None:
    eve = await world.net.peer("peer.example").actor("eve")
    await arrive(told(Create, note(bob)))
    await arrive(Delete(id=f"{eve.uri}#d", actor=eve.uri, object=f"{bob.uri}/n1"))
    with pytest.raises(Exception, match="somebody else's"):
        await arrive(Update(id=f"{eve.uri}#u", actor=eve.uri, object=note(bob, "forged")))
    assert await world.texts() == ["hi"]


async def test_with_somebody_goes_all_that_he_wrote(world, bob, arrive) -> None:
    await arrive(told(Create, note(bob)))
    await arrive(Delete(id=f"{bob.uri}#d", actor=bob.uri, object=bob.uri))
    assert await world.texts() == []


@pytest.mark.spec("MOD-44")
@pytest.mark.parametrize("visibility", list(Visibility))
async def test_only_what_is_public_is_boosted(world, bob, visibility: Visibility) -> None:
    carol = await world.net.peer("third.example").actor("carol")
    sent = await carol.post(f"{bob.handle} hear", visibility=visibility)
    await world.net.settle()
    activity = await bob.boost(sent.uri)
    await world.net.settle()
    shown = [(entry.author.handle, entry.boosted_by.handle) for entry in await entries(world)]
    public = visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    assert shown == [("@carol@third.example", "@bob@peer.example")] * public
    await bob.undo(activity)
    await world.net.settle()
    assert await entries(world) == []


@pytest.mark.spec("INB-28", "MOD-47", "AP-S17", "AP-S18")
async def test_reactions_count_once_and_are_undone_by_whose_they_are(world, bob, arrive) -> None:

    post = await world.alice.post("like me")
    for number in (1, 2):
        await arrive(Like(id=f"{bob.uri}#l{number}", actor=bob.uri, object=post.uri))
    eve = await world.net.peer("peer.example").actor("eve")
    await arrive(Undo(id=f"{eve.uri}#u", actor=eve.uri, object=f"{bob.uri}#l2"))
    assert [entry.likes for entry in await entries(world)] == [1]
    await arrive(
        Undo(id=f"{bob.uri}#u", actor=bob.uri, object=Like(id="https://peer.example/x", actor=bob.uri, object=post.uri))
    )
    assert [entry.likes for entry in await entries(world)] == [0]
    await arrive(Like(id=f"{bob.uri}#l3", actor=bob.uri, object=post.uri))
    await arrive(Undo(id=f"{bob.uri}#u2", actor=bob.uri, object=f"{bob.uri}#l3"))
    assert [entry.likes for entry in await entries(world)] == [0]


@pytest.mark.parametrize(
    "target", ["https://blog.example/posts/none", "https://peer.example/1", "https://blog.example/users/a"]
)
async def test_reactions_to_anything_else_are_nothing(world, bob, arrive, target: str) -> None:

    await arrive(Like(id=f"{bob.uri}#l", actor=bob.uri, object=target))
    assert await world.social.store.reactions(world.context, target) == {}


async def test_who_blocks_her_is_gone_from_her_timeline_only(world, bob, arrive) -> None:

    carol = await world.social.create_actor("carol")
    await carol.follow(bob.handle)
    await world.net.settle()
    await arrive(told(Create, note(bob)))
    await arrive(Block(id=f"{bob.uri}#b", actor=bob.uri, object=world.alice.uri))
    assert (await world.texts(), await world.texts(carol)) == ([], ["hi"])
