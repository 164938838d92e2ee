"""A copy goes from one kind of database to another, with all that waits."""

from __future__ import annotations

from hashlib import sha256

import pytest

from fedtext import Federation, connect
from fedtext.errors import ConfigurationError
from fedtext.runtime.copies import back_up, restore
from fedtext.social import Social
from fedtext.testing.peers import SharedKeys
from fedtext.testing.ports import names, task

BODY = '{"content": "für alle"}'.encode()


def federation(url):
    return Federation("https://blog.example", backend=connect(url), keys=SharedKeys(), worker="off")


def ignore(done, total):
    """Show nothing."""


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
async def test_from_one_to_the_other(source, postgres_url, tmp_path):
    urls = {"sqlite": f"sqlite:///{tmp_path}/app.sqlite3", "postgresql": postgres_url}
    old, new = (federation(urls[name]) for name in (source, *(urls.keys() - {source})))
    social, copied = Social(old), Social(new)
    alice = await social.create_actor("alice", pk="a")
    post = await alice.post("Ünïcode ? % text")
    ports = old.ports.asynchronous()
    await ports.queue.enqueue([task("waits", "a.example", dedupe_key="d", body=BODY), task("dead", "b.example")])
    claim = await ports.queue.claim(lease_s=60, batch_max=1, kinds=None)
    while claim.lane.name != "b.example":
        claim = await ports.queue.claim(lease_s=60, batch_max=1)
    await ports.queue.bury(claim, claim.jobs[0], reason="no")
    # in PostgreSQL these are not in their lane yet
    await ports.sql.atomic(ports.queue.statements(task("handed in", "c.example", dedupe_key="e", body=BODY), 0.0))
    await ports.sql.atomic(ports.queue.statements(task("handed in, too", "c.example"), 0.0))

    await back_up(old, tmp_path / "copy.jsonl", force=False, show=ignore)
    await copied.create_actor("bob", pk="b")  # so that its tables are there
    await restore(new, tmp_path / "copy.jsonl", force=True, show=ignore)

    queue = new.ports.asynchronous().queue
    assert [actor.name for actor in await copied.actors()] == ["alice"]
    assert (await (await copied.actor("alice")).find_post(post.pk)).text == post.text
    assert [(job.lane.name, reason) for job, reason in await queue.buried()] == [("b.example", "no")]
    found = {}
    while (claim := await queue.claim(lease_s=60, batch_max=10)) is not None:
        found[claim.lane.name] = list(zip(names(claim), [job.body for job in claim.jobs], strict=True))
    assert found["a.example"] == [("waits", BODY)]
    assert found["c.example"] == [("handed in", BODY), ("handed in, too", b"")]
    for fed in (old, new):
        await fed.ports.close()


async def test_long_keys_fit_the_indexes_of_the_other(postgres_url, tmp_path):
    """The same task is known again after the move, however long its key is."""
    old, new = federation(f"sqlite:///{tmp_path}/app.sqlite3"), federation(postgres_url)
    again = "/".join(sha256(str(number).encode()).hexdigest() for number in range(100))  # nothing compresses it
    long = task("long", "a.example", dedupe_key=again, ordering_key=again)
    assert await old.ports.asynchronous().queue.enqueue([long]) == 1
    await back_up(old, tmp_path / "copy.jsonl", force=False, show=ignore)
    await restore(new, tmp_path / "copy.jsonl", force=False, show=ignore)
    queue = new.ports.asynchronous().queue
    assert await queue.enqueue([long]) == 0
    assert (await queue.depth()).waiting == 1
    for fed in (old, new):
        await fed.ports.close()


async def test_what_is_not_in_its_lane_yet_is_there_too(postgres_url, tmp_path):
    old, new = federation(f"sqlite:///{tmp_path}/app.sqlite3"), federation(postgres_url)
    await back_up(old, tmp_path / "copy.jsonl", force=False, show=ignore)
    ports = new.ports.asynchronous()
    await ports.sql.atomic(ports.queue.statements(task("handed in", "c.example"), 0.0))
    with pytest.raises(ConfigurationError, match="not empty"):
        await restore(new, tmp_path / "copy.jsonl", force=False, show=ignore)
    await restore(new, tmp_path / "copy.jsonl", force=True, show=ignore)
    assert (await ports.queue.depth()).waiting == 0
    for fed in (old, new):
        await fed.ports.close()
