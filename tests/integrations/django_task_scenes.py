"""Scenes with Django's tasks, in a process of their own, because its settings belong to a process.

python -W error django_task_scenes.py SCENE FOLDER INBOX…
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
from django.conf import settings

SCENE, FOLDER, INBOXES = sys.argv[1], sys.argv[2], sys.argv[3:]
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
IMMEDIATE = "django_tasks.backends.immediate.ImmediateBackend"
IN_DATABASE = find_spec("django_tasks_db") is not None
settings.configure(
    SECRET_KEY="no secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django_tasks",
        *(["django_tasks_db"] if IN_DATABASE else []),
        "fedtext.integrations.django",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{FOLDER}/scene.sqlite3",
            "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
        }
    },
    TASKS={
        "default": {"BACKEND": IMMEDIATE, "QUEUES": ["default", "lanes"]},
        **({"database": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["lanes"]}} if IN_DATABASE else {}),
    },
    FEDTEXT_TASKS={"backend": "default" if SCENE.startswith("immediate") else "database", "queue_name": "lanes"},
)
django.setup()

from django.core.management import CommandError, call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402
from tests.integrations.engine_blog import Post, make_blog  # noqa: E402

from fedtext.errors import ConfigurationError, QueueError  # noqa: E402
from fedtext.integrations.django import urls  # noqa: E402
from fedtext.integrations.django.deliveries import carry_deliveries, carry_lane, sweep  # noqa: E402
from fedtext.sync import run_sync  # noqa: E402

WORKER = ("--backend", "database", "--queue-name", "lanes", "--no-startup-delay", "--interval", "0.1")
fed = make_blog("django", INBOXES, lease_s=2.0)
carrier = carry_deliveries(fed)
urlpatterns: list[Any] = [path("", include(urls(fed)))]


def undone() -> int:
    depth = run_sync(fed.ports.blocking().queue.depth())
    return depth.waiting + depth.leased


def messages() -> list[dict[str, Any]]:
    """Give the tasks that wait in the database, oldest first."""
    from django_tasks_db.models import DBTaskResult

    rows = DBTaskResult.objects.filter(status="READY").order_by("enqueued_at")
    return [{"task": row.task_path.rpartition(".")[2], "after": row.run_after, **row.args_kwargs} for row in rows]


def work() -> None:
    """Run the worker of the database's tasks until nothing is due."""
    call_command("db_worker", *WORKER, "--batch")


@contextmanager
def refused(kind: type[Exception], what: str) -> Iterator[None]:
    said = None
    try:
        yield
    except kind as error:
        said = str(error)
    assert said is not None, f"not refused: {what}"
    assert what in said, said


# ---- scenes ----------------------------------------------------------------------------------------------------------


def immediate_commits() -> None:
    """What a transaction sends is called for when it commits, and not at all when it does not."""
    assert undone() == 0  # this makes the tables, for which a transaction that writes leaves no room
    with transaction.atomic():
        fed.publish(Post(1, text="kept"))
        assert undone() == 0
    assert undone() == 0, "it was carried at once"
    try:
        with transaction.atomic():
            fed.publish(Post(2, text="lost"))
            raise RuntimeError
    except RuntimeError:
        pass
    fed.publish(Post(3, text="without a transaction"))
    assert undone() == 0


def immediate_requests() -> None:
    """No door starts a worker."""
    import threading

    assert fed.worker_mode == "off"
    Client().get("/users/7", headers={"accept": "application/activity+json"})
    assert [thread.name for thread in threading.enumerate() if "fedtext" in thread.name] == []


def immediate_refusals() -> None:
    """Messages are looked at before they are believed, and a federation is carried once."""
    with refused(QueueError, "another version"):
        carry_lane.call({"v": 2, "site": fed.site.origin, "lane": "out:a"})
    with refused(ConfigurationError, "nothing in the URL configuration"):
        carry_lane.call({"v": 1, "site": "https://other.example", "lane": "out:a"})
    with refused(ConfigurationError, "already"):
        carry_deliveries(fed)


def database_carries() -> None:
    """The worker of the database's tasks delivers; a message names a lane and nothing else."""
    fed.publish(Post(1, text="one"))
    lane = {"v": 1, "site": fed.site.origin, "lane": f"fanout:{fed.site.origin}"}
    assert [(message["task"], message["args"], message["kwargs"]) for message in messages()] == [
        ("carry_lane", [lane], {})
    ]
    work()
    assert undone() == 0
    assert messages() == []


def database_loses() -> None:
    """What was lost is found by a sweep, which `manage.py fedtext sweep` asks for."""
    from django_tasks_db.models import DBTaskResult

    fed.publish(Post(1, text="found"))
    DBTaskResult.objects.all().delete()
    call_command("fedtext", "sweep")
    assert [message["task"] for message in messages()] == ["sweep"]
    work()
    assert undone() == 0
    with refused(CommandError, "duration"):
        call_command("fedtext", "sweep", "--every", "soon")


def database_backs_off() -> None:
    """A dead host comes back when it is due, and is not asked meanwhile."""
    fed.publish(Post(1))
    work()
    waiting = messages()
    assert [(message["task"], message["args"][0]["lane"].partition(":")[0]) for message in waiting] == [
        ("carry_lane", "out")
    ]
    assert waiting[0]["after"] is not None
    for _ in range(3):
        sweep.enqueue()
        work()
    assert len(messages()) == 1
    assert undone() == 1


def database_publishes() -> None:
    """The web process of a scene with several: it only posts."""
    for number in range(3):
        fed.publish(Post(number, text=f"post {number}"))


def database_works() -> None:
    """A worker that runs until it is told to stop, or is killed; it sweeps, too."""
    from django_tasks_db.models import DBTaskResult

    DBTaskResult.objects.filter(status="RUNNING").delete()  # those of the killed one: nobody brings them back
    sweep.enqueue()
    call_command("db_worker", *WORKER)


def database_sweeps() -> None:
    """The command beside the worker."""
    call_command("fedtext", "sweep", "--every", "1s")


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    globals()[SCENE]()
    run_sync(fed.ports.close())
