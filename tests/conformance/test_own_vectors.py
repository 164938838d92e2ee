"""Our own cases, which run everywhere: each is right, and every rule has at least one good and one bad."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.conformance import runner

VECTORS = Path(__file__).parents[1] / "vectors"

# Rules about reading, and about the shape of documents, that one document can show.
RULES = {
    *(f"JLD-{number:02}" for number in (*range(1, 8), 15, 16, 17)),
    *(f"MOD-{number:02}" for number in (1, 2, 3, 4, 9, 15, 16, 19, 20, 21, 22, 29, 31, 32, 33, 36, 39, 48, 52, 58, 60)),
    *("MOD-63", "MOD-68", "MOD-71", "MOD-72"),
    *(f"SEC-{number:03}" for number in (20, 21, 22, 24, 25, 26, 27, 28, 29, 31, 32, 119, 120, 121, 133)),
}


# Rules about what documents prove of themselves.
PROOF_RULES = {
    *(f"JLD-{number:02}" for number in range(9, 15)),
    *(f"SEC-{number}" for number in (119, 121, 122, 123, 126, 127, 129, 130)),
}

# Rules about a single text, address, digest, signature or addressing.
OTHER_TOPICS = (
    "activitypub",
    "as2",
    "content-digest",
    "did-key",
    "followers-sync",
    "html",
    "http-signatures",
    "jcs",
    "negotiation",
    "nodeinfo",
    "origin",
    "ssrf",
    "webfinger",
)
OTHER_RULES = {
    *("AP-03", "AP-S03", "AP-S04", "AP-S06", "AP-S07", "AP-S08", "AP-S09", "AS2-05", "AS2-10"),
    *("CD-01", "CD-02", "CD-03", "CD-04", "DISC-01", "DLV-16", "DLV-17", "FE-01", "HM-01", "NI-01", "NI-02"),
    *("INB-01", "MOD-11", "MOD-12", "MOD-22", "WF-10", "WF-13"),
    *(f"SEC-{number:03}" for number in (6, 8, *range(33, 37), 38, 39, *range(41, 46), *range(50, 59))),
    *(f"SEC-{number:03}" for number in (73, 75, 78, 92, 93, 99, 100, 104, 115, 116, 130, 137, 141, 148)),
    *(f"SEC-{number}" for number in (155, 158, 159, 161, 164, 165)),
}
REFUSALS = ("refuse", "invalid", "deny", "ignore", "406", "mismatch", "malformed", "unsupported")


def cases(*topics: str) -> list[dict[str, Any]]:
    return [
        case
        for topic in topics or ("rules",)
        for path in sorted(VECTORS.glob(f"{topic}/*.json"))
        for case in json.loads(path.read_text(encoding="utf-8")).get("cases", ())
    ]


def is_bad(case: dict[str, Any]) -> bool:
    """Tell whether something in the document is not taken: it is refused, or a property says nothing of it."""
    if case["expect"] in ("refuse", "invalid"):
        return True
    return any(value is None or (value in ([], 0) and value is not False) for value in case.get("reads", {}).values())


def test_all_are_right() -> None:
    assert runner.main([str(VECTORS)]) == 0


def test_every_id_is_there_once() -> None:
    ids = [case["id"] for case in cases("rules", "data-integrity", "ld-signatures", *OTHER_TOPICS)]
    assert len(ids) == len(set(ids))


def test_every_rule_has_a_good_and_a_bad_case() -> None:
    found: dict[str, set[bool]] = defaultdict(set)
    for case in cases():
        for rule in case["rule"]:
            found[rule].add(is_bad(case))
    missing = {rule for rule in RULES if found[rule] != {True, False}}
    # What is cut, cleaned or kept is neither refused nor absent.
    assert missing == {"MOD-71", "MOD-72"}
    assert found.keys() == RULES


def test_every_rule_of_proofs_has_a_good_and_a_bad_case() -> None:
    found: dict[str, set[bool]] = defaultdict(set)
    for case in cases("data-integrity", "ld-signatures"):
        for rule in case["rule"]:
            found[rule].add(is_bad(case))
    assert {rule for rule in PROOF_RULES if found[rule] != {True, False}} == set()
    assert found.keys() == PROOF_RULES


def verdicts(case: dict[str, Any]) -> set[bool]:
    """Tell whether a case shows something that is refused or left out (True), that is taken (False), or both."""
    if "strict" in case:
        return {not case[which]["expect"] for which in ("strict", "lenient")}
    if "is_activitypub" in case:
        return {not case["is_activitypub"]}
    if case.get("error"):
        return {True}
    for member in ("expect_inboxes", "partial"):
        if member in case:
            return {not case[member]}
    if "expect_any" in case:
        return {case["input"] not in case["expect_any"]}
    expected = case["expect"]
    if isinstance(expected, dict) and "same_origin" in expected:
        return {not expected["same_origin"]}
    if "input" in case and isinstance(expected, str):  # HTML: whether anything of it is left out
        return {len(expected) < len(case["input"])}
    return {expected in REFUSALS or expected is None or expected == []}


def test_every_other_rule_has_a_good_and_a_bad_case() -> None:
    found: dict[str, set[bool]] = defaultdict(set)
    for case in cases(*OTHER_TOPICS):
        for rule in case["rule"]:
            found[rule] |= verdicts(case)
    assert {rule for rule in OTHER_RULES if found[rule] != {True, False}} == set()
    assert found.keys() == OTHER_RULES
