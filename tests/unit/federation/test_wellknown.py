"""WebFinger, host metadata and NodeInfo as they are served: WF-01…WF-08, WF-15, WF-17…WF-19, NI-06, SEC-156."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from tests.receiving import Door, redirect

from fedtext import Image, Person, ServerFacts, Software
from fedtext.discovery import (
    application_of,
    fetch_nodeinfo,
    intent_url,
    lookup_object,
    lookup_server_actor,
    parse_host_meta,
    parse_jrd,
    parse_nodeinfo,
    resolve_handle,
)
from fedtext.errors import FedtextError
from fedtext.fetch import Fetcher
from fedtext.http import Request, Response
from fedtext.sync import run_sync
from fedtext.wire.iri import Origin

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
WF = "/.well-known/webfinger?resource="


def finger(world, resource: str) -> dict:
    response = world.ask(WF + quote(resource, safe=""))
    assert response is not None
    assert response.status == 200, (resource, response.status)
    assert response.headers.get("content-type") == "application/jrd+json"
    return json.loads(response.body)


def status(world, resource: str) -> int | None:
    return world.status(WF + quote(resource, safe=""))


@pytest.mark.parametrize(
    "resource",
    [
        "acct:alice@home.example.com",
        "alice@home.example.com",
        "@alice@home.example.com",
        "ACCT:ALICE@HOME.EXAMPLE.COM",
        "acct:alice@home.example.com.",
        "acct:alice@home.example.com:443",
        ALICE,
        "HTTPS://Home.Example.com/users/1",
        "https://home.example.com:443/users/1",
        f"{HOME}/@alice",
        f"{HOME}/@alice/",
        "https://HOME.example.com/@alice",
    ],
)
def test_wf_01_wf_04_every_name_of_an_actor(world, resource):
    jrd = finger(world, resource)
    assert jrd["subject"] == "acct:alice@home.example.com"
    assert parse_jrd(jrd).actor_id() == ALICE


def test_wf_02_exactly_one_self_link_and_it_comes_first(world):
    jrd = finger(world, "acct:alice@home.example.com")
    assert jrd["links"][0] == {"rel": "self", "type": "application/activity+json", "href": ALICE}
    assert [link["rel"] for link in jrd["links"]].count("self") == 1
    assert {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": f"{HOME}/@alice"} in jrd[
        "links"
    ]
    assert jrd["aliases"] == [ALICE, f"{HOME}/@alice"]


@pytest.mark.parametrize(
    "query",
    [
        "resource=acct:alice@home.example.com",
        "resource=acct%3Aalice%40home.example.com",
        "resource=acct%3Aalice@home.example.com",
        "rel=self&resource=acct:alice@home.example.com&rel=x",
        "resource=https://home.example.com/users/1",
        "resource=https%3A%2F%2Fhome.example.com%2Fusers%2F1&x",
    ],
)
def test_wf_05_encoded_or_not_in_any_order(world, query):
    assert world.status(f"/.well-known/webfinger?{query}") == 200


@pytest.mark.parametrize(
    "resource", ["acct:home.example.com@home.example.com", f"{HOME}/ap/instance", f"{HOME}/", HOME]
)
def test_wf_04_act_21_the_instance_actor(world, resource):
    """By its id, by its name, and by the address of the server (FEP-d556)."""
    jrd = finger(world, resource)
    assert jrd["subject"] == "acct:home.example.com@home.example.com"
    assert parse_jrd(jrd).actor_id() == parse_jrd(jrd).server_actor_id() == f"{HOME}/ap/instance"
    assert [link["rel"] for link in jrd["links"]] == ["self", "https://www.w3.org/ns/activitystreams#Service"]


@pytest.mark.spec("WF-15")
@pytest.mark.parametrize(
    ("icon", "link"),
    [
        (f"{HOME}/a.png", {"href": f"{HOME}/a.png"}),
        (Image(url="/a.png"), {"href": f"{HOME}/a.png"}),
        (Image(url=f"{HOME}/a.png", media_type="image/png"), {"type": "image/png", "href": f"{HOME}/a.png"}),
        (None, None),
    ],
)
def test_wf_15_the_picture_of_an_actor(make_world, icon, link):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle=pk, icon=icon))
    links = finger(world, "acct:alice@home.example.com")["links"]
    expected = [] if link is None else [{"rel": "http://webfinger.net/rel/avatar", **link}]
    assert [given for given in links if given["rel"].endswith("avatar")] == expected


@pytest.mark.spec("WF-15")
def test_wf_15_intents_stand_behind_what_all_servers_read(world):
    world.fed.intent("Follow", "/intents/follow?uri={object}")
    world.fed.intent("Create", "/share?text={content}")
    jrd = finger(world, "acct:alice@home.example.com")
    assert [link["rel"].rpartition("/")[2] for link in jrd["links"]] == [
        "self",
        "profile-page",
        "subscribe",
        "Follow",
        "Create",
    ]
    asked = intent_url(parse_jrd(jrd), "Follow", {"object": "https://b.example/1"})
    assert asked == f"{HOME}/intents/follow?uri=https%3A%2F%2Fb.example%2F1"
    assert all("template" not in link for link in finger(world, f"{HOME}/")["links"]), "nobody acts for the server"


# ---- what the application describes ----------------------------------------------------------------------------------


@pytest.mark.spec("WF-08")
@pytest.mark.parametrize("resource", ["urn:isbn:1", "https://home.example.com/posts/7", "acct:team@home.example.com"])
def test_wf_08_the_application_describes_what_is_no_actor(world, resource):
    asked = []

    @world.fed.resource
    def resource_of(context, text):
        asked.append((context.site.origin, text))
        return {"subject": text, "links": [{"rel": "a"}, {"rel": "b"}]}

    response = world.ask(WF + quote(resource, safe="") + "&rel=b")
    assert json.loads(response.body) == {"subject": resource, "links": [{"rel": "b"}]}
    assert asked == [(HOME, resource)]
    finger(world, "acct:alice@home.example.com")
    assert len(asked) == 1, "actors are ours to describe"


@pytest.mark.spec("WF-08")
def test_wf_08_what_the_application_does_not_know_is_404(world):
    world.fed.resource(lambda context, resource: None)
    assert status(world, "urn:isbn:1") == 404
    world.fed.remove_actor("1")
    del world.people["1"]
    assert status(world, "acct:alice@home.example.com") == 410


def test_a_description_is_a_jrd(world):
    world.fed.resource(lambda context, resource: "text")
    assert status(world, "urn:x") == 500
    assert [event["code"] for event in world.events("request.refused")] == ["configuration"]


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("WF-07", "SEC-156")
def test_sec_156_whoever_is_not_here_is_answered_alike(world):
    """A name of ours that nobody has, one of another host, a page, and another scheme: nothing tells them apart."""
    resources = ("acct:nobody@home.example.com", "acct:alice@elsewhere.example.org", f"{HOME}/users/9", "urn:x")
    answers = {(r.status, r.body, r.headers.fields) for r in (world.ask(WF + quote(text)) for text in resources)}
    assert len(answers) == 1
    [(refused, _body, fields)] = answers
    assert refused == 404
    assert dict(fields)["access-control-allow-origin"] == "*"


@pytest.mark.spec("WF-07")
@pytest.mark.parametrize("path", [WF, "/.well-known/webfinger", WF + "acct:nobody@home.example.com"])
def test_wf_07_refusals_are_open_too(world, path):
    assert world.ask(path).headers.get("access-control-allow-origin") == "*"
    assert world.ask(path, method="POST").headers.get("access-control-allow-origin") == "*"


# ---- host-meta -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("WF-08", "HM-01", "WF-19")
@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/.well-known/host-meta", "*/*", "application/xrd+xml"),
        ("/.well-known/host-meta", "text/html", "application/xrd+xml"),
        ("/.well-known/host-meta", "application/json", "application/json"),
        ("/.well-known/host-meta", "application/jrd+json, application/xrd+xml;q=0.8", "application/jrd+json"),
        ("/.well-known/host-meta.json", "application/xrd+xml", "application/json"),
    ],
)
def test_wf_08_host_metadata(world, path, accept, media_type):
    response = world.ask(path, accept=accept)
    assert (response.status, response.media_type) == (200, media_type)
    assert response.headers.get("access-control-allow-origin") == "*"
    assert "max-age" in response.headers.get("cache-control")
    asked = parse_host_meta(response.body, media_type).webfinger_url("acct:alice@home.example.com")
    assert parse_jrd(json.loads(world.ask(asked.removeprefix(HOME)).body)).actor_id() == ALICE


@pytest.mark.parametrize(
    "query",
    [
        "",
        "resource=",
        "resource=alice",
        "resource=acct:",
        "resource=acct:alice",
        "resource=acct:alice@home@example.com",
        "resource=acct:@home.example.com",
        "resource=acct:al%0aice@home.example.com",
        "resource=acct:alice@127.0.0.1",
        "resource=https://",
        "resource=https://home.example.com\\@evil.example.org/",
        "resource=acct:alice@home.example.com&resource=acct:carol@home.example.com",
        "resource=https://home.example.com%2540elsewhere.example.org/users/1",
        "resource=%ff",
        "&".join(["x=1"] * 65),
    ],
)
def test_wf_01_a_missing_or_malformed_resource_is_400(world, query):
    response = world.ask(f"/.well-known/webfinger?{query}")
    assert response is not None
    assert response.status == 400
    assert b"alice" not in response.body


@pytest.mark.parametrize(
    "resource",
    [
        "acct:nobody@home.example.com",
        "acct:alice@elsewhere.example.org",
        "acct:alice@home.example.com:8443",
        "acct:alice@sub.home.example.com",
        f"{HOME}/users/9",
        f"{HOME}/users/x",
        f"{HOME}/posts/7",
        f"{HOME}/users/1/inbox",
        f"{HOME}/@carol/alice",
        f"{HOME}/elsewhere/@alice",
        "https://elsewhere.example.org/",
        "javascript://home.example.com/users/1",
        "mailto:alice@home.example.com",
        "did:key:z6Mk",
        "https://elsewhere.example.org/users/1",
        "https://elsewhere.example.org/@alice",
        "http://home.example.com/users/1",
    ],
)
def test_wf_01_who_is_not_ours_is_404(world, resource):
    world.post(7)
    assert status(world, resource) == 404


@pytest.mark.parametrize("resource", ["acct:alice@home.example.com", "acct:Alice@home.example.com", ALICE])
def test_wf_01_wf_14_who_was_removed_is_410(world, resource):
    world.fed.remove_actor("1")
    del world.people["1"]
    assert status(world, resource) == 410


def test_a_name_may_be_given_again(world):
    world.fed.remove_actor("1")
    del world.people["1"]
    world.people["3"] = "alice"
    assert parse_jrd(finger(world, "acct:alice@home.example.com")).actor_id() == f"{HOME}/users/3"


def test_a_name_that_the_application_cannot_read_is_nobody_s(make_world):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: None)
    world.fed.handle(lambda context, name: int(name))
    assert status(world, "acct:alice@home.example.com") == 404


@pytest.mark.parametrize(("page", "expected"), [(None, 404), (f"{HOME}/@carol", 404), (f"{HOME}/@alice", 200)])
def test_wf_04_a_page_is_an_actor_s_only_if_he_says_so(make_world, page, expected):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle=pk, url=page))
    assert status(world, f"{HOME}/@alice") == expected


def test_without_a_handle_callback_a_removed_name_is_gone_too(make_world):
    world = make_world(app=False)
    world.fed.actor("/users/{pk}")(lambda context, pk: None)
    world.fed.remove_actor("alice")
    assert status(world, "acct:alice@home.example.com") == 410


def test_wf_09_handles_may_end_in_another_host(make_world):
    world = make_world(handle_host="example.com")
    for resource in ("acct:alice@example.com", "acct:alice@home.example.com", ALICE):
        assert finger(world, resource)["subject"] == "acct:alice@example.com"
    assert world.get("/users/1")["webfinger"] == "alice@example.com"
    assert parse_jrd(finger(world, "acct:example.com@example.com")).actor_id() == f"{HOME}/ap/instance"


@pytest.mark.parametrize(
    ("template", "names"),
    [("/u/{name}", {"alice": 200, "Alice": 200, "bob": 404, "a%2Fb": 400, "..": 400}), ("/u/{pk:int}", {"alice": 404})],
)
def test_without_a_handle_callback_names_are_identifiers(make_world, template, names):
    world = make_world(app=False)

    @world.fed.actor(template)
    def actor(context, pk):
        return context.actor(Person, handle=pk) if pk == "alice" else None

    assert {name: status(world, f"acct:{name}@home.example.com") for name in names} == names


@pytest.mark.spec("TRU-04")
def test_wf_19_webfinger_is_open_and_unsigned(world):
    response = world.ask(WF + "acct:alice@home.example.com", host="home.example.com")
    assert response is not None
    assert response.headers.get("access-control-allow-origin") == "*"
    assert "max-age" in (response.headers.get("cache-control") or "")


# ---- NodeInfo --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("NI-01", "NI-03")
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_wf_17_nodeinfo(make_world, version):
    world = make_world(software=Software("blog", "2.3"), contact="abuse@home.example.com")
    index = world.get("/.well-known/nodeinfo")
    schema = f"http://nodeinfo.diaspora.software/ns/schema/{version}"
    (href,) = [link["href"] for link in index["links"] if link["rel"] == schema]
    assert href == f"{HOME}/nodeinfo/{version}"
    response = world.ask(f"/nodeinfo/{version}")
    assert response is not None
    assert response.headers.get("content-type") == f'application/json; profile="{schema}#"'
    document = json.loads(response.body)
    assert document["version"] == version
    assert document["protocols"] == ["activitypub"]
    assert document["services"] == {"inbound": [], "outbound": []}
    assert (document["openRegistrations"], document["metadata"]) == (False, {"contact": "abuse@home.example.com"})
    assert "users" in document["usage"]
    assert (parse_nodeinfo(document).software, parse_nodeinfo(document).version) == ("blog", "2.3")


@pytest.mark.spec("WF-18")
def test_wf_18_the_index_names_the_actor_of_the_server(world):
    assert application_of(world.get("/.well-known/nodeinfo")) == f"{HOME}/ap/instance"


@pytest.mark.spec("NI-06", "WF-18")
def test_ni_06_the_application_tells_of_its_server(world):
    @world.fed.nodeinfo
    def facts(context):
        return ServerFacts(users_total=2, name=context.site.handle_host, metadata={"faspBaseUrl": HOME})

    found = world.get("/nodeinfo/2.1")
    assert found["usage"] == {"users": {"total": 2}}
    assert found["metadata"] == {"nodeName": "home.example.com", "faspBaseUrl": HOME}


@pytest.mark.parametrize(("given", "expected"), [(None, 200), ({"users": 7}, 500)])
def test_the_nodeinfo_callback_gives_facts_or_nothing(world, given, expected):
    world.fed.nodeinfo(lambda context: given)
    assert world.status("/nodeinfo/2.1") == expected


@pytest.mark.parametrize(("rels", "found"), [(["self"], ["self"]), (["unknown"], []), (["unknown", "self"], ["self"])])
def test_only_the_relations_that_are_asked_for_are_given(world, rels: list[str], found: list[str]) -> None:
    """RFC 7033 section 4.3: `rel` narrows the links; subject and aliases stay."""
    query = "".join(f"&rel={rel}" for rel in rels)
    response = world.ask(WF + quote("acct:alice@home.example.com", safe="") + query)
    assert response is not None
    document = json.loads(response.body)
    assert [link["rel"] for link in document["links"]] == found
    assert document["subject"] == "acct:alice@home.example.com"


# ---- our own client asks our own server ------------------------------------------------------------------------------


def asking(world) -> Fetcher:
    """Give the way out of somebody else on the same network."""
    return Door(network=world.network).fetcher()


def elsewhere(request: Request) -> Response:
    """Send WebFinger and host metadata on, as the web server of the handles' host does."""
    if request.path.startswith("/.well-known/"):
        return redirect(HOME + request.target, status=301)
    return Response(status=404)


def only_host_meta(request: Request) -> Response:
    """Know of host metadata alone."""
    return elsewhere(request) if "host-meta" in request.path else Response(status=404)


@pytest.mark.spec("WF-07", "WF-09", "WF-10", "WF-11")
@pytest.mark.parametrize("front", [elsewhere, only_host_meta])
def test_wf_09_a_split_domain_holds_from_both_ends(make_world, front):
    world = make_world(handle_host="example.com")
    world.network.script("example.com", front)
    fetcher = asking(world)
    for text in ("@alice@example.com", "@alice@home.example.com", ALICE):
        found = run_sync(lookup_object(fetcher, text, fetcher.budget()))
        assert found.id == ALICE
        assert run_sync(resolve_handle(fetcher, found, fetcher.budget())) == "alice@example.com"


def test_wf_09_without_the_other_end_nobody_is_found(make_world):
    world = make_world(handle_host="example.com")
    world.network.script("example.com", lambda request: Response(status=404))
    fetcher = asking(world)
    for text in ("@alice@example.com", "@alice@home.example.com"):
        with pytest.raises(FedtextError):
            run_sync(lookup_object(fetcher, text, fetcher.budget()))


@pytest.mark.spec("WF-17", "WF-18")
def test_wf_18_a_server_is_found_with_what_it_says_of_itself(world):
    world.fed.nodeinfo(lambda context: ServerFacts(users_total=2, name="Home"))
    fetcher = asking(world)
    actor = run_sync(lookup_server_actor(fetcher, Origin(HOME), fetcher.budget()))
    assert (actor.id, actor.type_name) == (f"{HOME}/ap/instance", "Application")
    assert run_sync(resolve_handle(fetcher, actor, fetcher.budget())) == "home.example.com@home.example.com"
    found = run_sync(fetch_nodeinfo(fetcher, Origin(HOME), fetcher.budget()))
    assert (found.schema, found.users_total, found.name) == ("2.1", 2, "Home")
