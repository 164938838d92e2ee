"""The one table of terms."""

from __future__ import annotations

from fedtext.jsonld.terms import EXTENSIONS, PREFIXES, expand_prefix, protected_terms, standard_iris


def test_protected_names_have_a_standard_meaning() -> None:
    known = standard_iris()
    for term, iri in protected_terms().items():
        if term not in ("id", "type", "as"):
            assert known[term] == iri
    assert known["inbox"] == "http://www.w3.org/ns/ldp#inbox"


def test_every_extension_has_an_iri_and_its_prefix_is_known() -> None:
    known = standard_iris()
    for term in EXTENSIONS:
        assert known[term].startswith(("https://", "http://")), term


def test_prefixes_are_written_out() -> None:
    assert expand_prefix("as:Note", PREFIXES) == "https://www.w3.org/ns/activitystreams#Note"
    for kept in ("https://a.example/x", "unknown:x", "Note"):
        assert expand_prefix(kept, PREFIXES) == kept
