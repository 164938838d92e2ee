"""Runs one of the example blogs as its README says, but can be killed where a request says so.

    python launch.py django|flask|fastapi PORT

A request with the header `X-Fail-At: <point>` ends the process (SIGKILL) at that point; with `<point>:raise` the
application's code fails there. The points: before-insert, before-publish, after-publish, before-response. With
WORKER=off nothing is sent meanwhile.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
POINTS = ("before-insert", "before-publish", "after-publish", "before-response")
HEADER = "X-Fail-At"

armed = ""


def arm(point: str | None) -> None:
    """Take what the present request says; there is one at a time."""
    global armed
    armed = point or ""


def reach(point: str) -> None:
    """End the process, or fail, if that is wanted here."""
    if armed == point:
        os.kill(os.getpid(), signal.SIGKILL)
    if armed == f"{point}:raise":
        raise RuntimeError("as the test wants it")


class Publish:
    """Stands in for `fed.publish`, or `fed.withdraw`."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __call__(self, *args: Any, **named: Any) -> Any:
        reach("before-publish")
        result = self._real(*args, **named)
        reach("after-publish")
        return result

    async def aio(self, *args: Any, **named: Any) -> Any:
        reach("before-publish")
        result = await self._real.aio(*args, **named)
        reach("after-publish")
        return result


def instrument(fed: Any) -> None:
    fed.publish, fed.withdraw = Publish(fed.publish), Publish(fed.withdraw)
    fed.worker_mode = os.environ.get("WORKER", "auto")


def around_wsgi(app: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
        arm(environ.get("HTTP_" + HEADER.upper().replace("-", "_")))
        answer = app(environ, start_response)
        reach("before-response")  # the view is done, its transaction ended; not a byte was written
        return answer

    return wrapped


def around_asgi(app: Callable[..., Any]) -> Callable[..., Any]:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def watched(message: Any) -> None:
            if message["type"] == "http.response.start":
                reach("before-response")
            await send(message)

        arm(dict(scope.get("headers", ())).get(HEADER.lower().encode(), b"").decode())
        await app(scope, receive, watched)

    return wrapped


def django(port: int) -> None:
    sys.path.insert(0, str(EXAMPLES / "django_blog" / "federated"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "blog.settings"
    from django.core.management import call_command
    from django.core.servers.basehttp import run
    from django.core.wsgi import get_wsgi_application
    from django.db.models.signals import pre_save

    application = get_wsgi_application()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from blog import models, views

    instrument(views.fed)

    def saving(instance: Any, **_signal: Any) -> None:
        if instance.pk is None:
            reach("before-insert")

    pre_save.connect(saving, sender=models.Post)
    run("127.0.0.1", port, around_wsgi(application), threading=True)


def flask(port: int) -> None:
    sys.path.insert(0, str(EXAMPLES / "flask_blog"))
    import blog
    from werkzeug.serving import run_simple

    instrument(blog.fed)
    real = blog.database

    @contextmanager
    def database() -> Any:
        with real() as connection:
            connection.set_trace_callback(lambda sql: reach("before-insert") if "INTO posts" in sql else None)
            yield connection

    blog.database = database
    run_simple("127.0.0.1", port, around_wsgi(blog.app), threaded=True)


def fastapi(port: int) -> None:
    sys.path.insert(0, str(EXAMPLES / "fastapi_blog"))
    import blog
    import uvicorn
    from sqlalchemy import event

    instrument(blog.fed)
    event.listen(blog.Post, "before_insert", lambda *_given: reach("before-insert"))
    uvicorn.run(around_asgi(blog.app), port=port, log_level="warning")


if __name__ == "__main__":
    {"django": django, "flask": flask, "fastapi": fastapi}[sys.argv[1]](int(sys.argv[2]))
