"""NodeInfo: built as its schemas say, read typed and capped, fetched from one origin only (WF-17, SEC-160)."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.receiving import Door, Peer, redirect

from fedtext.config import Limits, Software
from fedtext.discovery import (
    NodeInfo,
    ServerFacts,
    application_of,
    build_nodeinfo,
    build_nodeinfo_index,
    choose_nodeinfo,
    fetch_nodeinfo,
    parse_nodeinfo,
)
from fedtext.errors import (
    BodyTooLarge,
    ConfigurationError,
    FedtextError,
    FetchError,
    MissingProperty,
    OriginMismatch,
    WrongMediaType,
)
from fedtext.http import Response
from fedtext.sync import run_sync
from fedtext.wire.iri import Origin

ORIGIN = Origin("https://a.example.com")
REL = "http://nodeinfo.diaspora.software/ns/schema/"
JSON = "application/json"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def document(**members: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "software": {"name": "other", "version": "1.2"},
        "protocols": ["activitypub", "diaspora"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": True,
        "usage": {"users": {"total": 3}, "localPosts": 7},
        "metadata": {},
        **members,
    }


def index(*hrefs: tuple[str, str]) -> dict[str, Any]:
    return {"links": [{"rel": REL + version, "href": href} for version, href in hrefs]}


def fetch(door: Door) -> NodeInfo:
    fetcher = door.fetcher()
    return run_sync(fetch_nodeinfo(fetcher, ORIGIN, fetcher.budget()))


@pytest.mark.spec("WF-17")
def test_wf_17_what_we_say_of_ourselves() -> None:
    assert build_nodeinfo_index(ORIGIN) == index(
        ("2.0", "https://a.example.com/nodeinfo/2.0"), ("2.1", "https://a.example.com/nodeinfo/2.1")
    )
    facts = ServerFacts(
        users_total=2,
        users_active_month=1,
        users_active_half_year=2,
        posts_total=5,
        comments_total=0,
        open_registrations=True,
        name="Our blog",
        description="About us",
        staff=("https://a.example.com/users/1",),
        repository="https://code.example/blog",
        homepage="https://blog.example/",
        metadata={"faspBaseUrl": "https://a.example.com/fasp"},
    )
    built: Any = build_nodeinfo(Software("blog", "1"), facts=facts, contact="us@a.example.com")
    assert built["usage"] == {
        "users": {"total": 2, "activeHalfyear": 2, "activeMonth": 1},
        "localPosts": 5,
        "localComments": 0,
    }
    assert built["metadata"] == {
        "nodeName": "Our blog",
        "nodeDescription": "About us",
        "contact": "us@a.example.com",
        "staffAccounts": ["https://a.example.com/users/1"],
        "faspBaseUrl": "https://a.example.com/fasp",
    }
    assert parse_nodeinfo(built) == NodeInfo(
        software="blog",
        version="1",
        protocols=("activitypub",),
        users_total=2,
        posts_total=5,
        open_registrations=True,
        schema="2.1",
        users_active_month=1,
        users_active_half_year=2,
        comments_total=0,
        name="Our blog",
        description="About us",
        staff=("https://a.example.com/users/1",),
        repository="https://code.example/blog",
        homepage="https://blog.example/",
    )


@pytest.mark.spec("NI-06")
@pytest.mark.parametrize("count", [-1, 2**53, True, 1.5, "3"])
def test_ni_06_counts_that_are_none_are_refused(count: Any) -> None:
    for name in ("users_total", "users_active_month", "users_active_half_year", "posts_total", "comments_total"):
        with pytest.raises(ConfigurationError):
            ServerFacts(**{name: count})
    assert ServerFacts(users_total=2**53 - 1, posts_total=0).users_total == 2**53 - 1


@pytest.mark.spec("NI-06")
def test_ni_06_figures_that_are_not_known_are_left_out() -> None:
    assert build_nodeinfo(Software("blog", "1"))["usage"] == {"users": {}}, "unknown counts are not invented"


NAMES = st.sampled_from(
    [
        "links",
        "rel",
        "href",
        "software",
        "name",
        "version",
        "protocols",
        "inbound",
        "usage",
        "users",
        "total",
        "localPosts",
        "metadata",
        "staffAccounts",
    ]
)
KINDS: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


IGNORED = {"$schema", "$id", "id", "title", "description"}
JUDGED = {"type", "properties", "required", "items", "enum", "pattern", "minimum", "minItems", "minProperties"}


def breaches(schema: dict[str, Any], value: Any, path: str = "$") -> list[str]:
    """Hold a value to a schema of the few keywords that NodeInfo uses; give what is wrong."""
    assert set(schema) <= IGNORED | JUDGED | {"additionalProperties"}, "a keyword that is not known here"
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, KINDS[kind]) or (kind == "integer" and isinstance(value, bool))):
        return [f"{path} is no {kind}"]
    found: list[str] = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path} is {value!r}")
    if isinstance(value, str) and "pattern" in schema and re.search(schema["pattern"], value) is None:
        found.append(f"{path} is {value!r}")
    if isinstance(value, int) and value < schema.get("minimum", value):
        found.append(f"{path} is too small")
    if isinstance(value, list):
        found += [f"{path} is too short"] if len(value) < schema.get("minItems", 0) else []
        for index, item in enumerate(value):
            found += breaches(schema.get("items", {}), item, f"{path}[{index}]")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{path} is too small"] if len(value) < schema.get("minProperties", 0) else []
        found += [f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value]
        if schema.get("additionalProperties") is False:
            found += [f"{path}.{name} is unknown" for name in value if name not in known]
        for name in value.keys() & known.keys():
            found += breaches(known[name], value[name], f"{path}.{name}")
    return found


EVERYTHING = ServerFacts(
    users_total=2,
    users_active_month=1,
    users_active_half_year=2,
    posts_total=5,
    comments_total=0,
    name="x",
    description="y",
    staff=("https://a.example.com/users/1",),
    repository="https://code.example/blog",
    homepage="https://blog.example/",
    metadata={"more": [1]},
)


@pytest.mark.spec("WF-17", "NI-04")
@pytest.mark.vectors("nodeinfo/2.0/schema.json", "nodeinfo/2.1/schema.json")
@pytest.mark.parametrize("facts", [ServerFacts(), EVERYTHING, ServerFacts(users_total=3)])
def test_ni_04_what_we_say_is_as_the_schema_wants_it(vector_file: Path, facts: ServerFacts) -> None:
    schema = json.loads(vector_file.read_text("utf-8"))
    built = build_nodeinfo(Software("blog", "1"), version=vector_file.parent.name, facts=facts, contact="us")
    assert breaches(schema, built) == []


@pytest.mark.spec("NI-04")
@pytest.mark.vectors("nodeinfo/documents.json")
def test_ni_04_the_check_itself_knows_good_from_bad(vector_file: Path) -> None:
    """The shared verdicts hold the check that is used above."""
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        path = vector_file.parent / str(case["schema"]).rpartition("/")[2].removesuffix("#") / "schema.json"
        found = breaches(json.loads(path.read_text("utf-8")), case["document"])
        assert (not found) is case["valid"], (case["id"], found)


@pytest.mark.spec("SEC-160")
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"usage": {"users": {"total": "3"}, "localPosts": "7"}}, (None, None)),
        ({"usage": {"users": {"total": -1}, "localPosts": 2**53}}, (None, None)),
        ({"usage": {"users": {"total": True}, "localPosts": 1.5}}, (None, None)),
        ({"usage": {"users": {"total": 0}, "localPosts": 2**53 - 1}}, (0, 2**53 - 1)),
        ({"usage": {"users": [], "localPosts": None}}, (None, None)),
        ({"usage": []}, (None, None)),
    ],
)
def test_sec_160_counts(members: dict[str, Any], expected: tuple[int | None, int | None]) -> None:
    found = parse_nodeinfo(document(**members))
    assert (found.users_total, found.posts_total) == expected


@pytest.mark.spec("SEC-160")
def test_sec_160_texts_are_typed_and_capped() -> None:
    found = parse_nodeinfo(
        document(software={"name": "<b>" * 100, "version": 7}, protocols=["x", 7, None] * 100, openRegistrations="yes")
    )
    assert (len(found.software), found.version, found.open_registrations) == (128, "", False)
    assert set(found.protocols) == {"x"}
    assert len(found.protocols) <= 16
    assert parse_nodeinfo(document(protocols={"inbound": []})).protocols == ()


@pytest.mark.parametrize("software", [None, {}, [], "x", {"name": 7}, {"name": ""}])
def test_a_document_without_software(software: Any) -> None:
    with pytest.raises(MissingProperty):
        parse_nodeinfo(document(software=software))


@pytest.mark.spec("NI-02")
def test_ni_02_the_newest_known_version_is_taken() -> None:
    versions = ["1.0", "1.1", "2.0", "2.1", "2.2"]
    for upto in range(1, len(versions) + 1):
        links = index(*((version, f"{ORIGIN}/n/{version}") for version in ["9.9", *versions[:upto]]))
        assert choose_nodeinfo(links) == f"{ORIGIN}/n/{versions[upto - 1]}"
        links["links"].reverse()
        assert choose_nodeinfo(links) == f"{ORIGIN}/n/{versions[upto - 1]}"


@pytest.mark.spec("NI-02")
def test_ni_02_the_old_versions_name_protocols_by_direction() -> None:
    found = parse_nodeinfo(
        document(version="1.0", protocols={"inbound": ["diaspora", "ostatus"], "outbound": ["diaspora", "zot"]})
    )
    assert (found.schema, found.protocols) == ("1.0", ("diaspora", "ostatus", "zot"))
    assert parse_nodeinfo(document(protocols={"inbound": 7, "outbound": [7, "", "x"]})).protocols == ("x",)


@pytest.mark.spec("NI-02")
def test_ni_02_the_newest_version_names_the_instance() -> None:
    about = {"nodeName": "old", "nodeDescription": "older", "staffAccounts": ["https://a.example.com/1", "x", 7]}
    found = parse_nodeinfo(document(version="2.2", instance={"name": "new", "description": "newer"}, metadata=about))
    assert (found.name, found.description, found.staff) == ("new", "newer", ("https://a.example.com/1",))
    found = parse_nodeinfo(document(metadata=about))
    assert (found.name, found.description) == ("old", "older")


@pytest.mark.vectors("nodeinfo/*/example.json")
def test_ni_02_the_examples_of_every_version_are_read(vector_file: Path) -> None:
    given = json.loads(vector_file.read_text("utf-8"))
    found = parse_nodeinfo(given)
    assert (found.software, found.schema) == (given["software"]["name"], vector_file.parent.name)
    assert found.protocols


@pytest.mark.spec("SEC-160")
def test_sec_160_what_is_shown_is_text_of_one_line_and_bounded() -> None:
    nasty = "<script>\x00\u202e\n" + "x" * 10_000
    found = parse_nodeinfo(
        document(
            software={"name": nasty, "version": nasty, "repository": "javascript:x", "homepage": "data:,x"},
            metadata={"nodeName": nasty, "nodeDescription": nasty, "staffAccounts": ["https://a.example/"] * 1_000},
        )
    )
    assert found.software == "<script>   " + "x" * 117
    assert (len(found.name or ""), len(found.description or ""), len(found.staff)) == (128, 5_000, 64)
    assert (found.repository, found.homepage) == (None, None)


@pytest.mark.spec("NI-05")
@pytest.mark.parametrize(("status", "again"), [(404, False), (400, False), (410, False), (500, True), (429, True)])
def test_ni_05_what_is_worth_another_try(door: Door, peer: Peer, status: int, again: bool) -> None:
    peer.serve("/.well-known/nodeinfo", Response(status=status))
    with pytest.raises(FetchError) as caught:
        fetch(door)
    assert caught.value.permanent is not again
    assert len(door.fetches) == 1


@pytest.mark.spec("NI-01", "NI-05")
def test_ni_05_redirects_are_followed(door: Door, peer: Peer) -> None:
    peer.serve("/.well-known/nodeinfo", redirect("/wk"))
    peer.serve("/wk", index(("2.0", ORIGIN + "/n")), media_type="application/jrd+json")
    peer.serve("/n", redirect("/n/2.0"))
    peer.serve("/n/2.0", document(), media_type=JSON)
    assert fetch(door).software == "other"


@pytest.mark.spec("WF-18")
def test_wf_18_the_actor_of_the_server_is_named() -> None:
    actor = ORIGIN + "/ap/instance"
    given = build_nodeinfo_index(ORIGIN, application=actor)
    assert (application_of(given), choose_nodeinfo(given)) == (actor, ORIGIN + "/nodeinfo/2.1")
    assert application_of(build_nodeinfo_index(ORIGIN)) is None


def test_the_newest_version_is_fetched(door: Door, peer: Peer) -> None:
    peer.serve("/.well-known/nodeinfo", index(("2.0", ORIGIN + "/n/2.0"), ("2.1", ORIGIN + "/n/2.1")), media_type=JSON)
    peer.serve("/n/2.1", document(), media_type=f'{JSON}; profile="{REL}2.1#"')
    assert fetch(door).software == "other"
    assert all("signature" not in request.headers for request in peer.asked)


@pytest.mark.spec("SEC-160")
@pytest.mark.parametrize(
    ("href", "error"),
    [
        ("https://127.0.0.1/nodeinfo", OriginMismatch),
        ("https://evil.example.org/nodeinfo", OriginMismatch),
        ("http://a.example.com/nodeinfo", OriginMismatch),
        ("https://a.example.com:8443/nodeinfo", OriginMismatch),
        ("data:application/json,{}", MissingProperty),
        ("javascript:x", MissingProperty),
        ("/nodeinfo", MissingProperty),
        ("", MissingProperty),
    ],
)
def test_sec_160_documents_elsewhere(door: Door, peer: Peer, href: str, error: type[FedtextError]) -> None:
    peer.serve("/.well-known/nodeinfo", index(("2.0", href)), media_type=JSON)
    with pytest.raises(error):
        fetch(door)
    assert len(door.fetches) == 1


@pytest.mark.spec("SEC-160")
def test_sec_160_a_document_that_another_host_answers(door: Door, peer: Peer) -> None:
    evil = Peer(door.network, "evil.example.org")
    peer.serve("/.well-known/nodeinfo", index(("2.0", ORIGIN + "/n")), media_type=JSON)
    peer.serve("/n", redirect(evil.serve("/n", document(), media_type=JSON)))
    with pytest.raises(OriginMismatch):
        fetch(door)


@pytest.mark.spec("SEC-160")
def test_sec_160_size_and_type(door: Door, peer: Peer) -> None:
    peer.serve("/.well-known/nodeinfo", b" " * (Limits().discovery_bytes_max + 1), media_type=JSON)
    with pytest.raises(BodyTooLarge):
        fetch(door)
    peer.serve("/.well-known/nodeinfo", {}, media_type="text/html")
    with pytest.raises(WrongMediaType):
        fetch(door)


def test_many_links_are_cut() -> None:
    links: list[Any] = [{"rel": "x", "href": "https://a.example.com/"}] * 100 + index(("2.0", ORIGIN + "/n"))["links"]
    assert choose_nodeinfo({"links": links}) is None
    assert choose_nodeinfo({"links": links[-10:]}) == ORIGIN + "/n"


@pytest.mark.vectors("nodeinfo/well-known.json")
def test_shared_cases_of_the_index(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        assert choose_nodeinfo(case["well_known"]) in case.get("expect_any", [case.get("expect")]), case["id"]


@pytest.mark.vectors("nodeinfo/documents.json")
def test_shared_cases_of_documents(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        allowed = case.get("expect_any", [case.get("expect")])
        try:
            parse_nodeinfo(case["document"])
        except FedtextError:
            assert "refused" in allowed, case["id"]
        else:
            assert "read" in allowed, case["id"]


@pytest.mark.spec("NI-02")
@pytest.mark.corpus(
    "mobilizon/mobilizon__data.json",
    "wordpress/mobilizon__wp-data.json",
    "nodebb/django__nodebb.json",
    "lemmy/django__lemmy.json",
)
def test_documents_of_real_servers_are_read(corpus_file: Path) -> None:
    given = json.loads(corpus_file.read_text("utf-8"))
    found = parse_nodeinfo(given)
    assert (found.software, found.protocols) == (given["software"]["name"], ("activitypub",))
    assert found.users_total == given["usage"]["users"]["total"]


@pytest.mark.corpus("mobilizon/*_versions.json", "wordpress/*event-federation.json", "*/*well-known-nodeinfo.json")
def test_indexes_of_real_servers_are_read(corpus_file: Path) -> None:
    given = json.loads(corpus_file.read_text("utf-8"))
    assert choose_nodeinfo(given) in [link["href"] for link in given["links"]]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_only_our_errors_leave(found: dict[str, Any]) -> None:
    choose_nodeinfo(found)
    application_of(found)
    with suppress(FedtextError):
        parse_nodeinfo({"software": {"name": "x"}, **found})
