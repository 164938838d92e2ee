"""One serialization, one digest, for everybody and for ever."""

from __future__ import annotations

import pytest

from fedtext.config import Limits
from fedtext.delivery import seal
from fedtext.errors import LocalProtocolError
from fedtext.signatures import build_digest

ACTOR = "https://home.example.com/users/1"
CREATE = {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{ACTOR}#1", "type": "Create", "actor": ACTOR}


def nested(depth: int) -> dict:
    """Give an activity whose JSON is that deep."""
    value: object = "x"
    for _ in range(depth - 1):
        value = [value]
    return {**CREATE, "object": value}


def test_dlv_12_the_bytes_and_their_digest_are_made_once():
    sealed = seal({**CREATE, "object": {"content": "Grüße"}}, Limits())
    assert sealed.digest == build_digest(sealed.body)
    assert "Grüße".encode() in sealed.body
    assert (sealed.activity_id, sealed.actor) == (CREATE["id"], ACTOR)


def test_sec_136_what_is_sealed_names_no_blind_recipient():
    blind = {"bto": ["https://b.example.org/secret"], "bcc": ["https://b.example.org/secret"]}
    sealed = seal({**CREATE, **blind, "object": {"object": blind, "tag": [blind]}}, Limits())
    assert b"secret" not in sealed.body
    assert b"bcc" not in sealed.body


@pytest.mark.parametrize(("depth", "fine"), [(7, True), (8, False), (5_000, False)])
def test_jld_15_what_is_deeper_than_other_servers_read_is_not_sent(depth, fine):
    if fine:
        assert seal(nested(depth), Limits()).body
    else:
        with pytest.raises(LocalProtocolError):
            seal(nested(depth), Limits())


@pytest.mark.parametrize(("spare", "fine"), [(0, True), (-1, False)])
def test_what_is_larger_than_other_servers_take_is_not_sent(spare, fine):
    size = len(seal(CREATE, Limits()).body)
    limits = Limits(body_bytes_max=size + spare)
    if fine:
        assert seal(CREATE, limits).body
    else:
        with pytest.raises(LocalProtocolError):
            seal(CREATE, limits)


@pytest.mark.parametrize(
    "change", [{"id": None}, {"id": 7}, {"actor": None}, {"actor": [ACTOR]}, {"actor": {"id": ACTOR}}]
)
def test_mod_01_mod_02_an_outgoing_activity_has_an_id_and_one_actor(change):
    with pytest.raises(LocalProtocolError):
        seal({**CREATE, **change}, Limits())
