"""Accept-Signature: RFC 9421 section 5, SIG-32, HMS-18."""

from __future__ import annotations

import pytest

from fedtext.config import Limits
from fedtext.errors import LocalProtocolError
from fedtext.signatures import AskedSignature, Component, build_accept_signature, parse_accept_signature
from fedtext.signatures.accept_signature import ASKED_COUNT_MAX, CHALLENGE, ECHOED_CHARS_MAX
from fedtext.signatures.claim import COMPONENTS_COUNT_MAX

FULL = AskedSignature(
    label="a",
    components=(Component("@method"), Component("content-digest", (("sf", True),))),
    algorithm="ed25519",
    nonce="n",
    tag="t",
    wants_expires=True,
)


def test_what_is_built() -> None:
    assert build_accept_signature(CHALLENGE) == 'sig1=("@method" "@target-uri" "content-digest");created'
    assert build_accept_signature(FULL, AskedSignature(label="b", components=(), wants_created=False)) == (
        'a=("@method" "content-digest";sf);created;expires;alg="ed25519";nonce="n";tag="t", b=()'
    )
    assert build_accept_signature() == ""


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        build_accept_signature(AskedSignature(label="A", components=()))


@pytest.mark.parametrize("asked", [CHALLENGE, FULL, AskedSignature(label="b", components=(), wants_created=False)])
def test_what_is_built_is_read_again(asked: AskedSignature) -> None:
    assert parse_accept_signature(build_accept_signature(asked)) == (asked,)


def test_an_example_of_the_standard_is_read() -> None:
    text = (
        'sig1=("@method" "@target-uri" "@authority" "content-digest" "cache-control");'
        'keyid="test-key-rsa-pss";created;tag="app-123"'
    )
    (asked,) = parse_accept_signature(text)
    assert [component.name for component in asked.components][-1] == "cache-control"
    assert (asked.label, asked.tag, asked.wants_created, asked.wants_expires) == ("sig1", "app-123", True, False)


@pytest.mark.parametrize(
    "text",
    [
        "", "junk junk", "sig1", 'sig1="x"', "sig1=5", 'sig1=("Date")', 'sig1=("@nope")', 'sig1=("a" "a")',
        'sig1=("@status")', 'sig1=("@method";req)', 'sig1=("a";tr)', 'sig1=("a";zzz)', 'sig1=("a");alg=ed25519',
        'sig1=("a");nonce', 'sig1=("a");tag=5', 'sig1=("a', f'sig1=("a");nonce="{"n" * (ECHOED_CHARS_MAX + 1)}"',
        f'{"s" * (ECHOED_CHARS_MAX + 1)}=("a")',
        f"sig1=({' '.join(f'{chr(34)}a{number}{chr(34)}' for number in range(COMPONENTS_COUNT_MAX + 1))})",
    ],
)  # fmt: skip
def test_what_cannot_be_fulfilled_is_no_wish(text: str) -> None:
    assert parse_accept_signature(text) == ()


def test_a_wish_that_cannot_be_fulfilled_does_not_hide_another() -> None:
    assert [asked.label for asked in parse_accept_signature('a=("@status"), b=5, c=("a")')] == ["c"]


def test_limits() -> None:
    nonce = "n" * ECHOED_CHARS_MAX
    (asked,) = parse_accept_signature(f'sig1=("a");nonce="{nonce}"')
    assert asked.nonce == nonce
    assert asked.echoed == {"nonce": nonce}
    text = ", ".join(f'l{number}=("a")' for number in range(ASKED_COUNT_MAX + 1))
    assert len(parse_accept_signature(text)) == ASKED_COUNT_MAX
    assert len(parse_accept_signature(text, Limits(signature_bytes_max=len(text)))) == ASKED_COUNT_MAX
    assert parse_accept_signature(text, Limits(signature_bytes_max=len(text) - 1)) == ()


def test_a_wish_of_the_greatest_size_is_read() -> None:
    components = " ".join(f'"a{number}"' for number in range(COMPONENTS_COUNT_MAX))
    (asked,) = parse_accept_signature(f"{'s' * ECHOED_CHARS_MAX}=({components})")
    assert (len(asked.label), len(asked.components)) == (ECHOED_CHARS_MAX, COMPONENTS_COUNT_MAX)
