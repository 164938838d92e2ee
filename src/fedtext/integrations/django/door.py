"""`urls(fed)`: the door as URL patterns.

Which paths are the library's is decided by the federation alone; all others fall through to the patterns behind it.
Where a page for people lives under an id of ours, the request falls through, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from django.core.signals import request_started
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, get_resolver, resolve
from django.urls.resolvers import ResolverMatch, RoutePattern
from django.views.decorators.csrf import csrf_exempt

from ...runtime import Federation
from ...runtime.wsgi import FederationWSGI

_passing: ContextVar[Federation | None] = ContextVar("fedtext_passing", default=None)


class FederationPattern(URLPattern):
    """Matches the paths of a federation, and nothing while a request is passed on to the application."""

    def __init__(self, federation: Federation, view: Callable[..., HttpResponseBase]) -> None:
        super().__init__(RoutePattern("", name="fedtext", is_endpoint=True), view, None, "fedtext")
        self.federation = federation

    def resolve(self, path: str) -> ResolverMatch | None:
        """Match a path, decoded and without its first slash, as Django gives it."""
        raw = quote("/" + path, safe="/-._~!$'()*+,;=:@")
        if _passing.get() is self.federation or self.federation.engine.route(raw) is None:
            return None
        return ResolverMatch(self.callback, (), {}, "fedtext", route="fedtext", captured_kwargs={}, extra_kwargs={})


def urls(federation: Federation) -> list[URLPattern]:
    """Give the patterns of a federation: `path("", include(urls(fed)))`, at the root and before any catch-all.

    The view is plain, outside of ATOMIC_REQUESTS, and exempt from CSRF checks: peers sign what they send.

    Raises:
        ConfigurationError: A registered `async def` callback would suspend.
    """
    door = FederationWSGI(federation, _leave)

    def view(request: HttpRequest) -> HttpResponseBase:
        response = _answer(door, request)
        return _pass_on(federation, request) if response is None else response

    def start(**_signal: object) -> None:
        door.start()

    # any request starts the worker; a weak reference would not outlive this call
    request_started.connect(start, weak=False, dispatch_uid=("fedtext", id(federation)))
    return [FederationPattern(federation, csrf_exempt(transaction.non_atomic_requests(view)))]


def federations() -> Iterator[Federation]:
    """Give the federations that the root URL configuration leads to."""
    yield from _federations(get_resolver().url_patterns)


def _federations(patterns: list[Any]) -> Iterator[Federation]:
    for pattern in patterns:
        if isinstance(pattern, FederationPattern):
            yield pattern.federation
        elif hasattr(pattern, "url_patterns"):
            yield from _federations(pattern.url_patterns)


def _answer(door: FederationWSGI, request: HttpRequest) -> HttpResponse | None:
    environ = {**request.META, "wsgi.input": request, "wsgi.url_scheme": request.scheme}
    if raw := getattr(request, "scope", {}).get("raw_path"):  # under ASGI
        query = request.META.get("QUERY_STRING")
        environ["RAW_URI"] = raw.decode("latin-1") + (f"?{query}" if query else "")
    response: HttpResponse | None = None

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        nonlocal response
        response = HttpResponse(status=int(status[:3]))
        del response["Content-Type"]  # Django's own default
        for name, value in headers:
            response[name] = value

    chunks = door(environ, start_response)
    if response is not None:
        response.content = b"".join(chunks)
    return response


def _leave(_environ: object, _start_response: object) -> list[bytes]:
    return []


def _pass_on(federation: Federation, request: HttpRequest) -> HttpResponseBase:
    """Let the application's own view answer, or nobody: then it is Django's usual 404."""
    token = _passing.set(federation)
    try:
        match = resolve(request.path_info, getattr(request, "urlconf", None))
    finally:
        _passing.reset(token)
    request.resolver_match = match
    answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return answer
