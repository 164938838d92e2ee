"""What forums and video sites say."""

from __future__ import annotations

import pytest

from fedtext.jsonld import ACTIVITYSTREAMS
from fedtext.vocab import (
    Activity,
    ApproveReply,
    CommunityTag,
    Group,
    Lock,
    PageObject,
    RejectReply,
    Respond,
    load,
    load_as,
)


@pytest.mark.spec("MOD-45", "MOD-64")
@pytest.mark.parametrize("cls", [Lock, ApproveReply, RejectReply, Respond])
def test_their_activities_are_known(cls: type[Activity]) -> None:
    found = load({"type": cls.written_type, "actor": "https://a.example/alice", "object": "https://a.example/1"})
    assert type(found) is cls


def test_a_community_and_its_posts() -> None:
    group = load_as(
        {"type": "Group", "moderators": "https://l.example/c/x/moderators", "postingRestrictedToMods": True}, Group
    )
    assert (group.moderators, group.posting_restricted_to_mods) == ("https://l.example/c/x/moderators", True)
    page = load_as(
        {"type": "Page", "stickied": False, "commentsEnabled": True, "audience": "https://l.example/c/x"}, PageObject
    )
    assert (page.stickied, page.comments_enabled, page.audience) == (False, True, ("https://l.example/c/x",))


@pytest.mark.parametrize("kind", ["CommunityTag", "CommunityPostTag", "lemmy:CommunityTag"])
def test_labels_of_a_community(kind: str) -> None:
    page = load({"@context": ACTIVITYSTREAMS, "type": "Page", "tag": {"type": kind, "display_name": "News"}})
    (tag,) = page.tag
    assert isinstance(tag, CommunityTag)
    assert tag.display_name == "News"
