"""A site: one origin whose actors are served here."""

from __future__ import annotations

from functools import lru_cache
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

    @property
    def authority(self) -> str:
        """Host and, if not the default one, port of the origin."""
        return _authority_of(self.origin)

    @property
    def authorities(self) -> frozenset[str]:
        """Hosts under which requests are taken."""
        return _authorities_of(self.origin)


# Each request asks; a process serves few sites.
@lru_cache(maxsize=256)
def _authority_of(origin: Origin) -> str:
    return parse_url(origin).authority


@lru_cache(maxsize=256)
def _authorities_of(origin: Origin) -> frozenset[str]:
    return frozenset({_authority_of(origin)})
