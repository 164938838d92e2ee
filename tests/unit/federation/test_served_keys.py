"""The key in a served actor is one that a JSON-LD reader can see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext import Federation, Person, connect
from fedtext.http import Request
from fedtext.jsonld.processor import expand
from fedtext.sync import run_sync
from fedtext.vocab import PublicKeyClaim

SEC = "https://w3id.org/security#"


def served(path: str, **members: Any) -> dict[str, Any]:
    federation = Federation("https://blog.example", backend=connect("memory://"), worker="off")
    federation.actor("/ap/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice", **members))
    request = Request.to(f"https://blog.example{path}")
    response = run_sync(federation.engine.handle(request, federation.ports.blocking()))
    assert response is not None
    document: dict[str, Any] = json.loads(response.body)
    return document


@pytest.mark.parametrize("path", ["/ap/users/7", "/ap/instance"])
def test_the_context_of_a_served_actor_explains_its_key(path: str) -> None:
    """`publicKey` stands in the security vocabulary; without its context a strict reader drops the key (ACT-06)."""
    document = served(path)
    assert document["publicKey"]["owner"] == document["id"]
    assert "https://w3id.org/security/v1" in document["@context"]


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/ap/users/7", {}),
        ("/ap/users/7", {"also_known_as": ["https://old.example/u"], "moved_to": "https://new.example/u"}),
        ("/ap/users/7", {"discoverable": True, "manually_approves_followers": True, "webfinger": "a@blog.example"}),
        ("/ap/instance", {}),
    ],
)
def test_fep_521a_a_json_ld_reader_sees_both_keys(path: str, members: dict[str, Any]) -> None:
    """And the protected contexts get along with all that stands before them."""
    document = served(path, **members)
    expanded: Any = expand(document, base=None)
    actor = expanded[0]
    multikey = document["assertionMethod"][0]
    assert actor[f"{SEC}publicKey"][0][f"{SEC}publicKeyPem"][0]["@value"] == document["publicKey"]["publicKeyPem"]
    assert actor[f"{SEC}assertionMethod"] == [
        {
            "@id": multikey["id"],
            "@type": [f"{SEC}Multikey"],
            f"{SEC}controller": [{"@id": document["id"]}],
            f"{SEC}publicKeyMultibase": [{"@type": f"{SEC}multibase", "@value": multikey["publicKeyMultibase"]}],
        }
    ]
    if "also_known_as" in members:
        assert actor["https://www.w3.org/ns/activitystreams#alsoKnownAs"] == [{"@id": "https://old.example/u"}]


def test_an_actor_that_is_found_under_another_path_has_its_own_keys() -> None:
    """The keys that lie under the id that was asked for are of somebody else."""
    federation = Federation("https://blog.example", backend=connect("memory://"), worker="off")
    federation.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice", pk=pk.lower()))
    ports = federation.ports.blocking()
    keys, found = {}, {}
    for name in ("alice", "ALICE"):
        actor_id = f"https://blog.example/users/{name}"
        keys[name] = run_sync(federation.engine.keys.signing_key(ports, "https://blog.example", actor_id))
        for _ in range(2):
            response = run_sync(federation.engine.handle(Request.to(actor_id), ports))
            assert response is not None
            found[name] = json.loads(response.body)
    assert found["alice"] == found["ALICE"]
    assert found["ALICE"]["publicKey"] == {
        "id": keys["alice"].key_id,
        "owner": "https://blog.example/users/alice",
        "publicKeyPem": keys["alice"].private.public.pem,
    }


def test_an_actor_that_brings_its_own_keys_keeps_them() -> None:
    own = PublicKeyClaim(id="https://blog.example/ap/users/7#mine", owner="https://blog.example/ap/users/7", pem="x")
    document = served("/ap/users/7", public_key=own)
    assert document["publicKey"]["id"] == own.id
    assert "assertionMethod" not in document


@pytest.mark.spec("MOD-69")
@pytest.mark.parametrize("members", [{}, {"public_key": PublicKeyClaim(id="https://blog.example/k", pem="x")}])
def test_mod_69_an_actor_is_served_within_the_sizes_that_others_take(members: dict[str, Any]) -> None:
    name = served("/ap/users/7", name="x" * 3_000, **members)["name"]
    assert (len(name), name[-1]) == (2_048, "…")
