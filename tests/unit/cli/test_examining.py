"""What a server's answers mean to its peers: a sound server, and one fault at a time."""

from __future__ import annotations

import json

import attrs
import pytest

from fedtext.cli.examining import CLOCK_OFF_S_MAX, Facts, broken_peers, examine
from fedtext.http import Headers, Response

ID = "https://b.example/users/1"
AS2 = "application/activity+json"
ACTOR = {
    "id": ID,
    "type": "Person",
    "preferredUsername": "bob",
    "inbox": f"{ID}/inbox",
    "outbox": f"{ID}/outbox",
    "publicKey": {"id": f"{ID}#main-key", "owner": ID, "publicKeyPem": "x"},
}
SELF = {"rel": "self", "type": AS2, "href": ID}


def answer(document: object = None, *, status: int = 200, kind: str = AS2, vary: str = "Accept") -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Response(status=status, headers=Headers.build([("content-type", kind), ("vary", vary)]), body=body)


PAGE = answer(b"<p>Bob</p>", kind="text/html")
SOUND = Facts(
    actor_id=ID,
    actor=answer(ACTOR),
    page=PAGE,
    webfinger=answer({"links": [SELF]}),
    nodeinfo=answer({"links": []}),
    unsigned_post=answer(status=401),
    mistyped_post=answer(status=415),
    clock_off_s=CLOCK_OFF_S_MAX,
)

FAULTS = [
    ("INB-10", {"actor": answer(ACTOR, status=403)}),
    ("INB-10", {"actor": answer({**ACTOR, "id": f"{ID}/", "publicKey": {**ACTOR["publicKey"], "owner": f"{ID}/"}})}),  # type: ignore[dict-item]
    ("COL-01", {"actor": answer(ACTOR, kind="application/json")}),
    ("COL-01", {"actor": answer(ACTOR, kind="application/activity+json;charset=utf-8")}),
    ("ACT-01", {"actor": answer(b"[")}),
    ("ACT-01", {"actor": answer({**ACTOR, "type": "Robot"})}),
    ("ACT-01", {"actor": answer({**ACTOR, "type": ["Person"]})}),
    ("ACT-01", {"actor": answer({**ACTOR, "outbox": None})}),
    ("ACT-06", {"actor": answer({**ACTOR, "publicKey": "x"})}),
    ("ACT-06", {"actor": answer({**ACTOR, "publicKey": {"id": "x", "owner": "y", "publicKeyPem": "z"}})}),
    ("ACT-26", {"actor": answer(ACTOR, vary="")}),
    ("WF-01", {"webfinger": answer({"links": [SELF]}, status=404)}),
    ("WF-01", {"webfinger": answer(b"<XRD/>")}),
    ("WF-02", {"webfinger": answer({"links": "none"})}),
    ("WF-02", {"webfinger": answer({"links": [{"rel": "self", "type": "text/html", "href": ID}, SELF]})}),
    ("WF-11", {"webfinger": answer({"links": [{**SELF, "href": f"{ID}/"}]})}),
    ("WF-17", {"nodeinfo": answer({"links": []}, status=404)}),
    ("WF-17", {"nodeinfo": answer({})}),
    ("SIG-26", {"unsigned_post": answer(status=202)}),
    ("INB-01", {"mistyped_post": answer(status=202)}),
    ("SIG-05", {"clock_off_s": CLOCK_OFF_S_MAX + 1}),
    ("SIG-05", {"clock_off_s": -CLOCK_OFF_S_MAX - 1}),
    ("WF-01", {"webfinger": None, "unanswered": frozenset({"webfinger"})}),
    ("WF-17", {"nodeinfo": None, "unanswered": frozenset({"nodeinfo"})}),
    ("INB-03", {"unsigned_post": None, "unanswered": frozenset({"unsigned_post"})}),
]


def test_a_sound_server_has_no_findings() -> None:
    assert examine(SOUND) == ()


def test_what_was_not_asked_is_no_fault() -> None:
    assert examine(Facts(actor_id=ID)) == ()


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_each_fault_is_named_alone_by_its_rule(rule: str, fault: dict[str, object]) -> None:
    (finding,) = examine(attrs.evolve(SOUND, **fault))  # type: ignore[arg-type]
    assert rule in finding.rules
    assert finding.peers
    assert finding.mend


def test_act_26_a_cache_that_ignores_vary_is_told() -> None:
    findings = examine(attrs.evolve(SOUND, actor=PAGE))
    assert "ACT-26" in {rule for finding in findings for rule in finding.rules}


def test_a_strangers_text_is_cut_to_120_characters() -> None:
    assert [len(f.seen) for f in examine(attrs.evolve(SOUND, actor=answer(ACTOR, kind="x" * 121)))] == [120]


def test_findings_by_peer_software() -> None:
    findings = examine(attrs.evolve(SOUND, clock_off_s=61.0, webfinger=answer({"links": []})))
    assert {name: len(found) for name, found in broken_peers(findings).items()} == {
        "Mastodon": 1,
        "Misskey": 1,
        "Takahē": 1,
    }
