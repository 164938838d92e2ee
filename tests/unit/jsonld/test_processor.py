"""The door to PyLD: no network, no foreign base, our errors; the W3C's suites run in tests/conformance."""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
from typing import Any

import pytest

from fedtext.errors import ContextRefused, DocumentError, LimitExceeded
from fedtext.jsonld import ACTIVITYSTREAMS, bundled_context, canonize, processor, register_context, registry

AS = f"{ACTIVITYSTREAMS}#"
NOTE: Any = {"@context": ACTIVITYSTREAMS, "type": "Note", "content": "hi", "url": "/1"}


def test_expanding_does_not_change_what_it_is_given() -> None:
    given = copy.deepcopy(NOTE)
    found = processor.expand(given, base=None)
    assert found == [{"@type": [f"{AS}Note"], f"{AS}content": [{"@value": "hi"}], f"{AS}url": [{"@id": "/1"}]}]
    assert given == NOTE


@pytest.mark.spec("SEC-133")
def test_sec_133_relative_ids_stay_relative() -> None:
    document: Any = {"@context": ACTIVITYSTREAMS, "id": "rel/x", "type": "Note", "to": "y"}
    assert processor.expand(document, base=None) == [
        {"@id": "rel/x", "@type": [f"{AS}Note"], f"{AS}to": [{"@id": "y"}]}
    ]
    assert processor.to_rdf(document, base=None) == ""
    based: Any = processor.expand(document, base="https://a.example/b/")
    assert based[0]["@id"] == "https://a.example/b/rel/x"


def test_there_and_back() -> None:
    expanded = processor.expand(NOTE, base=None)
    assert processor.compact(expanded, context=ACTIVITYSTREAMS, base=None) == NOTE
    flat: Any = processor.flatten(NOTE, base=None)
    assert flat[0][f"{AS}content"] == [{"@value": "hi"}]
    quads = processor.to_rdf({**NOTE, "url": "https://a.example/1"}, base=None)
    assert f'<{AS}content> "hi" .' in quads
    back: Any = processor.from_rdf(quads)
    assert back[0][f"{AS}url"] == [{"@id": "https://a.example/1"}]


@pytest.mark.spec("SEC-119")
@pytest.mark.parametrize(
    "context",
    [
        "https://unknown.example/ctx",
        [ACTIVITYSTREAMS, "https://unknown.example/ctx"],
        {"@import": "https://unknown.example/ctx"},
        {"x": {"@id": "https://a.example/x", "@context": "https://unknown.example/ctx"}},
        [f"https://unknown.example/{n}" for n in range(1_000)],
        "file:///etc/passwd",
    ],
)
def test_unknown_contexts_are_refused(context: Any) -> None:
    with pytest.raises(ContextRefused):
        processor.expand({"@context": context, "x": {"y": 1}}, base=None)


BROKEN = [
    {"@context": "relative", "x": 1},
    {"@context": 3},
    {"@context": {"a": 3}},
    {"@context": {"a": {"@id": "b", "@type": 3}}},
    {"@context": {"a": "b", "b": "a"}},
    {"@context": ACTIVITYSTREAMS, "id": 3},
    {"@context": ACTIVITYSTREAMS, "type": 3},
    {"@context": ACTIVITYSTREAMS, "contentMap": {"en": 3}},
    {"@context": ACTIVITYSTREAMS, "content": {"@value": 1, "@id": "x"}},
    {"@context": ACTIVITYSTREAMS, "id": "https://a.example/1", "@id": "https://a.example/2"},
    {"@context": {"@vocab": 3}},
    {"@context": {"@version": 2}},
    "text",
]


@pytest.mark.parametrize("document", BROKEN)
def test_every_error_is_one_of_ours(document: Any) -> None:
    with pytest.raises(DocumentError):
        processor.expand(document, base=None)


@pytest.mark.parametrize("text", ["nonsense", "<a> <b> .", "\x00"])
def test_text_that_is_no_dataset(text: str) -> None:
    with pytest.raises(DocumentError):
        processor.from_rdf(text)


def test_what_is_nested_too_deep_is_refused() -> None:
    document: Any = {"@context": ACTIVITYSTREAMS}
    for _ in range(2_000):
        document = {"https://a.example/x": document}
    with pytest.raises(LimitExceeded):
        processor.expand(document, base=None)


@pytest.mark.spec("SEC-124")
def test_sec_124_each_url_is_loaded_once_per_call() -> None:
    asked: list[str] = []

    def load(url: str) -> Any:
        asked.append(url)
        return {"@context": {"x": f"https://a.example/{len(asked)}"}}

    url = "https://ns.example/changing"
    document: Any = {"@context": url, "x": {"@context": [url, {"y": "https://a.example/y"}, url], "x": 1}}
    found = processor.expand(document, base=None, load=load)
    assert found == [{"https://a.example/1": [{"https://a.example/1": [{"@value": 1}]}]}]
    assert asked == [url]
    assert processor.expand(document, base=None, load=load) != found
    assert asked == [url, url]


@pytest.mark.spec("SEC-124")
def test_sec_124_what_was_loaded_is_kept_for_the_call() -> None:
    asked: list[str] = []
    loader = processor._OncePerCall(lambda url: asked.append(url) or {"@context": {}})
    assert loader("https://ns.example/1")["document"] is loader("https://ns.example/1", {})["document"]
    assert asked == ["https://ns.example/1"]


def test_statements_are_counted_by_their_characters_while_they_are_made() -> None:
    document: Any = {"@id": "urn:s", "urn:p": "x"}
    chars = len('<urn:s><urn:p>"x"')
    assert len(processor.to_quads(document, base=None, chars_max=chars)) == 1
    with pytest.raises(LimitExceeded):
        processor.to_quads(document, base=None, chars_max=chars - 1)


def test_names_that_json_ld_reserves_cause_no_warning() -> None:
    document: Any = {"@context": {"@x": "https://a.example/x", "y": {"@id": "@y"}}, "@x": 1, "y": 2}
    assert processor.expand(document, base=None) == []


def test_bundled_contexts_are_looked_at_once() -> None:
    processor.expand(NOTE, base=None)
    kept = processor._bundled[ACTIVITYSTREAMS]["static"]
    processor.expand(NOTE, base=None)
    assert processor._bundled[ACTIVITYSTREAMS]["static"] is kept
    document: Any = bundled_context(ACTIVITYSTREAMS)
    assert kept[0].document == document["@context"]


def test_caches_are_bounded_and_forgotten() -> None:
    for number in range(processor._CONTEXTS_KEPT_MAX + 10):
        processor.expand({"@context": {"x": f"https://a.example/{number}"}, "x": 1}, base=None)
    assert len(processor._bundled) <= processor._CONTEXTS_KEPT_MAX
    try:
        register_context("https://ns.example/v1", {"@context": {"x": "https://a.example/x"}})
        assert len(processor._bundled) == 0
        assert processor.expand({"@context": "https://ns.example/v1", "x": 1}, base=None) == [
            {"https://a.example/x": [{"@value": 1}]}
        ]
    finally:
        registry._registered.clear()


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_numbers_that_no_double_holds_are_refused(number: int) -> None:
    with pytest.raises(DocumentError):
        processor.to_rdf({"@id": "urn:s", "urn:p": number}, base=None)


@pytest.mark.parametrize("place", ["@id", "@type", "property", "datatype", "graph"])
@pytest.mark.parametrize("iri", ["https://a.example/>", "a:\n", 'a:"', "https://a.example/ b", "a:\ud800"])
def test_no_iri_breaks_out_of_its_statement(iri: str, place: str) -> None:
    whole: Any = {"@id": "urn:s", "urn:p": "x"}
    document: Any = {
        "@id": {**whole, "urn:q": {"@id": iri}},
        "@type": {**whole, "@type": iri},
        "property": {**whole, iri: "y"},
        "datatype": {**whole, "urn:q": {"@value": "y", "@type": iri}},
        "graph": {"@graph": [whole, {"@id": iri, "@graph": [{"@id": "urn:s", "urn:q": "y"}]}]},
    }[place]
    try:
        found = processor.to_rdf(document, base=None)
    except DocumentError:  # a datatype with a space
        return
    assert found == '<urn:s> <urn:p> "x" .\n'


def test_a_malformed_language_is_left_out() -> None:
    value: Any = {"@value": "x", "@language": "en> ."}
    assert processor.to_rdf({"@id": "urn:s", "urn:p": value}, base=None) == ""


def test_datasets_come_back_as_they_were() -> None:
    text = '<urn:s> <urn:p> "\\\\n\\n\\u0041\u2028"@en <urn:g> .\n_:b0 <urn:p> "1"^^<urn:int> _:b1 .\n'
    back = processor.to_rdf(processor.from_rdf(text), base=None)
    assert canonize(back) == canonize(text)
    assert back.startswith('<urn:s> <urn:p> "\\\\n\\nA\u2028"@en <urn:g> .\n_:b')


def long_names(count: int) -> Any:
    prefix = "https://a.example/" + "x" * 100_000
    names: Any = [{"@id": f"p:{n}"} for n in range(count)]
    return {"@context": {"p": f"{prefix}/"}, "@id": "urn:s", "urn:q": names}


@pytest.mark.spec("SEC-119")
@pytest.mark.parametrize("name", ["expand", "flatten", "to_rdf"])
def test_a_long_prefix_is_not_written_out_a_thousand_times(name: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        getattr(processor, name)(long_names(1_000), base=None)
    assert caught.value.context["limit"] == "expanded_chars_max"
    assert getattr(processor, name)(long_names(10), base=None)


def test_names_may_grow_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    document: Any = {"@id": "urn:s", "urn:p": {"@id": "urn:o"}}
    limit = next(limit for limit in range(1_000) if fits(document, limit, monkeypatch))
    assert limit >= len("urn:surn:purn:o")
    assert not fits(document, limit - 1, monkeypatch)


def fits(document: Any, limit: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(processor, "_EXPANDED_CHARS_MAX", limit)
    try:
        processor.expand(document, base=None)
    except LimitExceeded:
        return False
    return True


def test_pyld_is_not_loaded_before_it_is_needed() -> None:
    script = "import sys, fedtext.jsonld, fedtext.jsonld.canonization; print('pyld' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_threads_may_share_it() -> None:
    faults: list[BaseException] = []

    def work(offset: int) -> None:
        try:
            for number in range(40):
                context: Any = [ACTIVITYSTREAMS, {"x": f"https://a.example/{offset * number}"}, {"y": "x:y"}]
                processor.expand({"@context": context, "x": number, "y": 2}, base=None)
        except BaseException as error:  # whatever it is, the test must tell
            faults.append(error)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert faults == []


def test_a_relative_item_of_a_list_is_left_out_of_the_dataset() -> None:
    items = ["rel", "https://a.example/2"]
    document: Any = {"@context": ACTIVITYSTREAMS, "id": "https://a.example/1", "orderedItems": items}
    quads = processor.to_quads(document, base=None)
    assert [quad.object for quad in quads if quad.predicate.endswith("#first>")] == ["<https://a.example/2>"]
