"""How requests leave: HTTP over httpx's connection layer, behind one address guard, in both colours.

`guard` decides which addresses may be reached, `exchange` and `reading` say what goes out and how much may come in,
`connecting` holds what both colours share below HTTP; `httpx_async` and `httpx_blocking` are the two transports.
Nothing here follows a redirect, keeps a cookie or reads the environment.
"""

from .guard import AddressGuard
from .httpx_async import AsyncHttpxTransport
from .httpx_blocking import BlockingHttpxTransport

__all__ = ["AddressGuard", "AsyncHttpxTransport", "BlockingHttpxTransport"]
