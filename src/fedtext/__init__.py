"""fedtext: host text-post actors on the open social network (ActivityPub) from any Python web app.

The names here are the public promise; they are imported when first used, so that `import fedtext` costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Config, DevPolicy, Limits, Scheme, Software
    from .errors import FedtextError
    from .runtime import (
        BlockingContext,
        Context,
        Federation,
        Local,
        Page,
        PageRequest,
        Router,
        Site,
        StoredKeys,
        connect,
    )
    from .vocab import (
        PUBLIC,
        Accept,
        Activity,
        Actor,
        Announce,
        Application,
        Block,
        Create,
        Delete,
        Flag,
        Follow,
        Group,
        Like,
        Mention,
        Note,
        Object,
        Organization,
        Person,
        Reject,
        Service,
        Undo,
        Update,
        Visibility,
        dump,
        load,
        prop,
    )

_HOMES = {
    "config": ("Config", "DevPolicy", "Limits", "Scheme", "Software"),
    "errors": ("FedtextError",),
    "runtime": (
        "BlockingContext",
        "Context",
        "Federation",
        "Local",
        "Page",
        "PageRequest",
        "Router",
        "Site",
        "StoredKeys",
        "connect",
    ),
    "vocab": (
        "PUBLIC",
        "Accept",
        "Activity",
        "Actor",
        "Announce",
        "Application",
        "Block",
        "Create",
        "Delete",
        "Flag",
        "Follow",
        "Group",
        "Like",
        "Mention",
        "Note",
        "Object",
        "Organization",
        "Person",
        "Reject",
        "Service",
        "Undo",
        "Update",
        "Visibility",
        "dump",
        "load",
        "prop",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "PUBLIC",
    "Accept",
    "Activity",
    "Actor",
    "Announce",
    "Application",
    "Block",
    "BlockingContext",
    "Config",
    "Context",
    "Create",
    "Delete",
    "DevPolicy",
    "Federation",
    "FedtextError",
    "Flag",
    "Follow",
    "Group",
    "Like",
    "Limits",
    "Local",
    "Mention",
    "Note",
    "Object",
    "Organization",
    "Page",
    "PageRequest",
    "Person",
    "Reject",
    "Router",
    "Scheme",
    "Service",
    "Site",
    "Software",
    "StoredKeys",
    "Undo",
    "Update",
    "Visibility",
    "connect",
    "dump",
    "load",
    "prop",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'fedtext' has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
