"""Mistakes in the wiring are found before peers find them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from fedtext import Activity, Config, Create, Delete, DevPolicy, Federation, Note, Page, Person, Update, connect
from fedtext.errors import BlockingEdgeError, ConfigurationError, StoreError
from fedtext.http import Request
from fedtext.runtime.checks import Level, refuse_suspending, report_async
from fedtext.sync import run_sync
from fedtext.testing import FailNth
from fedtext.testing.apps import ask_asgi, ask_wsgi


def codes(findings) -> set[str]:
    return {finding.code for finding in findings}


def test_a_sound_federation_has_no_findings(blog) -> None:
    assert blog.federation.check() == []
    assert blog.federation.check(actor="7") == []


def test_nothing_registered_is_said() -> None:
    federation = Federation("https://blog.example", backend=connect("memory://"))
    assert codes(federation.check()) == {"actors.none"}


@pytest.mark.parametrize("name", ["name", "username", "slug", "Handle"])
def test_names_in_ids_are_pointed_out(name: str) -> None:
    federation = Federation("https://blog.example", backend=connect("memory://"))
    federation.actor(f"/users/{{{name}}}")(lambda context, pk: None)
    assert codes(federation.check()) == {"ids.not_stable", "handles.not_mapped"}


def test_handles_under_another_host_need_a_redirect(make) -> None:
    blog = make(handle_host="example.org")
    [finding] = blog.federation.check()
    assert finding.code == "handles.other_host"
    assert "example.org/.well-known/webfinger" in finding.hint


@pytest.mark.parametrize("path", ["/replies/{pk}", "/users/{pk}/replies", "/posts/{pk}/replies/{n}"])
def test_a_collection_that_no_object_names_is_pointed_out(blog, path: str) -> None:
    blog.federation.object("/posts/{pk}")(lambda context, pk: None)
    blog.federation.collection("/posts/{pk}/likes", "likes")(lambda context, pk, page: Page())
    blog.federation.collection("/lists/{pk}")(lambda context, pk, page: Page())
    blog.federation.collection("/talks/{pk}", "context")(lambda context, pk, page: Page())
    assert blog.federation.check() == []
    blog.federation.collection(path, "replies")(lambda context, pk, page: Page())
    assert codes(blog.federation.check()) == {"collections.unnamed"}


@pytest.mark.parametrize("what", ["inbox", "clients"])
def test_where_owners_are_waited_for_somebody_must_know_them(blog, what: str) -> None:
    if what == "inbox":
        blog.federation.collection("/users/{pk}/inbox", "inbox")(lambda context, pk, page: Page())
    else:
        blog.federation.on_outbox(lambda context, pk, activity: "")
    assert codes(blog.federation.check()) == {"owners.unknown"}
    blog.federation.authorize_owner(lambda context, pk, request: False)
    assert blog.federation.check() == []


@pytest.mark.parametrize(
    ("listened", "missing"),
    [
        ([Create], "Update, Delete, Block"),
        ([Create[Note], Update], "Delete, Block"),
        ([Update], None),
        ([Activity], None),
    ],
)
def test_who_takes_posts_takes_edits_removals_and_blocks(blog, listened, missing: str | None) -> None:
    for key in listened:
        blog.federation.on(key)(lambda context, activity: None)
    findings = [finding for finding in blog.federation.check() if finding.code == "listeners.incomplete"]
    assert [missing in finding.message for finding in findings] == ([True] if missing else [])


def test_a_changed_origin_is_an_error(make, tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/app.sqlite3"
    before = make(url)
    assert before.federation.check() == []
    run_sync(before.federation.ports.close())
    after = make(url, "https://new.example")
    [finding] = after.federation.check()
    assert (finding.code, finding.level) == ("origin.changed", Level.ERROR)
    assert "https://blog.example" in finding.message
    run_sync(after.federation.ports.close())


@pytest.mark.parametrize(("back_s", "found"), [(59.0, set()), (61.0, {"clock.skew"})])
def test_a_clock_that_went_back_is_an_error(blog, back_s: float, found: set[str]) -> None:
    from fedtext.testing import ManualClock

    blog.federation.check()
    import attrs

    blog.federation.ports = attrs.evolve(blog.federation.ports, clock=ManualClock(blog.clock.now_s() - back_s))
    assert codes(blog.federation.check()) == found


@pytest.mark.parametrize(("mode", "waited_s", "found"), [("off", 59, 0), ("off", 61, 1), ("auto", 61, 0)])
def test_work_that_waits_for_nobody_is_said(make, post_class, mode, waited_s: int, found: int) -> None:
    blog = make(worker=mode)
    blog.federation.publish(post_class(pk=1))
    blog.clock.advance(waited_s)
    assert [finding.code for finding in blog.federation.check()] == ["worker.none"] * found


@pytest.mark.parametrize(
    ("actor", "code"), [("8", "actor.unknown"), ("wrong-id", "actor.id"), ("hidden", "handle.unreachable")]
)
def test_an_actor_is_tried(actor: str, code: str) -> None:
    federation = Federation("https://blog.example", backend=connect("memory://"))

    @federation.actor("/users/{pk}")
    def give(context, pk):
        if pk == "wrong-id":
            return context.actor(Person, handle="wrong_id", pk="another")
        return context.actor(Person, handle="bob") if pk == "hidden" else None

    @federation.handle
    def pk_of(context, name):
        return "wrong-id" if name == "wrong_id" else None

    assert codes(federation.check(actor=actor)) == {code}


@pytest.mark.spec("WF-12", "WF-13")
@pytest.mark.parametrize(
    ("name", "usual"), [("alice_9", True), ("A" * 30, True), ("a" * 31, False), ("a.b", False), ("a-b", False)]
)
def test_wf_12_names_that_some_servers_do_not_take(name: str, usual: bool) -> None:
    federation = Federation("https://blog.example", backend=connect("memory://"))
    federation.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle=name))
    federation.handle(lambda context, text: "7")
    assert codes(federation.check(actor="7")) == (set() if usual else {"handle.unusual"})


def test_newest_posts_are_tried(blog, post_class) -> None:
    blog.posts[1] = post_class(pk=1)
    assert codes(blog.federation.check(actor="7")) == {"object.undated"}


def test_a_post_for_nobody_is_found() -> None:
    federation = Federation("https://blog.example", backend=connect("memory://"))
    federation.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle=pk))

    class Post:
        pk = 1

    @federation.object("/posts/{pk}", source=Post)
    def note(context, post):
        return Note(attributed_to=context.actor_uri("7"), content="hello")

    federation.outbox("/users/{pk}/outbox")(lambda context, pk, page: Page([Post()]))
    assert "object.refused" in codes(federation.check(actor="7"))


# -- what doors tell when they start ---------------------------------------------------------------------------------


def test_findings_are_events(make) -> None:
    blog = make(handle_host="example.org")
    run_sync(report_async(blog.federation, blog.federation.ports.blocking()))
    [event] = blog.observer.named("check.finding")
    assert (event.fields["code"], event.fields["level"]) == ("handles.other_host", "warning")


def test_checks_that_fail_stop_nothing(blog) -> None:
    ports = FailNth(1, error=StoreError("full")).wrap_all(blog.federation.ports.blocking())
    run_sync(report_async(blog.federation, ports))
    assert [event.fields["code"] for event in blog.observer.named("check.failed")] == [StoreError.code]


async def test_exceptions_for_development_are_told_loudly_once_a_start(make, caplog) -> None:
    dev = DevPolicy.allow_loopback(ports=(8000,))
    request = Request.to("http://localhost/about", headers=[("host", "localhost")])
    for start in (1, 2):
        blog = make(origin="http://localhost", config=Config(dev=dev))
        with caplog.at_level(logging.WARNING, logger="fedtext"):
            if start == 1:
                app = blog.federation.asgi()
                for _ in range(2):
                    await ask_asgi(app, request)
                    await asyncio.sleep(0.05)
            else:
                door = blog.federation.wsgi()
                for _ in range(2):
                    ask_wsgi(door, request)
        [event] = blog.observer.named("dev_policy.active")
        assert event.fields == {"schemes": "http https", "hosts": "localhost 127.0.0.1", "ports": "8000"}
        assert caplog.text.count("DevPolicy is active") == start


def test_without_exceptions_nothing_is_told(blog, caplog) -> None:
    run_sync(report_async(blog.federation, blog.federation.ports.blocking()))
    assert not blog.observer.named("dev_policy.active")
    assert not caplog.records


@pytest.mark.parametrize("origin", ["https://blog.example.com", "https://8.8.8.8"])
def test_exceptions_are_refused_under_a_public_origin(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="DevPolicy is refused"):
        Federation(origin, backend=connect("memory://"), config=Config(dev=DevPolicy.allow_loopback()))


# -- callbacks that would suspend --------------------------------------------------------------------------------------


async def plain(context, activity):
    return 1


async def context_only(ctx, activity):
    await ctx.store.put("k", (await ctx.get(activity.actor)).id)
    return [await ctx.get(item) for item in activity.to]


async def sleeps(context, activity):
    await asyncio.sleep(0)


async def iterates(context, activity):
    async for _ in activity:
        pass


async def enters(context, activity):
    async with activity:
        pass


async def comprehends(context, activity):
    return [item async for item in activity]


async def calls_own(context, activity):
    await plain(context, activity)


async def nested(context, activity):
    async def inner():
        await asyncio.sleep(0)

    return inner


class Callable_:
    async def __call__(self, context, activity):
        await asyncio.sleep(0)

    async def method(self, context, activity):
        await context.get(activity)

    async def waits(self, context, activity):
        await self.method(context, activity)


def synchronous(context, activity):
    return None


@pytest.mark.parametrize(
    "callback", [plain, context_only, synchronous, Callable_().method, len], ids=lambda c: getattr(c, "__name__", "?")
)
def test_what_awaits_its_context_only_is_fine(callback) -> None:
    refuse_suspending([callback])


@pytest.mark.parametrize(
    ("callback", "name"),
    [
        (sleeps, "sleeps"),
        (iterates, "iterates"),
        (enters, "enters"),
        (comprehends, "comprehends"),
        (calls_own, "calls_own"),
        (Callable_().waits, "waits"),
    ],
)
def test_what_awaits_more_is_refused_by_name(callback, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        refuse_suspending([plain, callback])


def test_where_the_source_is_unknown_the_edge_finds_out(blog) -> None:
    """Source that cannot be read passes the check; the blocking edge then names what suspended."""
    space: dict = {"asyncio": asyncio}
    exec("async def unknown(context, name):\n    await asyncio.sleep(0)", space)
    refuse_suspending([space["unknown"]])
    with pytest.raises(BlockingEdgeError):
        run_sync(space["unknown"](None, None))


@pytest.mark.parametrize("kind", [Create, Delete])
def test_our_own_listeners_run_on_every_edge(kind) -> None:
    from fedtext.behaviors import Deletes, Follows

    federation = Federation("https://blog.example", backend=connect("memory://"))
    federation.actor("/users/{pk}")(lambda context, pk: None)
    federation.use(Follows(), Deletes())
    federation.on(kind)(plain)
    federation.require_blocking()
