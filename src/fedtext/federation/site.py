"""A site: one origin whose actors are served here."""

from __future__ import annotations

from typing import Any

import attrs

from ..wire.iri import Origin, parse_url


@attrs.frozen(kw_only=True)
class Site:
    """One site.

    Args:
        origin: "https://blog.example": ids of its actors and objects begin with it.
        handle_host: Host in its handles; differs from the origin's in split-domain set-ups (WF-09).
        state: Anything that the application wants to find in `context.site.state`.
    """

    origin: Origin
    handle_host: str
    state: Any = None

    # Found out once, since each request asks.
    authority: str = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _authority_of(self), takes_self=True)
    )
    """Host and, if not the default one, port of the origin."""
    authorities: frozenset[str] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _authorities_of(self), takes_self=True)
    )
    """Hosts under which requests are taken."""
    origins: frozenset[Origin] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: frozenset({self.origin}), takes_self=True)
    )
    """Origins that are served here."""


def _authority_of(site: Site) -> str:
    return parse_url(site.origin).authority


def _authorities_of(site: Site) -> frozenset[str]:
    return frozenset({site.authority})
