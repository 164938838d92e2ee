"""How findings are shown: to people and to machines."""

from __future__ import annotations

import io
import json

import pytest
from tests.doctor_facts import ID, SOUND

from fedtext.cli.console import Console
from fedtext.cli.doctor.facts import Facts
from fedtext.cli.doctor.judging import Seen, bad, check, examine, good
from fedtext.cli.doctor.reporting import show


def shown(seen: Seen | None, *, machine: bool = False, needs: str = "", warning: bool = False) -> str:
    make = check("a.b", "the thing", rules=("X-01",), peers=("Lemmy",), mend="mend it", is_warning=warning, needs=needs)
    out = io.StringIO()
    show(Console(machine=machine, out=out), SOUND, examine(SOUND, [make(lambda _facts: seen)]))
    return out.getvalue()


def test_green_rows_are_short() -> None:
    out = shown(good("as it should be"))
    assert out.splitlines()[0] == f"@bob@b.example, {ID}"
    assert "ok the thing" in out
    assert "as it should be" not in out
    assert "ok Lemmy        1 passed\n" in out


@pytest.mark.spec("SEC-165")
def test_red_rows_tell_what_was_seen_and_how_to_mend_it() -> None:
    out = shown(bad("ill\x1b[2J"))
    assert "FAILED the thing" in out
    assert "      ill [2J\n      mend: mend it\n" in out
    assert "FAILED Lemmy        0 passed\n      refuses: the thing (X-01): ill [2J\n" in out
    assert "ok Mastodon     0 passed\n" in out


def test_warnings() -> None:
    out = shown(bad("ill"), warning=True)
    assert "! the thing" in out
    assert "! Lemmy        0 passed\n      may refuse: the thing (X-01): ill\n" in out


def test_what_could_not_be_judged_says_what_it_needs_and_what_does_not_apply_is_left_out() -> None:
    out = shown(None, needs="needs a key")
    assert "- the thing" in out
    assert "      needs a key\n" in out
    assert "ok Lemmy        0 passed, 1 not judged\n" in out
    assert "the thing" not in shown(None)


def test_records() -> None:
    records = [json.loads(line) for line in shown(bad("ill"), machine=True).splitlines()]
    assert records[0] == {
        "check": "a.b",
        "about": "the thing",
        "rules": ["X-01"],
        "outcome": "failed",
        "peers": ["Lemmy"],
        "seen": "ill",
        "mend": "mend it",
    }
    lemmy = next(one for one in records if one.get("peer") == "Lemmy")
    assert lemmy == {"peer": "Lemmy", "ok": False, "failures": ["a.b"], "warnings": [], "passed": 0, "unknown": 0}
    assert json.loads(shown(good("well"), machine=True).splitlines()[0])["mend"] is None


def test_no_actor() -> None:
    out = io.StringIO()
    show(Console(out=out), Facts(), ())
    assert out.getvalue().startswith("no actor was found\n")
