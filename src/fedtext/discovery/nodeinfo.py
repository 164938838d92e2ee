"""NodeInfo 2.0 and 2.1: what a server says of itself (WF-17, SEC-160)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..config import Software
from ..errors import MissingProperty, OriginMismatch
from ..fetch import Budget, Fetcher, origin_or_none
from ..wire.iri import Origin, parse_url
from ..wire.json import JsonObject, JsonValue, parse_object
from ..wire.media_types import is_json_document

SCHEMAS = {version: f"http://nodeinfo.diaspora.software/ns/schema/{version}" for version in ("2.0", "2.1")}
_COUNT_MAX = 2**53 - 1
_NAME_CHARS_MAX = 128
_LINKS_MAX = 32


@attrs.frozen(kw_only=True)
class NodeInfo:
    """What matters of a NodeInfo document; counts that are not plausible are None."""

    software: str
    version: str
    protocols: tuple[str, ...]
    users_total: int | None
    posts_total: int | None
    open_registrations: bool


def build_nodeinfo_index(origin: Origin) -> JsonObject:
    """Build `/.well-known/nodeinfo`."""
    return {"links": [{"rel": schema, "href": f"{origin}/nodeinfo/{version}"} for version, schema in SCHEMAS.items()]}


def build_nodeinfo(
    software: Software,
    *,
    version: str = "2.1",
    users_total: int | None = None,
    posts_total: int | None = None,
    contact: str | None = None,
) -> JsonObject:
    """Build a NodeInfo document; unknown counts are left out rather than invented, `contact` stands in metadata."""
    usage: JsonObject = {"users": {} if users_total is None else {"total": users_total}}
    if posts_total is not None:
        usage["localPosts"] = posts_total
    return {
        "version": version,
        "software": {"name": software.name, "version": software.version},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": usage,
        "metadata": {} if contact is None else {"contact": contact},
    }


def parse_nodeinfo(document: JsonObject) -> NodeInfo:
    """Read a NodeInfo document, typed and capped.

    Raises:
        MissingProperty: No software name.
    """
    software = _mapping(document.get("software"))
    name = software.get("name")
    if not isinstance(name, str) or not name:
        raise MissingProperty("a NodeInfo document names its software")
    version = software.get("version")
    usage = _mapping(document.get("usage"))
    protocols = document.get("protocols")
    return NodeInfo(
        software=name[:_NAME_CHARS_MAX],
        version=version[:_NAME_CHARS_MAX] if isinstance(version, str) else "",
        protocols=tuple(p for p in protocols[:16] if isinstance(p, str)) if isinstance(protocols, list) else (),
        users_total=_count(_mapping(usage.get("users")).get("total")),
        posts_total=_count(usage.get("localPosts")),
        open_registrations=document.get("openRegistrations") is True,
    )


async def fetch_nodeinfo(fetcher: Fetcher, origin: Origin, budget: Budget) -> NodeInfo:
    """Fetch the newest NodeInfo of an origin; its documents must lie on the same origin.

    Raises:
        OriginMismatch: The index leads elsewhere.
        FetchError: Not to be had.
        DocumentError: Not a NodeInfo document.
    """
    bytes_max = fetcher.config.limits.discovery_bytes_max
    index_url = f"{origin}/.well-known/nodeinfo"
    found = await fetcher.get(
        index_url, accept="application/json", accepts=is_json_document, budget=budget, bytes_max=bytes_max, signed=False
    )
    href = choose_nodeinfo(parse_object(found.body, fetcher.config.limits))
    if href is None:
        raise MissingProperty("no NodeInfo 2.0 or 2.1 is linked", origin=origin)
    if parse_url(href).origin != origin:
        raise OriginMismatch("the NodeInfo document lies on another origin", href=href, origin=origin)
    fetched = await fetcher.get(
        href, accept="application/json", accepts=is_json_document, budget=budget, bytes_max=bytes_max, signed=False
    )
    if parse_url(fetched.url).origin != origin:
        raise OriginMismatch("the NodeInfo document is answered by another origin", url=fetched.url, origin=origin)
    return parse_nodeinfo(parse_object(fetched.body, fetcher.config.limits))


def choose_nodeinfo(index: JsonObject) -> str | None:
    """Give the address of the newest version that we read, as `/.well-known/nodeinfo` links it; None: there is none."""
    links = index.get("links")
    hrefs: dict[JsonValue, str] = {}
    for link in links[:_LINKS_MAX] if isinstance(links, list) else []:
        if isinstance(link, dict) and isinstance(link.get("rel"), str) and origin_or_none(link.get("href")) is not None:
            hrefs[link["rel"]] = str(link["href"])
    return hrefs.get(SCHEMAS["2.1"], hrefs.get(SCHEMAS["2.0"]))


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _count(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _COUNT_MAX:
        return None
    return value
