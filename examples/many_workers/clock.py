"""A speaking clock: whoever runs this says what time it is; as many workers as you like carry it to all who follow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from fedtext import PUBLIC, Config, Context, DevPolicy, Federation, Note, Person, connect
from fedtext.behaviors import Follows

ORIGIN = os.environ.get("CLOCK_ORIGIN", "http://localhost:8000")
DATABASE = os.environ.get("CLOCK_DATABASE", "postgresql://localhost/clock")  # the one thing that all processes share
DEV = Config(dev=DevPolicy.allow_loopback())  # not on a public host

fed = Federation(ORIGIN, backend=connect(DATABASE), config=DEV, worker="off")
fed.use(Follows(accept="auto"))
fed.handle(lambda context, name: "1" if name == "clock" else None)
app = fed.asgi()


@dataclass
class Moment:
    pk: str


@fed.actor("/clocks/{pk}")
def clock(context: Context, pk: str) -> Person | None:
    return context.actor(Person, handle="clock", name="Clock") if pk == "1" else None


@fed.object("/moments/{pk:int}", source=Moment, load=lambda context, pk: Moment(pk))
def note(context: Context, moment: Moment) -> Note:
    said = f"It is {datetime.fromtimestamp(int(moment.pk), UTC):%H:%M} UTC."
    followers = context.followers_uri("1")
    return Note(attributed_to=context.actor_uri("1"), content=said, to=PUBLIC, cc=[followers])


if __name__ == "__main__":
    fed.publish(Moment(str(int(datetime.now(UTC).timestamp()))))  # one row: it returns before anything is sent
