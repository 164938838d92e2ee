"""The key in a served actor is one that a JSON-LD reader can see."""

from __future__ import annotations

import json

import pytest

from fedtext import Federation, Person, connect
from fedtext.http import Request
from fedtext.sync import run_sync


@pytest.mark.parametrize("path", ["/ap/users/7", "/ap/instance"])
def test_the_context_of_a_served_actor_explains_its_key(path: str) -> None:
    """`publicKey` stands in the security vocabulary; without its context a strict reader drops the key (ACT-06)."""
    federation = Federation("https://blog.example", backend=connect("memory://"), worker="off")
    federation.actor("/ap/users/{pk}")(lambda context, pk: context.actor(Person, handle="alice"))
    request = Request.to(f"https://blog.example{path}")
    response = run_sync(federation.engine.handle(request, federation.ports.blocking()))
    assert response is not None
    document = json.loads(response.body)
    assert document["publicKey"]["owner"] == document["id"]
    assert "https://w3id.org/security/v1" in document["@context"]
