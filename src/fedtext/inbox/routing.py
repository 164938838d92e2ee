"""Which listeners an activity goes to: by type and supertype, in order of registration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ..vocab import Activity, matches


@attrs.frozen
class Listener:
    """A callback and what it listens to: `Create`, `Create[Note]`, an own type, or `Activity` for all."""

    key: object
    callback: Callable[..., Any]


def select(listeners: Sequence[Listener], activity: Activity) -> list[Listener]:
    """Give the listeners that an activity goes to."""
    return [listener for listener in listeners if matches(activity, listener.key)]
