"""The views of a small blog. Nobody logs in: authors show a key to write, visitors to take comments back."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from .models import Comment, Post, User


def find_user(**wanted: object) -> User | None:
    return User.objects.filter(**wanted).first()


def posts_of(author_id: object = None, before: object = None, size: int = 20) -> list[Post]:
    """The newest posts, of everybody or of one author, older than the post `before`."""
    found = Post.objects.order_by("-pk")
    if author_id is not None:
        found = found.filter(author_id=author_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found[:size])


def visitor(request: HttpRequest) -> str:
    """Who holds this key, without telling the key."""
    return sha256(request.POST["key"].encode()).hexdigest()[:16]


def author(request: HttpRequest) -> User:
    """The user whose name and key are in the form."""
    user = find_user(name=request.POST["name"])
    if user is None or not compare_digest(user.key.encode(), request.POST["key"].encode()):
        raise PermissionDenied
    return user


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    shown = {"posts": posts_of(before=request.GET.get("before")), "origin": settings.ORIGIN}
    return render(request, "index.html", shown)


@require_GET
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return render(request, "user.html", {"user": user, "posts": posts_of(pk, request.GET.get("before"))})


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    post = get_object_or_404(Post, pk=pk)
    shown = {"post": post, "comments": post.comment_set.order_by("made"), "fresh": uuid4().hex}
    return render(request, "post.html", shown)


@require_POST
def register(request: HttpRequest) -> HttpResponseRedirect:
    form = request.POST
    return redirect(User.objects.create(name=form["name"], title=form["title"], key=form["key"]).url)


@require_POST
def create(request: HttpRequest) -> HttpResponseRedirect:
    post = Post(author=author(request), text=request.POST["text"], made=timezone.now().replace(microsecond=0))
    with transaction.atomic():
        post.save()
    return redirect(post.url)


@require_POST
def edit(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    post = get_object_or_404(Post, pk=pk, author=author(request))
    post.text, post.edited = request.POST["text"], timezone.now().replace(microsecond=0)
    with transaction.atomic():
        post.save()
    return redirect(post.url)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    post = get_object_or_404(Post, pk=pk, author=author(request))
    with transaction.atomic():
        post.delete()
    return redirect("/")


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    post = get_object_or_404(Post, pk=pk)
    Comment.objects.put(request.POST["id"], pk, visitor(request), request.POST["name"], request.POST["text"])
    return redirect(post.url)


@require_POST
def take_back(request: HttpRequest) -> HttpResponseRedirect:
    if request.POST.get("id"):
        Comment.objects.remove(request.POST["id"], visitor(request))
    else:
        Comment.objects.remove_author(visitor(request))
    return redirect("/")
