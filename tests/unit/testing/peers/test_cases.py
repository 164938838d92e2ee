"""What a reader has before it: which part is what, and what a request says of a delivery."""

from __future__ import annotations

import attrs
import pytest
from tests.readable import ALICE, BOB, PUBLIC, activity, create, note, person
from tests.signing import KEY_ID, NOW_S, message

from fedtext.config import Scheme
from fedtext.http import Headers, Request
from fedtext.keys import generate_rsa
from fedtext.signatures import sign
from fedtext.testing.peers import Delivery
from fedtext.testing.peers.cases import Case, are_related, host, ids, kind_of, links, walk
from fedtext.wire.json import JsonObject

RSA = generate_rsa()


def case(document: JsonObject, delivery: Delivery | None = None) -> Case:
    return Case(document=document, delivery=delivery or Delivery(), size_bytes=0)


@pytest.mark.parametrize(
    ("document", "subject"),
    [
        (note(), "post"),
        (person(), "actor"),
        (create(), "activity"),
        ({"type": "Wave", "actor": ALICE}, "activity"),
        ({"type": "Robot", "inbox": ALICE}, "actor"),
        (note(actor=ALICE), "post"),
        ({"type": "OrderedCollection"}, None),
        ({}, None),
    ],
)
def test_what_a_document_is(document: JsonObject, subject: str | None) -> None:
    assert case(document).subject == subject


def test_parts_of_an_activity() -> None:
    found = case(create("Update"))
    assert found.post is found.inner
    assert found.profile is None
    assert found.actor == ALICE
    assert case(activity("Update", person())).profile == person()
    assert case(activity("Like", note())).post is None
    assert case(activity("Create", [note()])).post == note()
    assert case(activity("Create", [note(), note()])).post is None


@pytest.mark.spec("MOD-06")
def test_mod_06_the_addressees_of_the_object_win() -> None:
    assert case({**create(), "to": [BOB]}).is_public
    assert case({**create(to=None, cc=None), "to": [BOB]}).addressed == [BOB]


@pytest.mark.parametrize(
    ("to", "private"), [([BOB], True), ([BOB, ALICE], False), ([PUBLIC], False), ([f"{ALICE}/followers"], False)]
)
def test_a_private_message_is_for_one(to: list[str], private: bool) -> None:
    assert case(note(to=to, cc=[])).is_private_message is private


def test_activities_come_and_others_are_fetched() -> None:
    assert case(create()).is_posted
    assert not case(note()).is_posted
    assert case(note(), Delivery(method="POST")).is_posted
    assert not case(create(), Delivery(method="GET")).is_posted


@pytest.mark.spec("JLD-16")
def test_jld_16_values_in_every_shape() -> None:
    assert ids([BOB, {"id": ALICE}, None, 1, {}]) == [BOB, ALICE]
    assert ids(BOB) == [BOB]
    assert ids(None) == []
    assert links([{"type": "Link", "href": BOB}, ALICE, {"url": BOB}]) == [BOB, ALICE, BOB]
    assert kind_of({"type": ["x:Extra", "Note"]}) == "Note"
    assert kind_of({"type": ["x:Extra"]}) == "x:Extra"
    assert kind_of({"type": 1}) == ""


@pytest.mark.parametrize(
    ("other", "related"),
    [("https://A.example/2", True), ("https://www.a.example/", True), ("https://a.test/", False), ("acct:a", False)],
)
def test_related_hosts(other: str, related: bool) -> None:
    assert are_related("https://a.example/1", other) is related


def test_hosts_of_one_label_are_related_to_themselves_alone() -> None:
    assert are_related("http://localhost/1", "http://localhost/2")
    assert not are_related("http://localhost/1", "http://other/1")
    assert host("nothing") == ""
    assert host("https://A_b.example/1") == "a_b.example"


def test_depths_are_counted_from_one() -> None:
    assert [depth for depth, _ in walk({"a": [{"b": 1}, []], "c": "d"})] == [1, 2, 3, 3]


def test_a_signed_request_as_a_delivery() -> None:
    found = Delivery.of(sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S), now_s=NOW_S + 5)
    assert found == Delivery(
        method="POST",
        covered=("(request-target)", "host", "date", "digest"),
        key_id=KEY_ID,
        age_s=5,
        host=message().authority,
        now_s=NOW_S + 5,
    )


def without(request: Request, *names: str) -> Request:
    fields = [(name, value) for name, value in request.headers if name not in names]
    return attrs.evolve(request, headers=Headers.build(fields))


def with_header(request: Request, name: str, value: str) -> Request:
    fields = [(key, value if key == name else old) for key, old in request.headers]
    return attrs.evolve(request, headers=Headers.build(fields))


def test_an_unusual_request_as_a_delivery() -> None:
    signed = sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S)
    assert Delivery.of(without(signed, "signature"), now_s=NOW_S).scheme is None
    assert Delivery.of(without(signed, "date"), now_s=NOW_S).age_s == 0
    spaced = with_header(signed, "signature", (signed.headers.get("signature") or "").replace(",", ", "))
    assert not Delivery.of(spaced, now_s=NOW_S).is_tidy
    assert not Delivery.of(with_header(signed, "host", "c.example"), now_s=NOW_S).is_own_host
    assert Delivery.of(with_header(signed, "digest", "sha-256=x, SHA-512=y"), now_s=NOW_S).digest == "sha-256,SHA-512"


def test_a_request_signed_as_in_rfc_9421_as_a_delivery() -> None:
    signed = sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421)
    found = Delivery.of(signed, now_s=NOW_S)
    assert (found.scheme, found.is_tidy) == (Scheme.RFC9421, True)
