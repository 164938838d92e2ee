"""Who is kept away, how much one may say, what was reported, and what could not be handled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext.behaviors import Follows
from fedtext.config import Config, InboxPolicy
from fedtext.errors import ConfigurationError, PolicyRefusal, StoreError
from fedtext.federation.rulebook import RuleBook
from fedtext.http import Headers, Response
from fedtext.inbox import Severity
from fedtext.ports import store_prefix
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import Activity, Create, Delete, Flag, Follow

HOME = "https://home.example.com"
ALICE = f"{HOME}/users/1"
AS2 = "https://www.w3.org/ns/activitystreams"


def activity(actor: str, kind: str = "Like", number: int = 1, **members: Any) -> dict[str, Any]:
    return {
        "@context": AS2,
        "id": f"{actor}#{kind}/{number}",
        "type": kind,
        "actor": actor,
        "object": f"{HOME}/posts/7",
        **members,
    }


def note(actor: str, **members: Any) -> dict[str, Any]:
    return {"id": f"{actor}/notes/1", "type": "Note", "attributedTo": actor, "content": "x", **members}


@pytest.fixture
def heard(world) -> list[str]:
    """What listeners have heard."""
    found = list[str]()
    world.fed.on_any(lambda context, heard: found.append(heard.type_name))
    return found


def kept(world: Any) -> dict[str, bytes]:
    """What is kept, but for counts of hosts and the rules."""
    rows = run_sync(world.ports.store.scan(store_prefix(HOME), limit=10_000))
    names = ("/rule/", "/rules-version", "/fetch-host/")
    return {key: value for key, value in rows if not any(name in key for name in names)}


# ---- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-151", "INB-19", "TRU-01")
@pytest.mark.parametrize("subject", ["b.example.org", "example.org", "https://b.example.org/users/bob"])
@pytest.mark.parametrize("kind", ["Like", "Create", "Delete", "Update", "Follow"])
def test_sec_151_nothing_of_whom_is_blocked_is_fetched_stored_or_handled(world, heard, subject, kind):
    bob = world.remote().actor("bob")
    world.fed.block(subject)
    before = kept(world)
    answer = world.deliver(activity(bob, kind, object=note(bob)), by=bob)
    assert answer.status == 403
    assert (world.network.exchanges, world.depth().waiting, heard) == ([], 0, [])
    assert kept(world) == before
    world.fed.unrule(subject)
    assert world.deliver(activity(bob, "Like"), by=bob).status == 202


@pytest.mark.spec("SEC-151", "INB-20")
@pytest.mark.parametrize(
    ("kind", "members", "taken"),
    [
        ("Create", {"object": "NOTE"}, False),
        ("Like", {}, False),
        ("Announce", {}, False),
        ("Follow", {"object": ALICE}, False),
        ("Delete", {"object": "NOTE"}, True),
        ("Delete", {"object": "SELF"}, True),
        ("Undo", {"object": "LIKE"}, True),
        ("Reject", {"object": "FOLLOW"}, True),
        ("Update", {"object": "SELF"}, True),
        ("Update", {"object": "NOTE"}, False),  # of a note that we do not have
        ([f"{AS2}#Create", "Delete"], {"object": "NOTE"}, False),
    ],
)
def test_inb_20_of_whom_is_suspended_endings_and_changes_are_heard(world, heard, kind, members, taken):
    bob = world.remote().actor("bob")
    assert world.deliver(activity(bob, "Like", 99), by=bob).status == 202  # somebody whom we know
    world.settle()
    world.fed.block("b.example.org", severity=Severity.SUSPEND)
    objects: dict[Any, Any] = {
        "NOTE": note(bob),
        "SELF": {"id": bob, "type": "Person", "inbox": f"{bob}/inbox"} if kind == "Update" else bob,
        "LIKE": {"id": f"{bob}#Like/99", "type": "Like", "actor": bob, "object": f"{HOME}/posts/7"},
        "FOLLOW": {"id": f"{ALICE}#f", "type": "Follow", "actor": ALICE, "object": bob},
    }
    given = {name: objects.get(value, value) for name, value in members.items()}
    heard.clear()
    assert world.deliver({**activity(bob, "x"), "type": kind, **given}, by=bob).status == (202 if taken else 403)
    world.settle()
    assert len(heard) == (1 if taken else 0)


@pytest.mark.spec("SEC-151")
def test_sec_151_a_change_of_what_we_have_is_heard_of_whom_is_suspended(world, heard):
    b = world.remote()
    bob = b.actor("bob")
    b.documents["/users/bob/notes/1"] = note(bob)
    world.context.get(f"{bob}/notes/1")
    world.fed.block("b.example.org", severity=Severity.SUSPEND)
    assert world.deliver(activity(bob, "Update", object=note(bob)), by=bob).status == 202


@pytest.mark.spec("SEC-151")
@pytest.mark.parametrize("severity", [Severity.BLOCK, Severity.SUSPEND])
def test_sec_151_nobody_else_brings_them_up(world, heard, severity):
    bob = world.remote().actor("bob")
    world.fed.block("evil.example.net", severity=severity)
    announce = activity(bob, "Announce", object="https://evil.example.net/notes/1")
    assert world.deliver(announce, by=bob).status == 403
    reply = activity(bob, "Create", object=note(bob, inReplyTo="https://evil.example.net/notes/1"))
    assert world.deliver(reply, by=bob).status == 403
    world.settle()
    assert heard == []


@pytest.mark.spec("TRU-01", "SEC-107")
def test_tru_01_nobody_is_asked_for_anything_who_is_blocked_redirects_included(world):
    evil = world.remote("evil.example.net")
    evil.documents["/x"] = {"id": f"{evil.origin}/x", "type": "Note"}
    world.network.script(
        "b.example.org",
        lambda request: Response(status=302, headers=Headers.build([("location", f"{evil.origin}/x")])),
    )
    world.fed.block("evil.example.net")
    for ask in (
        lambda: world.context.get(f"{evil.origin}/x"),
        lambda: world.context.get("https://b.example.org/x"),
        lambda: world.fed.lookup("@eve@evil.example.net"),
        lambda: world.fed.lookup(f"{evil.origin}/x"),
        lambda: next(iter(world.context.traverse(f"{evil.origin}/x"))),
    ):
        with pytest.raises(PolicyRefusal):
            ask()
    assert evil.asked == []


@pytest.mark.spec("TRU-01", "DLV-18")
def test_dlv_18_what_waits_for_whom_is_blocked_now_is_dropped(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("bob")]
    world.fed.publish(world.post(7))
    b.answer = lambda _request: 503
    world.settle()
    assert len(b.got) > 0
    world.fed.block("b.example.org")
    told = len(b.got)
    world.pass_time()
    assert (len(b.got), world.depth().waiting, world.buried()) == (told, 0, [])


@pytest.mark.spec("TRU-01", "INB-19")
def test_inb_19_with_an_allow_list_those_on_it_are_heard(make_world):
    world = make_world(config=Config(inbox=InboxPolicy(allow_listed_only=True)))
    b, c = world.remote(), world.remote("c.example.net")
    bob, carol = b.actor("bob"), c.actor("carol")
    world.fed.allow("b.example.org")
    assert world.deliver(activity(bob), by=bob).status == 202
    assert world.deliver(activity(carol), by=carol).status == 403
    assert c.asked == []


@pytest.mark.spec("SEC-135")
def test_sec_135_nobody_of_a_blocked_host_is_shown_what_is_not_for_everybody(world):
    b = world.remote()
    bob = b.actor("bob")
    world.post(7, to=bob)
    assert world.status("/posts/7", by=bob) == 200
    world.fed.block("b.example.org")
    assert world.status("/posts/7", by=bob) == 404


def test_a_silenced_follower_waits(make_world):
    world = make_world(crowd=False)
    follows = Follows()
    world.fed.use(follows)
    bob = world.remote().actor("bob")
    world.fed.block("b.example.org", severity=Severity.SILENCE)
    assert world.context.is_silenced(bob)
    assert world.deliver(activity(bob, "Follow", object=ALICE), by=bob).status == 202
    world.settle()
    assert world.remote("x.example").got == []
    assert run_sync(follows.count(world.fed.context(), "1")) == 0


def test_other_processes_know_soon(make_world):
    world = make_world()
    book = RuleBook(HOME, own_hosts=frozenset(), allow_listed_only=False, fresh_s=5.0)
    ports = world.ports
    assert run_sync(book.refresh(ports)).by_subject == {}
    world.fed.block("evil.example.net", comment="spam")
    assert run_sync(book.refresh(ports)).by_subject == {}
    world.clock.advance(5)
    assert run_sync(book.refresh(ports)).by_subject["evil.example.net"].comment == "spam"
    world.fed.unrule("evil.example.net")
    assert len(run_sync(book.refresh(ports)).by_subject) == 1
    world.clock.advance(5)
    assert run_sync(book.refresh(ports)).by_subject == {}


def test_more_rules_than_one_page(world):
    for number in range(1_050):
        world.fed.block(f"h{number}.example.net")
    book = RuleBook(HOME, own_hosts=frozenset(), allow_listed_only=False, fresh_s=5.0)
    assert len(run_sync(book.refresh(world.ports)).by_subject) == 1_050
    assert len(world.fed.rules()) == 1_050


@pytest.mark.spec("SEC-089")
def test_sec_089_where_the_rules_cannot_be_read_nobody_is_let_in(world):
    bob = world.remote().actor("bob")
    fault = FailNth(1, error=StoreError("down"))
    assert world.deliver(activity(bob), by=bob, ports=fault.wrap_all(world.ports)).status == 503
    assert world.depth().waiting == 0


@pytest.mark.parametrize("subject", ["home.example.com", "HOME.example.com."])
def test_a_server_does_not_keep_itself_away(world, subject):
    with pytest.raises(ConfigurationError):
        world.fed.block(subject)


# ---- how much --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-138", "INB-05", "AP-S20")
def test_sec_138_who_says_too_much_is_told_to_wait(make_world):
    policy = InboxPolicy(actor_activities_per_minute_max=3, host_activities_per_minute_max=5)
    world = make_world(config=Config(inbox=policy))
    b = world.remote()
    bob, carol = b.actor("bob"), b.actor("carol")
    statuses = [world.deliver(activity(bob, number=number), by=bob).status for number in range(4)]
    assert statuses == [202, 202, 202, 429]
    answer = world.deliver(activity(bob, number=9), by=bob)
    assert (answer.status, answer.headers.get("retry-after")) == (429, "20")
    assert world.deliver(activity(carol, number=0), by=carol).status == 429  # its host has said five
    assert world.depth().waiting == 3
    world.clock.advance(60)
    assert world.deliver(activity(bob, number=4), by=bob).status == 202


@pytest.mark.spec("SEC-138")
def test_sec_138_nobody_uses_up_what_another_may_say(make_world):
    world = make_world(config=Config(inbox=InboxPolicy(actor_activities_per_minute_max=1)))
    bob = world.remote().actor("bob")
    for _ in range(5):
        forged = activity(bob)
        assert world.deliver(json.dumps(forged).encode(), by=None).status == 401
    assert world.deliver(activity(bob), by=bob).status == 202


@pytest.mark.spec("SEC-139")
@pytest.mark.parametrize("where", ["to", "cc", "tag", "object.to", "object.tag"])
@pytest.mark.parametrize(("count", "status"), [(3, 202), (4, 403)])
def test_sec_139_so_many_of_us_may_be_addressed_at_once(make_world, where, count, status):
    world = make_world(config=Config(inbox=InboxPolicy(mentions_count_max=3)))
    bob = world.remote().actor("bob")
    people = [f"{HOME}/users/{number}" for number in range(count)]
    others = [f"https://c.example.net/users/{number}" for number in range(50)]
    place, _, name = where.rpartition(".")
    value: Any = [*people, *others, people[0]]
    if name == "tag":
        value = [{"type": "Mention", "href": iri} for iri in value]
    members = {"object": note(bob, **{name: value})} if place else {name: value, "object": note(bob)}
    assert world.deliver(activity(bob, "Create", **members), by=bob).status == status


@pytest.mark.spec("SEC-139")
@pytest.mark.parametrize(("count", "status"), [(3, 202), (4, 403)])
def test_sec_139_so_few_that_nobody_else_is_addressed(make_world, count, status):
    """Who of them is one of ours is looked at as soon as they are more than may be."""
    world = make_world(config=Config(inbox=InboxPolicy(mentions_count_max=3)))
    bob = world.remote().actor("bob")
    create = activity(bob, "Create", object=note(bob), to=[f"{HOME}/users/{number}" for number in range(count)], cc=[])
    assert world.deliver(create, by=bob).status == status


# ---- reports ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("TRU-08", "SEC-143")
def test_a_report_is_kept_though_nobody_listens(world):
    bob = world.remote().actor("bob")
    flag = activity(bob, "Flag", object=[ALICE, f"{HOME}/posts/7"], content="<p>rude &amp; <b>loud</b></p>")
    assert world.deliver(flag, by=bob).status == 202
    world.settle()
    (report,) = world.fed.reports()
    assert (report.reporter, report.objects) == (bob, (ALICE, f"{HOME}/posts/7"))
    assert report.comment.strip() == "rude & loud"
    assert world.fed.reports(after=report.report_id) == []
    assert world.fed.close_report(report.report_id) is True
    assert world.fed.close_report(report.report_id) is False
    assert world.fed.reports() == []


def test_a_report_is_kept_once(world):
    failing = [True]

    @world.fed.on_any
    def fails_once(context: Any, heard: Activity) -> None:
        if failing:
            failing.pop()
            raise RuntimeError

    bob = world.remote().actor("bob")
    flag = activity(bob, "Flag", object=[ALICE])
    for inbox in ("/users/1/inbox", "/users/2/inbox", "/ap/inbox"):
        world.deliver(flag, to=inbox, by=bob)
    world.settle()
    world.pass_time()
    (report,) = world.fed.reports()
    world.fed.close_report(report.report_id)
    world.deliver(activity(bob, "Flag", 2, object=[ALICE]), by=bob)
    world.settle()
    assert len(world.fed.reports()) == 1


@pytest.mark.spec("SEC-151")
def test_sec_151_what_waits_of_whom_is_blocked_now_is_not_handled(world, heard):
    bob = world.remote().actor("bob")
    world.deliver(activity(bob), by=bob)
    world.fed.block("b.example.org")
    world.settle()
    assert (heard, world.depth().waiting, world.buried()) == ([], 0, [])


@pytest.mark.spec("SEC-143")
def test_sec_143_a_report_is_cut_to_what_can_be_read(world):
    bob = world.remote().actor("bob")
    objects = [f"{HOME}/posts/{number}" for number in range(150)]
    world.deliver(activity(bob, "Flag", object=objects, content="a" * 6_000), by=bob)
    world.settle()
    (report,) = world.fed.reports()
    assert (len(report.objects), len(report.comment)) == (100, 5_000)


@pytest.mark.spec("SEC-143", "TRU-01")
def test_tru_01_reports_that_are_not_wanted_are_not_kept(world):
    bob = world.remote().actor("bob")
    world.fed.block("b.example.org", severity=Severity.SILENCE, rejects_reports=True)
    world.deliver(activity(bob, "Flag", object=[ALICE]), by=bob)
    world.settle()
    assert world.fed.reports() == []


@pytest.mark.spec("SEC-143")
def test_sec_143_nobody_reports_in_another_s_name(world):
    b, c = world.remote(), world.remote("c.example.net")
    bob, carol = b.actor("bob"), c.actor("carol")
    assert world.deliver(activity(carol, "Flag", object=[ALICE]), by=bob).status in (401, 403)
    world.settle()
    assert world.fed.reports() == []


# ---- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("INB-26", "MOD-27", "MOD-28", "SEC-152")
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_inb_26_what_was_deleted_before_it_came_is_not_handled(world, heard, kind):
    b = world.remote()
    bob, carol = b.actor("bob"), b.actor("carol")
    deleted = activity(bob, "Delete", object={"id": f"{bob}/notes/1", "type": "Tombstone"})
    assert world.deliver(deleted, by=bob).status == 202
    world.settle()
    assert world.deliver(activity(bob, kind, object=note(bob)), by=bob).status == 202
    assert world.deliver(activity(carol, kind, object=note(carol)), by=carol).status == 202
    world.settle()
    assert heard == ["Delete", kind]


@pytest.mark.spec("INB-26", "MOD-27")
@pytest.mark.parametrize("bare", [True, False])
def test_inb_26_what_was_undone_before_it_came_is_not_handled(world, heard, bare):
    b = world.remote()
    bob, carol = b.actor("bob"), b.actor("carol")
    follow = activity(bob, "Follow", object=ALICE)
    inner = follow["id"] if bare else {name: value for name, value in follow.items() if name != "@context"}
    stolen = activity(carol, "Undo", 2, object=follow["id"])
    assert world.deliver(stolen, by=carol).status == 202  # hers to say, but of his Follow it ends nothing
    world.deliver(activity(bob, "Undo", object=inner), by=bob)
    world.deliver(activity(carol, "Follow", object=ALICE), by=carol)
    world.settle()
    world.deliver(follow, by=bob)
    world.settle()
    assert heard.count("Follow") == 1


def test_an_end_is_remembered_as_long_as_it_is_set(world):
    bob = world.remote().actor("bob")
    calls = list[str]()
    world.fed.on(Follow)(lambda context, follow: calls.append(str(follow.id)))
    world.deliver(activity(bob, "Undo", object=f"{bob}#Follow/1"), by=bob)
    world.settle()
    world.clock.advance(InboxPolicy().idempotency_s + 1)
    world.deliver(activity(bob, "Follow", object=ALICE), by=bob)
    world.settle()
    assert calls == [f"{bob}#Follow/1"]


# ---- failures --------------------------------------------------------------------------------------------------------


def test_who_asks_is_told_of_listeners_that_fail(make_world):
    world = make_world(config=Config(inbox=InboxPolicy(attempts_max=2)))
    told = list[tuple[str, int, bool]]()
    working = list[bool]()

    @world.fed.on(Create)
    def fails(context: Any, create: Any) -> None:
        if not working:
            raise RuntimeError("the disk of the app")

    @world.fed.on_error
    def tell(context: Any, failure: Any) -> None:
        told.append((str(failure.error), failure.attempts, failure.given_up))
        raise RuntimeError("its own fault changes nothing")

    bob = world.remote().actor("bob")
    world.deliver(activity(bob, "Create", object=note(bob)), by=bob)
    world.settle()
    world.pass_time()
    assert told == [("the disk of the app", 1, False), ("the disk of the app", 2, True)]
    (letter,) = world.fed.dead_letters()
    assert (letter.kind, letter.activity_id, letter.lane) == (
        "inbound",
        f"{bob}#Create/1",
        "in:https://b.example.org",
    )
    assert "the disk of the app" in letter.reason
    working.append(True)
    assert world.fed.replay(letter.number) is True
    assert world.fed.replay(letter.number) is False
    world.settle()
    assert (world.fed.dead_letters(), len(told)) == ([], 2)


def test_listeners_for_all(world):
    calls = list[str]()

    @world.fed.on_any
    def any_of_them(context: Any, heard: Activity) -> None:
        calls.append(type(heard).__name__)

    bob = world.remote().actor("bob")
    world.deliver(activity(bob, "Delete", object=note(bob)), by=bob)
    world.deliver(activity(bob, "https://ns.example/Wave"), by=bob)
    world.settle()
    assert calls == [Delete.__name__, "Activity"]


@pytest.mark.parametrize("answers", [True, False])
def test_who_is_told_of_a_refusal_may_answer(world, answers):
    told = list[str]()

    @world.fed.on_unverified
    def refused(context: Any, error: Any, claimed: Any) -> Response | None:
        told.append(error.code)
        return Response(status=418) if answers else None

    assert world.deliver(activity("https://b.example.org/users/bob")).status == (418 if answers else 401)
    assert len(told) == 1
    assert world.depth().waiting == 0


@pytest.mark.spec("SEC-151", "INB-20")
@pytest.mark.parametrize(("fetched", "status"), [("Create", 403), ("Announce", 403), ("Undo", 202)])
def test_sec_151_what_is_fetched_in_the_place_of_a_forgery_is_judged_by_what_it_is(world, heard, fetched, status):
    """Carol passes on a Delete that bob, who is suspended, never made; under its id his server has something else."""
    b = world.remote()
    bob, carol = b.actor("bob"), world.remote("c.example.net").actor("carol")
    genuine = activity(bob, fetched, object=note(bob) if fetched == "Create" else f"{bob}/notes/1")
    genuine["id"] = f"{bob}/activities/1"
    b.documents["/users/bob/activities/1"] = genuine
    world.fed.block("b.example.org", severity=Severity.SUSPEND)
    forgery = {**genuine, "type": "Delete", "object": f"{bob}/notes/1"}
    assert world.deliver(forgery, by=carol).status == status
    world.settle()
    assert len(heard) == (1 if status == 202 else 0)


@pytest.mark.spec("TRU-02", "TRU-08")
def test_tru_02_a_report_is_passed_on_to_where_the_reported_actor_lives(world):
    """As the application decides, with `context.send`, by an actor of its own; who complained stays unknown."""
    b, c = world.remote(), world.remote("c.example.net")
    bob, carol = b.actor("bob"), c.actor("carol")
    complaint = activity(carol, "Flag", object=[bob, f"{bob}/notes/1"], content="spam")
    assert world.deliver(complaint, by=carol).status == 202
    world.settle()
    (report,) = world.fed.reports()
    world.context.send(Flag(actor=ALICE, object=list(report.objects), content=report.comment), to=bob)
    world.settle()
    (passed_on,) = b.bodies()
    assert (passed_on["type"], passed_on["actor"], passed_on["content"]) == ("Flag", ALICE, "spam")
    assert bob in passed_on["object"]
    assert f'keyId="{ALICE}#main-key"' in str(b.got[0].headers.get("signature"))
    assert carol not in b.got[0].body.decode()


@pytest.mark.spec("SEC-151", "INB-20")
@pytest.mark.parametrize(
    ("severity", "kind", "handled"),
    [
        (Severity.BLOCK, "Like", False),
        (Severity.BLOCK, "Delete", False),
        (Severity.SUSPEND, "Like", False),
        (Severity.SUSPEND, "Delete", True),
        (Severity.SILENCE, "Like", True),
    ],
)
def test_sec_151_what_waits_of_whom_a_rule_keeps_out_now_is_not_handled(world, heard, severity, kind, handled):
    bob = world.remote().actor("bob")
    assert world.deliver(activity(bob, kind, object=f"{bob}/notes/1"), by=bob).status == 202
    world.fed.block("b.example.org", severity=severity)
    world.settle()
    assert len(heard) == handled
    assert world.depth().waiting == 0
