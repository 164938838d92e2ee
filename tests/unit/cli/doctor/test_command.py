"""`fedtext doctor` against servers on real sockets: a sound one, one fault at a time, in a terminal and as a pipe."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.doctor_site import FAULTS, Site, standing
from tests.live import Reply, Server, in_terminal, serving

from fedtext.cli import main
from fedtext.cli.doctor.command import CHECKS

Told = list[dict[str, Any]]


def doctor(server: Server, *more: str, target: str = "{origin}/users/1") -> int:
    return main(["doctor", target.format(origin=server.origin, port=server.port), "--dev", str(server.port), *more])


def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def faults(records: Told) -> dict[str, list[str]]:
    found = [one for one in records if one.get("outcome") in ("failed", "warning")]
    return {one["check"]: one["rules"] for one in found}


@pytest.mark.parametrize("target", ["{origin}/users/1", "@bob@localhost:{port}", "acct:bob@localhost:{port}"])
def test_a_sound_server_is_all_well(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    with standing() as server:
        assert doctor(server, "--json", target=target) == 0
    records = told(capsys)
    assert faults(records) == {}
    assert records[-1] == {"examined": True, "failures": 0, "warnings": 0}
    assert {one["peer"]: one["ok"] for one in records if "peer" in one}["Threads"] is True


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_a_server_is_named_by_its_rule(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with standing(name) as server:
        code = doctor(server, "--json")
    records = told(capsys)
    found = faults(records)
    assert FAULTS[name] in found[name]
    warned = next(one for one in CHECKS if one.name == name).is_warning
    assert code == (0 if warned else 1)
    mend = next(one["mend"] for one in records if one.get("check") == name)
    assert mend


def test_a_page_leads_to_the_actor(capsys: pytest.CaptureFixture[str]) -> None:
    """DISC-01: a page names its other form."""
    with serving(lambda asked: _page(asked.path, server.origin) or site(asked)) as server:
        site = Site()
        assert doctor(server, "--json", target="{origin}/people/bob") == 0
    assert faults(told(capsys)) == {}


def _page(path: str, origin: str) -> Reply | None:
    if path != "/people/bob":
        return None
    link = f'<link rel="alternate" type="application/activity+json" href="{origin}/users/1">'
    return Reply(link.encode(), 200, "text/html")


@pytest.mark.spec("WF-16")
def test_redirects_are_followed_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    with standing("webfinger.redirects") as server:
        assert doctor(server, "--json") == 0
    (found,) = [one for one in told(capsys) if one.get("check") == "webfinger.redirects"]
    assert found["seen"].startswith("1, to http://localhost:")
    assert "/moved?resource=" in found["seen"]


def test_who_says_nothing_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    with standing("silence") as server:
        assert doctor(server) == 1
    assert "no answer: " in capsys.readouterr().out


@pytest.mark.spec("WF-09", "WF-10")
def test_the_host_of_the_handle_is_asked_where_it_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    other = Site()
    with serving(other) as handles, standing(handle_port=handles.port) as server:
        other.actor_port = server.port
        assert main(["doctor", f"{server.origin}/users/1", "--dev", f"{server.port},{handles.port}", "--json"]) == 0
        assert main(["doctor", f"@bob@localhost:{handles.port}", "--dev", f"{server.port},{handles.port}"]) == 0
    assert any(asked.path == "/.well-known/webfinger" for asked in handles.asked)
    assert not any(asked.method == "POST" for asked in handles.asked)


def test_nothing_is_posted_that_could_do_anything() -> None:
    """It takes back a like that was never there."""
    with standing("inbox.unsigned") as server:
        assert doctor(server) == 1
    bodies = [json.loads(asked.body) for asked in server.asked if asked.method == "POST"]
    assert {body["type"] for body in bodies} == {"Undo"}
    assert {body["object"]["type"] for body in bodies} == {"Like"}
    assert all("#nothing-" in body["object"]["object"] for body in bodies)


def test_a_table_by_peer_software(capsys: pytest.CaptureFixture[str]) -> None:
    with standing("clock.minute") as server:
        assert doctor(server) == 1
    out = capsys.readouterr().out
    table = out.partition("\npeers\n")[2]
    assert "  ✗ Takahē" in table
    assert re.search(r"refuses: the clock, to the minute \(SIG-05\): 7[56] s behind ours", table)
    for peer in ("Mastodon", "GoToSocial", "Misskey", "Lemmy", "Pixelfed", "Threads"):
        assert f"  ✓ {peer}" in table
    assert "      mend: let the machine keep its time by NTP\n" in out


def test_in_a_terminal() -> None:
    with standing("clock.minute") as server:
        code, shown = in_terminal("doctor", f"@bob@localhost:{server.port}", "--dev", str(server.port))
    assert code == 1
    assert "\x1b[32m✓\x1b[0m WebFinger answers" in shown
    assert "\x1b[31m✗\x1b[0m Takahē" in shown
    assert "\r\x1b[2Kasking [" in shown


def test_what_answers_signed_requests_alone_is_not_examined_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    with standing("secure") as server:
        assert doctor(server) == 2
    out, err = capsys.readouterr()
    assert "could not be examined" in err
    assert "it is given to signed requests alone; needs a key" in out


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    with standing() as server:
        pass
    assert doctor(server) == 2
    assert "no connection came about" in capsys.readouterr().out
    assert doctor(server, "--json", target="@bob@localhost:{port}") == 2
    assert told(capsys)[-1]["examined"] is False


def test_a_handle_that_its_host_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with standing("webfinger.answer") as server:
        assert doctor(server, "--json", target="@bob@localhost:{port}") == 1
    assert "webfinger.answer" in faults(told(capsys))


@pytest.mark.parametrize("target", ["bob", "ftp://b.example/a@b", "https://", "@bob@b c"])
def test_a_target_that_is_none(target: str) -> None:
    assert main(["doctor", target]) == 1


def test_the_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    assert "Exit codes: 0 nothing that peers refuse; 1" in capsys.readouterr().out


def test_names_of_checks_are_their_own() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.rules and check.peers and check.mend for check in CHECKS)
