"""From followers to inboxes: pure."""

from __future__ import annotations

import attrs
import pytest

from fedtext.delivery import Follower, decode_task, plan_deliveries, plan_inboxes
from fedtext.delivery.tasks import FanoutTask
from fedtext.ports import Lane, LaneKind

ALICE = "https://home.example.com/users/1"
TASK = FanoutTask(
    site="https://home.example.com",
    sender="1",
    activity_id=f"{ALICE}#1",
    actor=ALICE,
    body="{}",
    digest="SHA-256=x",
    recipients=(),
    blind=(),
    followers_of=("1",),
    cursor="",
    reached=(),
    ordering_key="k",
    shared=True,
)
DIRECT = attrs.evolve(TASK, shared=False)


def follower(host: str, name: str, *, inbox: str | None = None, shared: str | None = "/inbox") -> Follower:
    return Follower(
        actor_id=f"https://{host}/users/{name}",
        inbox=inbox if inbox is not None else f"https://{host}/users/{name}/inbox",
        shared_inbox=shared if shared is None or "://" in shared else f"https://{host}{shared}",
    )


def never(_iri: str) -> bool:
    return False


def test_dlv_01_recipients_are_grouped_by_shared_inbox():
    people = [follower("b.example.org", f"u{n}") for n in range(5)] + [follower("c.example.org", "x", shared=None)]
    expected = ("https://b.example.org/inbox", "https://c.example.org/users/x/inbox")
    assert plan_inboxes(TASK, people, refused=never) == expected


def test_dlv_01_ap_s08_a_direct_message_goes_to_personal_inboxes():
    people = [follower("b.example.org", "x"), follower("b.example.org", "y")]
    expected = ("https://b.example.org/users/x/inbox", "https://b.example.org/users/y/inbox")
    assert plan_inboxes(DIRECT, people, refused=never) == expected


@pytest.mark.parametrize(
    "shared",
    [
        "https://victim.example.net/inbox",
        "https://sub.b.example.org/inbox",
        "https://b.example.org:8443/inbox",
        "http://b.example.org/inbox",
        "https://b.example.org@victim.example.net/inbox",
        "javascript://b.example.org/x",
        "",
    ],
)
def test_sec_148_a_shared_inbox_of_another_origin_is_not_used(shared):
    person = attrs.evolve(follower("b.example.org", "x"), shared_inbox=shared)
    assert plan_inboxes(TASK, [person], refused=never) == ("https://b.example.org/users/x/inbox",)


BAD = [
    "",
    "inbox",
    "javascript:alert(1)",
    "https://",
    "https://[::1",
    "https://b.example.org:0/",
    "ftp://x/",
    "//x/i",
    "[]",
]


@pytest.mark.parametrize("bad", BAD)
def test_sec_147_one_malformed_inbox_among_a_thousand(bad):
    """Threat: Mastodon 4.3.3."""
    people = [follower(f"h{n}.example.org", "x", shared=None) for n in range(999)]
    people.insert(500, follower("bad.example.org", "x", inbox=bad, shared=None))
    assert len(plan_inboxes(TASK, people, refused=never)) == 999


def test_sec_147_a_malformed_follower_is_dropped_alone():
    people = [Follower(actor_id="nobody", inbox="https://b.example.org/inbox"), follower("c.example.org", "x")]
    assert plan_inboxes(TASK, people, refused=never) == ("https://c.example.org/inbox",)


def test_a_malformed_personal_inbox_does_not_matter_where_the_shared_one_is_used():
    assert plan_inboxes(TASK, [follower("b.example.org", "x", inbox="nonsense")], refused=never) == (
        "https://b.example.org/inbox",
    )


def test_dlv_18_policy_is_asked_about_the_follower_and_about_the_inbox():
    people = [
        follower("blocked.example.org", "x", inbox="https://harmless.example.org/inbox", shared=None),
        follower("b.example.org", "x", inbox="https://blocked.example.org/inbox", shared=None),
        follower("c.example.org", "x"),
    ]
    found = plan_inboxes(TASK, people, refused=lambda iri: "blocked.example.org" in iri)
    assert found == ("https://c.example.org/inbox",)


def test_inboxes_that_were_reached_before_are_left_out():
    task = attrs.evolve(TASK, reached=("https://b.example.org/inbox",))
    people = [follower("b.example.org", "x"), follower("c.example.org", "x")]
    assert plan_inboxes(task, people, refused=never) == ("https://c.example.org/inbox",)


def test_one_delivery_per_inbox_in_the_lane_of_its_host():
    inboxes = ("https://b.example.org/inbox", "https://c.example.org:8443/users/x/inbox")
    jobs = plan_deliveries(TASK, inboxes)
    assert [job.lane for job in jobs] == [
        Lane(LaneKind.OUT, "b.example.org"),
        Lane(LaneKind.OUT, "c.example.org:8443"),
    ]
    tasks = [decode_task(job.payload, job.body) for job in jobs]
    assert [task.inbox for task in tasks] == list(inboxes)
    assert {task.body for task in tasks} == {TASK.body}
    assert {task.digest for task in tasks} == {TASK.digest}
    assert all(TASK.body.encode() not in job.payload for job in jobs)  # it stands beside them, once
    assert len({id(job.body) for job in jobs}) == 1


def test_dlv_10_deliveries_of_one_ordering_key_to_one_inbox_wait_for_each_other():
    create, update = TASK, attrs.evolve(TASK, activity_id=f"{ALICE}#2")
    inboxes = ("https://b.example.org/inbox", "https://c.example.org/inbox")
    first, second = plan_deliveries(create, inboxes), plan_deliveries(update, inboxes)
    assert [job.ordering_key for job in first] == [job.ordering_key for job in second]
    assert first[0].ordering_key != first[1].ordering_key
    assert {job.dedupe_key for job in first}.isdisjoint(job.dedupe_key for job in second)


def test_the_same_plan_twice_is_the_same():
    assert plan_deliveries(TASK, ("https://b.example.org/inbox",)) == plan_deliveries(
        TASK, ("https://b.example.org/inbox",)
    )


@pytest.mark.spec("DLV-16")
@pytest.mark.parametrize(
    ("changes", "synchronize"),
    [
        ({}, True),
        ({"followers_of": ("2", "1")}, True),
        ({"followers_of": ("2",)}, False),
        ({"followers_of": ()}, False),
        ({"recipients": ("https://b.example.org/users/x",)}, False),
    ],
)
def test_dlv_16_what_goes_to_the_sender_s_own_followers_may_say_which_these_are(changes, synchronize):
    (planned,) = plan_deliveries(attrs.evolve(TASK, **changes), ["https://b.example.org/inbox"])
    assert decode_task(planned.payload, planned.body).synchronize is synchronize
