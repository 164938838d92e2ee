"""A small blog: FastAPI, SQLAlchemy. Nobody logs in: authors show a key to write, visitors to take comments back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from html import escape
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import uuid4

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import DateTime, Dialect, TypeDecorator, select
from sqlalchemy import delete as removal
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PORT = int(os.environ.get("BLOG_PORT", "8001"))
ORIGIN = os.environ.get("BLOG_ORIGIN", f"http://localhost:{PORT}")
DATABASE = os.path.abspath(os.environ.get("BLOG_DATABASE", "fastapi_blog.sqlite3"))  # noqa: PTH100

engine = create_async_engine(f"sqlite+aiosqlite:///{DATABASE}", connect_args={"timeout": 20})
database = async_sessionmaker(engine, expire_on_commit=False)
templates = Jinja2Templates(Path(__file__).parent / "templates")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite keeps no time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    pk: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    key: Mapped[str]

    @property
    def url(self) -> str:
        return f"/users/{self.pk}"


class Post(Base):
    __tablename__ = "posts"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    pk: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int]
    text: Mapped[str]
    made: Mapped[datetime] = mapped_column(Moment, default=now)
    edited: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def url(self) -> str:
        return f"/posts/{self.pk}"

    @property
    def html(self) -> str:
        return f"<p>{escape(self.text)}</p>"


class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[str] = mapped_column(primary_key=True)
    post_id: Mapped[int]
    author_id: Mapped[str]
    author: Mapped[str]
    text: Mapped[str]
    made: Mapped[datetime] = mapped_column(Moment, default=now)


async def find_user(**wanted: object) -> User | None:
    async with database() as session:
        return await session.scalar(select(User).filter_by(**wanted))


async def find_post(pk: int) -> Post | None:
    async with database() as session:
        return await session.get(Post, pk)


async def posts_of(author_id: int | None = None, before: str | None = None, size: int = 20) -> list[Post]:
    """The newest posts, of everybody or of one author, older than the post `before`."""
    found = select(Post).order_by(Post.pk.desc()).limit(size)
    if author_id is not None:
        found = found.where(Post.author_id == author_id)
    if before is not None:
        found = found.where(Post.pk < int(before))
    async with database() as session:
        return list(await session.scalars(found))


class Comments:
    """The table of comments; who wrote one may change it or take it back."""

    async def put(self, key: str, post_id: int, author_id: str, author: str, text: str) -> None:
        async with database.begin() as session:
            found = await session.get(Comment, key)
            if found is None:
                session.add(Comment(id=key, post_id=post_id, author_id=author_id, author=author, text=text))
            elif found.author_id == author_id:
                found.author, found.text = author, text

    async def remove(self, key: str, author_id: str) -> None:
        async with database.begin() as session:
            await session.execute(removal(Comment).where(Comment.id == key, Comment.author_id == author_id))

    async def remove_author(self, author_id: str) -> None:
        async with database.begin() as session:
            await session.execute(removal(Comment).where(Comment.author_id == author_id))

    async def of(self, post: Post) -> list[Comment]:
        async with database() as session:
            return list(await session.scalars(select(Comment).where(Comment.post_id == post.pk).order_by(Comment.made)))


comments = Comments()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def read_form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


Form = Annotated[dict[str, str], Depends(read_form)]


def visitor(form: Form) -> str:
    """Who holds this key, without telling the key."""
    return sha256(form["key"].encode()).hexdigest()[:16]


async def known_author(form: Form) -> User:
    """The user whose name and key are in the form."""
    user = await find_user(name=form["name"])
    if user is None or not compare_digest(user.key.encode(), form["key"].encode()):
        raise HTTPException(403)
    return user


Author = Annotated[User, Depends(known_author)]


async def own_post(pk: int, author: Author) -> Post:
    post = await find_post(pk)
    if post is None or post.author_id != author.pk:
        raise HTTPException(404 if post is None else 403)
    return post


OwnPost = Annotated[Post, Depends(own_post)]


@app.get("/")
async def index(request: Request, before: int | None = None) -> HTMLResponse:
    return templates.TemplateResponse(request, "index.html", {"posts": await posts_of(before=before)})


@app.get("/users/{pk}")
async def profile(request: Request, pk: int, before: int | None = None) -> HTMLResponse:
    if (user := await find_user(pk=pk)) is None:
        raise HTTPException(404)
    return templates.TemplateResponse(request, "user.html", {"user": user, "posts": await posts_of(pk, before)})


@app.get("/posts/{pk}")
async def detail(request: Request, pk: int) -> HTMLResponse:
    if (post := await find_post(pk)) is None:
        raise HTTPException(404)
    shown = {"post": post, "comments": await comments.of(post), "fresh": uuid4().hex}
    return templates.TemplateResponse(request, "post.html", shown)


@app.post("/users")
async def register(form: Form) -> RedirectResponse:
    async with database.begin() as session:
        user = User(name=form["name"], title=form["title"], key=form["key"])
        session.add(user)
    return RedirectResponse(user.url, 303)


@app.post("/posts")
async def create(form: Form, author: Author) -> RedirectResponse:
    async with database.begin() as session:
        post = Post(author_id=author.pk, text=form["text"])
        session.add(post)
        await session.flush()
    return RedirectResponse(post.url, 303)


@app.post("/posts/{pk}/edit")
async def edit(form: Form, post: OwnPost) -> RedirectResponse:
    async with database.begin() as session:
        session.add(post)
        post.text, post.edited = form["text"], now()
    return RedirectResponse(post.url, 303)


@app.post("/posts/{pk}/delete")
async def delete(post: OwnPost) -> RedirectResponse:
    async with database.begin() as session:
        await session.delete(post)
    return RedirectResponse("/", 303)


@app.post("/posts/{pk}/comments")
async def comment(pk: int, form: Form) -> RedirectResponse:
    if (post := await find_post(pk)) is None:
        raise HTTPException(404)
    await comments.put(form["id"], pk, visitor(form), form["name"], form["text"])
    return RedirectResponse(post.url, 303)


@app.post("/comments/remove")
async def take_back(form: Form) -> RedirectResponse:
    if form.get("id"):
        await comments.remove(form["id"], visitor(form))
    else:
        await comments.remove_author(visitor(form))
    return RedirectResponse("/", 303)


if __name__ == "__main__":
    uvicorn.run(app, port=PORT, log_level="warning")
