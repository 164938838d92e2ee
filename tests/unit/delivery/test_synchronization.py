"""The digest over followers and the header that says it: pure."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.delivery import (
    CollectionSynchronization,
    build_collection_synchronization,
    followers_digest,
    parse_collection_synchronization,
    partial_followers,
    peek_collection_synchronization,
)
from fedtext.errors import MalformedIri

BOB = "https://there.example/users/bob"
FOLLOWERS, URL = f"{BOB}/followers", f"{BOB}/partial"
DIGEST = "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"
SAID = CollectionSynchronization(collection_id=FOLLOWERS, url=URL, digest=DIGEST)
HEADER = build_collection_synchronization(SAID)
ZEROS = "0" * 64
BOB_LIKE = "https://a.example/users/bob"


# ---- the digest ------------------------------------------------------------------------------------------------------

ids = st.builds(
    "{}://{}{}/u/{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["a.example", "b.example", "sub.a.example"]),
    st.sampled_from(["", ":8443"]),
    st.integers(0, 9),
)


@pytest.mark.spec("DLV-16")
@given(st.lists(ids), st.randoms(use_true_random=False))
def test_dlv_16_order_and_repetition_do_not_matter(followers, chance):
    shuffled = followers * 2
    chance.shuffle(shuffled)
    assert followers_digest(shuffled, "https://a.example/inbox") == followers_digest(followers, "https://a.example/x")


@given(st.lists(ids, unique=True), st.lists(ids, unique=True))
def test_dlv_16_the_digest_of_two_parts_is_that_of_what_only_one_of_them_has(left, right):
    """Adding a follower twice takes it away again: that is what lets two servers compare sets and not lists."""
    combined = int(followers_digest(left, BOB_LIKE), 16) ^ int(followers_digest(right, BOB_LIKE), 16)
    assert f"{combined:064x}" == followers_digest(set(left) ^ set(right), BOB_LIKE)


@given(st.lists(ids | st.text()))
def test_only_ids_of_the_same_scheme_and_authority_count(followers):
    kept = partial_followers(followers, "https://a.example/inbox")
    assert all(one.startswith("https://a.example/") for one in kept)
    assert len(set(kept)) == len(kept)
    assert followers_digest(kept, "https://a.example/") == followers_digest(followers, "https://a.example/")
    assert followers_digest([one for one in followers if one not in kept], "https://a.example/") == ZEROS


def test_an_instance_that_is_no_address_is_refused():
    with pytest.raises(MalformedIri):
        followers_digest([], "a.example")


# ---- the header ------------------------------------------------------------------------------------------------------


def test_dlv_16_what_is_written_is_read():
    assert parse_collection_synchronization(HEADER, BOB, FOLLOWERS) == SAID


USED = [
    f'url="{URL}",digest="{DIGEST}",collectionId="{FOLLOWERS}"',
    f'collectionid="{FOLLOWERS}" , URL = "{URL}", digest="{DIGEST.upper()}"',
    f'collectionId="{FOLLOWERS}", url="{URL}", digest={DIGEST}, later="what we do not know"',
    "".join([HEADER, *[f', x{number}="y"' for number in range(13)]]),
]


@pytest.mark.parametrize("header", USED)
def test_sec_141_a_header_in_another_spelling_is_used(header):
    assert parse_collection_synchronization(header, BOB, FOLLOWERS) == SAID


IGNORED = [
    "",
    ",",
    "collectionId",
    HEADER + "\n",
    HEADER + ",",
    HEADER + " x",
    HEADER + ', url="https://there.example/other"',
    HEADER + f', DIGEST="{DIGEST}"',
    HEADER.replace(BOB, "https://elsewhere.example/users/bob", 1),
    HEADER.replace(URL, "https://elsewhere.example/followers"),
    HEADER.replace(URL, "http://there.example/followers"),
    HEADER.replace(URL, "https://there.example:8443/followers"),
    HEADER.replace(URL, "https://sub.there.example/followers"),
    HEADER.replace(URL, "https://there.example@elsewhere.example/"),
    HEADER.replace(URL, "/followers_synchronization"),
    HEADER.replace(URL, "javascript:alert(1)"),
    HEADER.replace(FOLLOWERS, f"{BOB}/following"),
    HEADER.replace(DIGEST, DIGEST[:-1]),
    HEADER.replace(DIGEST, DIGEST + "0"),
    HEADER.replace(DIGEST, "g" * 64),
    HEADER.replace(DIGEST, "٠" * 64),
    HEADER.replace(DIGEST, ""),
    HEADER.replace("digest", "digset"),
    HEADER.replace('"', "'"),
    HEADER.replace(URL, URL + '\\"'),
    HEADER.replace(URL, f"{BOB}/{'x' * 2_048}"),
    "".join([HEADER, *[f', x{number}="y"' for number in range(14)]]),
]


@pytest.mark.spec("SEC-141", "DLV-17")
@pytest.mark.parametrize("header", IGNORED)
def test_sec_141_a_header_that_is_not_as_it_must_be_is_ignored(header):
    assert parse_collection_synchronization(header, BOB, FOLLOWERS) is None


@pytest.mark.parametrize("followers", [None, "", f"{BOB}/followers/", "https://elsewhere.example/followers"])
def test_sec_141_only_the_sender_s_own_collection_counts(followers):
    header = HEADER if not followers else HEADER.replace(FOLLOWERS, followers)
    assert parse_collection_synchronization(header, BOB, None if not followers else FOLLOWERS) is None


def test_before_the_collection_is_known_all_but_that_is_judged():
    foreign = HEADER.replace(FOLLOWERS, f"{BOB}/anything")
    assert peek_collection_synchronization(foreign, BOB) == attrs.evolve(SAID, collection_id=f"{BOB}/anything")
    assert peek_collection_synchronization(foreign, "nobody") is None


def test_sec_141_a_header_is_read_up_to_its_limit():
    limit = len(HEADER)
    assert peek_collection_synchronization(HEADER, BOB, Limits(signature_bytes_max=limit)) == SAID
    assert peek_collection_synchronization(HEADER, BOB, Limits(signature_bytes_max=limit - 1)) is None
    urls = max(len(FOLLOWERS), len(URL))
    assert peek_collection_synchronization(HEADER, BOB, Limits(iri_chars_max=urls)) == SAID
    assert peek_collection_synchronization(HEADER, BOB, Limits(iri_chars_max=urls - 1)) is None


@given(st.text() | st.text(alphabet='acdegilnorstuI="\\, :/.'), st.text())
def test_sec_141_whatever_is_sent_raises_nothing(header, sender):
    parse_collection_synchronization(header, BOB, FOLLOWERS)
    assert parse_collection_synchronization(HEADER, sender, FOLLOWERS) is None or sender.startswith("https://there.")
