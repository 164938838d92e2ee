"""The ground of the conversation: two peers that are not ours understand each other behind our TLS and our names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .servers import HERE, NODE, PEER_HOST, Authority, FedifyPeer, Knock, running


@pytest.mark.parametrize("knock", list(Knock), ids=lambda knock: knock.name.lower())
def test_two_peers_hold_the_conversation_of_their_self_test(authority: Authority, tmp_path: Path, knock: Knock) -> None:
    other_knock = next(other for other in Knock if other is not knock)
    one = FedifyPeer(authority, tmp_path, ["alice", "bob"], first_knock=knock)
    two = FedifyPeer(authority, tmp_path, ["alice", "bob"], first_knock=other_knock, host=f"other.{PEER_HOST}")
    with running(one, two):
        finished = subprocess.run(
            [NODE, "--import", HERE / "fedify/names.mjs", HERE / "fedify/selftest.mjs", one.origin, two.origin],
            env=dict(one.environment()),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        asking, found = one.account(), two.account()
        card = asking.lookup(found.handle)
        assert card is not None
        assert card["id"] == found.id
        seen = {Knock.CAVAGE: {("draft-cavage", 202)}, Knock.RFC9421: {("rfc9421", 202)}}
        assert set(two.knocks()) == seen[knock]
        assert set(one.knocks()) == seen[other_knock]
