"""What a message says, which lanes are announced, when one comes back."""

from __future__ import annotations

import json

import attrs
import pytest

from fedtext.errors import QueueError
from fedtext.ports import Lane, LaneKind, Task
from fedtext.runtime.lanes import LANE_CHARS_MAX, CarryPolicy, LaneCall, lanes_of, own_lanes, parse_call, plan_return

SITE = "https://blog.example"
GOOD = {"v": 1, "site": SITE, "lane": "out:mastodon.example"}

LANES = ["out:mastodon.example", "out:[::1]:8443", "in:https://peer.example:8443", f"fanout:{SITE} handles"]


@pytest.mark.parametrize("lane", LANES)
def test_a_message_is_json_and_comes_back_as_it_went(lane: str) -> None:
    call = LaneCall(SITE, Lane.parse(lane))
    assert parse_call(json.loads(json.dumps(call.dump())), site=SITE) == call


def test_sec_150_a_message_names_a_site_and_a_lane_and_nothing_else() -> None:
    assert LaneCall(SITE, Lane(LaneKind.OUT, "mastodon.example")).dump() == GOOD


REFUSED = [
    (None, "names a lane"),
    ("out:mastodon.example", "names a lane"),
    ([GOOD], "names a lane"),
    ({}, "names a lane"),
    ({"v": 1, "site": SITE}, "names a lane"),
    ({**GOOD, "payload": "{}"}, "names a lane"),
    ({**GOOD, "v": 2}, "another version"),
    ({**GOOD, "v": "1"}, "another version"),
    ({**GOOD, "v": True}, "another version"),
    ({**GOOD, "site": "https://other.example"}, "another site"),
    ({**GOOD, "lane": None}, "without a lane"),
    ({**GOOD, "lane": ""}, "without a lane"),
    ({**GOOD, "lane": "out:" + "a" * (LANE_CHARS_MAX - 3)}, "without a lane"),
    ({**GOOD, "lane": "sideways:mastodon.example"}, "no such lanes"),
    ({**GOOD, "lane": "mastodon.example"}, "no such lanes"),
]


@pytest.mark.parametrize(("message", "complaint"), REFUSED)
def test_sec_150_anything_else_is_refused(message: object, complaint: str) -> None:
    with pytest.raises(QueueError, match=complaint):
        parse_call(message, site=SITE)


def test_the_longest_lane_is_taken() -> None:
    assert parse_call({**GOOD, "lane": "out:" + "a" * (LANE_CHARS_MAX - 4)}, site=SITE).lane.name[0] == "a"


def test_lanes_of_tasks_each_once_only_ours_and_only_what_is_due() -> None:
    def task(lane: str, due_s: float = 0.0, site: str = SITE) -> Task:
        return Task(site=site, lane=Lane.parse(lane), payload=b"{}", due_s=due_s)

    tasks = [
        task("out:b"),
        task("in:a", 100.0),
        task("out:b"),
        task("out:c", 100.5),
        task("out:d", 0, "https://x.test"),
    ]
    assert [str(lane) for lane in lanes_of(tasks, site=SITE, now_s=100.0)] == ["out:b", "in:a"]


def test_what_a_post_goes_through_first() -> None:
    assert [str(lane) for lane in own_lanes(SITE)] == [f"fanout:{SITE}"]


@pytest.mark.parametrize(
    ("due_s", "after_s"),
    [(0.0, 0.0), (1000.0, 0.0), (1000.5, 1.0), (1001.0, 1.0), (1600.0, 600.0), (1600.5, None), (None, None)],
)
def test_when_a_lane_comes_back(due_s: float | None, after_s: float | None) -> None:
    assert plan_return(due_s, now_s=1000.0, return_s_max=600.0) == after_s


@pytest.mark.parametrize(
    ("name", "least"), [("batches_max", 1), ("return_s_max", 0.1), ("sweep_s", 1), ("swept_max", 1)]
)
def test_a_policy_at_its_limits(name: str, least: float) -> None:
    assert getattr(attrs.evolve(CarryPolicy(), **{name: least}), name) == least
    with pytest.raises(ValueError, match=name):
        attrs.evolve(CarryPolicy(), **{name: least - 1})
