"""Django's tasks carry the deliveries (django.tasks; for Django before 6.0 the package django-tasks).

    # urls.py
    carry_deliveries(fed)
    urlpatterns = [..., path("", include(urls(fed)))]

Run the worker of your backend of tasks (`manage.py db_worker`, for one) and, from cron or beside it,
`manage.py fedtext sweep`. There are two tasks: `carry_lane` gets a message that names a host (or what else stands in a
lane), and `sweep`. What is sent inside of `transaction.atomic()` is called for when that is committed.

The setting FEDTEXT_TASKS = {"backend": "default", "queue_name": "default"} says which backend of tasks and which queue
they use. (This module is not called `tasks`: Celery would import it in projects that have no django.tasks.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any

from django import VERSION
from django.conf import settings

from ...errors import ConfigurationError
from ...runtime import CarryPolicy, Federation, LaneCall, LaneCarrier
from .door import federations
from .storage import DjangoBackend

__all__ = ["carry_deliveries"]

_carriers: dict[str, LaneCarrier] = {}


def _carry_lane(message: dict[str, Any]) -> None:
    """Carry the lane that a message names."""
    site = message.get("site")
    for carrier in _known():
        if carrier.site == site:
            carrier.carry_blocking(message)
            return
    raise ConfigurationError("nothing in the URL configuration carries this site", site=str(site))


def _sweep() -> None:
    """Call for every lane that is due and held by nobody."""
    for carrier in _known():
        carrier.sweep_blocking()


_FUNCTIONS: Mapping[str, Callable[..., None]] = {"carry_lane": _carry_lane, "sweep": _sweep}
for _name, _function in _FUNCTIONS.items():
    _function.__name__ = _function.__qualname__ = _name  # a worker finds a task by the name of its function


def __getattr__(name: str) -> Any:
    """Make the tasks `carry_lane` and `sweep` when they are asked for: they need the settings, an import does not."""
    if name not in _FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _task(name)


@cache
def _task(name: str) -> Any:
    chosen: Mapping[str, str] = getattr(settings, "FEDTEXT_TASKS", {})
    backend, queue_name = chosen.get("backend", "default"), chosen.get("queue_name", "default")
    return _library().task(backend=backend, queue_name=queue_name)(_FUNCTIONS[name])


def _library() -> Any:
    try:
        return import_module("django.tasks" if VERSION >= (6, 0) else "django_tasks")
    except ModuleNotFoundError as error:
        raise ConfigurationError("Django before 6.0 has no tasks: pip install 'fedtext[tasks]'") from error


def carry_deliveries(federation: Federation, *, policy: CarryPolicy | None = None) -> LaneCarrier:
    """Let Django's tasks carry the deliveries of a federation; no door starts a worker of ours any more.

    Call it where the URL configuration is, so that the worker of the tasks finds it, too.

    Args:
        federation: With `connect("django")`, what a transaction of Django's has sent is called for when it commits.
        policy: How long a run is, how often is swept.

    Returns:
        What carries.

    Raises:
        ConfigurationError: The federation is carried already, or there are no tasks.
    """
    _library()
    carrier = LaneCarrier(federation, _Messenger(federation), policy)
    backend = federation.ports.backend
    if isinstance(backend, DjangoBackend):
        backend.after_commit = carrier.committed
    _carriers[carrier.site] = carrier
    return carrier


def _known() -> list[LaneCarrier]:
    """Give what is carried, once the URL configuration, where that is said, has been read."""
    list(federations())
    return list(_carriers.values())


class _Messenger:
    def __init__(self, federation: Federation) -> None:
        self._federation = federation

    def send(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        wanted = _task("carry_lane")
        if after_s > 0:
            if not wanted.get_backend().supports_defer:
                return
            wanted = wanted.using(run_after=datetime.now(UTC) + timedelta(seconds=after_s))
        for call in calls:
            wanted.enqueue(call.dump())

    async def send_async(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        await self._federation.ports.offload.run(lambda: self.send(calls, after_s=after_s))
