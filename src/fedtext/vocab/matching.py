"""Which activities a listener's key stands for: `Create`, `Create[Note]`, `Activity`, an own type."""

from __future__ import annotations

import types
from typing import Any, Union, cast, get_args, get_origin

from ..errors import ConfigurationError, DocumentError
from .activities import Activity
from .model import ModelType
from .objects import Object


def listener_key(key: object) -> tuple[type[Activity], tuple[type[Object], ...]]:
    """Take a listener's key apart.

    Args:
        key: A class of activities, or one with the class (or a union of classes) of its object: `Create[Note]`.

    Returns:
        The class of activities, and the classes of which its embedded object must be one; none: any object will do.

    Raises:
        ConfigurationError: It is something else.
    """
    cls = get_origin(key) or key
    if not isinstance(cls, type) or not issubclass(cls, Activity):
        raise ConfigurationError("a listener's key is a class of activities, like Create or Create[Note]", key=key)
    wanted = [_class_of(member) for argument in get_args(key) for member in _members(argument)]
    return cast("type[Activity]", cls), tuple(wanted)


def matches(activity: Activity, key: object) -> bool:
    """Tell whether an activity is one that a listener's key stands for.

    Args:
        activity: Loaded.
        key: See `listener_key`. With the class of an object only embedded objects count: what is only named by its
            id has no type yet.

    Raises:
        ConfigurationError: The key is not one.
    """
    if isinstance(key, ModelType) and issubclass(key, Activity):  # nearly always: there is nothing to take apart
        return isinstance(activity, key)
    cls, wanted = listener_key(key)
    if not isinstance(activity, cls):
        return False
    if not wanted:
        return True
    try:
        return isinstance(activity.object, wanted)
    except DocumentError:
        return False


def _members(argument: Any) -> tuple[Any, ...]:
    return get_args(argument) if get_origin(argument) in (Union, types.UnionType) else (argument,)


def _class_of(argument: Any) -> type[Object]:
    cls = get_origin(argument) or argument
    if isinstance(cls, type) and issubclass(cls, Object):
        return cls
    raise ConfigurationError("the object of a listener's key is a class of objects", argument=argument)
