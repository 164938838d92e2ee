"""Which questions are put, and what a proxy that rewrites Host, or a server in secure mode, looks like."""

from __future__ import annotations

import asyncio
import time

import attrs
import pytest
from tests.doctor_site import Site
from tests.live import Asked, Reply, Server, serving

from fedtext.cli.doctor.command import CHECKS
from fedtext.cli.doctor.facts import Facts, Question
from fedtext.cli.doctor.gathering import Gathering, harmless
from fedtext.cli.doctor.identity import Identity
from fedtext.cli.doctor.judging import Outcome, examine
from fedtext.cli.looking_up import asker
from fedtext.errors import FedtextError
from fedtext.http import Headers, Request
from fedtext.inbox.ownership import identifier
from fedtext.keys import VerificationKey, generate_rsa
from fedtext.signatures import parse_claim, verify
from fedtext.vocab import Undo, load
from fedtext.wire.json import dump, parse_object

PRIVATE = generate_rsa()
KEY_ID = "https://a.example/actor#main-key"
KEY = VerificationKey(key_id=KEY_ID, owner="https://a.example/actor", public=PRIVATE.public)


class Verifying(Site):
    """A site that verifies signatures by one key.

    Args:
        seen_host: The Host that the application sees, behind a proxy; None: the one that was asked for.
    """

    def __init__(self, fault: str = "", *, seen_host: str | None = None, is_secure: bool = False) -> None:
        super().__init__(fault)
        self.seen_host = seen_host
        self.is_secure = is_secure

    def __call__(self, asked: Asked) -> Reply | None:
        is_actor = asked.path == "/users/1" and "html" not in asked.headers.get("accept", "")
        if asked.method == "POST" and asked.headers["content-type"] != "text/plain":
            return Reply({}, 202 if self.is_signed(asked) else 401)
        if self.is_secure and is_actor and not self.is_signed(asked):
            return Reply(status=401)
        return super().__call__(asked)

    def is_signed(self, asked: Asked) -> bool:
        host = self.seen_host or asked.headers["host"]
        headers = Headers.build(({**asked.headers, "host": host}).items())
        request = Request(
            method=asked.method, scheme="http", authority=host, target=asked.target, headers=headers, body=asked.body
        )
        try:
            verify(request, parse_claim(request), KEY, now_s=time.time(), authorities={host})
        except FedtextError:
            return False
        return True


def facts(server: Server, *, can_be_fetched: bool = True, also: int | None = None) -> Facts:
    async def run() -> Facts:
        federation = asker((server.port,) if also is None else (server.port, also))
        try:
            who = Identity(federation=federation, key_id=KEY_ID, private=PRIVATE, can_be_fetched=can_be_fetched)
            counted: list[int] = []
            found = await Gathering(who, counted.append).facts(f"{server.origin}/users/1")
            assert counted[-1] == len(found.answers)
            return found
        finally:
            await federation.ports.close()

    return asyncio.run(run())


def outcomes(found: Facts) -> dict[str, Outcome]:
    return {finding.check.name: finding.outcome for finding in examine(found, CHECKS)}


def seen(found: Facts, name: str) -> str:
    return next(finding.seen for finding in examine(found, CHECKS) if finding.check.name == name)


def test_a_server_that_verifies_is_all_well() -> None:
    with serving(Verifying()) as server:
        found = facts(server)
    assert {name for name, outcome in outcomes(found).items() if outcome in (Outcome.FAILED, Outcome.WARNING)} == set()
    assert outcomes(found)["host.passed_on"] is Outcome.PASSED
    assert found.disguises == {}


@pytest.mark.spec("SIG-14")
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost"])
def test_a_proxy_that_rewrites_host_is_found_with_what_the_application_sees(host: str) -> None:
    with serving(Verifying(seen_host=host)) as server:
        found = facts(server)
    assert outcomes(found)["host.passed_on"] is Outcome.FAILED
    assert f"signed for {host}:" in seen(found, "host.passed_on")
    assert outcomes(found)["inbox.signed"] is Outcome.FAILED


@pytest.mark.spec("SIG-14")
def test_a_server_that_takes_no_signature_at_all_says_nothing_of_its_proxy() -> None:
    with serving(Verifying(seen_host="b.example")) as server:
        found = facts(server)
    assert not any(found.disguises.values())
    assert outcomes(found)["host.passed_on"] is Outcome.UNKNOWN


@pytest.mark.spec("COL-11", "SIG-24")
def test_secure_mode_is_examined_with_a_key() -> None:
    with serving(Verifying(is_secure=True)) as server:
        found = facts(server)
        without = facts(server, can_be_fetched=False)
    assert found.is_secure
    assert outcomes(found)["secure.signed"] is Outcome.PASSED
    assert outcomes(found)["actor.id"] is Outcome.PASSED
    assert outcomes(found)["vary.signature"] is Outcome.WARNING
    assert without.document is None
    assert outcomes(without)["secure.signed"] is Outcome.UNKNOWN


def test_every_question_is_put_to_somebody() -> None:
    with serving(Verifying()) as server:
        found = facts(server)
    assert set(Question) - set(found.answers) == {Question.ACTOR_SIGNED, Question.WEBFINGER_HOME}


@pytest.mark.spec("ACT-26")
def test_the_page_is_asked_for_before_the_actor() -> None:
    with serving(Site()) as server:
        facts(server)
    first, second = [asked for asked in server.asked if asked.path == "/users/1"][:2]
    assert (first.headers["accept"], second.headers["accept"]) == ("text/html", "application/activity+json")


def test_a_document_whose_id_is_elsewhere_leads_nobody_there() -> None:
    with serving(Site("actor.id")) as server:
        found = facts(server)
    assert found.actor_id == f"{server.origin}/users/1"
    assert found.handle is None


@pytest.mark.parametrize("name", ["inbox", "endpoints"])
def test_nothing_is_posted_to_another_server(name: str) -> None:
    site = Site()
    with serving(lambda _asked: Reply({}, 202)) as other:
        address = f"{other.origin}/inbox"
        place = {name: address if name == "inbox" else {"sharedInbox": address}}

        def answering(asked: Asked) -> Reply | None:
            reply = site(asked)
            if reply is None or not isinstance(reply.document, dict) or "inbox" not in reply.document:
                return reply
            return attrs.evolve(reply, document={**reply.document, **place})

        with serving(answering) as server:
            found = facts(server, also=other.port)
    assert other.asked == []
    assert (Question.POST_UNSIGNED in found.answers) is (name == "endpoints")
    assert Question.POST_SHARED not in found.answers


def test_what_is_posted_is_an_activity_as_peers_send_them() -> None:
    """MOD-01, MOD-02, MOD-03, MOD-46: ids, a string for the actor, arrays, the inner activity embedded."""
    document = parse_object(dump(harmless("https://a.example/actor", "https://b.example/users/1")))
    assert isinstance(load(document), Undo)
    assert identifier(document["actor"]) == "https://a.example/actor"
    assert str(document["id"]).startswith("https://a.example/")
    assert document["to"] == ["https://b.example/users/1"]
    assert document["cc"] == []
