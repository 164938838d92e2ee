"""Authors, posts and comments."""

from __future__ import annotations

from html import escape

from django.db import models


class User(models.Model):
    name = models.CharField(max_length=30, unique=True)
    title = models.CharField(max_length=100)
    key = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"/users/{self.pk}"


class Post(models.Model):
    author = models.ForeignKey(User, models.CASCADE)
    text = models.TextField()
    made = models.DateTimeField()
    edited = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.text[:40]

    @property
    def url(self) -> str:
        return f"/posts/{self.pk}"

    @property
    def html(self) -> str:
        return f"<p>{escape(self.text)}</p>"


class Comments(models.Manager["Comment"]):
    """Who wrote a comment may change it or take it back."""

    def put(self, key: str, post_id: object, author_id: str, author: str, text: str) -> None:
        row = {"post_id": post_id, "author_id": author_id, "author": author, "text": text}
        comment, is_new = self.get_or_create(id=key, defaults=row)
        if not is_new and comment.author_id == author_id:
            self.filter(id=key).update(author=author, text=text)

    def remove(self, key: str, author_id: str) -> None:
        self.filter(id=key, author_id=author_id).delete()

    def remove_author(self, author_id: str) -> None:
        self.filter(author_id=author_id).delete()


class Comment(models.Model):
    id = models.CharField(max_length=2048, primary_key=True)
    post = models.ForeignKey(Post, models.CASCADE)
    author_id = models.CharField(max_length=2048)
    author = models.CharField(max_length=200)
    text = models.TextField()
    made = models.DateTimeField(auto_now_add=True)
    objects = Comments()

    def __str__(self) -> str:
        return self.text[:40]
