"""`fedtext queue`: what waits, for whom and why; try again, remove, pause.

All is about the site of the federation that was named; only the sums of `status` are of the whole backend.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError, MalformedIri
from ..ports import Lane, LaneKind, LaneStatus, Queue, QueueDepth, pause_key
from ..wire.iri import host_of
from .console import Console, plain
from .durations import duration_s
from .queue_views import lane_lines, lane_record, status_lines, status_record, worst_first

if TYPE_CHECKING:
    from ..federation.host_status import HostStatus
    from ..runtime import Federation

    Act = Callable[[Federation, Queue, argparse.Namespace, Console], Awaitable[int]]

_EXIT_CODES: Final = (
    "LANE is a host, as mastodon.example, or a lane as `hosts` shows it, as in:https://mastodon.example."
    " Exit codes: 0 done; 1 it did not work, or there was nothing like that; 2 the command line was wrong."
)
_PAGE: Final = 500
_EVERY_S_MIN: Final = 0.1


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EXIT_CODES
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    status = _action(actions.add_parser, "status", _status, "say how much waits, and what stands in its way")
    hosts = _action(
        actions.add_parser, "hosts", _hosts, "list lanes and what is known of their hosts, those that fail first"
    )
    hosts.add_argument("--kind", choices=[*(kind.value for kind in LaneKind), "all"], default="out", help="default out")
    hosts.add_argument("--limit", type=int, default=20, metavar="N", help="show at most N (default 20); --json: all")
    for watched in (status, hosts):
        watched.add_argument("--watch", action="store_true", help="show it anew until Ctrl+C")
        watched.add_argument("--every", type=duration_s, default=2.0, metavar="DURATION", help="default 2s")
        watched.add_argument("--count", type=int, metavar="N", help="with --watch: end after N times")
    retry = _action(
        actions.add_parser, "retry", _retry, "try again at once what was given up, or all that waits for one lane"
    )
    retry.add_argument("lane", metavar="LANE", nargs="?", help="also ends its back-off; without: all that was given up")
    purge = _action(actions.add_parser, "purge", _purge, "remove what was given up, for good")
    purge.add_argument("lane", metavar="LANE", nargs="?", help="only of this one")
    purge.add_argument("--waiting", action="store_true", help="also remove what waits: it is never sent")
    purge.add_argument("--yes", action="store_true", help="do it; without, it is only counted")
    for name, act, line in (
        ("pause", _pause, "keep tasks and carry none out, for one lane or a kind of them"),
        ("resume", _resume, "end a pause"),
    ):
        command = _action(actions.add_parser, name, act, line)
        command.add_argument("lane", metavar="LANE", nargs="?", help="without: all of a kind")
        command.add_argument("--kind", choices=[kind.value for kind in LaneKind], default="out", help="default out")


def _action(
    add_parser: Callable[..., argparse.ArgumentParser], name: str, act: Act, line: str
) -> argparse.ArgumentParser:
    command = add_parser(name, help=line, description=line[0].upper() + line[1:] + ".", epilog=_EXIT_CODES)
    # the default would overwrite what stood before the action: `fedtext queue --json status`
    command.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, one object per line"
    )
    command.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    command.set_defaults(act=act)
    return command


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import carried_out

    if getattr(arguments, "watch", False) and arguments.every < _EVERY_S_MIN:
        raise ConfigurationError("--every is at least 100ms", every=arguments.every)
    if getattr(arguments, "limit", 1) < 1:
        raise ConfigurationError("--limit is at least 1", limit=arguments.limit)
    act: Act = arguments.act
    return carried_out(
        arguments.target,
        lambda federation: act(federation, federation.ports.asynchronous().queue, arguments, console),
    )


def lane_of(text: str) -> Lane:
    """Read a lane as people name it: a host, or kind and name.

    Raises:
        ConfigurationError: It is neither.
    """
    kind, separator, name = text.partition(":")
    if separator and name and kind in {one.value for one in LaneKind}:
        return Lane(LaneKind(kind), name)
    try:
        return Lane(LaneKind.OUT, host_of(text if "://" in text else f"https://{text}/"))
    except MalformedIri as error:
        raise ConfigurationError(
            "write a host, as mastodon.example, or a lane as `fedtext queue hosts` shows it", lane=text
        ) from error


# --- seeing --------------------------------------------------------------------------------------------------------


async def _status(federation: Federation, queue: Queue, arguments: argparse.Namespace, console: Console) -> int:
    before: QueueDepth | None = None

    async def look() -> list[str]:
        nonlocal before
        depth = await queue.depth()
        paused = [name for site, name in await queue.paused() if site == federation.site.origin]
        console.tell(status_record(depth, paused))
        lines = status_lines(depth, paused, console, target=arguments.target, before=before)
        before = depth
        return lines

    return await _show(look, arguments, console)


async def _hosts(federation: Federation, queue: Queue, arguments: argparse.Namespace, console: Console) -> int:
    kinds = list(LaneKind) if arguments.kind == "all" else [LaneKind(arguments.kind)]

    async def look() -> list[str]:
        kept: list[LaneStatus] = []
        total = 0
        async for page in _pages(federation, queue, kinds):
            hosts = await _described(federation, page) if arguments.json else {}
            for status in page:
                now_s = federation.ports.clock.now_s()
                console.tell(lane_record(status, hosts.get(status.lane), now_s=now_s))
            total += len(page)
            kept = worst_first([*kept, *page])[: max(0, arguments.limit)]
        hosts = {} if arguments.json else await _described(federation, kept)
        return lane_lines(kept, hosts, console, now_s=federation.ports.clock.now_s(), total=total)

    return await _show(look, arguments, console)


async def _described(federation: Federation, found: Sequence[LaneStatus]) -> dict[Lane, HostStatus]:
    """Give what is known of the hosts of lanes; those of other kinds have none."""
    from ..federation.host_status import describe_hosts

    out = [status for status in found if status.lane.kind is LaneKind.OUT]
    hosts = await describe_hosts(federation.engine, out, federation.ports.asynchronous())
    return {status.lane: host for status, host in zip(out, hosts, strict=True)}


async def _show(look: Callable[[], Awaitable[list[str]]], arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.watch:
        for line in await look():
            console.say(line)
        return 0
    shown = 0
    with console.live() as show, contextlib.suppress(asyncio.CancelledError):  # Ctrl+C is how one leaves
        while True:
            show(await look())
            shown += 1
            if shown == arguments.count:
                break
            await asyncio.sleep(arguments.every)
    return 0


async def _pages(
    federation: Federation, queue: Queue, kinds: list[LaneKind] | None = None
) -> AsyncIterator[list[LaneStatus]]:
    """Give the lanes of this site, some at a time."""
    origin = federation.site.origin
    after = (str(origin), "")
    while found := await queue.lanes(kinds=kinds, after=after, limit=_PAGE):
        page = [status for status in found if status.site == origin]
        yield page
        if len(page) < len(found):
            return
        after = (page[-1].site, str(page[-1].lane))


# --- mending -------------------------------------------------------------------------------------------------------


async def _retry(federation: Federation, queue: Queue, arguments: argparse.Namespace, console: Console) -> int:
    origin = federation.site.origin
    lane = None if arguments.lane is None else lane_of(arguments.lane)
    revived = 0
    with console.progress("putting back", (await queue.depth()).buried) as show:
        while step := await queue.revive_all(site=origin, lane=lane, limit=_PAGE):
            revived += step
            show(revived)
    if lane is None:
        console.tell({"event": "retry", "lane": None, "revived": revived, "found": True})
        console.say(f"{console.sign(True)} {revived:,} that were given up are tried again")
        return 0
    found = await queue.wake(lane, site=origin)
    console.tell({"event": "retry", "lane": str(lane), "revived": revived, "found": found})
    if not found:
        console.say(
            f"{console.sign(False)} nothing waits for {plain(str(lane))}: fedtext queue hosts {arguments.target}"
        )
        return 1
    console.say(f"{console.sign(True)} {plain(str(lane))} is tried at once, with {revived:,} that were given up")
    await _say_if_paused(federation, queue, lane, arguments.target, console)
    return 0


async def _say_if_paused(federation: Federation, queue: Queue, lane: Lane, target: str, console: Console) -> None:
    holding = {pause_key(lane), pause_key(lane.kind)}
    for site, name in await queue.paused():
        if site == federation.site.origin and name in holding:
            console.say(f"but {plain(name)} is paused: fedtext queue status {target}")


async def _purge(federation: Federation, queue: Queue, arguments: argparse.Namespace, console: Console) -> int:
    lane = None if arguments.lane is None else lane_of(arguments.lane)
    buried = waiting = 0
    concerned: list[Lane] = []
    async for page in _pages(federation, queue, None if lane is None else [lane.kind]):
        for status in page:
            if lane in (None, status.lane) and (status.buried or (arguments.waiting and status.waiting)):
                concerned.append(status.lane)
                buried += status.buried
                waiting += status.waiting if arguments.waiting else 0
    if not arguments.yes:
        console.tell({"event": "purge", "removed": 0, "buried": buried, "waiting": waiting})
        what = f"{buried:,} that were given up" + (f" and {waiting:,} that wait" if arguments.waiting else "")
        console.say(f"would remove {what}, for good; add --yes to do it")
        return 1
    removed = 0
    with console.progress("removing", buried + waiting) as show:
        for one in concerned:
            removed += await queue.purge(site=federation.site.origin, lane=one, waiting=arguments.waiting)
            show(removed)
    console.tell({"event": "purge", "removed": removed, "buried": buried, "waiting": waiting})
    console.say(f"{console.sign(True)} {removed:,} removed")
    return 0


def _target(arguments: argparse.Namespace) -> Lane | LaneKind:
    return LaneKind(arguments.kind) if arguments.lane is None else lane_of(arguments.lane)


async def _pause(federation: Federation, queue: Queue, arguments: argparse.Namespace, console: Console) -> int:
    target = _target(arguments)
    is_new = await queue.pause(target, site=federation.site.origin)
    name = pause_key(target)
    console.tell({"event": "pause", "lane": name, "paused": True, "changed": is_new})
    console.say(f"{console.sign(True)} {plain(name)} {'is' if is_new else 'was already'} paused")
    console.say("tasks are added as ever; what is worked on just now ends as it would")
    return 0


async def _resume(federation: Federation, queue: Queue, arguments: argparse.Namespace, console: Console) -> int:
    target = _target(arguments)
    was_paused = await queue.resume(target, site=federation.site.origin)
    name = pause_key(target)
    console.tell({"event": "resume", "lane": name, "paused": False, "changed": was_paused})
    console.say(f"{console.sign(was_paused)} {plain(name)} {'goes on' if was_paused else 'was not paused'}")
    if isinstance(target, Lane):
        await _say_if_paused(federation, queue, target, arguments.target, console)
    return 0 if was_paused else 1
