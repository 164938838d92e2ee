"""What people are told of a signature, word for word: each step, what is not covered, and what other servers refuse.

The words are written down in `words.json`. After a change that is meant, draw them anew:

    FEDTEXT_DRAW_WORDS=1 python -m pytest tests/unit/signatures/test_words.py
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.signing import KEY_ID, NOW_S, OWNER, answer, message, signed

from fedtext.config import Limits, Scheme, SignaturePolicy
from fedtext.http import Response
from fedtext.keys import VerificationKey
from fedtext.signatures import Advice, Examination, advise, examine, examine_response, sign_response

from . import test_advice as advice
from . import test_examination as examination
from .test_examination import ANY, BODY, ED25519, HOSTS, KEY, OTHER, RSA, looked_at, post

FILE = Path(__file__).with_name("words.json")
IS_DRAWN = os.environ.get("FEDTEXT_DRAW_WORDS") == "1"
_FINGERPRINT = re.compile(r"\b[0-9a-f]{64}\b")

Told = list[Any]


def told_of(found: tuple[Advice, ...]) -> Told:
    return [[one.rule, one.text, *one.servers] for one in found]


def told(found: Examination) -> dict[str, Told]:
    """Give the words, without what is another in every run."""
    steps = [
        [step.name, step.outcome.value, _FINGERPRINT.sub("…", step.detail), step.error, step.hint]
        for step in found.steps
    ]
    base = [] if found.base is None else found.base.decode("latin-1").split("\n")
    return {"steps": steps, "base": base, "uncovered": list(found.uncovered), "advice": told_of(found.advice)}


def requests() -> Iterator[tuple[str, Callable[[], Any]]]:
    for number, (change, _, _) in enumerate(examination.CAVAGE):
        yield f"draft-cavage {number}", lambda change=change: told(looked_at(change(post())))
    for number, (change, _, _) in enumerate(examination.RFC9421):
        yield f"RFC 9421 {number}", lambda change=change: told(looked_at(change(post(Scheme.RFC9421))))
    swapped, listed = VerificationKey(KEY_ID, OWNER, OTHER.public), VerificationKey(f"{OWNER}#old", OWNER, RSA.public)
    keys = {
        "none": [],
        "its own": [KEY],
        "any": [ANY],
        "another": [OTHER],
        "two": [swapped, listed],
        "another kind": [VerificationKey(KEY_ID, OWNER, ED25519.public)],
        "of a stranger": [attrs.evolve(KEY, key_id="x")],
    }
    for scheme in Scheme:
        for name, given in keys.items():
            yield (
                f"{scheme.value}, key: {name}",
                lambda scheme=scheme, given=given: told(looked_at(post(scheme), given)),
            )
        yield (
            f"{scheme.value}, key: rotated",
            lambda scheme=scheme: told(looked_at(post(scheme, key_id=f"{OWNER}#new"), [swapped, listed])),
        )
        for later_s in (0, 1, 0.9, 3_600, 3_601, 4_000, -1, -300, -301):
            yield (
                f"{scheme.value}, {later_s} s later",
                lambda scheme=scheme, later_s=later_s: told(looked_at(post(scheme), now_s=NOW_S + later_s)),
            )
    ending = f'{examination.PARAMETERS};expires={NOW_S + 5};tag="other"'
    for later_s in (4, 5, 5.5, 15):
        yield (
            f"an own end, {later_s} s later",
            lambda later_s=later_s: told(looked_at(signed(message(), RSA, parameters=ending), now_s=NOW_S + later_s)),
        )
    policy = SignaturePolicy(tags=frozenset({"own"}))
    yield (
        "another tag",
        lambda: told(
            examine(signed(message(), RSA, parameters=ending), [KEY], now_s=NOW_S, authorities=HOSTS, policy=policy)[0]
        ),
    )
    created = examination.parameter('headers="(request-target) host date', 'headers="(request-target) host (created)')
    yield "a time that is not given", lambda: told(looked_at(created(post())))
    short = Limits(signature_bytes_max=100)
    yield "too long", lambda: told(examine(post(), [KEY], now_s=NOW_S, authorities=HOSTS, limits=short)[0])


def responses() -> Iterator[tuple[str, Callable[[], Any]]]:
    for number, (found, keys, request, _) in enumerate(examination.RESPONSES):
        yield (
            f"response {number}",
            lambda found=found, keys=keys, request=request: told(
                examine_response(found, keys, now_s=NOW_S, request=request)[0]
            ),
        )
    bare = sign_response(Response(status=200), RSA, key_id=KEY_ID, now_s=NOW_S)
    ed25519 = VerificationKey(KEY_ID, OWNER, ED25519.public)
    for name, key in (("its own", KEY), ("another kind", ed25519), ("another", attrs.evolve(OTHER, key_id=KEY_ID))):
        yield f"response, key: {name}", lambda key=key: told(examine_response(bare, [key], now_s=NOW_S)[0])
    yield "response, late", lambda: told(examine_response(bare, [KEY], now_s=NOW_S + 4_000)[0])
    cut = attrs.evolve(bare, body=BODY)
    yield "response, with a body that is not signed", lambda: told(examine_response(cut, [KEY], now_s=NOW_S)[0])
    short = Limits(signature_bytes_max=100)
    yield "response, too long", lambda: told(examine_response(bare, [KEY], now_s=NOW_S, limits=short)[0])
    yield "response, unsigned", lambda: told(examine_response(answer(), [KEY], now_s=NOW_S)[0])


def advices() -> Iterator[tuple[str, Callable[[], Any]]]:
    for number, (change, _, _, _) in enumerate(advice.CAVAGE):
        yield f"advice {number}", lambda change=change: told_of(advise(change(advice.cavage())))
    for number, (request, _) in enumerate(advice.RFC9421):
        yield f"advice for RFC 9421 {number}", lambda request=request: told_of(advise(request))
    yield "advice for Ed25519", lambda: told_of(advise(post(signer=ED25519)))
    yield "advice for several labels", lambda: told_of(advise(advice.two_labels()))
    short = Limits(signature_bytes_max=100)
    yield "no advice where nothing can be read", lambda: told_of(advise(post(), limits=short))


CASES = dict([*requests(), *responses(), *advices()])
WORDS: dict[str, Any] = {} if IS_DRAWN else json.loads(FILE.read_text("utf-8"))


@pytest.fixture(scope="module", autouse=True)
def _words_are_written_down() -> Iterator[None]:
    yield
    if IS_DRAWN:
        lines = (f"{json.dumps(case)}: {json.dumps(words, ensure_ascii=False)}" for case, words in WORDS.items())
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


@pytest.mark.parametrize("case", CASES)
def test_what_people_are_told(case: str) -> None:
    found = CASES[case]()
    if IS_DRAWN:
        WORDS[case] = found
    assert found == WORDS[case]


def test_nothing_is_written_down_that_nobody_says() -> None:
    assert IS_DRAWN or WORDS.keys() == CASES.keys()
