"""One name, both colours: `fed.publish(post)` and `await fed.publish.aio(post)`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from ..ports import PortSet
from ..sync import run_sync
from .served import Served

P = ParamSpec("P")
T = TypeVar("T")

Body = Callable[Concatenate[Any, PortSet, P], Coroutine[Any, Any, T]]


class BoundAction(Generic[P, T]):
    """An action of one federation: call it from plain code, await `.aio` from async code."""

    def __init__(self, body: Body[P, T], federation: Served) -> None:
        self._body = body
        self._federation = federation
        self.__doc__ = body.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it on the calling thread."""
        ports = self._federation.ports.blocking()
        what = f"{self._body.__name__} (in async code: await .aio(…))"
        return run_sync(self._body(self._federation, ports, *args, **kwargs), what=what)

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it on the event loop."""
        return await self._body(self._federation, self._federation.ports.asynchronous(), *args, **kwargs)


class Action(Generic[P, T]):
    """Declares an action on `Federation`: an async body that gets the ports of the caller's colour."""

    def __init__(self, body: Body[P, T]) -> None:
        self._body = body
        self.__doc__ = body.__doc__

    def __get__(self, federation: Served, owner: type[Any]) -> BoundAction[P, T]:
        """Bind it."""
        return BoundAction(self._body, federation)
