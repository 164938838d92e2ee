"""WebFinger: what a server answers, what a client believes, and how handles are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from fedtext import Federation, Person, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.transports.guard import AddressGuard
from fedtext.discovery import answer_webfinger, parse_host_meta, parse_jrd, resolve_handle
from fedtext.http import Headers, Request, Response
from fedtext.jsonld import normalize
from fedtext.sync import run_sync
from fedtext.testing.apps import ask
from fedtext.vocab import Actor, load_as
from fedtext.wire.acct import parse_handle, split
from fedtext.wire.iri import origin_of
from fedtext.wire.json import dump

from ..cases import Case, Overrides, as_received, listed, own_case, wanted
from ..scripted import Answer, ScriptedTransport, fetcher_over

_JRD: Final = "application/jrd+json"


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the five files."""
    for case, _ in listed(folder, "server.json"):
        yield own_case("server.json", case, wanted(case, "response"), lambda case=case: _serve(case), same=_answers_so)
    for case, _ in listed(folder, "client-self-link.json"):
        yield own_case(
            "client-self-link.json",
            case,
            wanted(case),
            lambda case=case: parse_jrd(as_received(case["jrd"])).actor_id(),
            refused=None,
        )
    for case, _ in listed(folder, "reverse-discovery.json"):
        yield own_case("reverse-discovery.json", case, wanted(case), lambda case=case: _handle_of(case), refused=None)
    for case, _ in listed(folder, "handles.json"):
        yield own_case("handles.json", case, wanted(case), lambda case=case: _read_handle(case["input"]), refused=None)
    for case, _ in listed(folder, "host-meta.json"):
        yield own_case("host-meta.json", case, wanted(case), lambda case=case: _read_host_meta(case), same=_says)


def _serve(case: dict[str, Any]) -> Response:
    request, server = case["request"], case["server"]
    asked = Request(
        method=request["method"],
        scheme="https",
        authority=request["host"],
        target=request["target"],
        headers=Headers.build([("host", request["host"])]),
    )
    if "resources" in server:  # descriptors that the application gives; the library chooses among their links
        return answer_webfinger(asked, server["resources"])
    federation = _federation(server)
    try:
        return run_sync(ask(federation.wsgi(), asked))
    finally:
        run_sync(federation.ports.close())


def _federation(server: dict[str, Any]) -> Federation:
    """Host the users of a case: their ids differ in the last segment, which is what the application knows them by."""
    users: dict[str, str] = server["users"]
    origin = origin_of(next(iter(users.values()), f"https://{server['domain']}/users/none"))
    prefix = next(iter(users.values()), f"{origin}/users/none").removeprefix(origin).rpartition("/")[0]
    names = {actor_id.rpartition("/")[2]: name for name, actor_id in users.items()}
    identifiers = {name.lower(): identifier for identifier, name in names.items()}
    federation = Federation(origin, backend=connect("memory://"), handle_host=server["domain"], worker="off")
    federation.actor(f"{prefix}/{{identifier}}")(
        lambda context, identifier: (
            context.actor(Person, handle=names[identifier], pk=identifier) if identifier in names else None
        )
    )
    federation.handle(lambda _context, name: identifiers.get(name.lower()))
    return federation


def _answers_so(want: dict[str, Any], got: Response) -> bool:
    fields = want.get("headers", {})
    if got.status != want["status"] or any(got.headers.get(name) != value for name, value in fields.items()):
        return False
    if got.status != 200:
        return True
    if got.media_type.partition(";")[0] != _JRD or got.headers.get("access-control-allow-origin") != "*":
        return False
    document = json.loads(got.body)
    if "json" in want:
        return _links_sorted(document) == _links_sorted(want["json"])
    links = document.get("links", [])
    found = next((link.get("href") for link in links if link.get("rel") == "self"), None)
    return document.get("subject") == want["subject"] and ("self" not in want or found == want["self"])


def _links_sorted(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "links": sorted(document.get("links", []), key=lambda link: json.dumps(link, sort_keys=True))}


def _handle_of(case: dict[str, Any]) -> str | None:
    """Ask for the handle of an actor on a network where only WebFinger answers."""
    responses: dict[str, Any] = case["responses"]

    def answer(request: Request) -> Answer:
        asked = parse_qs(request.query).get("resource", [""])[0]
        if request.path != "/.well-known/webfinger" or asked not in responses:
            return Answer(status=404)
        return Answer(headers=[("content-type", _JRD)], body=dump(responses[asked]).decode("utf-8"))

    fetcher = fetcher_over(ScriptedTransport(clock=ManualClock(), answer=answer))
    actor = load_as(normalize({"type": "Person", **case["actor"]}), Actor)
    found = run_sync(resolve_handle(fetcher, actor, fetcher.budget()))
    return None if found is None else str(found)


def _read_handle(text: str) -> list[str]:
    """Read a handle, and let its host through as the default policy does."""
    user, host = split(parse_handle(text))
    AddressGuard().admit_url(f"https://{host}/")
    return [user, host]


def _read_host_meta(case: dict[str, Any]) -> dict[str, Any]:
    found = parse_host_meta(case["body"].encode("utf-8"), case["media_type"])
    links = [
        {name: value for name in ("rel", "href", "template") if (value := getattr(link, name)) is not None}
        for link in found.links
    ]
    return {"links": links, "properties": found.properties}


def _says(want: Any, got: Any) -> bool:
    if isinstance(want, str) or isinstance(got, str):
        return bool(want == got)
    return all(got[name] == value for name, value in want.items())
