"""An author with a million followers, and a network nine tenths of which are dead: what is counted, not timed.

`bench/g15_crowd.py` has the same figures with times.
"""

from __future__ import annotations

import pytest
from bench import g15_crowd as crowd

from fedtext.testing.faults import FailNth

pytestmark = pytest.mark.skipif(not (crowd.ROOT / "src").is_dir(), reason="the wheel is tested, without the benches")


@pytest.mark.spec("SEC-145")
def test_sending_costs_the_same_however_many_follow():
    assert crowd.calls_of_send(1_000_000) == crowd.calls_of_send(0) == 1


def calls_for_living(folder, followers):
    """Let all be found out first; then count the calls of store and queue until the living have what comes next."""
    run = crowd.Run.make(folder, followers)
    run.publish(0)
    run.living_us()
    run.clock.advance(1.0)  # the dead rest for fifteen seconds at least
    run.publish(crowd.JOBS_A_HOST)
    counting = FailNth(0)
    run.fed.ports._asynchronous = counting.wrap_all(run.fed.ports.asynchronous())
    run.living_us()
    return counting.calls


@pytest.mark.long
@pytest.mark.spec("DLV-08")
def test_hosts_that_are_dead_cost_the_living_nothing(tmp_path):
    apart = 1 + crowd.DEAD_A_LIVING
    alone = calls_for_living(tmp_path / "alone.sqlite3", crowd.Generated(crowd.LIVING, 1, apart=apart))
    crowded = calls_for_living(tmp_path / "crowded.sqlite3", crowd.Generated(crowd.LIVING * apart, 1))
    assert alone > crowd.LIVING * crowd.JOBS_A_HOST
    assert crowded <= 1.1 * alone


@pytest.mark.long
def test_the_memory_of_a_fan_out_is_flat(tmp_path):
    assert crowd.fanned_out(tmp_path)["grown"] < crowd.MEMORY_MIB_MAX
