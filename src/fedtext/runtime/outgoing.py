"""Which transport a server goes out with: one of ours, chosen by name and made at the first request, or one's own.

Decides what each door goes out through; loads no HTTP library itself. Whatever a foreign transport raises leaves as an
error of our tree, and a body that it let grow too large is refused.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Literal, TypeAlias, cast, get_args

from ..config import Config
from ..errors import BodyTooLarge, ConfigurationError, FedtextError, TransportError
from ..http import Request, Response
from ..ports import ExchangeLimits, Transport

TransportName: TypeAlias = Literal["httpx", "httpx2", "aiohttp"]
TransportFactory: TypeAlias = Callable[[], Transport]

# The library that a name needs besides what is always there, and the extra that brings it.
_EXTRAS: dict[TransportName, tuple[str, str]] = {"httpx2": ("httpx2", "httpx2"), "aiohttp": ("aiohttp", "fast")}


class LazyTransport:
    """A transport that is made when the first request leaves: many processes only answer, and httpx loads slowly.

    Args:
        make: Makes the transport; called once.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: TransportFactory) -> None:
        self._make = make
        self._made: Transport | None = None

    @property
    def made(self) -> Transport:
        """The transport itself."""
        if self._made is None:
            self._made = self._make()
        return self._made

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange; see `ports.Transport`."""
        return await self.made.send(request, limits)

    async def close(self) -> None:
        """Close idle connections, if there ever was one."""
        if self._made is not None:
            await self._made.close()


class ForeignTransport:
    """A transport that is not ours, held to what the port promises.

    Args:
        transport: As the application made it.
    """

    __slots__ = ("transport",)

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange; see `ports.Transport`.

        Raises:
            TransportError: It raised something that is no error of ours.
            BodyTooLarge: It gave more than was asked for.
        """
        try:
            response = await self.transport.send(request, limits)
        except FedtextError:
            raise
        except Exception as error:
            raise TransportError("the transport failed", url=request.url, reason=repr(error)) from error
        if len(response.body) > limits.body_bytes_max:
            raise BodyTooLarge("the answer is too large", bytes_max=limits.body_bytes_max)
        return response

    async def close(self) -> None:
        """Close idle connections."""
        await self.transport.close()


def choose_transport(choice: TransportName | Transport, config: Config) -> tuple[TransportFactory, TransportFactory]:
    """Give what makes the way out for asyncio, and what makes the one that never suspends.

    Args:
        choice: A name, or a transport that serves both.
        config: Of this the development policy, the limits and the ports are taken.

    Raises:
        ConfigurationError: No such name, the library of the name is not installed, or something that is no transport.
    """
    if not isinstance(choice, str):
        return _own(choice)
    _require_installed(choice)

    def asynchronous() -> Transport:
        if choice == "aiohttp":
            from ..adapters.transports.aiohttp_async import AiohttpTransport

            return AiohttpTransport(dev=config.dev, limits=config.limits, ports=config.fetch.ports)
        from ..adapters.transports import AsyncHttpxTransport

        return AsyncHttpxTransport(dev=config.dev, limits=config.limits, ports=config.fetch.ports, stack=choice)

    def blocking() -> Transport:
        from ..adapters.transports import BlockingHttpxTransport

        stack = "httpx" if choice == "aiohttp" else choice  # aiohttp has no blocking colour
        return BlockingHttpxTransport(dev=config.dev, limits=config.limits, ports=config.fetch.ports, stack=stack)

    return lambda: LazyTransport(asynchronous), lambda: LazyTransport(blocking)


def _own(transport: Transport) -> tuple[TransportFactory, TransportFactory]:
    if isinstance(transport, type) or not all(callable(getattr(transport, name, None)) for name in ("send", "close")):
        raise ConfigurationError("a transport has send and close", given=repr(transport))
    held = ForeignTransport(transport)
    return lambda: held, lambda: held


def _require_installed(name: str) -> None:
    if name not in get_args(TransportName):
        names = ", ".join(get_args(TransportName))
        raise ConfigurationError(f"transports are {names}, or an object with send and close", given=name)
    library, extra = _EXTRAS.get(cast(TransportName, name), ("", ""))
    if library and importlib.util.find_spec(library) is None:
        raise ConfigurationError(
            f"the transport {name} needs a library that is not installed: pip install 'fedtext[{extra}]'", given=name
        )
