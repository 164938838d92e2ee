"""What this process has seen of hosts, bounded."""

from __future__ import annotations

import pytest

from fedtext.federation.tallies import TALLIES_MAX, HostTallies, HostTally


@pytest.mark.spec("DLV-24")
def test_dlv_24_successes_and_failures_are_counted_by_host():
    tallies = HostTallies()
    tallies.delivered("a.example", status=202, now_s=5.0)
    tallies.failed("a.example", "status 503")
    tallies.failed("b.example", "fetch.timeout")
    assert tallies.of("a.example") == HostTally(delivered=1, failed=1, last="status 503", succeeded_s=5.0)
    assert tallies.of("b.example") == HostTally(failed=1, last="fetch.timeout")
    assert tallies.of("c.example") == HostTally()


@pytest.mark.spec("SEC-145")
def test_sec_145_so_many_hosts_are_kept_and_the_longest_unused_go():
    tallies = HostTallies()
    for number in range(TALLIES_MAX):
        tallies.failed(f"{number}.example", "x")
        tallies.takes_a_look(f"{number}.example", 0.0)
    tallies.failed("0.example", "y")
    tallies.failed("new.example", "x")
    assert len(tallies) == TALLIES_MAX
    assert tallies.of("0.example").failed == 2
    assert tallies.of("1.example") == HostTally()


@pytest.mark.parametrize(("after_s", "looks"), [(0.0, False), (59.9, False), (60.0, True), (-1.0, True)])
def test_a_host_is_looked_at_once_a_minute_whatever_the_clock_does(after_s, looks):
    tallies = HostTallies()
    assert tallies.takes_a_look("a.example", 100.0)
    assert tallies.takes_a_look("b.example", 100.0)
    assert tallies.takes_a_look("a.example", 100.0 + after_s) is looks


def test_it_may_be_looked_at_again():
    tallies = HostTallies()
    assert tallies.takes_a_look("a.example", 100.0)
    tallies.look_again("a.example")
    assert tallies.takes_a_look("a.example", 100.0)
    tallies.look_again("nobody.example")
