"""How it stands with the hosts that we deliver to (DLV-24)."""

from __future__ import annotations

import pytest

from fedtext.ports import Lane, LaneKind, Task
from fedtext.sync import run_sync

HOST = "b.example.org"
DAY_S = 86_400


def only(world):
    [status] = world.fed.hosts()
    return status


@pytest.mark.spec("DLV-24")
def test_dlv_24_a_host_that_fails_is_told_of_with_all_that_is_known(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    began_s = world.clock.now_s()
    world.fed.publish(world.post(1))
    world.settle()
    assert world.fed.hosts() == []  # nothing waits, and it is well
    b.answer = lambda _request: 503
    world.clock.advance(3_600)
    for number in range(2, 5):
        world.fed.publish(world.post(number))
    world.settle()
    status = only(world)
    assert (status.host, status.waiting, status.leased, status.buried) == (HOST, 3, 0, 0)
    assert (status.failures, status.failing_days, status.unavailable, status.paused) == (1, 1, False, False)
    assert (status.last, status.delivered, status.failed) == ("status 503", 1, 1)
    assert (status.succeeded_s, status.failed_s) == (began_s, began_s + 3_600)
    assert began_s + 3_600 < status.due_s <= began_s + 3_620
    assert status.scheme == "draft-cavage-http-signatures-12"


@pytest.mark.spec("DLV-24")
def test_dlv_24_another_process_knows_what_was_kept(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    b.answer = lambda _request: 503
    world.fed.publish(world.post(1))
    world.settle()
    world.fed.engine.hosts._tallies.clear()
    status = only(world)
    assert (status.last, status.failing_days, status.succeeded_s) == ("status 503", 1, None)
    assert (status.delivered, status.failed) == (0, 0)


def test_the_scheme_that_a_host_takes_is_told(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    asked: list[bool] = []

    def answer(request):
        asked.append("signature-input" in request.headers)
        return 503 if "signature-input" in request.headers else 401

    b.answer = answer
    world.fed.publish(world.post(1))
    world.settle()
    assert asked == [False, True]
    assert only(world).scheme in ("rfc9421", "draft-cavage-http-signatures-12")


def test_pages_are_in_order_and_of_this_site_alone(world):
    for number in range(5):
        remote = world.remote(f"h{number}.example.org")
        remote.answer = lambda _request: 503
        world.crowd.of.setdefault("1", []).append(remote.follower("x"))
    world.fed.publish(world.post(1))
    world.settle()
    first = world.fed.hosts(limit=3)
    assert [status.host for status in first] == ["h0.example.org", "h1.example.org", "h2.example.org"]
    rest = world.fed.hosts(after=first[-1].host)
    assert [status.host for status in rest] == ["h3.example.org", "h4.example.org"]


def test_a_paused_host_says_so(world):
    world.remote("b.example.org").answer = lambda _request: 202
    world.crowd.of["1"] = [world.remote().follower("x")]
    run_sync(world.ports.queue.pause(Lane(LaneKind.OUT, HOST), site=world.fed.site.origin))
    world.fed.publish(world.post(1))
    world.settle()
    assert (only(world).paused, only(world).waiting) == (True, 1)


# ---- dead letters by host --------------------------------------------------------------------------------------------


@pytest.fixture
def letters(world):
    """Two hosts that refuse two posts each."""
    for host in ("b.example.org", "c.example.org"):
        remote = world.remote(host)
        remote.answer = lambda _request: 403
        world.crowd.of.setdefault("1", []).append(remote.follower("x"))
    for number in range(2):
        world.fed.publish(world.post(number))
    world.settle()
    assert len(world.fed.dead_letters()) == 4
    return world


def test_dead_letters_of_another_site_are_neither_shown_nor_put_back(world):
    queue, elsewhere, lane = world.ports.queue, "https://elsewhere.example", Lane(LaneKind.OUT, HOST)
    run_sync(queue.enqueue([Task(site=elsewhere, lane=lane, payload=b"{}")] * 3))
    claim = run_sync(queue.claim(lease_s=60, batch_max=3, lane=lane, site=elsewhere))
    for job in claim.jobs:
        run_sync(queue.bury(claim, job, reason="theirs"))
    run_sync(queue.release(claim))
    remote = world.remote()
    remote.answer = lambda _request: 403
    world.crowd.of["1"] = [remote.follower("x")]
    world.fed.publish(world.post(1))
    world.settle()
    [ours] = world.fed.dead_letters(limit=1)  # however much of others lies before it
    assert world.fed.dead_letters(after=ours.number) == []
    assert [world.fed.replay(job.job_id) for job in claim.jobs] == [False] * 3
    assert world.fed.replay(ours.number)


@pytest.mark.parametrize(("host", "count"), [(None, 4), ("b.example.org", 2), ("nobody.example.org", 0)])
def test_dead_letters_are_tried_again_all_or_by_host(letters, host, count):
    assert letters.fed.replay_all(host=host) == count
    assert letters.depth().waiting == count


@pytest.mark.parametrize(("host", "count"), [(None, 4), ("b.example.org", 2), ("nobody.example.org", 0)])
def test_dead_letters_are_purged_all_or_by_host(letters, host, count):
    assert letters.fed.purge(host=host) == count
    assert len(letters.fed.dead_letters()) == 4 - count


@pytest.mark.parametrize(("waiting", "left"), [(False, 2), (True, 0)])
def test_what_waits_is_purged_where_that_is_asked_for(letters, waiting, left):
    letters.fed.replay_all(host="b.example.org")
    assert letters.fed.purge(waiting=waiting) == 4 - left
    assert letters.depth().waiting == left
