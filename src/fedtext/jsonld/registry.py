"""The contexts that we have at hand: those in the package, and those that a plug-in adds. Nothing is ever fetched.

Invariants: a context that is bundled is never replaced; what is handed out is never changed by us and is a copy for
callers outside of this package; the package's files are read once per process, each when it is first asked for.

This is the one module of the core that reads files: the data of its own package.

Sources: JLD-04, SEC-119; `data/index.json` names source and licence of each file.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, TypedDict, cast

from ..errors import ConfigurationError, ContextRefused
from ..wire.json import JsonObject
from .terms import ACTIVITYSTREAMS

# Interop: spellings of well-known addresses that documents of this network carry (JLD-03).
_ALIASES: Final[dict[str, str]] = {
    "http://w3id.org/security/v1": "https://w3id.org/security/v1",
    **dict.fromkeys(
        (
            "http://www.w3.org/ns/activitystreams",
            "http://www.w3.org/ns/activitystreams#",
            f"{ACTIVITYSTREAMS}#",
            f"{ACTIVITYSTREAMS}.jsonld",
        ),
        ACTIVITYSTREAMS,
    ),
}
_ANY_HOST: Final = "https://*/"
_URL_CHARS_MAX: Final = 2_048
_DOCUMENT_CHARS_MAX: Final = 1_048_576  # as JSON

_registered: Final[dict[str, JsonObject]] = {}
# What empties the caches of that which follows from contexts; called when one is added.
_forgetting: Final[list[Callable[[], None]]] = []


class _Entry(TypedDict):
    """A line of the index."""

    file: str
    urls: list[str]
    sha256: str
    licence: str
    source: str


def bundled_context(url: str) -> JsonObject:
    """Give the document behind the URL of a context.

    Args:
        url: As a document names it.

    Returns:
        A copy of the document, with its `@context`.

    Raises:
        ContextRefused: It is neither in the package nor registered.
    """
    return copy.deepcopy(shared_context(url))


def is_bundled(url: str) -> bool:
    """Tell whether `bundled_context` has an answer for a URL."""
    return url in _registered or _file_of(url) is not None


def register_context(url: str, document: JsonObject) -> None:
    """Add the context of an extension, so that documents that name it are read by it.

    Args:
        url: Absolute http or https URL, at most 2,048 characters.
        document: An object with `@context`, as JSON at most 1,048,576 characters; copied.

    Raises:
        ConfigurationError: The URL is not one or has a context already, or the document is none.

    Example:
        >>> register_context("https://ns.example/v1", {"@context": {"Wave": "https://ns.example/Wave"}})
    """
    if not url.startswith(("https://", "http://")) or len(url) > _URL_CHARS_MAX:
        raise ConfigurationError("a context is registered under an absolute http or https URL", url=url)
    if type(document) is not dict or "@context" not in document:
        raise ConfigurationError("a context document is an object with @context", url=url)
    if _chars_of(document, url) > _DOCUMENT_CHARS_MAX:
        raise ConfigurationError("a context document is at most 1,048,576 characters long", url=url)
    if is_bundled(url) and shared_context(url) != document:
        raise ConfigurationError("this URL has another context already", url=url)
    _registered[url] = copy.deepcopy(document)
    for forget in _forgetting:
        forget()


def canonical_url(url: str) -> str:
    """Give the address of a context for the other spellings of it that are in use."""
    return _ALIASES.get(url, url)


def when_registered(forget: Callable[[], None]) -> None:
    """Have a cache emptied whenever a context is added."""
    _forgetting.append(forget)


def shared_context(url: str) -> JsonObject:
    """Give the document behind the URL of a context, for this package alone: not to be changed.

    Raises:
        ContextRefused: It is neither in the package nor registered.
    """
    found = _registered.get(url)
    if found is not None:
        return found
    file = _file_of(url)
    if file is None:
        raise ContextRefused("the context is not one that we have, and contexts are never fetched", url=url)
    return _read(file)


def _chars_of(document: JsonObject, url: str) -> int:
    try:
        return len(json.dumps(document, allow_nan=False, ensure_ascii=False))
    except (RecursionError, TypeError, ValueError) as error:
        raise ConfigurationError("a context document is JSON", url=url) from error


def _file_of(url: str) -> str | None:
    found = _by_url().get(canonical_url(url))
    if found is None and url.startswith("https://"):
        path = url[len("https://") :].partition("/")[2]
        found = _by_url().get(_ANY_HOST + path) if path else None
    return found


@cache
def _by_url() -> dict[str, str]:
    return {url: entry["file"] for entry in index() for url in entry["urls"]}


@cache
def index() -> tuple[_Entry, ...]:
    """Give the list of the contexts in the package: file, URLs, SHA-256, licence and source of each.

    A URL with the host `*` stands for the copies that every server of a kind serves itself.
    """
    return tuple(cast("list[_Entry]", json.loads(_text("index.json"))))


@lru_cache(maxsize=128)
def _read(file: str) -> JsonObject:
    return cast("JsonObject", json.loads(_text(file)))


def _text(file: str) -> str:
    return (files("fedtext.jsonld") / "data" / file).read_text(encoding="utf-8")
