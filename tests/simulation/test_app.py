"""Applications of all kinds, bound to the network for a test, as the documentation shows it."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from fedtext import PUBLIC, Accept, Context, Create, Delete, Federation, Note, Page, PageRequest, Person, connect
from fedtext.behaviors import Deletes, Follows, Replies
from fedtext.sync import run_sync
from fedtext.testing import Fediverse
from fedtext.testing.peers import SharedKeys


@attrs.define
class Post:
    pk: int
    text: str
    author: str = "1"


@attrs.define
class Blog:
    """An ordinary application: posts, and comments under them."""

    fed: Federation
    posts: dict[int, Post] = attrs.field(factory=dict)
    comments: dict[str, str] = attrs.field(factory=dict)

    def save(self, reply) -> None:
        self.comments[reply.id] = f"{reply.author.handle}: {reply.text}"

    def remove(self, reply_id: str, author_id: str) -> None:
        self.comments.pop(reply_id, None)

    def remove_author(self, author_id: str) -> None:
        self.comments.clear()

    def write(self, pk: int, text: str) -> Post:
        post = self.posts[pk] = Post(pk, text)
        self.fed.publish(post)
        return post


@pytest.fixture(params=["memory", "sqlite"])
def blog(request: pytest.FixtureRequest, tmp_path) -> Iterator[Blog]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/blog.sqlite3"
    fed = Federation("https://blog.example", backend=connect(url), keys=SharedKeys())
    made = Blog(fed)
    fed.use(Follows(), Replies(made), Deletes())

    @fed.actor("/ap/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice", name="Alice") if pk == "1" else None

    @fed.handle
    def pk_of(context: Context, name: str) -> str | None:
        return "1" if name == "alice" else None

    @fed.object("/ap/posts/{pk:int}", source=Post, load=lambda context, pk: made.posts.get(int(pk)))
    def note(context: Context, post: Post) -> Note:
        return Note(attributed_to=context.actor_uri(post.author), content=post.text, to=PUBLIC)

    @fed.outbox("/ap/users/{pk}/outbox")
    def posts(context: Context, pk: str, page: PageRequest) -> Page[Post]:
        return Page(list(made.posts.values())[::-1])

    yield made
    run_sync(fed.ports.close())


def starlette_app(fed: Federation):
    from fastapi import FastAPI

    app = FastAPI()
    fed.install(app)
    return app


def flask_app(fed: Federation):
    from flask import Flask

    app = Flask("blog")
    fed.init_app(app)
    return app.wsgi_app


@pytest.mark.parametrize("make_app", [lambda fed: None, Federation.asgi, Federation.wsgi, starlette_app, flask_app])
async def test_a_post_reaches_bob_and_his_answer_becomes_a_comment(blog: Blog, make_app) -> None:
    async with Fediverse(seed=7) as net:
        net.bind(blog.fed, make_app(blog.fed))
        bob = await net.peer("mastodon.example", profile="mastodon").actor("bob")
        await bob.follow("@alice@blog.example")
        await net.settle()
        assert bob.inbox.has(Accept)
        blog.write(1, "hello")
        await net.settle()
        assert bob.inbox.has(Create)
        [entry] = await bob.timeline()
        reply = await bob.reply(entry, "nice")
        await net.settle()
        assert list(blog.comments.values()) == ["@bob@mastodon.example: nice"]
        net.partition("mastodon.example")
        await bob.delete(reply)
        blog.write(2, "are you there?")
        await net.settle()
        assert len(blog.comments) == 1
        net.advance(hours=6)
        net.heal()
        await net.settle()
        assert blog.comments == {}
        assert [entry.text for entry in await bob.timeline()] == ["are you there?", "hello"]
        await blog.fed.withdraw.aio(blog.posts[1])
        await net.settle()
        assert bob.inbox.has(Delete)


@pytest.mark.parametrize("make_app", [lambda fed: None, Federation.wsgi, flask_app])
def test_the_same_without_an_event_loop(blog: Blog, make_app) -> None:
    with Fediverse(seed=7) as net:
        net.bind(blog.fed, make_app(blog.fed))
        bob = net.peer("mastodon.example", profile="mastodon").actor("bob")
        bob.follow("@alice@blog.example")
        net.settle()
        blog.write(1, "hello")
        net.settle()
        [entry] = bob.timeline()
        bob.reply(entry, "nice")
        net.settle()
        assert list(blog.comments.values()) == ["@bob@mastodon.example: nice"]
    assert blog.fed.worker_mode == "auto"
