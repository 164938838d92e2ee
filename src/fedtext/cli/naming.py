"""From "module:name" to what is served: a Federation, a Social, an ASGI application, or a callable that makes one."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeVar, cast

import attrs

from ..errors import ConfigurationError
from ..runtime import Federation
from ..runtime.asgi import ASGIApp
from ..social import Social
from ..social.pages import Pages

T = TypeVar("T")


@attrs.frozen
class Served:
    """What a name stands for: an ASGI application, and the federation in it where it is known."""

    app: ASGIApp
    federation: Federation | None


def load(name: str) -> Served:
    """Import what "module:name" names; the present folder is searched first.

    Raises:
        ConfigurationError: There is no such module or name, or it is nothing that can be served.
    """
    thing = _import(name)
    if inspect.isfunction(thing) and not inspect.signature(thing).parameters:
        thing = thing()
    if isinstance(thing, Federation):
        return Served(thing.asgi(), thing)
    if isinstance(thing, Social):
        return Served(thing.federation.asgi(Pages(thing)), thing.federation)
    if callable(thing):
        inner = getattr(thing, "federation", None)
        return Served(cast("ASGIApp", thing), inner if isinstance(inner, Federation) else None)
    raise ConfigurationError("this is no Federation, no Social and no ASGI application", name=name)


def load_federation(name: str) -> Federation:
    """Import the federation that "module:name" names.

    Raises:
        ConfigurationError: As `load`, or there is no federation in it.
    """
    served = load(name)
    if served.federation is None:
        raise ConfigurationError("there is no Federation in it: name the Federation or Social itself", name=name)
    return served.federation


def carried_out(name: str, act: Callable[[Federation], Awaitable[T]]) -> T:
    """Import the federation that "module:name" names, do something with it, and close what that has opened.

    Raises:
        ConfigurationError: As `load_federation`.
    """
    federation = load_federation(name)

    async def run() -> T:
        try:
            return await act(federation)
        finally:
            await federation.ports.close()

    return asyncio.run(run())


def _import(name: str) -> Any:
    module_name, separator, path = name.partition(":")
    if not separator or not module_name or not path:
        raise ConfigurationError("write module:name, as in blog.federation:fed", name=name)
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        thing: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise ConfigurationError("there is no such module here", module=module_name) from error
        raise
    for part in path.split("."):
        try:
            thing = getattr(thing, part)
        except AttributeError as error:
            raise ConfigurationError("the module has no such name", module=module_name, name=path) from error
    return thing
