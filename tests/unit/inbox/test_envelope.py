"""The envelope in which a verified activity waits: read back exactly, or refused (SEC-150)."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import LocalProtocolError, QueueError
from fedtext.inbox import InboundTask, decode_envelope, is_envelope
from fedtext.wire.json import dump, parse_object

TASK = InboundTask(
    site="https://b.example.com",
    inbox="/inbox",
    recipient="bob",
    signer="https://a.example.com/u",
    key_id="https://a.example.com/u#k",
    scheme="draft-cavage-http-signatures-12",
    how="signature",
    received_s=1.5,
    content_hash="00",
    document={"id": "https://a.example.com/1", "type": "Like"},
)


@pytest.mark.parametrize("recipient", ["bob", None])
def test_there_and_back(recipient: str | None) -> None:
    task = attrs.evolve(TASK, recipient=recipient)
    assert decode_envelope(task.encode()) == task
    assert json.loads(task.encode())["v"] == 1


def test_it_is_json_with_a_version_and_a_kind() -> None:
    assert list(json.loads(TASK.encode()))[:2] == ["v", "kind"]


@pytest.mark.spec("SEC-150")
@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": "1"},
        {"v": None},
        {"kind": "delivery"},
        {"site": 7},
        {"inbox": None},
        {"signer": []},
        {"key_id": {}},
        {"scheme": 1},
        {"how": None},
        {"content_hash": 1},
        {"content_hash": "\u0264"},
        {"recipient": 7},
        {"received_s": "1"},
        {"received_s": True},
        {"received_s": None},
        {"document": []},
        {"document": "x"},
        {"document": None},
    ],
)
def test_sec_150_members_of_another_shape(change: dict[str, Any]) -> None:
    payload = json.dumps(json.loads(TASK.encode()) | change).encode()
    with pytest.raises(QueueError):
        decode_envelope(payload)


def test_what_is_written_already_is_not_written_anew() -> None:
    written = attrs.evolve(TASK, written=dump(TASK.document))
    assert written.encode() == TASK.encode()
    assert written == TASK
    assert attrs.evolve(TASK, written=b'{"marked":1}').encode().count(b'"document":{"marked":1}') == 1


def test_an_envelope_is_told_by_its_beginning() -> None:
    assert is_envelope(TASK.encode())
    assert not is_envelope(TASK.encode()[:-1].replace(b"inbound", b"deliver"))


@pytest.mark.spec("SEC-150")
@pytest.mark.parametrize(
    "name", [field.name for field in attrs.fields(InboundTask) if field.name not in ("recipient", "body", "written")]
)
def test_sec_150_missing_members(name: str) -> None:
    value = json.loads(TASK.encode())
    del value[name]
    with pytest.raises(QueueError):
        decode_envelope(json.dumps(value).encode())


@pytest.mark.spec("SEC-150")
@given(st.binary(max_size=100))
def test_sec_150_noise(noise: bytes) -> None:
    for payload in (noise, b"\x80\x04\x95" + noise, TASK.encode() + noise + b"x"):
        with pytest.raises(QueueError):
            decode_envelope(payload)


@pytest.mark.parametrize("limits", [Limits(), Limits(body_bytes_max=64, json_depth_max=3, json_nodes_max=8)])
def test_whatever_was_within_the_limits_can_be_read_back(limits: Limits) -> None:
    """Depth, nodes and bytes at the limit; numbers that take more room when they are written again."""
    depth, nodes, size = limits.json_depth_max, limits.json_nodes_max, limits.body_bytes_max
    deep = b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)
    wide = b'{"a":[' + b",".join([b"1"] * (nodes - 3)) + b"]}"
    long = b'{"a":"' + b"x" * (size - 8) + b'"}'
    growing = b'{"a":[' + b",".join([b"1e15"] * min(nodes - 3, (size - 8) // 5)) + b"]}"
    for body in (deep, wide, long, growing):
        if len(body) <= size:
            task = attrs.evolve(TASK, document=parse_object(body, limits))
            assert decode_envelope(task.encode(), limits) == task


@given(
    st.builds(attrs.evolve, st.just(TASK), **{name: st.text() for name in ("site", "inbox", "signer", "key_id", "how")})
)
def test_it_is_what_the_usual_writer_would_write(task: InboundTask) -> None:
    members = {"v": 1, "kind": "inbound", **attrs.asdict(task, filter=lambda field, _value: field.name not in LAST)}
    assert task.encode() == dump({**members, "document": task.document, "body": task.body})


LAST = ("document", "body", "written")


@pytest.mark.parametrize("change", [{"received_s": float("nan")}, {"signer": "\ud800"}, {"recipient": "\ud800"}])
def test_what_json_does_not_have_makes_no_envelope(change: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        attrs.evolve(TASK, **change).encode()
