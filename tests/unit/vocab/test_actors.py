"""Actors: addresses, keys as claims, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import LocalProtocolError
from fedtext.jsonld import ACTIVITYSTREAMS, SECURITY_V1, normalize
from fedtext.vocab import Actor, Application, Group, Link, Organization, Person, PublicKeyClaim, Service, dump, load

WRONG: Any = {"x": 3}
ALICE = "https://blog.example/users/alice"
INBOX = f"{ALICE}/inbox"
KEY: dict[str, Any] = {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": "PEM"}
CLAIM = PublicKeyClaim(id=f"{ALICE}#main-key", owner=ALICE, pem="PEM")


def person(**members: Any) -> Person:
    found = load({"id": ALICE, "type": "Person", **members})
    assert isinstance(found, Person)
    return found


ADDRESSES = [
    (INBOX, INBOX),
    ([INBOX], INBOX),
    ({"id": INBOX}, INBOX),
    ({"id": INBOX, "type": "OrderedCollection"}, INBOX),
    ("ftp://blog.example/inbox", None),
    ("https://peer.example@victim.example/inbox", None),
    ("/inbox", None),
    ("", None),
    (3, None),
    (None, None),
]


@pytest.mark.parametrize(("value", "expected"), ADDRESSES)
def test_act_04_addresses_in_any_shape(value: Any, expected: str | None) -> None:
    assert person(inbox=value).inbox == expected
    assert person(followers=value).followers == expected


SHARED = [
    ({"endpoints": {"sharedInbox": "https://blog.example/inbox"}}, "https://blog.example/inbox"),
    ({"endpoints": [{"sharedInbox": "https://blog.example/inbox"}]}, "https://blog.example/inbox"),
    ({"sharedInbox": "https://blog.example/inbox"}, "https://blog.example/inbox"),
    (
        {"endpoints": {"proxyUrl": "https://blog.example/p"}, "sharedInbox": "https://blog.example/inbox"},
        "https://blog.example/inbox",
    ),
    ({"endpoints": "https://blog.example/users/alice#endpoints"}, None),
    ({"endpoints": {"sharedInbox": "javascript:x"}}, None),
    ({"endpoints": {}}, None),
    ({}, None),
]


@pytest.mark.parametrize(("members", "expected"), SHARED)
def test_act_05_the_shared_inbox(members: dict[str, Any], expected: str | None) -> None:
    found = person(inbox=INBOX, **members)
    assert found.shared_inbox == expected
    assert found.delivery_inbox == (expected or INBOX)


def test_act_05_endpoints_may_be_a_mere_id() -> None:
    assert person(endpoints=f"{ALICE}#endpoints").endpoints is None
    assert person(endpoints=f"{ALICE}#endpoints").problems == ()
    endpoints = person(endpoints={"proxyUrl": "https://x.example/", "other": 1}).endpoints
    assert endpoints is not None
    assert (endpoints.proxy_url, endpoints.upload_media, endpoints.extra) == ("https://x.example/", None, {"other": 1})


def test_the_shared_inbox_is_no_extra_member() -> None:
    assert person(sharedInbox="https://blog.example/inbox", endpoints={}, mood="calm").extra == {"mood": "calm"}


def test_the_shared_inbox_is_written_into_endpoints() -> None:
    made = Person(id=ALICE, shared_inbox="https://blog.example/inbox")
    assert dump(made, context=False)["endpoints"] == {"sharedInbox": "https://blog.example/inbox"}
    both = Person(endpoints={"proxyUrl": "https://x.example/"}, shared_inbox="https://blog.example/inbox")
    assert both.document["endpoints"] == {
        "proxyUrl": "https://x.example/",
        "sharedInbox": "https://blog.example/inbox",
    }
    assert both.evolve(shared_inbox=None).document["endpoints"] == {"proxyUrl": "https://x.example/"}
    assert "endpoints" not in dump(made.evolve(shared_inbox=None))
    with pytest.raises(LocalProtocolError):
        Person(shared_inbox=WRONG)


KEYS: list[tuple[Any, tuple[PublicKeyClaim, ...]]] = [
    (KEY, (CLAIM,)),
    ([KEY], (CLAIM,)),
    ({**KEY, "type": "Key"}, (CLAIM,)),
    ({**KEY, "owner": [ALICE]}, (CLAIM,)),
    ({**KEY, "owner": {"id": ALICE}}, (CLAIM,)),
    ([KEY, {"id": f"{ALICE}/k2"}], (CLAIM, PublicKeyClaim(id=f"{ALICE}/k2"))),
    (f"{ALICE}/main-key", (PublicKeyClaim(id=f"{ALICE}/main-key"),)),
    ({"owner": ALICE, "publicKeyPem": "PEM"}, ()),
    ({**KEY, "id": 3}, ()),
    ({**KEY, "id": ""}, ()),
    ({**KEY, "owner": 3}, ()),
    ({**KEY, "publicKeyPem": {"x": 1}}, ()),
    ([3, None, KEY], (CLAIM,)),
    (3, ()),
    (None, ()),
    ([], ()),
]


@pytest.mark.parametrize(("value", "expected"), KEYS)
def test_act_06_keys_in_any_shape(value: Any, expected: tuple[PublicKeyClaim, ...]) -> None:
    assert person(publicKey=value).keys == expected
    assert person(publicKey=value).public_key == expected


def test_act_06_one_key_is_written_as_an_object() -> None:
    document = dump(Person(id=ALICE, public_key=CLAIM))
    assert document["publicKey"] == KEY
    assert SECURITY_V1 in document["@context"]  # type: ignore[operator]
    assert dump(Person(public_key=[CLAIM, PublicKeyClaim(id="k2")]))["publicKey"] == [KEY, {"id": "k2"}]
    with pytest.raises(LocalProtocolError):
        Person(public_key=WRONG)


HANDLES = [
    ("alice@blog.example", "alice@blog.example"),
    ("acct:alice@blog.example", "alice@blog.example"),
    ("@alice@blog.example", "alice@blog.example"),
    ("alice", None),
    ("a@b@c", None),
    ("@blog.example", None),
    ("alice@", None),
    (3, None),
]


@pytest.mark.parametrize(("value", "expected"), HANDLES)
def test_fep_2c59_handles(value: Any, expected: str | None) -> None:
    assert person(webfinger=value).webfinger == expected


@pytest.mark.spec("TRU-06")
def test_act_11_booleans_are_booleans() -> None:
    found = person(manuallyApprovesFollowers=True, discoverable="true", indexable=False)
    assert (found.manually_approves_followers, found.discoverable, found.indexable, found.memorial) == (
        True,
        None,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("value", "expected"), [(INBOX, (INBOX,)), ([INBOX, "alice@blog.example"], (INBOX,)), (None, ())]
)
def test_act_13_aliases(value: Any, expected: tuple[str, ...]) -> None:
    assert person(alsoKnownAs=value).also_known_as == expected


@pytest.mark.parametrize("kind", [Person, Service, Application, Group, Organization])
def test_act_01_types_of_actors(kind: type[Actor]) -> None:
    found = load({"id": ALICE, "type": kind.__name__})
    assert type(found) is kind
    assert isinstance(found, Actor)


def test_act_25_of_several_types_the_known_one_counts() -> None:
    assert isinstance(load({"id": ALICE, "type": ["https://ns.example/Robot", "Service"]}), Service)


def test_act_01_a_whole_actor_is_readable_json() -> None:
    alice = Person(
        id=ALICE,
        preferred_username="alice",
        name="Alice",
        inbox=INBOX,
        outbox=f"{ALICE}/outbox",
        followers=f"{ALICE}/followers",
        public_key=CLAIM,
        manually_approves_followers=False,
    )
    document = dump(alice)
    assert list(document)[:3] == ["@context", "id", "type"]
    assert document["manuallyApprovesFollowers"] is False
    assert load(dump(alice)) == alice


@pytest.mark.spec("ACT-14", "SEC-029")
@pytest.mark.parametrize(("count", "kept", "reported"), [(256, 256, False), (257, 256, True)])
def test_act_14_sites_are_kept_as_they_are_written_and_counted(count: int, kept: int, reported: bool) -> None:
    found = person(
        attributionDomains=["*.example.org", "https://x.example"] * (count // 2) + ["a.example"] * (count % 2)
    )
    assert found.attribution_domains[:2] == ("*.example.org", "https://x.example")
    assert len(found.attribution_domains) == kept
    assert bool(found.problems) is reported


@pytest.mark.spec("ACT-14", "JLD-16")
def test_act_14_sites_are_no_iris_on_either_road() -> None:
    document: Any = {
        "@context": [
            ACTIVITYSTREAMS,
            {"toot": "http://joinmastodon.org/ns#", "d": {"@id": "toot:attributionDomains", "@type": "@id"}},
        ],
        "id": ALICE,
        "type": "Person",
        "d": ["example.org", "*.example.com"],
    }
    assert getattr(load(normalize(document)), "attribution_domains") == ("example.org", "*.example.com")  # noqa: B009 -- see above


@pytest.mark.spec("ACT-15", "ACT-22", "ACT-24")
def test_what_else_an_actor_says() -> None:
    found = person(
        featuredCollections={"id": f"{ALICE}/collections"},
        showMedia=False,
        hidesCcPublicFromUnauthedWeb=True,
        generator={"type": "Application", "implements": [{"href": "https://rfc.example/9421", "name": "RFC 9421"}]},
        gateways=["https://one.example", "https://two.example"],
        blocks=f"{ALICE}/blocks",
    )
    assert (found.featured_collections, found.show_media, found.show_featured) == (f"{ALICE}/collections", False, None)
    assert found.hides_cc_public_from_unauthed_web is True
    assert isinstance(found.generator, Application)
    (link,) = found.generator.implements
    assert isinstance(link, Link)
    assert link.href == "https://rfc.example/9421"
    assert found.gateways == ("https://one.example", "https://two.example")
    assert found.blocks == f"{ALICE}/blocks"
    assert found.problems == ()


@pytest.mark.parametrize("value", [f"{ALICE}/outbox", {"outbox": f"{ALICE}/outbox"}, [1, {"deep": None}]])
def test_portability_is_carried_and_not_looked_into(value: Any) -> None:
    found = person(migration=value, previously=value)
    assert (found.migration, found.previously) == (value, value)
    assert found.problems == ()
    assert dump(Person(migration=value), context=False)["migration"] == value


def test_a_client_says_where_people_come_back_to() -> None:
    made = Application(redirect_uri="https://app.example/back")
    assert dump(made)["redirectURI"] == "https://app.example/back"
    assert made.redirect_uri == ("https://app.example/back",)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("alice", "alice"),
        ("Ж ü", "Ж ü"),
        ("x" * 128, "x" * 128),
        ("x" * 129, None),
        ("ali\u202ece", None),
        ("ali\u200bce", None),
        ("ali\u2066ce", None),
        ("alice\U000e0041", None),
        ("ali\nce", None),
    ],
)
def test_sec_165_a_name_hides_nothing(given: str, read: str | None) -> None:
    person = load({"type": "Person", "preferredUsername": given})
    assert isinstance(person, Person)
    assert person.preferred_username == read
    assert bool(person.problems) is (read is None)
