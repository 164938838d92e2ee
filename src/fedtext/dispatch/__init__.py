"""Serve what we are: actors, objects, collections, and who may see them."""

from .access import Viewer, addressees, embedded, may_see, may_see_whole
from .clients import owners_activity
from .memory import Memory
from .paging import Page, PageRequest
from .responses import (
    CURSOR_CHARS_MAX,
    Sharing,
    Written,
    accepted,
    alternate_link,
    collection,
    collection_page,
    created,
    document_response,
    failure,
    gone,
    json_response,
    redirect_to_html,
)

__all__ = [
    "CURSOR_CHARS_MAX",
    "Memory",
    "Page",
    "PageRequest",
    "Sharing",
    "Viewer",
    "Written",
    "accepted",
    "addressees",
    "alternate_link",
    "collection",
    "collection_page",
    "created",
    "document_response",
    "embedded",
    "failure",
    "gone",
    "json_response",
    "may_see",
    "may_see_whole",
    "owners_activity",
    "redirect_to_html",
]
