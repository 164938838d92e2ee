"""A federation with one actor and posts kept in dictionaries."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from fedtext import PUBLIC, Config, Context, Federation, Note, Page, PageRequest, Person, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import RecordingObserver
from fedtext.testing.peers import SharedKeys


@attrs.define
class Post:
    pk: int
    text: str = "hello"
    author: str = "7"


@attrs.define
class Blog:
    """An application: its federation, its clock, its posts and what the observer was told."""

    federation: Federation
    clock: ManualClock
    posts: dict[int, Post]
    observer: RecordingObserver


def make_blog(url: str = "memory://", origin: str = "https://blog.example", **options: object) -> Blog:
    observer = RecordingObserver()
    options = {"config": Config(), "worker": "off", "keys": SharedKeys(), **options}
    federation = Federation(origin, backend=connect(url), observer=observer, **options)
    clock = ManualClock()
    federation.ports.clock = clock
    posts: dict[int, Post] = {}

    @federation.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice", name="Alice") if pk == "7" else None

    @federation.handle
    def pk_of(context: Context, name: str) -> str | None:
        return "7" if name == "alice" else None

    @federation.object("/posts/{pk:int}", source=Post, load=lambda context, pk: posts.get(int(pk)))
    def note(context: Context, post: Post) -> Note:
        return Note(attributed_to=context.actor_uri(post.author), content=post.text, to=PUBLIC)

    @federation.outbox("/users/{pk}/outbox")
    def outbox(context: Context, pk: str, page: PageRequest) -> Page[Post]:
        return Page(list(posts.values()))

    return Blog(federation=federation, clock=clock, posts=posts, observer=observer)


@pytest.fixture
def make() -> Callable[..., Blog]:
    """Make a blog on any storage, under any origin."""
    return make_blog


@pytest.fixture
def blog() -> Blog:
    """A blog in memory."""
    return make_blog()


@pytest.fixture
def post_class() -> type[Post]:
    """The application's own class of posts."""
    return Post
