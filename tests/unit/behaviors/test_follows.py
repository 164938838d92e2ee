"""`Follows`: the state machine of both directions, by tables and against a simple model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fedtext import Accept, Block, Delete, Follow, PageRequest, Reject, Undo
from fedtext.behaviors import Follows, FollowState
from fedtext.config import InboxPolicy
from fedtext.sync import run_sync

ME, OTHER = "https://blog.example/users/7", "https://blog.example/users/8"
HOUR_S = 3_600
REMEMBERED_H = InboxPolicy().idempotency_s / HOUR_S


def follow(who, number: int = 1, target: str = ME, **more) -> Follow:
    return Follow(**{"id": f"{who.id}#follows/{number}", "actor": who.id, "object": target, **more})


def undo(who, inner: Any) -> Undo:
    return Undo(id=f"{who.id}#undo", actor=who.id, object=inner)


@pytest.fixture
def follows() -> Follows:
    return Follows()


@pytest.fixture
def world(stage, follows: Follows):
    return stage(follows)


@pytest.fixture
def bob(person):
    return person("bob")


def is_follower(world, follows: Follows, who, pk: str = "7") -> bool:
    return run_sync(follows.contains(world.context(), pk, str(who.id)))


# -- as receiver -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("INB-16", "MOD-48", "AP-S13")
def test_a_follow_is_accepted_with_the_follow_as_it_came(world, follows, bob) -> None:
    world.receive(follow(bob))
    assert is_follower(world, follows, bob)
    [answer] = world.sent()
    assert (answer["type"], answer["actor"], answer["to"]) == ("Accept", ME, [bob.id])
    expected = {"id": f"{bob.id}#follows/1", "type": "Follow", "actor": bob.id, "object": ME}
    assert {name: answer["object"][name] for name in expected} == expected


@pytest.mark.spec("INB-16")
@pytest.mark.parametrize("number", [1, 2])
def test_a_repeated_follow_is_accepted_again(world, follows, bob, number: int) -> None:
    world.receive(follow(bob))
    world.sent()
    world.receive(follow(bob, number))
    [answer] = world.sent()
    assert answer["object"]["id"] == f"{bob.id}#follows/{number}"
    assert run_sync(follows.count(world.context(), "7")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"object": "https://blog.example/posts/1"},
        {"object": "https://blog.example/users/7/followers"},
        {"object": "https://peer.example/users/eve"},
        {"object": "https://blog.example.evil.example/users/7"},
    ],
)
def test_only_our_actors_are_followed(world, follows, bob, changes) -> None:
    world.receive(follow(bob, **changes))
    assert world.sent() == []
    assert not is_follower(world, follows, bob)


def test_who_has_no_inbox_cannot_follow(world, person) -> None:
    world.receive(follow(person("mute")))
    assert world.sent() == []


@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("recipient", ["7", None])
def test_an_undo_ends_it_whichever_inbox_it_comes_to(world, follows, bob, embedded: bool, recipient) -> None:
    world.receive(follow(bob))
    inner = follow(bob) if embedded else f"{bob.id}#follows/1"
    world.receive(undo(bob, inner), recipient=recipient)
    assert not is_follower(world, follows, bob)


def test_an_undo_by_id_ends_the_follow_of_that_id_only(world, follows, bob) -> None:
    world.receive(follow(bob, 1))
    world.receive(follow(bob, 2))
    world.receive(undo(bob, f"{bob.id}#follows/1"))
    assert is_follower(world, follows, bob)
    world.receive(undo(bob, f"{bob.id}#follows/2"))
    assert not is_follower(world, follows, bob)


def test_who_waited_does_not_wait_any_more_once_follows_are_accepted_at_once(stage, person) -> None:
    """The application changed its mind between two Follows."""
    manual, bob = Follows(accept="manual"), person("bob")
    world = stage(manual)
    world.receive(follow(bob, 1))
    manual._auto = True
    world.receive(follow(bob, 2))
    assert is_follower(world, manual, bob)
    assert not run_sync(manual.accept(world.context(), "7", str(bob.id)))


@pytest.mark.spec("AP-S18")
def test_an_undo_is_for_ones_own_follow_only(world, follows, bob, person) -> None:
    eve = person("eve")
    world.receive(follow(bob))
    world.receive(undo(eve, f"{bob.id}#follows/1"))
    world.receive(undo(eve, follow(eve)))
    assert is_follower(world, follows, bob)


@pytest.mark.spec("MOD-27", "INB-26")
@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize(("hours", "counts"), [(0, False), (REMEMBERED_H - 0.1, False), (REMEMBERED_H + 0.1, True)])
def test_an_undo_that_came_first_is_remembered_as_long_as_ids_are(
    world, follows, bob, embedded: bool, hours: float, counts: bool
) -> None:
    world.receive(undo(bob, follow(bob) if embedded else f"{bob.id}#follows/1"))
    world.clock.advance(hours * HOUR_S)
    world.receive(follow(bob))
    assert is_follower(world, follows, bob) is counts
    world.receive(follow(bob, 2))
    assert is_follower(world, follows, bob)


def test_nobody_undoes_what_somebody_else_will_send(world, follows, bob, person) -> None:
    """Threat: who guesses the id of a Follow could keep it from ever counting."""
    world.receive(undo(person("eve"), f"{bob.id}#follows/1"))
    world.receive(follow(bob))
    assert is_follower(world, follows, bob)


@pytest.mark.spec("MOD-51")
@pytest.mark.parametrize("manual", [True, False])
def test_a_block_ends_both_directions(stage, person, manual: bool) -> None:
    follows = Follows(accept="manual" if manual else "auto")
    world, bob = stage(follows), person("bob")
    world.receive(follow(bob))
    run_sync(follows.follow(world.context(), "7", str(bob.id)))
    world.receive(Block(id=f"{bob.id}#block", actor=bob.id, object=ME))
    assert not is_follower(world, follows, bob)
    assert run_sync(follows.following(world.context(), "7", str(bob.id))) is None
    assert not run_sync(follows.accept(world.context(), "7", str(bob.id)))


@pytest.mark.spec("AP-S13", "TRU-11")
def test_whom_we_block_we_refuse_until_we_do_not(world, follows, bob) -> None:
    world.receive(follow(bob))
    run_sync(follows.block(world.context(), "7", str(bob.id)))
    world.sent()
    world.receive(follow(bob, 2))
    assert [answer["type"] for answer in world.sent()] == ["Reject"]
    assert not is_follower(world, follows, bob)
    assert run_sync(follows.is_blocked(world.context(), "7", str(bob.id)))
    assert not run_sync(follows.is_blocked(world.context(), "8", str(bob.id)))
    run_sync(follows.unblock(world.context(), "7", str(bob.id)))
    world.receive(follow(bob, 3))
    assert is_follower(world, follows, bob)


def test_an_actor_that_is_gone_follows_nobody(world, follows, bob, person) -> None:
    eve = person("eve")
    for target in (ME, OTHER):
        world.receive(follow(bob, target=target))
        world.receive(follow(eve, target=target))
    world.receive(Delete(id=f"{bob.id}#d", actor=bob.id, object="https://peer.example/notes/1"))
    assert is_follower(world, follows, bob)
    world.receive(Delete(id=f"{bob.id}#d", actor=bob.id, object=bob.id))
    assert [is_follower(world, follows, who, pk) for who in (bob, eve) for pk in "78"] == [False, False, True, True]


def test_pages_give_every_follower_once(world, follows, person) -> None:
    everybody = {str(person(f"user{n}").id) for n in range(7)}
    for n in range(7):
        world.receive(follow(person(f"user{n}")))
    found, cursor = [], None
    while True:
        page = run_sync(follows.page(world.context(), "7", PageRequest(cursor=cursor, size=3)))
        found += [follower.actor_id for follower in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(found) == 7
    assert set(found) == everybody


# -- by hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("AP-S13", "TRU-11")
@pytest.mark.parametrize("accepted", [True, False])
def test_where_follows_wait_somebody_decides(stage, person, accepted: bool) -> None:
    follows = Follows(accept="manual")
    world, bob = stage(follows), person("bob")
    context = world.context()

    async def waiting() -> list[str]:
        return [who async for who in follows.pending(context, "7")]

    assert follows.manual
    world.receive(follow(bob))
    assert world.sent() == []
    assert not is_follower(world, follows, bob)
    assert run_sync(waiting()) == [bob.id]
    assert run_sync(follows.count(context, "7")) == 0
    decide = follows.accept if accepted else follows.reject
    assert run_sync(decide(context, "7", str(bob.id)))
    [answer] = world.sent()
    assert answer["type"] == ("Accept" if accepted else "Reject")
    assert answer["object"]["id"] == f"{bob.id}#follows/1"
    assert is_follower(world, follows, bob) is accepted
    assert run_sync(waiting()) == []
    assert not run_sync(follows.accept(context, "7", str(bob.id)))


def test_who_is_a_follower_already_need_not_wait_again(stage, person) -> None:
    follows = Follows(accept="manual")
    world, bob = stage(follows), person("bob")
    world.receive(follow(bob))
    run_sync(follows.accept(world.context(), "7", str(bob.id)))
    world.sent()
    world.receive(follow(bob, 2))
    assert [answer["type"] for answer in world.sent()] == ["Accept"]


@pytest.mark.spec("MOD-49")
def test_a_follower_can_be_removed(world, follows, bob) -> None:
    world.receive(follow(bob))
    world.sent()
    assert run_sync(follows.reject(world.context(), "7", str(bob.id)))
    assert [answer["type"] for answer in world.sent()] == ["Reject"]
    assert not is_follower(world, follows, bob)
    assert not run_sync(follows.reject(world.context(), "7", str(bob.id)))


# -- as sender -------------------------------------------------------------------------------------------------------


def ask(world, follows, bob) -> str:
    """Follow Bob; give the Follow's id."""
    return run_sync(follows.follow(world.context(), "7", str(bob.id)))


def state(world, follows, who) -> FollowState | None:
    return run_sync(follows.following(world.context(), "7", str(who.id)))


def answer(kind, who, inner):
    return kind(id=f"{who.id}#answer", actor=who.id, object=inner)


@pytest.mark.spec("INB-17", "SEC-085", "AP-S14", "AP-S15")
@pytest.mark.parametrize("form", ["id", "embedded", "no id"])
@pytest.mark.parametrize(("kind", "expected"), [(Accept, FollowState.ACCEPTED), (Reject, None)])
def test_an_answer_counts_from_whom_it_is_asked_of(world, follows, bob, form: str, kind, expected) -> None:
    follow_id = ask(world, follows, bob)
    assert state(world, follows, bob) is FollowState.PENDING
    embedded = Follow(id=follow_id if form == "embedded" else None, actor=ME, object=bob.id)
    world.receive(answer(kind, bob, follow_id if form == "id" else embedded))
    assert state(world, follows, bob) is expected


@pytest.mark.spec("INB-17", "SEC-085", "AP-S14", "AP-S15")
@pytest.mark.parametrize("kind", [Accept, Reject])
@pytest.mark.parametrize("case", ["another actor", "never sent", "third party", "forged", "another of ours"])
def test_sec_085_any_other_answer_counts_for_nothing(world, follows, bob, person, kind, case: str) -> None:
    follow_id, eve = ask(world, follows, bob), person("eve")
    forged = {
        "another actor": (eve, Follow(id=follow_id, actor=ME, object=eve.id)),
        "never sent": (bob, f"{ME}#follows/never"),
        "third party": (bob, f"{eve.id}#follows/1"),
        "forged": (bob, Follow(id=f"{bob.id}#follows/9", actor=ME, object=bob.id)),
        "another of ours": (bob, Follow(id=follow_id, actor=OTHER, object=bob.id)),
    }
    who, inner = forged[case]
    world.receive(answer(kind, who, inner))
    assert state(world, follows, bob) is FollowState.PENDING
    assert state(world, follows, eve) is None


@pytest.mark.spec("MOD-49", "MOD-50", "AP-S15")
@pytest.mark.parametrize("how", ["reject", "undo accept", "block"])
def test_a_following_is_ended_by_whom_it_is_of(world, follows, bob, how: str) -> None:
    follow_id = ask(world, follows, bob)
    embedded = Follow(id=follow_id, actor=ME, object=bob.id)
    accept = answer(Accept, bob, embedded)
    world.receive(accept)
    ending = {
        "reject": answer(Reject, bob, embedded),
        "undo accept": undo(bob, accept),
        "block": Block(id=f"{bob.id}#block", actor=bob.id, object=ME),
    }
    world.receive(ending[how])
    assert state(world, follows, bob) is None
    world.receive(accept)
    assert state(world, follows, bob) is None  # and stays so


def test_unfollowing_undoes_the_follow_that_was_sent(world, follows, bob) -> None:
    follow_id = ask(world, follows, bob)
    world.sent()
    assert run_sync(follows.unfollow(world.context(), "7", str(bob.id)))
    [sent] = world.sent()
    assert (sent["type"], sent["object"]["type"], sent["object"]["id"]) == ("Undo", "Follow", follow_id)
    assert state(world, follows, bob) is None
    assert not run_sync(follows.unfollow(world.context(), "7", str(bob.id)))
    assert run_sync(follows.following_count(world.context(), "7")) == 0


def test_a_follow_is_withdrawn_by_its_id(world, follows, bob) -> None:
    follow_id = ask(world, follows, bob)
    assert not run_sync(follows.withdraw(world.context(), "7", f"{follow_id}x"))
    assert run_sync(follows.withdraw(world.context(), "7", follow_id))
    assert state(world, follows, bob) is None


# -- against a model -------------------------------------------------------------------------------------------------

NAMES = ("bob", "eve")
NAME, NUMBER = st.sampled_from(NAMES), st.integers(1, 3)


class Machine(RuleBasedStateMachine):
    """Any history of both directions, against sets and dictionaries."""

    @initialize(manual=st.booleans())
    def begin(self, manual: bool) -> None:
        self.manual = manual
        self.follows = Follows(accept="manual" if manual else "auto")
        self.world = STAGE["make"](self.follows)
        self.people = {name: STAGE["person"](name) for name in NAMES}
        self.followers: dict[str, int] = {}
        self.waiting: dict[str, int] = {}
        self.undone: dict[tuple[str, int], float] = {}
        self.blocked: set[str] = set()
        self.asked: dict[str, tuple[str, FollowState]] = {}
        self.past: dict[str, list[str]] = {name: [f"{ME}#follows/none"] for name in NAMES}

    def answers(self) -> list[tuple[str, str]]:
        return [(sent["type"], sent["object"]["id"].rpartition("/")[2]) for sent in self.world.sent()]

    @rule(name=NAME, number=NUMBER)
    def they_follow(self, name: str, number: int) -> None:
        self.world.receive(follow(self.people[name], number))
        if self.undone.get((name, number), 0) > self.world.clock.now_s():
            assert self.answers() == []
        elif name in self.blocked:
            assert self.answers() == [("Reject", str(number))]
        elif self.manual and name not in self.followers:
            self.waiting[name] = number
            assert self.answers() == []
        else:
            self.followers[name] = number
            assert self.answers() == [("Accept", str(number))]

    @rule(name=NAME, number=NUMBER, embedded=st.booleans())
    def they_undo(self, name: str, number: int, embedded: bool) -> None:
        person = self.people[name]
        self.world.receive(undo(person, follow(person, number) if embedded else f"{person.id}#follows/{number}"))
        self.undone[name, number] = self.world.clock.now_s() + REMEMBERED_H * HOUR_S
        for held in (self.followers, self.waiting):
            if name in held and (embedded or held[name] == number):
                del held[name]

    @rule(name=NAME)
    def they_block(self, name: str) -> None:
        self.world.receive(Block(id=f"{self.people[name].id}#b", actor=self.people[name].id, object=ME))
        self.drop(name)

    @rule(name=NAME)
    def they_are_gone(self, name: str) -> None:
        person = self.people[name]
        self.world.receive(Delete(id=f"{person.id}#d", actor=person.id, object=person.id))
        self.drop(name)

    def drop(self, name: str) -> None:
        for held in (self.followers, self.waiting, self.asked):
            held.pop(name, None)

    @rule(name=NAME)
    def we_block(self, name: str) -> None:
        run_sync(self.follows.block(self.world.context(), "7", str(self.people[name].id)))
        self.blocked.add(name)
        self.drop(name)

    @rule(name=NAME)
    def we_unblock(self, name: str) -> None:
        run_sync(self.follows.unblock(self.world.context(), "7", str(self.people[name].id)))
        self.blocked.discard(name)

    @rule(name=NAME)
    def we_accept(self, name: str) -> None:
        done = run_sync(self.follows.accept(self.world.context(), "7", str(self.people[name].id)))
        assert done is (name in self.waiting)
        if done:
            self.followers[name] = self.waiting.pop(name)
        self.world.sent()

    @rule(name=NAME)
    def we_reject(self, name: str) -> None:
        done = run_sync(self.follows.reject(self.world.context(), "7", str(self.people[name].id)))
        assert done is (name in self.waiting or name in self.followers)
        self.waiting.pop(name, None)
        self.followers.pop(name, None)
        self.world.sent()

    @rule(name=NAME)
    def we_follow(self, name: str) -> None:
        follow_id = run_sync(self.follows.follow(self.world.context(), "7", str(self.people[name].id)))
        self.asked[name] = (follow_id, FollowState.PENDING)
        self.past[name].append(follow_id)
        self.world.sent()

    @rule(name=NAME)
    def we_unfollow(self, name: str) -> None:
        done = run_sync(self.follows.unfollow(self.world.context(), "7", str(self.people[name].id)))
        assert done is (self.asked.pop(name, None) is not None)
        self.world.sent()

    @rule(by=NAME, whose=NAME, which=st.integers(0, 9), kind=st.sampled_from([Accept, Reject]), embedded=st.booleans())
    def they_answer(self, by: str, whose: str, which: int, kind, embedded: bool) -> None:
        """Whoever answers whatever: it counts only for the present Follow of whom it is for."""
        follow_id = self.past[whose][which % len(self.past[whose])]
        who = self.people[by]
        self.world.receive(answer(kind, who, Follow(id=follow_id, actor=ME, object=who.id) if embedded else follow_id))
        if self.asked.get(by, ("", None))[0] != follow_id:
            return
        if kind is Accept:
            self.asked[by] = (follow_id, FollowState.ACCEPTED)
        else:
            del self.asked[by]

    @rule(hours=st.sampled_from([1, REMEMBERED_H + 1]))
    def time_passes(self, hours: float) -> None:
        self.world.clock.advance(hours * HOUR_S)

    @invariant()
    def all_agree(self) -> None:
        if not hasattr(self, "world"):
            return
        context, ids = self.world.context(), {name: str(person.id) for name, person in self.people.items()}
        page = run_sync(self.follows.page(context, "7", PageRequest(size=10)))
        assert {follower.actor_id for follower in page.items} == {ids[name] for name in self.followers}
        assert run_sync(self.follows.count(context, "7")) == len(self.followers)
        assert run_sync(self.follows.following_count(context, "7")) == len(self.asked)
        for name in NAMES:
            assert run_sync(self.follows.contains(context, "7", ids[name])) is (name in self.followers)
            assert state(self.world, self.follows, self.people[name]) is self.asked.get(name, ("", None))[1]
            assert not run_sync(self.follows.contains(context, "8", ids[name]))

        async def waiting() -> set[str]:
            return {who async for who in self.follows.pending(context, "7")}

        assert run_sync(waiting()) == {ids[name] for name in self.waiting}


STAGE: dict[str, Any] = {}


@pytest.mark.spec("INB-16", "INB-17", "MOD-27", "MOD-48", "MOD-49", "MOD-51", "SEC-085")
def test_any_history_agrees_with_the_model(stage, person) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    STAGE.update(make=stage, person=person)
    run_state_machine_as_test(Machine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
