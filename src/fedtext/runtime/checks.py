"""Find wiring mistakes before peers do: at start-up, without any network.

Each finding has a stable code, says what is wrong and what to do.
"""

from __future__ import annotations

import ast
import inspect
import logging
import re
import textwrap
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import attrs

from ..config import DevPolicy
from ..dispatch import PageRequest
from ..errors import ConfigurationError, FedtextError
from ..federation import serving
from ..federation.context import Scope
from ..federation.listing import as_page
from ..federation.registry import is_async
from ..federation.wellknown import identifier_of
from ..ports import Event, PortSet
from ..vocab import Activity, Block, Create, Delete, Object, Update
from ..wire.iri import is_public_host, parse_url
from .served import Served

_NAME_LIKE = frozenset({"name", "username", "user_name", "handle", "slug", "nick", "nickname", "title"})
# WF-12, WF-13: what servers of every kind take.
_TAKEN_BY_ALL = re.compile(r"[A-Za-z0-9_]{1,30}")
_WAITING_S_MAX = 60.0
_SKEW_S_MAX = 60.0
_FUTURE_S_MAX = 300.0  # as far as clocks of servers differ


class Level(Enum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


@attrs.frozen(kw_only=True)
class Finding:
    """One mistake: a stable code, what is wrong, and what to do."""

    code: str
    level: Level
    message: str
    hint: str


async def check_async(federation: Served, ports: PortSet, *, actor: str | None = None) -> list[Finding]:
    """Look at the wiring, at what the store remembers of the last start, and at one actor's posts.

    Args:
        federation: What is looked at.
        ports: Of any colour.
        actor: Identifier of an actor whose document and newest posts are tried; None: none.
    """
    findings = [*_ids(federation), *_listeners(federation), *_collections(federation)]
    findings += await _last_start(federation, ports)
    if federation.worker_mode == "off":  # with "auto" there is a worker as soon as somebody is served
        findings += await _waiting(ports)
    if actor is not None:
        findings += await _sample(federation, ports, actor)
    return findings


async def report_async(federation: Served, ports: PortSet) -> None:
    """Tell the observer of every mistake; what doors do when they start. Never raises: serving goes on."""
    if federation.config.dev is not None:
        _warn_of_exceptions(federation.config.dev, ports)
    try:
        findings = await check_async(federation, ports)
    except FedtextError as error:
        ports.observer.emit(Event(name="check.failed", fields={"code": error.code, "error": str(error)}))
        return
    for finding in findings:
        fields = {"code": finding.code, "level": finding.level.value, "message": finding.message, "hint": finding.hint}
        ports.observer.emit(Event(name="check.finding", fields=fields))


def _warn_of_exceptions(dev: DevPolicy, ports: PortSet) -> None:
    """Say loudly that the address guard has holes: to the log too, whatever the observer does with events."""
    fields = {"schemes": " ".join(dev.schemes), "hosts": " ".join(dev.hosts), "ports": " ".join(map(str, dev.ports))}
    ports.observer.emit(Event(name="dev_policy.active", fields=fields))
    logging.getLogger("fedtext").warning(
        "DevPolicy is active: this server may be made to fetch from %s over %s. Never run it so for others.",
        fields["hosts"],
        fields["schemes"],
    )


def _ids(federation: Served) -> list[Finding]:
    found: list[Finding] = []
    origin = federation.engine.site.origin
    if not origin.startswith("https://") and is_public_host(parse_url(origin).host):
        found.append(_error("ids.not_https", f"ids begin with {origin}", "serve under https"))
    if not federation.engine.router.actors:
        found.append(_error("actors.none", "no actors are registered", "register them with @fed.actor(path)"))
    router = federation.engine.router
    templates = [route.template for route in router.actors] + [route.template for route in router.objects]
    for template in templates:
        for name in template.parameters:
            if name.lower() in _NAME_LIKE:
                message = f"the ids in {template.text} contain {name!r}, which people change"
                found.append(_warning("ids.not_stable", message, "take the primary key; names belong in @fed.handle"))
    if federation.engine.router.handle_callback is None and federation.engine.router.actors:
        message = "no @fed.handle is registered: names are taken as identifiers"
        found.append(_warning("handles.not_mapped", message, "register @fed.handle to map names to identifiers"))
    if federation.engine.site.handle_host != federation.engine.site.authority:
        host = federation.engine.site.handle_host
        message = f"handles end in {host}, which is another host than the origin's"
        hint = f"let https://{host}/.well-known/webfinger redirect to {origin}/.well-known/webfinger"
        found.append(_warning("handles.other_host", message, hint))
    return found


def _listeners(federation: Served) -> list[Finding]:
    keys = {getattr(listener.key, "__origin__", listener.key) for listener in federation.engine.router.listeners}
    if Create not in keys or Activity in keys:
        return []
    missing = [kind.__name__ for kind in (Update, Delete, Block) if kind not in keys]
    if not missing:
        return []
    message = f"Create is listened to, but not {', '.join(missing)}"
    return [_warning("listeners.incomplete", message, "edits, removals and blocks must be followed too")]


def _collections(federation: Served) -> list[Finding]:
    router, found = federation.engine.router, list[Finding]()
    for_owners = router.outbox_callback is not None or router.collection_of("inbox") is not None
    if for_owners and router.owner_callback is None:
        message = "inboxes or outboxes wait for their owners, but nobody is known as one"
        hint = "register @fed.authorize_owner: it tells who is an actor's owner, by session or token"
        found.append(_error("owners.unknown", message, hint))
    for route in router.collections:
        belongs = any(route.template.is_below(owner.template) for owner in router.objects)
        if route.name in ("replies", "likes", "shares") and not belongs:
            message = f"{route.template.text} lies below no object: none names it as its {route.name}"
            hint = "let its path be that of the objects, and one segment more"
            found.append(_error("collections.unnamed", message, hint))
    return found


async def _last_start(federation: Served, ports: PortSet) -> list[Finding]:
    """Compare with what the store remembers of the last start: the origin and the time."""
    found: list[Finding] = []
    now_s = ports.clock.now_s()
    last_origin = await ports.store.get("fedtext/last-origin")
    if last_origin is not None and last_origin.decode() != federation.engine.site.origin:
        message = f"the origin was {last_origin.decode()} when it last started"
        found.append(_error("origin.changed", message, "ids are for ever: go back to it, or start with an empty store"))
    last_seen = await ports.store.get("fedtext/last-seen")
    if last_seen is not None and float(last_seen.decode()) > now_s + _SKEW_S_MAX:
        message = "the clock is behind the time of the last start"
        found.append(_error("clock.skew", message, "set the clock: peers refuse signatures that are off by minutes"))
    if last_origin is None:
        await ports.store.put("fedtext/last-origin", federation.engine.site.origin.encode())
    await ports.store.put("fedtext/last-seen", str(now_s).encode())
    return found


async def _waiting(ports: PortSet) -> list[Finding]:
    depth = await ports.queue.depth()
    if depth.oldest_due_age_s <= _WAITING_S_MAX or depth.leased:
        return []
    message = f"{depth.waiting} jobs are waiting, the oldest for {depth.oldest_due_age_s:.0f} s, and nobody works"
    return [_warning("worker.none", message, 'run `fedtext worker`, or make the federation with worker="auto"')]


async def _sample(federation: Served, ports: PortSet, identifier: str) -> list[Finding]:
    engine = federation.engine
    actor = await serving.own_actor(engine, identifier, ports)
    if actor is None:
        return [_error("actor.unknown", f"the actor callback gives nothing for {identifier!r}", "name one that exists")]
    found: list[Finding] = []
    if actor.id != engine.context(ports).actor_uri(identifier):
        found.append(_error("actor.id", "the actor's id is not its path's", "build it with context.actor(…)"))
    name = actor.preferred_username
    if name is None or await identifier_of(engine, name, ports) != identifier:
        message = f"the handle callback does not lead from {name!r} to {identifier!r}: nobody finds this actor"
        found.append(_error("handle.unreachable", message, "let @fed.handle map every name that actors get"))
    elif _TAKEN_BY_ALL.fullmatch(name) is None:
        message = f"some servers do not take {name!r} as a name"
        found.append(_warning("handle.unusual", message, "keep to 1 to 30 of the letters a-z, digits and '_'"))
    outbox = engine.router.collection_of("outbox")
    if outbox is not None:
        context = engine.context(ports, Scope(identifier=identifier))
        given = await engine.caller.call(outbox.callback, context, identifier, PageRequest(size=5))
        page = as_page(given, engine.config.limits.collection_items_count_max)
        for thing in page.items:
            found += await _sample_post(federation, ports, thing)
    return found


async def _sample_post(federation: Served, ports: PortSet, thing: object) -> list[Finding]:
    if isinstance(thing, Activity):
        return []
    try:
        model = thing if isinstance(thing, Object) else await serving.map_thing(federation.engine, thing, ports)
    except FedtextError as error:
        return [_error("object.refused", str(error), error.hint or "mend the object callback")]
    if model is not None and model.published is None:
        message = f"{model.id} has no `published`"
        return [_warning("object.undated", message, "give it: some servers refuse posts without a date")]
    # Interop: MOD-23, Misskey refuses dates in the future.
    if (
        model is not None
        and model.published is not None
        and model.published.timestamp() > ports.clock.now_s() + _FUTURE_S_MAX
    ):
        message = f"{model.id} is `published` in the future"
        return [_warning("object.future", message, "publish it when its time has come: some servers refuse it before")]
    return []


def _error(code: str, message: str, hint: str) -> Finding:
    return Finding(code=code, level=Level.ERROR, message=message, hint=hint)


def _warning(code: str, message: str, hint: str) -> Finding:
    return Finding(code=code, level=Level.WARNING, message=message, hint=hint)


# ---- callbacks that would suspend ------------------------------------------------------------------------------------


def refuse_suspending(callbacks: Sequence[Callable[..., Any]]) -> None:
    """Refuse `async def` callbacks that await anything but their context, by name.

    Those that await only `context.…` run on every edge; others need an ASGI door. Where the source cannot be read,
    the blocking edge itself finds out (`BlockingEdgeError`).

    Raises:
        ConfigurationError: Names the first such callback.
    """
    for callback in callbacks:
        if is_async(callback) and not _is_ours(callback) and _suspends(callback):
            name = f"{callback.__module__}.{getattr(callback, '__qualname__', callback)}"
            raise ConfigurationError(
                "this async callback awaits more than its context, which a WSGI door cannot do", callback=name
            )


def _is_ours(callback: Callable[..., Any]) -> bool:
    return (getattr(callback, "__module__", "") or "").startswith("fedtext.")


def _suspends(callback: Callable[..., Any]) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(callback)))
    except (OSError, TypeError, SyntaxError):
        return False
    function = next((node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)), None)
    if function is None:
        return False
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    first = next((name for name in names if name != "self"), "context")
    for node in ast.walk(function):
        if isinstance(node, ast.AsyncFor | ast.AsyncWith) or (isinstance(node, ast.comprehension) and node.is_async):
            return True
        if isinstance(node, ast.Await) and _root(node.value) != first:
            return True
    return False


def _root(node: ast.expr) -> str | None:
    """Give the name at the root of `name.a.b(…)`."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
