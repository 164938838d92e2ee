"""Host metadata (RFC 6415): where a host answers for its handles when it is not at the usual place (WF-07).

Reads and writes XRD and its JSON form; knows links and properties, nothing else.

Threat: XML brings entities, external files and bombs of both (SEC-159). A document type declaration is refused as
soon as it is met, before anything in it is read; the encoding is UTF-8 whatever the document says; what arrives is
bounded by `discovery_bytes_max` already.

Sources: RFC 6415; XRD 1.0 section 2.
"""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote
from xml.parsers import expat

import attrs

from ..config import Limits
from ..errors import DocumentError, MalformedText
from ..fetch import Budget, Fetcher
from ..wire.iri import Origin
from ..wire.json import JsonObject, JsonValue, dump, parse_object
from ..wire.media_types import JRD_JSON, JSON, is_json_document, parse_media_type

# JSON is asked for first: it declares nothing (SEC-159).
ACCEPT_HOST_META: Final = (
    "application/jrd+json, application/json;q=0.9, application/xrd+xml;q=0.8, application/xml;q=0.7"
)
REL_LRDD: Final = "lrdd"
XRD_XML: Final = "application/xrd+xml"
HOST_META_TYPES: Final = (XRD_XML, JSON, JRD_JSON)

_XRD: Final = "http://docs.oasis-open.org/ns/xri/xrd-1.0"
_XML_TYPES: Final = ("application/xrd+xml", "application/xml", "text/xml")
_GAP: Final = "{uri}"
_LINKS_MAX: Final = 64
_DEFAULT_LIMITS: Final = Limits()


@attrs.frozen(kw_only=True)
class HostLink:
    """One link: an address, or a template with "{uri}" in the place of what is asked for."""

    rel: str
    type: str | None = None
    href: str | None = None
    template: str | None = None


@attrs.frozen(kw_only=True)
class HostMeta:
    """What a host says of itself: links in their order, and properties (None: it says that it has none)."""

    links: tuple[HostLink, ...] = ()
    properties: dict[str, str | None] = attrs.field(factory=dict[str, str | None])

    def webfinger_template(self) -> str | None:
        """Give the first LRDD template that is a web address with a gap for the resource."""
        for link in self.links:
            template = link.template or ""
            if link.rel == REL_LRDD and _GAP in template and template.startswith(("https://", "http://")):
                return template
        return None

    def webfinger_url(self, resource: str) -> str | None:
        """Give the address that answers for a resource, by the first LRDD template that is a web address."""
        template = self.webfinger_template()
        return None if template is None else fill_template(template, resource)


def fill_template(template: str, resource: str) -> str:
    """Put a resource in its place in an LRDD template (RFC 6415 section 3.1.1.1: `{uri}` and nothing else)."""
    return template.replace(_GAP, quote(resource, safe=""))


def build_host_meta(origin: Origin) -> HostMeta:
    """Build the metadata of a host: where it answers WebFinger (WF-08, HM-01).

    Args:
        origin: Where the answers come from.
    """
    template = f"{origin}/.well-known/webfinger?resource={{uri}}"
    return HostMeta(links=(HostLink(rel=REL_LRDD, type=JRD_JSON, template=template),))


def dump_host_meta(host_meta: HostMeta, media_type: str) -> bytes:
    """Write host metadata as JSON, or as XRD without a document type declaration.

    Args:
        host_meta: What is written.
        media_type: JSON where it is one of its types, XRD otherwise.
    """
    links = [_link_members(link) for link in host_meta.links]
    if is_json_document(media_type):
        return dump({"links": [*links], "properties": {**host_meta.properties}})
    written = [
        "".join(["<Link", *(f' {name}="{escape(str(value))}"' for name, value in members.items()), "/>"])
        for members in links
    ]
    for name, value in host_meta.properties.items():
        written.append(f'<Property type="{escape(name)}">{escape(value or "")}</Property>')
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<XRD xmlns="{_XRD}">', *written, "</XRD>", ""]
    return "\n".join(lines).encode()


def _link_members(link: HostLink) -> JsonObject:
    members = {"rel": link.rel, "type": link.type, "href": link.href, "template": link.template}
    return {name: value for name, value in members.items() if value is not None}


def parse_host_meta(body: bytes, media_type: str, limits: Limits = _DEFAULT_LIMITS) -> HostMeta:
    """Read host metadata.

    Args:
        body: As fetched.
        media_type: Decides between XML and JSON.
        limits: For JSON.

    Raises:
        DocumentError: Neither XRD nor its JSON form, or XML with a document type declaration.
    """
    if is_json_document(media_type):
        return _from_json(body, limits)
    return _from_xml(body)


def is_host_meta(media_type: str) -> bool:
    """Tell whether a media type can be host metadata."""
    if is_json_document(media_type):
        return True
    try:
        return parse_media_type(media_type).type in _XML_TYPES
    except DocumentError:
        return False


async def fetch_host_meta(fetcher: Fetcher, base: str, budget: Budget) -> HostMeta:
    """Fetch the metadata of a host.

    Args:
        fetcher: The way out.
        base: "https://host".
        budget: Shared by all steps.

    Raises:
        FetchError: Not to be had.
        DocumentError: See `parse_host_meta`.
    """
    fetched = await fetcher.get(
        f"{base}/.well-known/host-meta",
        accept=ACCEPT_HOST_META,
        accepts=is_host_meta,
        budget=budget,
        bytes_max=fetcher.config.limits.discovery_bytes_max,
        signed=False,
    )
    return parse_host_meta(fetched.body, fetched.media_type, fetcher.config.limits)


def _from_json(body: bytes, limits: Limits) -> HostMeta:
    document = parse_object(body, limits)
    links, properties = document.get("links"), document.get("properties")
    found = [_link(item) for item in links[:_LINKS_MAX] if isinstance(item, dict)] if isinstance(links, list) else []
    named = properties if isinstance(properties, dict) else {}
    return HostMeta(
        links=tuple(link for link in found if link is not None),
        properties={name: value for name, value in named.items() if value is None or isinstance(value, str)},
    )


def _link(item: dict[str, JsonValue] | dict[str, str]) -> HostLink | None:
    rel, kind, href, template = item.get("rel"), item.get("type"), item.get("href"), item.get("template")
    if not isinstance(rel, str):
        return None
    return HostLink(
        rel=rel,
        type=kind if isinstance(kind, str) else None,
        href=href if isinstance(href, str) else None,
        template=template if isinstance(template, str) else None,
    )


class _Reader:
    """Collects the links and properties at the top of an XRD."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.links: list[HostLink] = []
        self.properties: dict[str, str | None] = {}
        self.property: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        if self.path == [f"{_XRD} XRD", f"{_XRD} Link"] and len(self.links) < _LINKS_MAX:
            link = _link(attributes)
            self.links += [] if link is None else [link]
        if self.path == [f"{_XRD} XRD", f"{_XRD} Property"]:
            self.property = attributes.get("type")
            if self.property is not None:
                self.properties[self.property] = None

    def text(self, data: str) -> None:
        if self.property is not None and len(self.path) == 2:
            self.properties[self.property] = (self.properties[self.property] or "") + data

    def end(self, _name: str) -> None:
        self.path.pop()
        self.property = None if len(self.path) < 2 else self.property

    def refuse(self, *_declaration: object) -> None:
        raise MalformedText("a document type declaration is refused")


def _from_xml(body: bytes) -> HostMeta:
    reader = _Reader()
    parser = expat.ParserCreate("UTF-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(body.decode("utf-8-sig").encode(), True)  # a byte order mark would change the encoding again
    except (expat.ExpatError, ValueError) as error:
        raise MalformedText("not XML that can be read") from error
    return HostMeta(links=tuple(reader.links), properties=reader.properties)
