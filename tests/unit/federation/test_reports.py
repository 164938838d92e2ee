"""The report box: what cannot be read is not shown, and pages follow one another."""

from __future__ import annotations

from typing import Any

from fedtext.federation.reports import keep_report, list_reports
from fedtext.inbox import Rules
from fedtext.ports import store_key
from fedtext.sync import run_sync
from fedtext.vocab import Flag

HOME = "https://home.example.com"


def keep(world: Any, number: int) -> None:
    flag = Flag(id=f"https://b.example.org/{number}", actor="https://b.example.org/actor", object=f"{HOME}/posts/1")
    assert run_sync(keep_report(world.ports, HOME, flag, Rules(), received_s=float(number))) is True


def test_the_oldest_first_page_by_page(world):
    for number in (3, 1, 2):
        keep(world, number)
    first = run_sync(list_reports(world.ports, HOME, limit=2))
    rest = run_sync(list_reports(world.ports, HOME, after=first[-1].report_id))
    assert [report.received_s for report in (*first, *rest)] == [1.0, 2.0, 3.0]


def test_what_cannot_be_read_is_passed_over(world):
    for name, value in (("a", b"{"), ("b", b'{"v":2}'), ("c", b'{"v":1,"objects":7,"received_s":1}')):
        run_sync(world.ports.store.put(store_key(HOME, "report", name), value))
    keep(world, 1)
    assert len(run_sync(list_reports(world.ports, HOME))) == 1
