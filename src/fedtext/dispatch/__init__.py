"""Serve what we are: actors, objects, collections, and who may see them."""

from .access import Viewer, addressees, may_see
from .paging import Page, PageRequest
from .responses import (
    CURSOR_CHARS_MAX,
    accepted,
    collection,
    collection_page,
    document_response,
    failure,
    gone,
    json_response,
    redirect_to_html,
)

__all__ = [
    "CURSOR_CHARS_MAX",
    "Page",
    "PageRequest",
    "Viewer",
    "accepted",
    "addressees",
    "collection",
    "collection_page",
    "document_response",
    "failure",
    "gone",
    "json_response",
    "may_see",
    "redirect_to_html",
]
