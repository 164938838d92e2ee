"""How requests leave: HTTP over httpx's, httpx2's or aiohttp's connection layer, behind one address guard.

`guard` decides which addresses may be reached, `exchange` and `reading` say what goes out and how much may come in,
`connecting` holds what the transports share below HTTP and `stacks` what differs between httpx and httpx2;
`httpx_async`, `httpx_blocking` and `aiohttp_async`, whose library is an extra, are the transports.
Nothing here follows a redirect, keeps a cookie or reads the environment.
"""

from .guard import AddressGuard
from .httpx_async import AsyncHttpxTransport
from .httpx_blocking import BlockingHttpxTransport

__all__ = ["AddressGuard", "AsyncHttpxTransport", "BlockingHttpxTransport"]
