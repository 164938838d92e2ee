"""The runner itself, and the library over the shared cases: what is green stays green, what is not only rises."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conformance import cases, runner, topics
from tests.conformance.cases import Case, NotYet, Override, Overrides

from fedtext.errors import MalformedJSON
from fedtext.wire.multibase import Codec

# Every case of these passes.
GREEN = frozenset(
    {
        "activitypub",
        "as2",
        "content-digest",
        "contexts",
        "crypto",
        "data-integrity",
        "did-key",
        "fep",
        "followers-sync",
        "formats",
        "html",
        "http-signatures",
        "idna",
        "interop",
        "jcs",
        "json",
        "json-ld",
        "ld-signatures",
        "multibase",
        "negotiation",
        "nodeinfo",
        "origin",
        "rdf-canon",
        "ssrf",
        "structured-fields",
        "uri-template",
        "url",
        "webfinger",
    }
)

# Of these so many cases pass today. The numbers rise with the library and never sink.
RATCHET = {
    "audience": 0,
    "oauth": 0,
    "portable": 0,
    "quotes": 0,
}


def case_of(run: Callable[[], Any], *want: Any, **options: Any) -> Case:
    return Case(file="f.json", id=str(options.pop("id", "x")), want=want, run=run, **options)


def outcome(case: Case, overrides: Overrides | None = None) -> str:
    return runner.run_case("t/f.json#x", case, overrides or Overrides()).outcome


def fail(error: BaseException) -> Callable[[], Any]:
    def run() -> Any:
        raise error

    return run


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A folder with two topics: one of which a case fails, one that passes."""
    (tmp_path / "json").mkdir()
    for name, text in {"y_good": "[1]", "n_bad": "[1,", "y_wrong": "[1,]"}.items():
        (tmp_path / "json" / f"{name}.json").write_text(text)
    (tmp_path / "json" / "PROVENANCE.md").write_text("not a case")
    (tmp_path / "negotiation").mkdir()
    accept = {"schema": "fedtext-vector/1", "cases": [{"id": "none", "accept": None, "expect": "html"}]}
    (tmp_path / "negotiation" / "accept.json").write_text(json.dumps(accept))
    return tmp_path


# -- the command line -------------------------------------------------------------------------------------------


def test_one_line_a_topic_and_the_failures(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main([str(vectors)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "json 2/3",
        "  json/y_wrong.json#y_wrong: want accept, got refuse",
        "negotiation 1/1",
    ]


def test_only_the_named_topics_count(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main([str(vectors), "--topic", "negotiation"]) == 0
    assert capsys.readouterr().out == "negotiation 1/1\n"
    assert runner.main([str(vectors), "--topic", "negotiation", "--topic", "json"]) == 1


def test_json_is_one_object(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main([str(vectors), "--json"]) == 1
    counts = {"pass": 2, "fail": 1, "skip": 0, "contested": 0, "not_implemented": 0}
    assert json.loads(capsys.readouterr().out) == {
        "topics": {"json": counts, "negotiation": {**counts, "pass": 1, "fail": 0}},
        "failures": [{"case": "json/y_wrong.json#y_wrong", "want": "accept", "got": "refuse"}],
    }


@pytest.mark.parametrize("topic", ["nonsense", "html", ".."])
def test_an_absent_topic_is_an_error(topic: str, vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main([str(vectors), "--topic", topic]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert topic in captured.err


def test_an_absent_folder_is_an_error(tmp_path: Path) -> None:
    assert runner.main([str(tmp_path / "absent")]) == 2


def test_a_folder_that_is_no_topic_is_told_of(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (vectors / "nonsense").mkdir()
    runner.main([str(vectors)])
    assert "nonsense" in capsys.readouterr().err


def test_a_case_that_cannot_be_read_fails_and_the_other_topics_are_run(
    vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_verdict = {"schema": "fedtext-vector/1", "cases": [{"id": "a", "header": "", "sender": "x"}]}
    (vectors / "followers-sync").mkdir()
    (vectors / "followers-sync" / "header.json").write_text(json.dumps(without_verdict))
    (vectors / "html").mkdir()
    (vectors / "html" / "mastodon-like.json").write_text("{")
    assert runner.main([str(vectors)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "followers-sync 0/1",
        "  followers-sync (what follows): want a readable case, got KeyError: 'sender_followers'",
    ]
    assert lines[2:4] == ["html 0/1", lines[3]]
    assert "want a readable case, got JSONDecodeError" in lines[3]
    assert lines[-1] == "negotiation 1/1"


def test_a_file_of_cases_that_nobody_knows_is_told_of(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accept = (vectors / "negotiation" / "accept.json").read_text()
    (vectors / "negotiation" / "more").mkdir()
    (vectors / "negotiation" / "more" / "accept.json").write_text(accept)
    (vectors / "negotiation" / "none.json").write_text('{"schema": "fedtext-vector/1", "cases": []}')
    assert runner.main([str(vectors), "--topic", "negotiation"]) == 0
    assert capsys.readouterr().err == "not known as a file of cases: negotiation/more/accept.json\n"


def test_a_topic_without_cases_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "json").mkdir()
    assert runner.main([str(tmp_path), "--topic", "json"]) == 0
    assert capsys.readouterr().out == "json 0/0\n"


def test_what_is_not_implemented_fails_only_when_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "later").mkdir()
    document = {"schema": "fedtext-vector/1", "cases": [{"id": "a"}, {"id": "b"}]}
    (tmp_path / "later" / "cases.json").write_text(json.dumps(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(topics.TOPICS, "later", cases.pending)
        assert runner.main([str(tmp_path)]) == 0
        assert capsys.readouterr().out == "later not implemented\n"
        assert runner.main([str(tmp_path), "--topic", "later"]) == 1


# -- one case ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "want", "expected"),
    [
        (lambda: "a", ("a",), "pass"),
        (lambda: "b", ("a", "b"), "pass"),
        (lambda: "c", ("a", "b"), "fail"),
        (fail(MalformedJSON()), ("refuse",), "pass"),
        (fail(MalformedJSON()), ("accept",), "fail"),
        (fail(ValueError("of nobody's tree")), ("refuse",), "fail"),
        (fail(RecursionError()), ("accept", "refuse"), "fail"),
        (fail(NotYet()), ("accept",), "not_implemented"),
        (lambda: time.sleep(5), ("a",), "fail"),
    ],
)
def test_cases_are_judged(run: Callable[[], Any], want: tuple[Any, ...], expected: str) -> None:
    assert outcome(case_of(run, *want, seconds_max=0.02)) == expected


def test_an_error_stands_for_the_word_that_the_case_has_for_it() -> None:
    assert outcome(case_of(fail(MalformedJSON()), None, refused=None)) == "pass"
    assert outcome(case_of(fail(MalformedJSON()), "allow", refused=None)) == "fail"


@pytest.mark.parametrize("verdict", ["refuse", "refused", "invalid"])
def test_an_error_is_any_word_for_a_refusal(verdict: str) -> None:
    assert outcome(case_of(fail(MalformedJSON()), verdict, refused="deny")) == runner.PASS
    assert outcome(case_of(fail(MalformedJSON()), verdict, refused=None)) == runner.PASS
    assert outcome(case_of(lambda: "allow", verdict, refused="deny")) == runner.FAIL
    assert outcome(case_of(fail(ValueError()), verdict)) == runner.FAIL
    assert case_of(fail(MalformedJSON()), verdict, refused="deny").is_refusal


def test_what_works_too_long_fails_though_it_is_right() -> None:
    def work() -> str:
        end_s = time.process_time() + 0.05
        while time.process_time() < end_s:
            pass
        return "a"

    assert outcome(case_of(work, "a", seconds_max=0.02)) == "fail"
    assert outcome(case_of(work, "a", seconds_max=5)) == "pass"


# -- overrides --------------------------------------------------------------------------------------------------

OVERRIDES = Overrides(
    {"exact": {"verdict": "refuse"}, "skipped": {"verdict": "skip"}},
    (
        {"match": "s*", "upstream": "valid", "verdict": "invalid"},
        {"match": "s*", "expect_any": ["accept", "refuse"]},
        {"match": "*-as-*", "expect_any": ["dropped"], "property": "p"},
    ),
)


@pytest.mark.parametrize(
    ("case_id", "upstream", "want"),
    [
        ("exact", "accept", ("refuse",)),
        ("skipped", "accept", ("skip",)),
        ("some", "valid", ("invalid",)),
        ("some", "other", ("accept", "refuse")),
        ("x-as-y", "accept", ("dropped",)),
        ("none", "accept", None),
    ],
)
def test_overrides_are_found(case_id: str, upstream: str, want: tuple[str, ...] | None) -> None:
    found = OVERRIDES.find(case_id, (upstream,))
    assert (None if found is None else found.want) == want


def test_overrides_beat_the_verdict_and_skip(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = {"cases": {"n_bad": {"verdict": "skip"}}, "rules": [{"match": "y_w*", "verdict": "refuse"}]}
    (vectors / "json" / "OVERRIDES.json").write_text(json.dumps(document))
    assert runner.main([str(vectors), "--topic", "json"]) == 0
    assert capsys.readouterr().out == "json 2/2 (1 skipped)\n"


def test_patterns_do_not_touch_cases_of_our_own_schema() -> None:
    everything = Overrides({}, ({"match": "*", "verdict": "refuse"},))
    assert outcome(case_of(lambda: "read", "read", own=True), everything) == "pass"
    assert outcome(case_of(lambda: "read", "read"), everything) == "fail"
    assert Overrides({"x": {"verdict": "skip"}}).find("x", own=True) == Override(
        want=("skip",), skip=True, property=None
    )


# -- contests ---------------------------------------------------------------------------------------------------


def contested(count: int, *, total: int, case: Case) -> dict[str, int]:
    """Run a topic in which so many cases are contested and as many fail."""
    good = case_of(lambda: "a", "a")

    def give(_folder: Path, _overrides: Overrides) -> Any:
        for index in range(total):
            yield Case(
                file="f", id=str(index), want=(case if index < count else good).want, run=case.run, refused=case.refused
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(topics.TOPICS, "t", give)
        report = runner.run_topic("t", Path(), {f"t/f#{index}": "because" for index in range(count)})
    return {word: report.count(word) for word in ("pass", "fail", "contested")}


def test_one_percent_of_a_topic_may_be_contested() -> None:
    wrong = case_of(lambda: "a", "b")
    assert contested(1, total=100, case=wrong) == {"pass": 99, "fail": 0, "contested": 1}
    assert contested(2, total=100, case=wrong) == {"pass": 98, "fail": 1, "contested": 1}
    assert contested(1, total=99, case=wrong) == {"pass": 98, "fail": 1, "contested": 0}


def test_nobody_contests_that_something_is_refused() -> None:
    accepting = case_of(lambda: "a", "refuse")
    assert contested(1, total=100, case=accepting) == {"pass": 99, "fail": 1, "contested": 0}


def test_a_contest_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "contested.toml"
    path.write_text('[[contested]]\ncase = "t/f#1"\nreason = "why"\n')
    assert runner.read_contested(path) == {"t/f#1": "why"}
    path.write_text('[[contested]]\ncase = "t/f#1"\n')
    with pytest.raises(ValueError, match="reason"):
        runner.read_contested(path)


def test_the_list_of_contests_is_readable() -> None:
    assert all(name.partition("/")[0] in topics.TOPICS for name in runner.read_contested())


# -- the library ------------------------------------------------------------------------------------------------


def test_every_topic_is_held() -> None:
    assert GREEN | RATCHET.keys() | {"rules"} == topics.TOPICS.keys()  # our own cases: test_own_vectors.py
    assert not GREEN & RATCHET.keys()


@pytest.mark.parametrize("topic", sorted(GREEN))
def test_green_topics_stay_green(topic: str, vectors_root: Path) -> None:
    report = runner.run_topic(topic, vectors_root / topic)
    assert [(failure.name, failure.want, failure.got) for failure in report.failures] == []
    assert report.is_implemented
    assert report.count("pass") > 0


@pytest.mark.parametrize("topic", sorted(RATCHET))
def test_the_other_topics_never_sink(topic: str, vectors_root: Path) -> None:
    report = runner.run_topic(topic, vectors_root / topic)
    assert report.count("pass") >= RATCHET[topic]
    if report.is_implemented and not report.failures and report.results:
        pytest.fail(f"{topic} is green: hold it so", pytrace=False)


CODECS = {
    "ed25519-pub": "ED25519_PUBLIC",
    "p256-pub": "P256_PUBLIC",
    "rsa-pub": "RSA_PUBLIC",
    "mldsa-44-pub": "MLDSA44_PUBLIC",
    "ed25519-priv": "ED25519_SECRET",
    "p256-priv": "P256_SECRET",
    "rsa-priv": "RSA_SECRET",
    "mldsa-44-priv": "MLDSA44_SECRET",
    "mldsa-44-priv-seed": "MLDSA44_SEED",
}


@pytest.mark.vectors("multibase/multicodec-*.csv")
def test_the_codes_of_keys_are_those_of_the_table(vector_file: Path) -> None:
    _, *lines = vector_file.read_text(encoding="utf-8").splitlines()
    rows = [[column.strip() for column in line.split(",")] for line in lines if line.strip()]
    codes = {row[0]: int(row[2], 16) for row in rows}
    assert {name: Codec[member].code for name, member in CODECS.items() if name in codes} == {
        name: code for name, code in codes.items() if name in CODECS
    }
    assert CODECS.keys() & codes.keys()
