"""WebFinger (RFC 7033): build and parse JRDs, and fetch them.

Decides what a JRD says and where it is asked for; whether it is true is decided by `handles`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import quote

import attrs

from ..errors import DocumentError, FetchError, FetchRefused, HTTPStatusError, MalformedIri, TypeMismatch
from ..fetch import Budget, Fetcher
from ..ports import store_key
from ..wire.acct import Handle, split
from ..wire.iri import Origin, parse_url
from ..wire.json import JsonObject, JsonValue, parse_object
from ..wire.media_types import ACTIVITY_JSON, is_activity, is_jrd
from .answering import select_links
from .host_meta import fetch_host_meta, fill_template

ACCEPT_JRD = "application/jrd+json, application/json"
REL_SELF = "self"
REL_PROFILE = "http://webfinger.net/rel/profile-page"
REL_AVATAR = "http://webfinger.net/rel/avatar"
REL_SERVICE = "https://www.w3.org/ns/activitystreams#Service"
"""The actor of a server as a whole (FEP-d556)."""

LINKS_COUNT_MAX = 64


@attrs.frozen(kw_only=True)
class JRDLink:
    """One link of a JRD; `href` is an absolute http(s) URL, or None for templates."""

    rel: str
    type: str | None = None
    href: str | None = None
    template: str | None = None


@attrs.frozen(kw_only=True)
class JRD:
    """A JSON Resource Descriptor (RFC 7033 section 4.4); whatever is optional there may be missing here (WF-06).

    Args:
        subject: As given.
        aliases: As given, perhaps of schemes that are no addresses.
        links: In their order.
        properties: Identifiers to texts; None: it says that there is none.
    """

    subject: str | None
    aliases: tuple[str, ...] = ()
    links: tuple[JRDLink, ...] = ()
    properties: dict[str, str | None] = attrs.field(factory=dict[str, str | None])

    def actor_id(self) -> str | None:
        """Give the href of the first self link of an ActivityPub type (WF-02, WF-03)."""
        return self._actor_link(REL_SELF)

    def server_actor_id(self) -> str | None:
        """Give the id of the actor of the server, where this describes one (FEP-d556)."""
        return self._actor_link(REL_SERVICE) or self.actor_id()

    def _actor_link(self, rel: str) -> str | None:
        for link in self.links:
            if link.rel == rel and link.href is not None and link.type is not None and is_activity(link.type):
                return link.href
        return None


def build_jrd(
    handle: Handle,
    actor_id: str,
    *,
    profile_url: str | None = None,
    avatar: JRDLink | None = None,
    links: Sequence[JRDLink] = (),
    rels: Collection[str] = (),
) -> JsonObject:
    """Build the JRD of an actor: exactly one self link, and it comes first (WF-02).

    Args:
        handle: "user@host", the subject.
        actor_id: Where the self link leads: the id verbatim (WF-11).
        profile_url: Page for people.
        avatar: Address and media type of the picture; its relation does not matter (WF-15).
        links: What else there is, such as the places of intents.
        rels: Only links of these relations, if any are named (RFC 7033 section 4.3); subject and aliases stay.
    """
    found = [JRDLink(rel=REL_SELF, type=ACTIVITY_JSON, href=actor_id)]
    aliases: list[JsonValue] = [actor_id]
    if profile_url is not None:
        found.append(JRDLink(rel=REL_PROFILE, type="text/html", href=profile_url))
        if profile_url != actor_id:
            aliases.append(profile_url)
    if avatar is not None:
        found.append(attrs.evolve(avatar, rel=REL_AVATAR))
    dumped: list[JsonValue] = [_dump_link(link) for link in (*found, *links)]
    return select_links({"subject": f"acct:{handle}", "aliases": aliases, "links": dumped}, rels)


def _dump_link(link: JRDLink) -> JsonObject:
    members = {"rel": link.rel, "type": link.type, "href": link.href, "template": link.template}
    return {name: value for name, value in members.items() if value is not None}


def parse_jrd(document: JsonObject) -> JRD:
    """Read a JRD; links with other schemes than http(s) are dropped (SEC-158).

    Raises:
        TypeMismatch: The subject is not text, or `links` is not a list.
    """
    subject = document.get("subject")
    if subject is not None and not isinstance(subject, str):
        raise TypeMismatch("the subject of a JRD is text")
    links = document.get("links", [])
    if not isinstance(links, list):
        raise TypeMismatch("the links of a JRD are a list")
    aliases, properties = document.get("aliases"), document.get("properties")
    named = list(properties.items())[:LINKS_COUNT_MAX] if isinstance(properties, dict) else []
    return JRD(
        subject=subject,
        aliases=tuple(a for a in aliases[:LINKS_COUNT_MAX] if isinstance(a, str)) if isinstance(aliases, list) else (),
        links=_links(links[:LINKS_COUNT_MAX]),
        properties={name: value for name, value in named if value is None or isinstance(value, str)},
    )


def _links(values: Sequence[JsonValue]) -> tuple[JRDLink, ...]:
    links: list[JRDLink] = []
    for value in values:
        if not isinstance(value, dict) or not isinstance(value.get("rel"), str):
            continue
        href, template, kind = value.get("href"), value.get("template"), value.get("type")
        if href is not None and not _is_web_address(href):
            continue
        if template is not None and not (isinstance(template, str) and template.startswith(("https://", "http://"))):
            continue
        links.append(
            JRDLink(
                rel=str(value["rel"]),
                type=kind if isinstance(kind, str) else None,
                href=str(href) if href is not None else None,
                template=template if isinstance(template, str) else None,
            )
        )
    return tuple(links)


def _is_web_address(value: JsonValue) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_url(value)
    except MalformedIri:
        return False
    return True


async def fetch_jrd(fetcher: Fetcher, handle: Handle, budget: Budget) -> JRD:
    """Ask the host of a handle for its JRD; see `fetch_descriptor`."""
    return await fetch_descriptor(fetcher, f"acct:{handle}", split(handle)[1], budget)


async def fetch_descriptor(fetcher: Fetcher, resource: str, host: str, budget: Budget) -> JRD:
    """Ask a host for the JRD of a resource, unsigned (TRU-04: WebFinger is open).

    A host that refuses at the usual place may say in its host metadata where else it answers (WF-07); where that was
    so, it is asked there first the next time.

    Args:
        fetcher: The way out.
        resource: A URI of any scheme.
        host: Whom to ask; perhaps with a port.
        budget: Shared by all steps.

    Raises:
        FetchError: Not to be had.
        DocumentError: Not a JRD.
    """
    base = origin_of_host(fetcher, host)
    key = store_key(fetcher.site, "lrdd", base)
    remembered = await fetcher.ports.store.get(key)
    if remembered is not None:
        try:
            return await _fetch_at(fetcher, fill_template(remembered.decode(), resource), budget)
        except (HTTPStatusError, FetchRefused):  # it has moved again
            await fetcher.ports.store.delete(key)
    url = f"{base}/.well-known/webfinger?resource={quote(resource, safe='')}"
    try:
        return await _fetch_at(fetcher, url, budget)
    except HTTPStatusError as refused:
        template = await _template_of(fetcher, base, budget, refused)
        elsewhere = fill_template(template, resource)
        if elsewhere == url:
            raise
    found = await _fetch_at(fetcher, elsewhere, budget)
    await fetcher.ports.store.put(key, template.encode(), ttl_s=fetcher.config.fetch.actor_fresh_s)
    return found


async def _template_of(fetcher: Fetcher, base: str, budget: Budget, refused: HTTPStatusError) -> str:
    """Ask a host that has refused where else it answers; without any such place, the refusal stands."""
    try:
        template = (await fetch_host_meta(fetcher, base, budget)).webfinger_template()
    except (FetchError, DocumentError) as error:
        raise refused from error
    # Threat: what was asked over TLS is not answered without it (WF-01).
    if template is None or (base.startswith("https://") and not template.lower().startswith("https://")):
        raise refused
    return template


async def _fetch_at(fetcher: Fetcher, url: str, budget: Budget) -> JRD:
    fetched = await fetcher.get(
        url,
        accept=ACCEPT_JRD,
        accepts=is_jrd,
        budget=budget,
        bytes_max=fetcher.config.limits.discovery_bytes_max,
        signed=False,
    )
    try:
        return parse_jrd(parse_object(fetched.body, fetcher.config.limits))
    except DocumentError as error:
        error.context.setdefault("url", url)
        raise


def origin_of_host(fetcher: Fetcher, host: str) -> Origin:
    """Give the origin at which a host answers for itself.

    It is https always, but for hosts that `DevPolicy` lists and that are to be reached without TLS (WF-01).

    Args:
        fetcher: Knows the policy.
        host: Perhaps with a port; as `wire.iri.parse_authority` gives it.
    """
    dev = fetcher.config.dev
    name = host.rpartition(":")[0] or host
    plain = dev is not None and "http" in dev.schemes and dev.ca_file is None and name in dev.hosts
    return Origin(f"{'http' if plain else 'https'}://{host}")
