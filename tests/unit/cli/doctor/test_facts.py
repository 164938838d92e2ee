"""What can be read from answers."""

from __future__ import annotations

import attrs
import pytest
from tests.doctor_facts import ACTOR, ID, SECURE, SENT_S, SILENT, SOUND, answer, with_actor, with_answer

from fedtext.cli.doctor.facts import WORDS_BYTES_MAX, Answer, Facts, Question, url_of


def test_an_answer_that_did_not_come() -> None:
    assert (SILENT.status, SILENT.media_type, SILENT.body, SILENT.document) == (0, "", b"", None)
    assert SILENT.header("date") == ""
    assert SILENT.told() == "no answer: no connection came about"
    assert SOUND.response(Question.ACTOR) is SOUND.of(Question.ACTOR)
    silent = with_answer(Question.ACTOR, SILENT)
    assert silent.response(Question.ACTOR) is None
    assert silent.of(Question.ACTOR) is SILENT


def test_an_answer_that_came() -> None:
    assert answer(ACTOR).document == ACTOR
    assert answer(ACTOR, status=404).document is None
    assert answer(b"[]").document is None
    assert answer(status=404, kind="").told() == "404, no media type"
    assert answer(b"one\n two\xff" + b"x" * 200).words == f"one two\ufffd{'x' * (WORDS_BYTES_MAX - 9)}"


def test_the_actor_is_what_was_given_to_who_may_see_it() -> None:
    assert SOUND.actor is not None
    assert SOUND.actor.preferred_username == "bob"
    assert not SOUND.is_secure
    assert SECURE.is_secure
    assert SECURE.document == ACTOR
    assert with_answer(Question.ACTOR_SIGNED, None, SECURE).document is None
    assert with_actor(type="Note").actor is None
    assert Facts().document is None


@pytest.mark.spec("SIG-05")
@pytest.mark.parametrize(
    ("given", "off_s"),
    [
        (answer(), 0.0),
        (answer(age="30"), 30.0),
        (answer(age="-30"), 0.0),
        (answer(date="yesterday"), None),
        (attrs.evolve(answer(), seen_s=SENT_S + 5), -5.0),
        (SILENT, None),
    ],
)
def test_clocks_are_compared_by_date_and_age(given: Answer, off_s: float | None) -> None:
    assert Facts(answers={Question.ACTOR: given}).clock_off_s == off_s


@pytest.mark.parametrize("value", [None, 7, "", "/users/1", "mailto:a@b.example"])
def test_what_is_no_address(value: object) -> None:
    assert url_of(value) is None
    assert str(url_of(ID)) == ID
