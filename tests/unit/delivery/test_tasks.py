"""What waits in the queue: pure values, schema-checked JSON (SEC-150)."""

from __future__ import annotations

import json
from contextlib import suppress

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.delivery import (
    DeliveryTask,
    FanoutTask,
    ResolveTask,
    SynchronizeTask,
    decode_outbound,
    decode_task,
    encode_delivery,
    encode_task,
    tasks,
)
from fedtext.errors import LocalProtocolError, QueueError

SITE, ALICE = "https://home.example.com", "https://home.example.com/users/1"
BODY = '{"id":"https://home.example.com/users/1#1"}'
DELIVERY = DeliveryTask(
    site=SITE, sender="1", activity_id=f"{ALICE}#1", inbox="https://b.example.org/inbox", body=BODY, digest="SHA-256=x"
)
FANOUT = FanoutTask(
    site=SITE,
    sender="1",
    activity_id=f"{ALICE}#1",
    actor=ALICE,
    body=BODY,
    digest="SHA-256=x",
    recipients=("https://b.example.org/users/bob",),
    blind=(),
    followers_of=("1",),
    cursor="",
    reached=("https://c.example.org/inbox",),
    ordering_key="k",
    shared=True,
)
RESOLVE = ResolveTask(
    site=SITE,
    sender="1",
    document={"id": f"{ALICE}#1", "to": ["acct:bob@b.example.org"]},
    mentions=("bob@b.example.org",),
    recipients=(),
    ordering_key="k",
)


SYNCHRONIZE = SynchronizeTask(site=SITE, sender="https://b.example.org/users/bob", header='digest="0"')


@pytest.mark.parametrize(
    ("task", "kind"),
    [(DELIVERY, "deliver"), (FANOUT, "fanout"), (RESOLVE, "resolve"), (SYNCHRONIZE, "synchronize")],
)
def test_a_task_is_a_pure_value_that_survives_the_queue(task, kind):
    payload = encode_task(task)
    assert decode_task(payload) == task
    envelope = json.loads(payload)
    assert (envelope["v"], envelope["kind"]) == (1, kind)
    assert encode_task(decode_task(payload)) == payload
    assert b"PRIVATE KEY" not in payload


def test_a_task_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DELIVERY.inbox = "https://elsewhere.example.org/inbox"  # type: ignore[misc]


def tampered(task: object, **changes: object) -> bytes:
    envelope = json.loads(encode_task(task))
    for name, value in changes.items():
        if value is ...:
            del envelope[name]
        else:
            envelope[name] = value
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"v":1}',
        b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        b"cos\nsystem\n(S'true'\ntR.",
        b'{"v":1,"kind":"deliver","kind":"fanout"}',
        tampered(DELIVERY, v=0),
        tampered(DELIVERY, v=2),
        tampered(DELIVERY, v="1"),
        tampered(DELIVERY, v=...),
        tampered(DELIVERY, kind="unpickle"),
        tampered(DELIVERY, kind=7),
        tampered(DELIVERY, inbox=...),
        tampered(DELIVERY, inbox=["https://b.example.org/inbox"]),
        tampered(DELIVERY, body={"id": 1}),
        tampered(FANOUT, shared="yes"),
        tampered(FANOUT, shared=1),
        tampered(FANOUT, recipients="https://b.example.org/users/bob"),
        tampered(FANOUT, recipients=[1]),
        tampered(RESOLVE, document=[]),
        tampered(RESOLVE, document="{}"),
    ],
)
def test_sec_150_a_payload_that_is_tampered_with_or_of_another_version_is_refused(payload):
    with pytest.raises(QueueError):
        decode_task(payload)


def test_another_version_may_be_true_but_is_not_one():
    """SEC-150: in Python `True == 1`."""
    with pytest.raises(QueueError):
        decode_task(tampered(DELIVERY, v=True))


def test_what_has_arrived_is_no_task():
    arrived = tampered(DELIVERY, kind="inbound")
    assert decode_outbound(arrived) is None
    with pytest.raises(QueueError):
        decode_task(arrived)
    assert decode_outbound(encode_task(DELIVERY)) == DELIVERY


def test_what_is_unknown_besides_is_ignored():
    assert decode_task(tampered(DELIVERY, more="x")) == DELIVERY


@given(st.binary(max_size=200) | st.from_regex(rb'\{"v":1,"kind":"(deliver|fanout)".{0,60}\}', fullmatch=True))
def test_only_queue_errors_leave(payload):
    with suppress(QueueError):
        decode_task(payload)


def test_the_body_of_a_delivery_may_stand_beside_it():
    payload = encode_delivery(DELIVERY)
    assert decode_task(payload, DELIVERY.body.encode()) == DELIVERY
    assert decode_outbound(payload, "ü".encode()) == attrs.evolve(DELIVERY, body="ü")
    assert json.loads(payload) == {
        name: value for name, value in json.loads(encode_task(DELIVERY)).items() if name != "body"
    }


@pytest.mark.parametrize("body", [b"", b"\xff", b"\xed\xa0\x80"])
def test_a_delivery_without_its_body_is_refused(body):
    """Nothing goes out in its place (SEC-150)."""
    with pytest.raises(QueueError, match="body"):
        decode_task(encode_delivery(DELIVERY), body)


def test_what_a_release_without_proofs_has_queued_goes_out_as_it_is():
    old = json.loads(encode_task(FANOUT))
    del old["proved"]
    assert decode_task(json.dumps(old).encode()) == FANOUT
    assert FANOUT.proved
    with pytest.raises(QueueError):
        decode_task(json.dumps({**old, "proved": "yes"}).encode())


def test_a_delivery_that_a_release_before_this_one_queued_says_nothing_of_followers():
    assert decode_task(tampered(attrs.evolve(DELIVERY, synchronize=True), synchronize=...)) == DELIVERY


# --- the short road ------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=12) | st.sampled_from(['"', "\\", "\n", "\x7f", "ü", "\ud800", '","x":"'])
DELIVERIES = st.builds(
    DeliveryTask,
    **dict.fromkeys(("site", "sender", "activity_id", "inbox", "digest"), TEXTS),
    body=st.text(min_size=1, max_size=12),
    **{name: st.booleans() for name in ("forwarded", "synchronize", "shared")},
)


def by_the_long_road(payload: bytes, body: bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "_as_written", lambda *_: None)
        try:
            return decode_outbound(payload, body)
        except QueueError:
            return QueueError


def by_either_road(payload: bytes, body: bytes):
    try:
        return decode_outbound(payload, body)
    except QueueError:
        return QueueError


@given(DELIVERIES)
def test_a_delivery_is_read_alike_on_both_roads(task):
    with suppress(LocalProtocolError):
        payload, body = encode_delivery(task), task.body.encode()
        assert by_either_road(payload, body) == by_the_long_road(payload, body) == task


@given(
    DELIVERIES,
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from([*' "\\{}[],:tfn01', "\x00", "ü"])),
        max_size=3,
    ),
)
def test_what_was_tampered_with_is_read_alike_on_both_roads(task, changes):
    with suppress(LocalProtocolError):
        payload, body = encode_delivery(task).decode(), task.body.encode()
        for place, length, put in changes:
            payload = payload[:place] + put + payload[place + length :]
        assert by_either_road(payload.encode(), body) == by_the_long_road(payload.encode(), body)


@pytest.mark.parametrize("body", [b"\xff", b"\xed\xa0\x80"])
def test_the_short_road_takes_no_other_body(body):
    assert tasks._AS_WRITTEN.fullmatch(encode_delivery(DELIVERY).decode()) is not None
    assert (
        by_either_road(encode_delivery(DELIVERY), body)
        is by_the_long_road(encode_delivery(DELIVERY), body)
        is QueueError
    )


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_payload_takes_the_long_road(more):
    task = attrs.evolve(DELIVERY, activity_id="a")
    longer = tasks._AS_WRITTEN_BYTES_MAX - len(encode_delivery(task)) + more
    task = attrs.evolve(task, activity_id="a" * (1 + longer))
    payload = encode_delivery(task)
    assert len(payload) == tasks._AS_WRITTEN_BYTES_MAX + more
    assert (tasks._as_written(payload, b"x") is None) == bool(more)
    assert decode_outbound(payload, task.body.encode()) == task


def test_bytes_that_are_no_text_take_the_long_road():
    assert tasks._as_written(encode_delivery(DELIVERY).replace(b"#", b"\xff"), b"x") is None
