"""The queue in lines: sums, changes, what stands in the way, and a table that lines up."""

from __future__ import annotations

import io

import attrs
import pytest

from fedtext.cli.console import Console
from fedtext.cli.queue_views import ago, lane_lines, lane_record, status_lines, status_record, worst_first
from fedtext.federation.host_status import HostStatus
from fedtext.ports import Lane, LaneKind, LaneStatus, QueueDepth

CONSOLE = Console(out=io.StringIO())
DEPTH = QueueDepth(waiting=1_200, leased=20, buried=0, lanes=7, oldest_due_age_s=0.0)
STATUS = LaneStatus(
    site="https://blog.example",
    lane=Lane(LaneKind.OUT, "a.example"),
    waiting=3,
    leased=0,
    buried=0,
    failures=0,
    due_s=0.0,
    oldest_enqueued_s=None,
    paused=False,
)


HOST = HostStatus(
    host="a.example",
    waiting=3,
    leased=0,
    buried=0,
    failures=0,
    due_s=0.0,
    paused=False,
    failing_days=0,
    unavailable=False,
    gone=False,
    last="",
    failed_s=None,
    succeeded_s=None,
    scheme="rfc9421",
    delivered=0,
    failed=0,
)


def lane(name: str, **changes: object) -> LaneStatus:
    return attrs.evolve(STATUS, lane=Lane(LaneKind.OUT, name), **changes)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3_600, "1 h"), (86_399, "24 h"), (86_400, "1 d")],
)
def test_spans(seconds: float, text: str) -> None:
    assert ago(seconds) == text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "1,200 waiting, 20 worked on, 0 given up, 7 lanes"),
        ({"waiting": 1}, "1 waiting (-1,199), 20 worked on, 0 given up, 7 lanes"),
        ({"waiting": 1_300}, "1,300 waiting (+100), 20 worked on, 0 given up, 7 lanes"),
    ],
)
def test_sums_and_their_changes(changes: dict[str, int], line: str) -> None:
    assert status_lines(attrs.evolve(DEPTH, **changes), [], CONSOLE, target="app:fed", before=DEPTH)[0] == line


@pytest.mark.parametrize(
    ("age_s", "leased", "paused", "is_alone"),
    [(59.9, 0, [], False), (60.0, 0, [], True), (60.0, 1, [], False), (60.0, 0, ["out:*"], False)],
)
def test_a_missing_worker_is_told(age_s: float, leased: int, paused: list[str], is_alone: bool) -> None:
    depth = attrs.evolve(DEPTH, oldest_due_age_s=age_s, leased=leased)
    lines = status_lines(depth, paused, CONSOLE, target="app:fed")
    assert ("nobody works on it: fedtext worker app:fed" in lines) == is_alone


def test_pauses_say_how_they_end() -> None:
    lines = status_lines(DEPTH, ["out:*", "out:a.example", "in:https://a.example"], CONSOLE, target="app:fed")
    assert lines[1:] == [
        "paused: out:*; fedtext queue resume app:fed --kind out",
        "paused: out:a.example; fedtext queue resume app:fed a.example",
        "paused: in:https://a.example; fedtext queue resume app:fed in:https://a.example",
    ]


def test_those_that_need_somebody_come_first() -> None:
    found = [lane("a"), lane("b", waiting=9), lane("c", buried=1), lane("d", failures=2), lane("e", failures=1)]
    assert [status.lane.name for status in worst_first(found)] == ["d", "e", "c", "b", "a"]


def test_the_table_lines_up_and_says_what_is_left_out() -> None:
    found = [
        lane("a.example", waiting=12_345, failures=3, due_s=220.0, oldest_enqueued_s=40.0),
        lane("long-name.example", paused=True),
    ]
    assert lane_lines(found, {}, CONSOLE, now_s=100.0, total=5) == [
        "lane                   waiting  leased  given up  failures",
        "out:a.example           12,345       0         0         3  asked again in 2 min, oldest 1 min",
        "out:long-name.example        3       0         0         0  paused",
        "and 3 more",
    ]
    assert lane_lines([], {}, CONSOLE, now_s=0.0, total=0) == ["nothing waits"]


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, "signed as in RFC 9421"),
        ({"scheme": "draft-cavage-http-signatures-12"}, "signed as in the draft"),
        ({"failing_days": 1, "last": "fetch.timeout"}, "failed on 1 day, last fetch.timeout, signed as in RFC 9421"),
        ({"failing_days": 7, "unavailable": True}, "unavailable, failed on 7 days, signed as in RFC 9421"),
        ({"gone": True, "unavailable": True}, "gone, signed as in RFC 9421"),
        ({"last": "status 503", "failed_s": 40.0}, "last status 503, 1 min ago, signed as in RFC 9421"),
        ({"succeeded_s": 70.0}, "took something 30 s ago, signed as in RFC 9421"),
        ({"last": "a\x1b[2J", "scheme": "b\x1b[2J"}, "last a [2J, signed b [2J"),
    ],
)
@pytest.mark.spec("DLV-24")
def test_dlv_24_what_is_known_of_a_host(changes: dict[str, object], notes: str) -> None:
    hosts = {STATUS.lane: attrs.evolve(HOST, **changes)}
    line = lane_lines([STATUS], hosts, CONSOLE, now_s=100.0, total=1)[1]
    assert line.split("  ")[-1] == notes


def test_a_stranger_s_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(lane_lines([lane("a\x1b[2J.example")], {}, CONSOLE, now_s=0.0, total=1))
    assert "\x1b" not in "".join(status_lines(DEPTH, ["out:a\x1b[2J"], CONSOLE, target="app:fed"))


def test_records() -> None:
    assert status_record(DEPTH, ["out:*"]) == {
        "event": "queue",
        "waiting": 1_200,
        "leased": 20,
        "buried": 0,
        "lanes": 7,
        "oldest_due_age_s": 0.0,
        "paused": ["out:*"],
    }
    record = lane_record(attrs.evolve(STATUS, due_s=130.0), HOST, now_s=100.0)
    assert (record["lane"], record["back_off_s"], record["host"]) == ("out:a.example", 30.0, "a.example")
    assert not {"delivered", "failed"} & record.keys()  # of this process, which has sent nothing
    assert lane_record(STATUS, now_s=100.0)["back_off_s"] == 0.0
