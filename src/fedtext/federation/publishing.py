"""From the application's things to objects and the activities about them: pure."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigurationError
from ..vocab import PUBLIC, Actor, Create, Delete, Object, Tombstone, Update, is_public, reference_id
from ..wire.iri import Iri
from ..wire.timestamps import from_epoch_s
from .engine import Engine


def complete(engine: Engine, model: Object, object_id: str) -> Object:
    """Add what every object needs and an application should not have to say.

    The id from its path; its registered collections; for a public post the author's followers in `cc` (MOD-05); an
    absolute `url`.

    Raises:
        ConfigurationError: No author, or nobody is addressed.
    """
    author = author_of(model)
    collections = engine.object_collections(object_id.removeprefix(engine.site.origin))
    changes: dict[str, Any] = {name: iri for name, iri in collections.items() if getattr(model, name) is None}
    changes["id"] = Iri(object_id)
    url = model.url
    if isinstance(url, str) and url.startswith("/"):
        changes["url"] = engine.site.origin + url
    addressed = (*model.to, *model.cc)
    if not addressed and not model.bto and not model.bcc:
        raise ConfigurationError("say whom it is for: to=PUBLIC, or ids of actors", object=object_id)
    if any(is_public(iri) for iri in addressed):
        followers = _followers_of(engine, author)
        if followers is not None and followers not in addressed:
            unlisted = not any(is_public(iri) for iri in model.to)
            name, present = ("to", model.to) if unlisted else ("cc", model.cc)
            changes[name] = (*present, followers)
    return model.evolve(**changes)


def author_of(model: Object) -> Iri:
    """Give the id of whom an object is attributed to.

    Raises:
        ConfigurationError: Nobody.
    """
    author = reference_id(model.attributed_to) if model.attributed_to is not None else None
    if author is None:
        raise ConfigurationError("say who wrote it: attributed_to=context.actor_uri(…)", object=str(model.id))
    return author


def create_of(model: Object) -> Create[Object]:
    """Wrap an object in its Create: same audience (MOD-07), id derived from the object's."""
    return Create(
        id=Iri(f"{model.id}#create"),
        actor=author_of(model),
        published=model.published,
        to=model.to,
        cc=model.cc,
        bto=model.bto,
        bcc=model.bcc,
        object=model,
    )


def update_of(model: Object, now_s: float, token: str) -> Update[Object]:
    """Wrap an object in an Update with an id of its own and a fresh `updated` (MOD-24)."""
    dated = model if model.updated is not None else model.evolve(updated=from_epoch_s(now_s))
    return Update(
        id=Iri(f"{model.id}#updates/{token}"),
        actor=author_of(model),
        to=model.to,
        cc=model.cc,
        bto=model.bto,
        bcc=model.bcc,
        object=dated,
    )


def actor_update_of(actor: Actor, now_s: float, token: str) -> Update[Object]:
    """Wrap an own actor, whole as it is served, in an Update for its followers (ACT-18)."""
    followers = actor.followers or f"{actor.id}/followers"
    return Update(
        id=Iri(f"{actor.id}#updates/{token}"),
        actor=Iri(str(actor.id)),
        to=PUBLIC,
        cc=[followers],
        object=actor.evolve(updated=from_epoch_s(now_s)),
    )


def delete_of(model: Object) -> Delete[Object]:
    """Say that an object is gone: a Tombstone to those who got it (MOD-26)."""
    return Delete(
        id=Iri(f"{model.id}#delete"),
        actor=author_of(model),
        to=model.to,
        cc=model.cc,
        bto=model.bto,
        bcc=model.bcc,
        object=Tombstone(id=Iri(str(model.id)), former_type=model.type_name),
    )


def _followers_of(engine: Engine, author: Iri) -> str | None:
    """Give the followers collection of an own author."""
    if not author.startswith(engine.site.origin + "/"):
        return None
    local = engine.parse_path(author[len(engine.site.origin) :])
    if local is None or local.kind != "actor":
        return None
    return engine.site.origin + engine.collection_path("followers", local.pk)
