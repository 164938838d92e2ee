"""A second opinion on canonical datasets."""

from __future__ import annotations

import sys

import pytest

from fedtext.errors import ConfigurationError, DocumentError
from fedtext.jsonld import canonize
from fedtext.testing import canonize_with_oxigraph

DATASET = (
    "_:x <https://a.example/p> _:y .\n"
    "_:y <https://a.example/p> _:x .\n"
    '_:y <https://a.example/q> "v"@en <https://a.example/g> .\n'
)


def test_both_agree() -> None:
    assert canonize_with_oxigraph(DATASET) == canonize(DATASET)
    assert canonize_with_oxigraph("") == ""


def test_what_is_no_dataset_is_refused() -> None:
    with pytest.raises(DocumentError):
        canonize_with_oxigraph("_:x <https://a.example/p> .\n")


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyoxigraph", None)
    with pytest.raises(ConfigurationError) as caught:
        canonize_with_oxigraph(DATASET)
    assert caught.value.context["install"] == "pip install 'fedtext[rdf]'"
