"""NodeInfo: what a server says of itself; written in versions 2.0 and 2.1, read from 1.0 to 2.2.

Decides which document of an index is read, and what of it is plausible; refuses to draw conclusions: what a server can
do is never told by the name of its software (NI-06).

Invariants:
    - figures that are not known are left out, never invented (NI-06); those that are not plausible are None (SEC-160);
    - texts are printable, of one line and bounded; they are text, to be escaped by whoever shows them;
    - addresses are absolute http(s) URLs; a document lies on the origin that it speaks for.

Sources: NodeInfo protocol and schemas 1.0 to 2.2; FEP-f1d5; FEP-0151; FEP-2677; WF-17; SEC-160.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import attrs

from ..config import Software
from ..errors import ConfigurationError, MissingProperty, OriginMismatch
from ..fetch import Budget, Fetcher, origin_or_none
from ..wire.iri import Origin, parse_url
from ..wire.json import JsonObject, JsonValue, parse_object
from ..wire.media_types import JSON, is_json_document

REL_APPLICATION: Final = "https://www.w3.org/ns/activitystreams#Application"
"""The actor of a server as a whole (FEP-2677)."""

_READ: Final = ("2.2", "2.1", "2.0", "1.1", "1.0")  # the newest first (NI-02)
WRITTEN_VERSIONS: Final = ("2.0", "2.1")
_COUNT_MAX: Final = 2**53 - 1
_NAME_CHARS_MAX: Final = 128
_TEXT_CHARS_MAX: Final = 5_000
_PROTOCOLS_COUNT_MAX: Final = 16
_STAFF_COUNT_MAX: Final = 64
_LINKS_COUNT_MAX: Final = 32


def schema_of(version: str) -> str:
    """Give the relation, and the name, of a version of the schema."""
    return f"http://nodeinfo.diaspora.software/ns/schema/{version}"


@attrs.frozen(kw_only=True)
class NodeInfo:
    """What matters of a NodeInfo document; counts that are not plausible are None.

    Args:
        software: Name of the software, as it stands there.
        version: Of the software; "" when it is not told.
        protocols: Names; of the old versions, those of both directions.
        users_total: Accounts.
        posts_total: Posts of its own people.
        open_registrations: Whether anybody may join.
        schema: Version of the document, such as "2.1"; "" when it is not told.
        users_active_month: Accounts that signed in within 30 days.
        users_active_half_year: Accounts that signed in within 180 days.
        comments_total: Comments of its own people.
        name: What the server is called.
        description: What it is about.
        staff: Ids of the actors of those who run it (FEP-0151).
        repository: Address of the source of the software.
        homepage: Address of the software's home page.
    """

    software: str
    version: str
    protocols: tuple[str, ...]
    users_total: int | None
    posts_total: int | None
    open_registrations: bool
    schema: str = ""
    users_active_month: int | None = None
    users_active_half_year: int | None = None
    comments_total: int | None = None
    name: str | None = None
    description: str | None = None
    staff: tuple[str, ...] = ()
    repository: str | None = None
    homepage: str | None = None


def _check_count(_instance: object, attribute: attrs.Attribute[int | None], value: int | None) -> None:
    if value is not None and _count(value) is None:
        raise ConfigurationError("a count of NodeInfo is a whole number from 0 on", name=attribute.name, value=value)


@attrs.frozen(kw_only=True)
class ServerFacts:
    """What an application tells of its server; what it does not know stays None and is left out (NI-06).

    Args:
        users_total: Accounts.
        users_active_month: Accounts that signed in within 30 days.
        users_active_half_year: Accounts that signed in within 180 days.
        posts_total: Posts of its own people.
        comments_total: Comments of its own people.
        open_registrations: Whether anybody may join.
        name: What the server is called.
        description: What it is about.
        staff: Ids of the actors of those who run it.
        repository: Address of the source of the software.
        homepage: Address of the software's home page.
        metadata: Anything else, for example "faspBaseUrl"; it goes before the names above.

    Raises:
        ConfigurationError: A count that is none.
    """

    users_total: int | None = attrs.field(default=None, validator=_check_count)
    users_active_month: int | None = attrs.field(default=None, validator=_check_count)
    users_active_half_year: int | None = attrs.field(default=None, validator=_check_count)
    posts_total: int | None = attrs.field(default=None, validator=_check_count)
    comments_total: int | None = attrs.field(default=None, validator=_check_count)
    open_registrations: bool = False
    name: str | None = None
    description: str | None = None
    staff: tuple[str, ...] = ()
    repository: str | None = None
    homepage: str | None = None
    metadata: Mapping[str, JsonValue] = attrs.field(factory=dict[str, JsonValue])


_NOTHING: Final = ServerFacts()


def build_nodeinfo_index(origin: Origin, *, application: str | None = None) -> JsonObject:
    """Build `/.well-known/nodeinfo`.

    Args:
        origin: Where the documents lie.
        application: Id of the actor of the server (FEP-2677).
    """
    hrefs = {schema_of(version): f"{origin}/nodeinfo/{version}" for version in WRITTEN_VERSIONS}
    if application is not None:
        hrefs[REL_APPLICATION] = application
    return {"links": [{"rel": rel, "href": href} for rel, href in hrefs.items()]}


def build_nodeinfo(
    software: Software, *, version: str = "2.1", facts: ServerFacts = _NOTHING, contact: str | None = None
) -> JsonObject:
    """Build a NodeInfo document; unknown figures are left out, `contact` stands in metadata.

    Args:
        software: Name and version.
        version: "2.0" or "2.1"; only the latter names repository and home page.
        facts: What the application tells.
        contact: How to reach the people behind it.
    """
    named: JsonObject = {"name": software.name, "version": software.version}
    if version != "2.0":
        named |= _known(repository=facts.repository, homepage=facts.homepage)
    users = _known(
        total=facts.users_total, activeHalfyear=facts.users_active_half_year, activeMonth=facts.users_active_month
    )
    usage = _known(localPosts=facts.posts_total, localComments=facts.comments_total)
    about = _known(nodeName=facts.name, nodeDescription=facts.description, contact=contact)
    if facts.staff:
        about["staffAccounts"] = [*facts.staff]
    return {
        "version": version,
        "software": named,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": facts.open_registrations,
        "usage": {"users": users, **usage},
        "metadata": {**about, **facts.metadata},
    }


def _known(**members: JsonValue) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def parse_nodeinfo(document: JsonObject) -> NodeInfo:
    """Read a NodeInfo document of any version, typed and capped.

    Raises:
        MissingProperty: No software name.
    """
    software = _mapping(document.get("software"))
    name = _text(software.get("name"), _NAME_CHARS_MAX)
    if name is None:
        raise MissingProperty("a NodeInfo document names its software")
    usage, instance = _mapping(document.get("usage")), _mapping(document.get("instance"))
    users, metadata = _mapping(usage.get("users")), _mapping(document.get("metadata"))
    return NodeInfo(
        software=name,
        version=_text(software.get("version"), _NAME_CHARS_MAX) or "",
        protocols=_protocols(document.get("protocols")),
        users_total=_count(users.get("total")),
        posts_total=_count(usage.get("localPosts")),
        open_registrations=document.get("openRegistrations") is True,
        schema=_text(document.get("version"), _NAME_CHARS_MAX) or "",
        users_active_month=_count(users.get("activeMonth")),
        users_active_half_year=_count(users.get("activeHalfyear")),
        comments_total=_count(usage.get("localComments")),
        name=_text(instance.get("name"), _NAME_CHARS_MAX) or _text(metadata.get("nodeName"), _NAME_CHARS_MAX),
        description=_text(instance.get("description"), _TEXT_CHARS_MAX)
        or _text(metadata.get("nodeDescription"), _TEXT_CHARS_MAX),
        staff=_addresses(metadata.get("staffAccounts")),
        repository=_address(software.get("repository")),
        homepage=_address(software.get("homepage")),
    )


async def fetch_nodeinfo(fetcher: Fetcher, origin: Origin, budget: Budget) -> NodeInfo:
    """Fetch the newest NodeInfo of an origin; its documents must lie on the same origin.

    Raises:
        OriginMismatch: The index leads elsewhere.
        FetchError: Not to be had: for good where it is refused, worth another try where the host fails (NI-05).
        DocumentError: Not a NodeInfo document.
    """
    href = choose_nodeinfo(await fetch_nodeinfo_index(fetcher, origin, budget))
    if href is None:
        raise MissingProperty("no NodeInfo of a known version is linked", origin=origin)
    if parse_url(href).origin != origin:
        raise OriginMismatch("the NodeInfo document lies on another origin", href=href, origin=origin)
    answered_by, document = await _fetch_json(fetcher, href, budget)
    if parse_url(answered_by).origin != origin:
        raise OriginMismatch("the NodeInfo document is answered by another origin", url=answered_by, origin=origin)
    return parse_nodeinfo(document)


async def fetch_nodeinfo_index(fetcher: Fetcher, origin: Origin, budget: Budget) -> JsonObject:
    """Fetch `/.well-known/nodeinfo` of an origin; see `fetch_nodeinfo`."""
    _answered_by, index = await _fetch_json(fetcher, f"{origin}/.well-known/nodeinfo", budget)
    return index


async def _fetch_json(fetcher: Fetcher, url: str, budget: Budget) -> tuple[str, JsonObject]:
    limits = fetcher.config.limits
    fetched = await fetcher.get(
        url, accept=JSON, accepts=is_json_document, budget=budget, bytes_max=limits.discovery_bytes_max, signed=False
    )
    return fetched.url, parse_object(fetched.body, limits)


def choose_nodeinfo(index: JsonObject) -> str | None:
    """Give the address of the newest version that we read, as `/.well-known/nodeinfo` links it; None: there is none."""
    schemas = [schema_of(version) for version in _READ]
    hrefs = _hrefs(index, schemas)
    return next((hrefs[schema] for schema in schemas if schema in hrefs), None)


def application_of(index: JsonObject) -> str | None:
    """Give the id of the actor of the server, as `/.well-known/nodeinfo` links it (FEP-2677); None: there is none."""
    return _hrefs(index, [REL_APPLICATION]).get(REL_APPLICATION)


def _hrefs(index: JsonObject, rels: Collection[str]) -> dict[str, str]:
    """Give the last address of each of some relations; those of others are not even read."""
    links = index.get("links")
    hrefs: dict[str, str] = {}
    for link in links[:_LINKS_COUNT_MAX] if isinstance(links, list) else []:
        if isinstance(link, dict) and isinstance(rel := link.get("rel"), str) and rel in rels:
            href = _address(link.get("href"))
            hrefs |= {} if href is None else {rel: href}
    return hrefs


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _protocols(value: JsonValue) -> tuple[str, ...]:
    """Read the names; versions 1.0 and 1.1 sort them by direction."""
    directions = [value.get("inbound"), value.get("outbound")] if isinstance(value, dict) else [value]
    names: dict[str, None] = {}
    for named in directions:
        for name in named[:_PROTOCOLS_COUNT_MAX] if isinstance(named, list) else []:
            if (text := _text(name, _NAME_CHARS_MAX)) is not None:
                names[text] = None
    return tuple(names)[:_PROTOCOLS_COUNT_MAX]


def _text(value: JsonValue, chars_max: int) -> str | None:
    """Read a text of one line; None where there is nothing to see."""
    if not isinstance(value, str):
        return None
    return "".join(c if c.isprintable() else " " for c in value[:chars_max]).strip() or None


def _address(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and origin_or_none(value) is not None else None


def _addresses(value: JsonValue) -> tuple[str, ...]:
    found = [_address(item) for item in value[:_STAFF_COUNT_MAX]] if isinstance(value, list) else []
    return tuple(address for address in found if address is not None)


def _count(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _COUNT_MAX:
        return None
    return value
