"""Which representation is sent, what counts as a document, and what a page names as its other form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fedtext.dispatch import document_response, failure, redirect_to_html
from fedtext.errors import NotAcceptable
from fedtext.http import Request
from fedtext.wire.links import find_alternate
from fedtext.wire.media_types import Representation, is_activity, prefers_html

from ..cases import Case, Overrides, listed, own_case, wanted

_WORDS: Final = {Representation.ACTIVITY: "as2", Representation.HTML: "html", Representation.NONE: "406"}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the three files."""
    for case, _ in listed(folder, "accept.json"):
        want = [str(verdict) for verdict in wanted(case)]
        yield own_case("accept.json", case, want, lambda case=case: _choose(case["accept"]))
    for case, _ in listed(folder, "content-type.json"):
        want = wanted(case, "is_activitypub")
        yield own_case(
            "content-type.json", case, want, lambda case=case: is_activity(case["content_type"]), refused=False
        )
    for case, _ in listed(folder, "html-discovery.json"):
        yield own_case(
            "html-discovery.json",
            case,
            wanted(case),
            lambda case=case: find_alternate(case["page"], case["link_header"], case["html"]),
            refused=None,
        )


def _choose(accept: str | None) -> str:
    """Choose as the server does where it has a page and a document: whoever says nothing gets the page."""
    chosen = prefers_html(accept, default=Representation.HTML)
    request = Request.to("https://a.example/notes/1")
    answers = {
        Representation.ACTIVITY: document_response({}, request),
        Representation.HTML: redirect_to_html("https://a.example/@a/1", "https://a.example/1"),
        Representation.NONE: failure(NotAcceptable()),
    }
    named = (answers[chosen].headers.get("vary") or "").lower()
    return _WORDS[chosen] if "accept" in named else "without Accept in Vary"
