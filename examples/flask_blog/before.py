"""A small blog: Flask and sqlite3. Nobody logs in: an author shows a key to write, a visitor to take comments back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from html import escape
from uuid import uuid4

from flask import Flask, abort, redirect, render_template, request
from werkzeug.wrappers import Response

PORT = int(os.environ.get("BLOG_PORT", "5000"))
ORIGIN = os.environ.get("BLOG_ORIGIN", f"http://localhost:{PORT}")
DATABASE = os.path.abspath(os.environ.get("BLOG_DATABASE", "flask_blog.sqlite3"))  # noqa: PTH100

app = Flask(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (pk INTEGER PRIMARY KEY, name TEXT UNIQUE, title TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS posts
    (pk INTEGER PRIMARY KEY AUTOINCREMENT, author_id INTEGER, text TEXT, made TEXT, edited TEXT);
CREATE TABLE IF NOT EXISTS comments
    (id TEXT PRIMARY KEY, post_id INTEGER, author_id TEXT, author TEXT, text TEXT, made TEXT);
"""


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """One transaction: committed at the end, rolled back by any error."""
    connection = sqlite3.connect(DATABASE, timeout=20)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield connection
    finally:
        connection.close()


with database() as db:
    db.executescript(SCHEMA)


@dataclass
class User:
    pk: int
    name: str
    title: str
    key: str

    @property
    def url(self) -> str:
        return f"/users/{self.pk}"


@dataclass
class Post:
    pk: int
    author_id: int
    text: str
    made: datetime | None
    edited: datetime | None

    @property
    def url(self) -> str:
        return f"/posts/{self.pk}"

    @property
    def html(self) -> str:
        return f"<p>{escape(self.text)}</p>"


def find_user(**wanted: object) -> User | None:
    (column, value), *_ = wanted.items()
    with database() as db:
        row = db.execute(f"SELECT * FROM users WHERE {column} = ?", (value,)).fetchone()
    return User(**row) if row else None


def posts_of(author_id: object = None, before: object = None, size: int = 20) -> list[Post]:
    """The newest posts, of everybody or of one author, older than the post `before`."""
    where = "(author_id = ?1 OR ?1 IS NULL) AND (pk < ?2 OR ?2 IS NULL)"
    with database() as db:
        rows = db.execute(f"SELECT * FROM posts WHERE {where} ORDER BY pk DESC LIMIT ?3", (author_id, before, size))
        return [post_of(row) for row in rows.fetchall()]


def find_post(pk: object) -> Post | None:
    with database() as db:
        row = db.execute("SELECT * FROM posts WHERE pk = ?", (pk,)).fetchone()
    return post_of(row) if row else None


def post_of(row: sqlite3.Row) -> Post:
    return Post(row["pk"], row["author_id"], row["text"], moment(row["made"]), moment(row["edited"]))


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Comments:
    """The table of comments; who wrote one may change it or take it back."""

    def put(self, key: str, post_id: object, author_id: str, author: str, text: str) -> None:
        row = (key, post_id, author_id, author, text, str(now())[:19])
        with database() as db:
            db.execute(
                "INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
                " SET author = excluded.author, text = excluded.text WHERE author_id = excluded.author_id",
                row,
            )

    def remove(self, key: str, author_id: str) -> None:
        with database() as db:
            db.execute("DELETE FROM comments WHERE id = ? AND author_id = ?", (key, author_id))

    def remove_author(self, author_id: str) -> None:
        with database() as db:
            db.execute("DELETE FROM comments WHERE author_id = ?", (author_id,))

    def of(self, post: Post) -> list[sqlite3.Row]:
        with database() as db:
            return db.execute("SELECT * FROM comments WHERE post_id = ? ORDER BY made", (post.pk,)).fetchall()


comments = Comments()


def visitor() -> str:
    """Who holds this key, without telling the key."""
    return sha256(request.form["key"].encode()).hexdigest()[:16]


def author() -> User:
    """The user whose name and key are in the form."""
    user = find_user(name=request.form["name"])
    if user is None or not compare_digest(user.key.encode(), request.form["key"].encode()):
        abort(403)
    return user


def own_post(pk: int) -> Post:
    post = find_post(pk) or abort(404)
    if post.author_id != author().pk:
        abort(403)
    return post


@app.get("/")
def index() -> str:
    return render_template("index.html", posts=posts_of(before=request.args.get("before")))


@app.get("/users/<int:pk>")
def profile(pk: int) -> str:
    user = find_user(pk=pk) or abort(404)
    return render_template("user.html", user=user, posts=posts_of(pk, request.args.get("before")))


@app.get("/posts/<int:pk>")
def detail(pk: int) -> str:
    post = find_post(pk) or abort(404)
    return render_template("post.html", post=post, comments=comments.of(post), fresh=uuid4().hex)


@app.post("/users")
def register() -> Response:
    values = (request.form["name"], request.form["title"], request.form["key"])
    with database() as db:
        pk = db.execute("INSERT INTO users (name, title, key) VALUES (?, ?, ?)", values).lastrowid
    return redirect(f"/users/{pk}", 303)


@app.post("/posts")
def create() -> Response:
    post = Post(0, author().pk, request.form["text"], now(), None)
    with database() as db:
        values = (post.author_id, post.text, str(post.made)[:19])
        cursor = db.execute("INSERT INTO posts (author_id, text, made) VALUES (?, ?, ?)", values)
        post.pk = cursor.lastrowid or 0
    return redirect(post.url, 303)


@app.post("/posts/<int:pk>/edit")
def edit(pk: int) -> Response:
    post = own_post(pk)
    post.text, post.edited = request.form["text"], now()
    with database() as db:
        db.execute("UPDATE posts SET text = ?, edited = ? WHERE pk = ?", (post.text, str(post.edited)[:19], pk))
    return redirect(post.url, 303)


@app.post("/posts/<int:pk>/delete")
def delete(pk: int) -> Response:
    post = own_post(pk)
    with database() as db:
        db.execute("DELETE FROM posts WHERE pk = ?", (post.pk,))
    return redirect("/", 303)


@app.post("/posts/<int:pk>/comments")
def comment(pk: int) -> Response:
    post = find_post(pk) or abort(404)
    comments.put(request.form["id"], post.pk, visitor(), request.form["name"], request.form["text"])
    return redirect(post.url, 303)


@app.post("/comments/remove")
def take_back() -> Response:
    if request.form.get("id"):
        comments.remove(request.form["id"], visitor())
    else:
        comments.remove_author(visitor())
    return redirect("/", 303)


if __name__ == "__main__":
    app.run(port=PORT, threaded=True)
