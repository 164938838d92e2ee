"""`Federation`: what it refuses to be, what it tells, and its actions in both colours."""

from __future__ import annotations

import json
import sqlite3

import pytest

from fedtext import Config, DevPolicy, Federation, Like, Note, Software, connect
from fedtext.errors import ConfigurationError, MalformedIri, NotFound
from fedtext.http import Request
from fedtext.keys import Algorithm
from fedtext.sync import run_sync
from fedtext.testing.apps import ask_asgi, ask_wsgi


def federate(origin: str, **options):
    return Federation(origin, backend=connect("memory://"), **options)


@pytest.mark.parametrize("origin", ["blog.example", "https://blog.example/", "https://blog.example/x", "ftp://a.b", ""])
def test_an_origin_is_scheme_and_host(origin: str) -> None:
    with pytest.raises(MalformedIri):
        federate(origin)


@pytest.mark.parametrize(
    ("origin", "options"),
    [
        ("http://blog.example.com", {}),
        ("https://blog.example.com", {"config": Config(dev=DevPolicy.allow_loopback())}),
        ("http://127.0.0.1:8000", {}),
        ("https://blog.example", {"handle_host": "not a host"}),
    ],
)
def test_what_is_refused_at_once(origin: str, options) -> None:
    with pytest.raises(ConfigurationError):
        federate(origin, **options)


@pytest.mark.parametrize(
    ("origin", "handle_host", "expected"),
    [
        ("https://blog.example", None, "blog.example"),
        ("https://blog.example", "Example.ORG", "example.org"),
        ("http://localhost:8000", None, "localhost:8000"),
    ],
)
def test_handles_end_in_the_origins_host_or_in_what_is_given(origin, handle_host, expected: str) -> None:
    assert federate(origin, handle_host=handle_host).site.handle_host == expected


def test_it_says_what_it_is(blog) -> None:
    federation = federate("https://blog.example", software=Software("blog", "2.3"))
    assert federation.engine.user_agent.startswith("fedtext/")
    assert federation.engine.user_agent.endswith("(blog/2.3; +https://blog.example/)")


def test_state_is_found_in_the_context() -> None:
    federation = federate("https://blog.example", state={"a": 1})
    assert federation.context().site.state == {"a": 1}
    assert federation.blocking_context().site.state == {"a": 1}


def test_behaviors_are_registered_and_found() -> None:
    class Behavior:
        def register(self, federation):
            self.seen = federation

    federation, behavior = federate("https://blog.example"), Behavior()
    federation.use(behavior)
    assert behavior.seen is federation
    assert federation.behavior(Behavior) is behavior
    assert federation.behavior(int) is None


# -- actions ---------------------------------------------------------------------------------------------------------


def waiting(blog) -> list[str]:
    """Give the ids and types of what waits, working it off."""
    found = []
    queue = blog.federation.ports.blocking().queue
    while (claim := run_sync(queue.claim(lease_s=60, batch_max=20))) is not None:
        for job in claim.jobs:
            found.append(json.loads(json.loads(job.payload)["body"]))
            run_sync(queue.ack(claim, job))
        run_sync(queue.release(claim))
    return [(activity["type"], activity["id"]) for activity in found]


POST_ID = "https://blog.example/posts/1"


def test_publish_revise_withdraw(blog, post_class) -> None:
    post = blog.posts[1] = post_class(pk=1)
    assert blog.federation.publish(post) == POST_ID
    assert blog.federation.revise(post) == POST_ID
    assert blog.federation.withdraw(post) == POST_ID
    create, update, delete = waiting(blog)
    assert create == ("Create", f"{POST_ID}#create")
    assert update[0] == "Update"
    assert update[1].startswith(f"{POST_ID}#updates/")
    assert delete == ("Delete", f"{POST_ID}#delete")
    request = Request.to(POST_ID, headers=[("host", "blog.example"), ("accept", "application/activity+json")])
    gone = ask_wsgi(blog.federation.wsgi(), request)
    assert (gone.status, json.loads(gone.body)["type"]) == (410, "Tombstone")


async def test_the_same_awaited(blog, post_class) -> None:
    post = post_class(pk=1)
    assert await blog.federation.publish.aio(post) == POST_ID
    assert await blog.federation.revise.aio(post) == POST_ID
    assert await blog.federation.withdraw.aio(post) == POST_ID


def test_publishing_twice_is_one_create(blog, post_class) -> None:
    post = post_class(pk=1)
    blog.federation.publish(post)
    blog.federation.publish(post)
    assert waiting(blog) == [("Create", f"{POST_ID}#create")]


@pytest.mark.parametrize("commit", [True, False])
def test_in_the_applications_transaction_it_is_sent_exactly_if_that_commits(make, tmp_path, post_class, commit) -> None:
    path = tmp_path / "app.sqlite3"
    blog = make(f"sqlite:///{path}")
    run_sync(blog.federation.ports.blocking().queue.depth())  # the tables are there
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    blog.federation.publish(post_class(pk=1), within=connection)
    connection.execute("COMMIT" if commit else "ROLLBACK")
    connection.close()
    assert len(waiting(blog)) == (1 if commit else 0)
    run_sync(blog.federation.ports.close())


def test_a_removed_actor_answers_410(blog) -> None:
    actor_id = blog.federation.remove_actor("7")
    assert actor_id == "https://blog.example/users/7"
    assert [kind for kind, _ in waiting(blog)] == ["Delete"]
    headers = [("host", "blog.example"), ("accept", "application/activity+json")]
    for path in ("", "/outbox", "/followers"):
        assert ask_wsgi(blog.federation.wsgi(), Request.to(actor_id + path, headers=headers)).status == 410


def key_ids(federation, path: str) -> list[str]:
    response = run_sync(
        federation.engine.handle(Request.to(f"{federation.site.origin}{path}"), federation.ports.blocking())
    )
    document = json.loads(response.body)
    return [document["publicKey"]["id"], *(key["id"] for key in document["assertionMethod"])]


def test_a_rotated_key_signs_and_the_old_one_is_still_published(blog) -> None:
    federation = blog.federation
    actor_id = federation.context().actor_uri("7")
    path = actor_id.removeprefix(federation.site.origin)
    before = key_ids(federation, path)
    new = federation.rotate_key("7")
    assert key_ids(federation, path) == [new, before[1], before[0]]
    newer = federation.rotate_key("7", algorithm=Algorithm.ED25519, overlap_s=0)
    assert key_ids(federation, path) == [new, newer, before[0]]


def test_the_key_of_the_server_itself_is_rotated_too(blog) -> None:
    federation = blog.federation
    path = federation.engine.instance_actor_id.removeprefix(federation.site.origin)
    assert federation.rotate_key(None, overlap_s=0) == key_ids(federation, path)[0]


def test_only_own_actors_have_keys(blog) -> None:
    with pytest.raises(NotFound):
        blog.federation.rotate_key("no-such-actor")


def test_send_lookup_and_forget(blog) -> None:
    me = blog.federation.context().actor_uri("7")
    sent = blog.federation.send(Like(actor=me, object="https://peer.example/1"), to="https://peer.example/users/bob")
    assert waiting(blog) == [("Like", sent)]
    assert blog.federation.lookup("@alice@blog.example").id == me
    assert blog.federation.lookup(me).id == me
    assert blog.federation.forget("https://peer.example/users/bob") == 0


def test_what_is_not_registered_or_maps_to_nothing_is_refused(blog, post_class) -> None:
    with pytest.raises(ConfigurationError, match="no object is registered"):
        blog.federation.publish(object())

    class Draft:
        pk = 5

    blog.federation.object("/drafts/{pk}", source=Draft)(lambda context, draft: None)
    with pytest.raises(NotFound):
        blog.federation.publish(Draft())


@pytest.mark.parametrize(
    "model", [Note(content="x"), Like(actor="https://elsewhere.example/u", object="https://a.example/1")]
)
def test_only_own_actors_send(blog, model) -> None:
    with pytest.raises((ConfigurationError, AttributeError)):
        blog.federation.send(model, to="https://peer.example/users/bob")


# -- frameworks ------------------------------------------------------------------------------------------------------

REQUEST = Request.to(
    "https://blog.example/users/7", headers=[("host", "blog.example"), ("accept", "application/activity+json")]
)


async def test_starlette_takes_it_as_middleware(blog) -> None:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    app = Starlette(routes=[Route("/about", lambda request: PlainTextResponse("about"))])
    blog.federation.install(app)
    assert (await ask_asgi(app, REQUEST)).media_type == "application/activity+json"
    about = Request.to("https://blog.example/about", headers=[("host", "blog.example")])
    assert (await ask_asgi(app, about)).body == b"about"


def test_flask_takes_it_around_its_own(blog) -> None:
    from flask import Flask

    app = Flask("blog")
    app.add_url_rule("/about", view_func=lambda: "about", endpoint="about")
    blog.federation.init_app(app)
    assert ask_wsgi(app.wsgi_app, REQUEST).media_type == "application/activity+json"
    about = Request.to("https://blog.example/about", headers=[("host", "blog.example")])
    assert ask_wsgi(app.wsgi_app, about).body == b"about"
