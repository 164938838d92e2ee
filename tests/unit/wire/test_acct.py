"""Handles and acct URIs; the hostile ones are in tests/security."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import MalformedText
from fedtext.wire.acct import HANDLE_CHARS_MAX, USER_CHARS_MAX, Handle, parse_acct_uri, parse_handle, split

READ = {
    "alice@example.com": "alice@example.com",
    "@alice@example.com": "alice@example.com",
    "acct:alice@example.com": "alice@example.com",
    "ACCT:Alice@EXAMPLE.com": "Alice@example.com",
    "alice@example.com.": "alice@example.com",
    "alice@example.com.:8443": "alice@example.com:8443",
    "alice@example.com:443": "alice@example.com",
    "alice@localhost:8000": "alice@localhost:8000",
    "alice@bücher.example": "alice@xn--bcher-kva.example",
    "al.ice-b_c~d@example.com": "al.ice-b_c~d@example.com",
    "a!b$c&d'e(f)g*h+i,j;k=l:m@example.com": "a!b$c&d'e(f)g*h+i,j;k=l:m@example.com",
    "al%69ce@example.com": "alice@example.com",
    "acct:%e6%97%a5@example.com": "日@example.com",
    "日本@example.com": "日本@example.com",
    "user1@1.example": "user1@1.example",
    "...@example.com": "...@example.com",
}


@pytest.mark.parametrize(("text", "handle"), READ.items())
def test_wf_12_wf_13_handles_are_read(text: str, handle: str) -> None:
    assert parse_handle(text) == handle
    assert parse_handle(handle) == handle
    assert parse_handle(f"acct:{handle}") == parse_acct_uri(f"acct:{handle}") == handle


@pytest.mark.parametrize(
    "text",
    [
        "alice@example.com",
        "@alice@example.com",
        "acct:@alice@example.com",
        "acct://a@b.example",
        "mailto:a@b.example",
        "",
        "acct:",
    ],
)
def test_an_acct_uri_has_its_scheme(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_acct_uri(text)


@pytest.mark.parametrize("scheme", ["acct", "mailto", "MailTo", "xmpp", "sip"])
def test_wf_12_other_schemes_are_no_part_of_a_name(scheme: str) -> None:
    with pytest.raises(MalformedText):
        parse_handle(f"{scheme}%3Aalice@example.com")
    with pytest.raises(MalformedText):
        parse_handle(f"@{scheme}:alice@example.com")


def test_users_are_limited_to_the_character() -> None:
    assert parse_handle("a" * USER_CHARS_MAX + "@example.com")
    with pytest.raises(MalformedText):
        parse_handle("a" * (USER_CHARS_MAX + 1) + "@example.com")


@pytest.mark.spec("SEC-155")
def test_sec_155_handles_are_limited_to_the_character() -> None:
    user, host = "%F0%90%8C%80" * 80, "a" * 51 + ".example.com"
    assert len(f"{user}@{host}") == HANDLE_CHARS_MAX
    assert parse_handle(f"{user}@{host}") == f"{chr(0x10300) * 80}@{host}"
    with pytest.raises(MalformedText):
        parse_handle(f"{user}@a{host}")


def test_handles_are_split() -> None:
    assert split(Handle("alice@example.com:8443")) == ("alice", "example.com:8443")


@given(
    st.lists(
        st.sampled_from(["a", "@", "acct:", ":", "1", ".", "example", "%40", "%", "ü", "\u200b", " ", "[", "]"]),
        max_size=12,
    ).map("".join)
    | st.text(max_size=30)
)
def test_only_malformed_text_leaves_and_reading_is_stable(text: str) -> None:
    try:
        handle = parse_handle(text)
    except MalformedText:
        return
    user, host = split(handle)
    assert f"{user}@{host}" == handle
    assert host.isascii()
    assert parse_handle(handle) == handle
