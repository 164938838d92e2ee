"""The handle of an actor is what both hosts say (WF-09, WF-10, WF-20, FEP-2c59)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from tests.receiving import Door, answer, redirect

from fedtext.adapters.coalesce import AsyncCoalesce
from fedtext.discovery import claimed_handle, resolve_handle
from fedtext.discovery.handles import ask_host, same_handle
from fedtext.errors import (
    BudgetExhausted,
    DocumentError,
    FedtextError,
    FetchRefused,
    Gone,
    HTTPStatusError,
    OriginMismatch,
    TypeMismatch,
    Unreachable,
)
from fedtext.fetch import Budget
from fedtext.http import Request, Response
from fedtext.sync import run_sync
from fedtext.vocab import Actor, Person, load
from fedtext.wire.acct import parse_handle, split

ID = "https://a.example.com/users/alice"


def jrd(subject: str | None, actor_id: str = ID) -> dict[str, Any]:
    document = {"subject": subject, "links": [{"rel": "self", "type": "application/activity+json", "href": actor_id}]}
    return {name: value for name, value in document.items() if value is not None}


def world(responses: dict[str, Any]) -> Door:
    """Serve JRDs by the resource that is asked for, each at the host of its handle."""
    door = Door()

    def handle(request: Request) -> Response:
        for resource, document in responses.items():
            if f"resource={quote(resource, safe='')}".lower() == request.query.lower():
                return document if isinstance(document, Response) else answer(document, "application/jrd+json")
        return Response(status=404)

    for resource in responses:
        door.network.script(split(parse_handle(resource))[1], handle)
    return door


def person(**members: Any) -> Actor:
    found = load({"id": ID, "type": "Person", "inbox": ID + "/inbox", "outbox": ID + "/outbox", **members})
    assert isinstance(found, Actor)
    return found


def resolve(door: Door, actor: Actor) -> str | None:
    fetcher = door.fetcher()
    return run_sync(resolve_handle(fetcher, actor, fetcher.budget()))


@pytest.mark.parametrize(
    ("members", "claimed"),
    [
        ({"preferredUsername": "alice"}, "alice@a.example.com"),
        ({"preferredUsername": "alice", "webfinger": "al@example.com"}, "al@example.com"),
        ({"webfinger": "acct:al@example.com"}, "al@example.com"),
        ({"preferredUsername": "alice", "webfinger": "not a handle"}, "alice@a.example.com"),
        ({"preferredUsername": "alice", "webfinger": "a@127.0.0.1"}, "alice@a.example.com"),
        ({"preferredUsername": "a b"}, None),
        ({}, None),
    ],
)
def test_what_an_actor_claims(members: dict[str, Any], claimed: str | None) -> None:
    assert claimed_handle(person(**members)) == claimed


def test_who_has_no_id_has_no_handle() -> None:
    nobody = Person(preferred_username="alice")
    assert claimed_handle(nobody) is None
    assert resolve(world({}), nobody) is None


@pytest.mark.spec("WF-10")
@pytest.mark.parametrize(
    ("subject", "actor_id", "found"),
    [
        ("acct:alice@a.example.com", ID, "alice@a.example.com"),
        ("acct:Alice@A.example.com", ID, "Alice@a.example.com"),
        ("acct:alice@a.example.com", ID + "2", None),
        ("acct:bob@a.example.com", ID, None),
        ("https://a.example.com/", ID, None),
        (None, ID, None),
    ],
)
def test_wf_10_the_host_of_the_id_leads_back_to_it(subject: str | None, actor_id: str, found: str | None) -> None:
    door = world({"acct:alice@a.example.com": jrd(subject, actor_id)})
    assert resolve(door, person(preferredUsername="alice")) == found


@pytest.mark.spec("WF-20")
def test_a_host_that_cannot_be_asked_now_may_know_later() -> None:
    door = world({"acct:alice@a.example.com": Response(status=503)})
    with pytest.raises(Unreachable):
        resolve(door, person(preferredUsername="alice"))


@pytest.mark.spec("WF-09")
def test_wf_09_one_hop_to_the_true_handle() -> None:
    both = {
        "acct:alice@a.example.com": jrd("acct:alice@example.com"),
        "acct:alice@example.com": jrd("acct:alice@example.com"),
    }
    assert resolve(world(both), person(preferredUsername="alice")) == "alice@example.com"


@pytest.mark.spec("WF-09")
@pytest.mark.parametrize(
    ("second", "error"),
    [
        (jrd("acct:alice@example.com", "https://a.example.com/users/other"), OriginMismatch),
        (jrd("acct:alice@third.example.com"), OriginMismatch),
        (jrd(None), TypeMismatch),
        ({"subject": "acct:alice@example.com", "links": []}, TypeMismatch),
        (Response(status=404), HTTPStatusError),
    ],
)
def test_wf_09_hosts_that_disagree(second: Any, error: type[FedtextError]) -> None:
    door = world(
        {
            "acct:alice@a.example.com": jrd("acct:alice@example.com"),
            "acct:alice@example.com": second,
            "acct:alice@third.example.com": jrd("acct:alice@third.example.com"),
        }
    )
    fetcher = door.fetcher()
    with pytest.raises(error):
        run_sync(ask_host(fetcher, parse_handle("alice@a.example.com"), fetcher.budget()))
    assert resolve(door, person(preferredUsername="alice")) is None


@pytest.mark.spec("WF-11")
def test_wf_11_the_self_link_is_the_id_verbatim() -> None:
    for actor_id in (ID + "/", ID.upper(), ID + "#me", ID.replace("https", "http")):
        door = world({"acct:al@example.com": jrd("acct:al@example.com", actor_id)})
        assert resolve(door, person(preferredUsername="alice", webfinger="al@example.com")) is None


@pytest.mark.spec("WF-20", "TRU-09")
def test_wf_20_what_was_found_is_kept_and_a_new_claim_is_asked_about() -> None:
    documents: dict[str, Any] = {
        "acct:alice@a.example.com": jrd("acct:alice@a.example.com"),
        "acct:al@a.example.com": jrd("acct:al@a.example.com"),
    }
    door = world(documents)
    assert [resolve(door, person(preferredUsername="alice")) for _ in range(3)] == ["alice@a.example.com"] * 3
    assert len(door.fetches) == 1
    assert resolve(door, person(preferredUsername="al")) == "al@a.example.com"
    assert len(door.fetches) == 2
    door.clock.advance(door.config.fetch.actor_fresh_s + 1)
    del documents["acct:al@a.example.com"]
    assert resolve(door, person(preferredUsername="al")) is None


@pytest.mark.spec("WF-20")
def test_wf_20_whoever_wants_it_fresh_asks_anew() -> None:
    documents: dict[str, Any] = {"acct:alice@a.example.com": jrd("acct:alice@a.example.com")}
    door = world(documents)
    alice, fetcher = person(preferredUsername="alice"), door.fetcher()
    assert resolve(door, alice) == "alice@a.example.com"
    del documents["acct:alice@a.example.com"]
    assert resolve(door, alice) == "alice@a.example.com"
    assert run_sync(resolve_handle(fetcher, alice, fetcher.budget(), fresh=True)) is None
    assert resolve(door, alice) is None


HANDLE = "alice@a.example.com"


@pytest.mark.spec("SEC-017", "WF-14")
@pytest.mark.parametrize(
    ("served", "error", "kept"),
    [
        (Response(status=404), HTTPStatusError, True),
        (Response(status=410), Gone, True),
        (answer(b"x", "text/html"), HTTPStatusError, True),
        (jrd(None), TypeMismatch, True),
        ({"subject": "nobody", "links": []}, DocumentError, True),
        (jrd("acct:bob@a.example.com"), HTTPStatusError, True),
        (Response(status=503), Unreachable, False),
        (Response(status=302), HTTPStatusError, True),
    ],
)
def test_sec_017_what_a_host_refuses_is_not_asked_again_for_a_while(
    served: Any, error: type[FedtextError], kept: bool
) -> None:
    documents: dict[str, Any] = {f"acct:{HANDLE}": served}
    door = world(documents)
    with pytest.raises(FedtextError):
        ask(door)
    asked = len(door.fetches)
    documents[f"acct:{HANDLE}"] = jrd(f"acct:{HANDLE}")
    if kept:
        with pytest.raises(error):
            ask(door)
        assert len(door.fetches) == asked
    door.clock.advance(door.config.fetch.absent_fresh_s + 1)
    assert ask(door) == (HANDLE, ID)


def ask(door: Door, handle: str = HANDLE) -> tuple[str, str]:
    fetcher = door.fetcher()
    return run_sync(ask_host(fetcher, parse_handle(handle), fetcher.budget()))


def test_an_address_that_may_not_be_asked_is_no_word_of_the_host() -> None:
    """What was refused here may be allowed tomorrow, and costs no request."""
    documents: dict[str, Any] = {f"acct:{HANDLE}": redirect("http://a.example.com/")}
    door = world(documents)
    with pytest.raises(FetchRefused):
        ask(door)
    documents[f"acct:{HANDLE}"] = jrd(f"acct:{HANDLE}")
    assert ask(door) == (HANDLE, ID)


@pytest.mark.spec("WF-12")
def test_wf_12_a_name_of_another_host_is_asked_for_as_it_is_spelled() -> None:
    """To that host Alice and alice may be two people."""
    door = Door()
    other = "https://a.example.com/users/2"

    def handle(request: Request) -> Response:
        upper = "Alice" in request.query
        found = jrd(f"acct:{'Alice' if upper else 'alice'}@a.example.com", other if upper else ID)
        return answer(found, "application/jrd+json")

    door.network.script("a.example.com", handle)
    assert [ask(door, "alice@A.example.com")[1], ask(door, "Alice@a.example.com")[1]] == [ID, other]
    assert [ask(door, "alice@a.example.com")[1], ask(door, "Alice@a.example.com")[1]] == [ID, other]
    assert len(door.fetches) == 2


def test_whatever_else_is_kept_counts_as_nothing() -> None:
    door = world({f"acct:{HANDLE}": jrd(f"acct:{HANDLE}")})
    for kept in (b"{}", b'{"subject": 7, "actor": 7}', b'{"refused": "?"}'):
        run_sync(door.ports.store.put("https%3A%2F%2Fb.example.com/acct/alice%40a.example.com", kept))
        with pytest.raises(HTTPStatusError):
            ask(door)


@pytest.mark.spec("WF-20", "SEC-108")
def test_a_budget_that_is_used_up_says_nothing_of_a_handle() -> None:
    door = world({"acct:alice@a.example.com": jrd("acct:alice@a.example.com")})
    fetcher = door.fetcher()
    spent = Budget(door.clock, fetches_max=0, seconds_max=10)
    with pytest.raises(BudgetExhausted):
        run_sync(resolve_handle(fetcher, person(preferredUsername="alice"), spent))
    assert resolve(door, person(preferredUsername="alice")) == "alice@a.example.com"


@pytest.mark.spec("SEC-108", "SEC-110")
async def test_sec_110_whoever_joins_goes_on_with_a_budget_of_its_own() -> None:
    door = world({f"acct:{HANDLE}": jrd(f"acct:{HANDLE}")})
    fetcher = attrs.evolve(door.fetcher(), ports=attrs.evolve(door.ports, coalesce=AsyncCoalesce()))
    spent = Budget(door.clock, fetches_max=0, seconds_max=10)
    asked = [ask_host(fetcher, parse_handle(HANDLE), budget) for budget in (spent, fetcher.budget())]
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, BudgetExhausted)
    assert second == (HANDLE, ID)


def test_handles_compare_without_case() -> None:
    assert same_handle("Alice@example.com", "alice@EXAMPLE.com")
    assert not same_handle("alice@example.com", "alice@example.org")


@pytest.mark.vectors("webfinger/reverse-discovery.json")
def test_shared_cases(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        actor = load({"type": "Person", **case["actor"]})
        assert isinstance(actor, Actor)
        assert resolve(world(case["responses"]), actor) == case["expect"], case["id"]
