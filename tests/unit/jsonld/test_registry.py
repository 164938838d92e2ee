"""Contexts at hand: what is shipped is what its index says, and nothing else is ever asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from fedtext.errors import ConfigurationError, ContextRefused
from fedtext.jsonld import ACTIVITYSTREAMS, bundled_context, is_bundled, register_context, registry

DATA = files("fedtext.jsonld") / "data"
NEW = "https://ns.example/v1"
WAVE: Any = {"@context": {"Wave": "https://ns.example/Wave"}}


@pytest.fixture
def unregistered() -> Iterator[None]:
    yield
    registry._registered.clear()


@pytest.mark.parametrize("entry", registry.index(), ids=lambda entry: entry["file"])
def test_a_shipped_context_is_the_one_that_the_index_describes(entry: Any) -> None:
    content = (DATA / entry["file"]).read_bytes()
    assert sha256(content).hexdigest() == entry["sha256"]
    assert entry["licence"]
    assert entry["source"]
    for url in entry["urls"]:
        assert bundled_context(url) == json.loads(content)


def test_every_shipped_file_is_in_the_index_and_in_the_notice() -> None:
    notice = (DATA / "NOTICE").read_text(encoding="utf-8").replace("\n", " ")
    listed = {entry["file"] for entry in registry.index()}
    assert listed == {path.name for path in DATA.iterdir() if path.name.endswith(".jsonld")}
    for file in listed:
        assert f" {file.removesuffix('.jsonld')}" in notice, file


def test_the_copies_have_not_drifted_from_their_sources(vectors_root: Path) -> None:
    published = json.loads((vectors_root / "contexts" / "index.json").read_text(encoding="utf-8"))["contexts"]
    theirs = {entry["file"]: entry["sha256"] for entry in published}
    for entry in registry.index():
        assert theirs.get(entry["file"], entry["sha256"]) == entry["sha256"]


@pytest.mark.spec("JLD-04")
@pytest.mark.parametrize(
    "url",
    [
        ACTIVITYSTREAMS,
        "https://w3id.org/security/v1",
        "https://w3id.org/security/v2",
        "https://w3id.org/identity/v1",
        "https://w3id.org/security/data-integrity/v1",
        "https://w3id.org/security/data-integrity/v2",
        "https://w3id.org/security/multikey/v1",
        "https://www.w3.org/ns/cid/v1",
        "https://www.w3.org/ns/did/v1",
        "https://purl.archive.org/socialweb/webfinger",
        "https://purl.archive.org/miscellany",
        "https://gotosocial.org/ns",
        "https://join-lemmy.org/context.json",
        "https://funkwhale.audio/ns",
        "http://joinmastodon.org/ns",
    ],
)
def test_the_contexts_of_this_network_are_there(url: str) -> None:
    assert is_bundled(url)
    assert "@context" in bundled_context(url)


@pytest.mark.spec("JLD-03")
@pytest.mark.parametrize("suffix", ["", "#", ".jsonld"])
def test_other_spellings_of_activitystreams(suffix: str) -> None:
    expected = bundled_context(ACTIVITYSTREAMS)
    assert bundled_context(ACTIVITYSTREAMS + suffix) == expected
    if suffix != ".jsonld":
        assert bundled_context("http://www.w3.org/ns/activitystreams" + suffix) == expected


def test_every_servers_own_copy_of_a_context_is_answered() -> None:
    one = bundled_context("https://one.example/schemas/litepub-0.1.jsonld")
    assert one == bundled_context("https://other.example/schemas/litepub-0.1.jsonld")
    for url in ("http://one.example/schemas/litepub-0.1.jsonld", "https://one.example/a/schemas/litepub-0.1.jsonld"):
        assert not is_bundled(url)


@pytest.mark.spec("SEC-119")
@pytest.mark.parametrize("url", ["https://unknown.example/ctx", "", "https://", "/x", "file:///etc/passwd"])
def test_an_unknown_context_is_refused_not_fetched(url: str) -> None:
    assert not is_bundled(url)
    with pytest.raises(ContextRefused):
        bundled_context(url)


def test_what_is_handed_out_is_a_copy() -> None:
    document: Any = bundled_context(ACTIVITYSTREAMS)
    document["@context"]["actor"] = "https://evil.example/actor"
    again: Any = bundled_context(ACTIVITYSTREAMS)
    assert again["@context"]["actor"] == {"@id": "as:actor", "@type": "@id"}


@pytest.mark.usefixtures("unregistered")
def test_an_extension_adds_its_context() -> None:
    given = json.loads(json.dumps(WAVE))
    register_context(NEW, given)
    given["@context"].clear()
    assert is_bundled(NEW)
    assert bundled_context(NEW) == WAVE
    register_context(NEW, WAVE)  # the same once more


@pytest.mark.usefixtures("unregistered")
@pytest.mark.parametrize(
    ("url", "document"),
    [
        (ACTIVITYSTREAMS, WAVE),
        ("https://any.example/schemas/litepub-0.1.jsonld", WAVE),
        ("relative", WAVE),
        ("ftp://ns.example/v1", WAVE),
        ("https://ns.example/" + "x" * 2_030, WAVE),
        (NEW, {"Wave": "https://ns.example/Wave"}),
        (NEW, [WAVE]),
        (NEW, None),
        (NEW, {"@context": {"x": object()}}),
        (NEW, {"@context": {"x": float("nan")}}),
        (NEW, {"@context": {"x": "y" * 1_048_576}}),
    ],
)
def test_nothing_else_is_taken(url: str, document: Any) -> None:
    with pytest.raises(ConfigurationError):
        register_context(url, document)


@pytest.mark.usefixtures("unregistered")
def test_a_registration_is_not_replaced() -> None:
    register_context(NEW, WAVE)
    with pytest.raises(ConfigurationError):
        register_context(NEW, {"@context": {}})


@pytest.mark.usefixtures("unregistered")
def test_the_largest_document_is_taken() -> None:
    frame = len('{"@context": {"x": ""}}')
    register_context(NEW, {"@context": {"x": "y" * (1_048_576 - frame)}})
    with pytest.raises(ConfigurationError):
        register_context(f"{NEW}/more", {"@context": {"x": "y" * (1_048_577 - frame)}})


@pytest.mark.usefixtures("unregistered")
def test_the_longest_url_is_taken() -> None:
    register_context("https://ns.example/" + "x" * 2_029, WAVE)
