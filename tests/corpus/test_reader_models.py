"""What a server produced itself is shown by its own reader model; each exception is named with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fedtext.errors import FedtextError
from fedtext.testing.peers import SERVERS, Reading, Verdict, read_as
from fedtext.wire.json import parse_object

# Documents that lie among those of a server and are not as it sends them: reason -> names. Most are fixtures of other
# projects' tests. Who adds one has looked at it.
EXCEPTIONS = {
    "a template, whose addresses are still to be filled in": (
        "mastodon/akkoma__masto-user.json",
        "gotosocial/gts__astointernal_test.json",
        "gotosocial/gts__fromfediapi_test.json",
        "gotosocial/gts__interactionrequest_test~2.json",
    ),
    "a fragment of a document, without its id": (
        "gotosocial/gts__emojiget_test.json",
        "gotosocial/gts__extractpolicy_test.json",
        "gotosocial/gts__extractpolicy_test~2.json",
        "gotosocial/gts__extractpolicy_test~3.json",
        "gotosocial/gts__posts.json",
        "gotosocial/gts__posts~7.json",
        "misskey/granary__quote.as2.json",
        "peertube/granary__article_with_video_stream_list.as2-from-as.json",
    ),
    "its @context was taken out": (
        "mastodon/akkoma__mastodon-delete-user.json",
        "mastodon/akkoma__mastodon-undo-announce.json",
        "mastodon/bonfire__mastodon-delete-user.json",
        "mastodon/bridgyfed__test_mastodon_api~2.json",
        "mastodon/bridgyfed__test_mastodon_api~4.json",
        "mastodon/bridgyfed__test_mastodon_api~5.json",
        "mastodon/federation__activitypub~15.json",
        "mastodon/federation__activitypub~16.json",
        "mastodon/federation__activitypub~17.json",
        "mastodon/federation__activitypub~18.json",
        "mastodon/federation__activitypub~19.json",
        "mastodon/federation__activitypub~21.json",
        "mastodon/mobilizon__mastodon-delete-user.json",
        "mastodon/mobilizon__mastodon-undo-announce.json",
    ),
    "its addressees or its mentions were edited": (
        "mastodon/federation__activitypub~10.json",
        "mastodon/federation__activitypub~6.json",
        "mastodon/federation__activitypub~9.json",
        "mastodon/mobilizon__mastodon-post-activity-hashtag.json",
        "mastodon/mobilizon__mastodon-post-activity.json",
        "mastodon/pleroma__receiver_worker_signature_activity.json",
        "misskey/akkoma__mfm_x_format.json",
        "misskey/bonfire__mfm_x_format.json",
    ),
    "made to be refused": (
        "mastodon/akkoma__evil_remote.example_with_keyid_from_admin_mastdon.example.org.json",
        "gotosocial/gts__move_test~3.json",
        "gotosocial/gts__move_test~4.json",
    ),
    "an activity of other software, put into the mouth of this one": (
        "mastodon/akkoma__emoji-reaction-no-emoji.json",
        "mastodon/bonfire__emoji-reaction-no-emoji.json",
        "mastodon/bonfire__emoji-reaction.json",
        "misskey/akkoma__misskey-like.json",
        "misskey/bonfire__misskey-like.json",
        "peertube/takahe__test_activitypub.json",
    ),
    "an Undo of a bare id, as Mastodon does not send it": ("mastodon/bonfire__mastodon-undo-like-compact-object.json",),
    "of an early version, which had no outbox": ("lemmy/bonfire__lemmy-user.json",),
}


# Whose tests read documents of others: the beginnings of names -> the server. Theirs are documents that it takes.
READERS = {"gts": "gotosocial", "lemmy": "lemmy", "mastodon": "mastodon", "peertube": "peertube", "takahe": "takahe"}
# The rest of a document which these tests leave out, or know, beside it.
LEFT_OUT = {
    "discourse/lemmy__page.json": "its addressees",
    "lotide/lemmy__create_page_image.json": "that whom it is addressed to is a community",
}


def readings(corpus: Path, pattern: str, server: str) -> Iterator[tuple[str, Reading]]:
    """Read documents as a server; what is no JSON object, of discovery, a collection or an emoji is passed over."""
    for path in sorted(corpus.glob(pattern)):
        try:
            document = parse_object(path.read_bytes())
            if "type" in document:
                yield path.relative_to(corpus).as_posix(), read_as(document, server)
        except FedtextError:
            continue


def test_what_a_server_sends_itself_is_shown_by_its_model(corpus_root: Path) -> None:
    found = {name: reading for server in SERVERS for name, reading in readings(corpus_root, f"{server}/*.json", server)}
    others = {name for name, reading in found.items() if reading.verdict is not Verdict.SHOWN}
    assert others == {name for names in EXCEPTIONS.values() for name in names}
    assert len(found) - len(others) > 180


def test_what_a_servers_tests_take_of_others_is_shown_by_its_model(corpus_root: Path) -> None:
    found = {
        name: reading
        for prefix, server in READERS.items()
        for name, reading in readings(corpus_root, f"*/{prefix}__*.json", server)
        if not name.startswith((f"{server}/", "hostile/"))
    }
    others = {name for name, reading in found.items() if reading.verdict is not Verdict.SHOWN}
    assert others == LEFT_OUT.keys()
    assert len(found) > 60
