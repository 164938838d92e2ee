"""The suites that every store, queue and SQL adapter must pass, in both colours.

A case is a coroutine over a `Rig`: two openings of one empty backend and the clock that they share. `run_case` runs
it in a colour. With pytest:

    @pytest.mark.parametrize("colour", Colour)
    @pytest.mark.parametrize("case", QUEUE_CASES, ids=case_name)
    def test_queue(case, colour, tmp_path):
        run_case(case, lambda: MyBackend(tmp_path / "db"), colour)

Backends that processes share pass the cases of `testing.port_processes`, too; transports have those of
`testing.port_transports`. Nothing here needs pytest.
"""

from __future__ import annotations

from contextlib import suppress

from ..errors import ConfigurationError, PortError, StoreError
from ..ports import Statement, store_key, store_prefix
from .port_queues import QUEUE_CASES
from .port_rigs import (
    LEASE_S,
    SITE,
    Case,
    Colour,
    Rig,
    case_name,
    claim_of,
    expect,
    names,
    next_names,
    payload,
    run_case,
    task,
)

__all__ = [
    "LEASE_S",
    "QUEUE_CASES",
    "SITE",
    "SQL_CASES",
    "STORE_CASES",
    "Case",
    "Colour",
    "Rig",
    "case_name",
    "claim_of",
    "expect",
    "names",
    "next_names",
    "payload",
    "run_case",
    "task",
]

STORE_CASES: list[Case] = []
SQL_CASES: list[Case] = []


def _store(case: Case) -> Case:
    STORE_CASES.append(case)
    return case


def _sql(case: Case) -> Case:
    SQL_CASES.append(case)
    return case


# --- store ---------------------------------------------------------------------------------------------------------


@_store
async def _store_gives_back_the_exact_bytes(rig: Rig) -> None:
    for value in (b"", b"\x00\xff'\"%?", b"x" * 300_000):
        await rig.store.put("k", value)
        expect(await rig.again.store.get("k"), value, "the value, through another opening")
    expect(await rig.store.get("K"), None, "keys differ by case")
    expect(await rig.store.get_many(["k", "none", "k"]), {"k": value}, "present keys only")
    expect(await rig.store.get_many([]), {}, "no keys")


@_store
async def _store_forgets_at_the_end_of_the_time_to_live(rig: Rig) -> None:
    await rig.store.put("k", b"1", ttl_s=10)
    rig.clock.advance(9.5)
    expect(await rig.store.get("k"), b"1", "half a second before the end")
    rig.clock.advance(0.5)
    expect(await rig.store.get("k"), None, "at the end")
    expect(await rig.store.get_many(["k"]), {}, "at the end, among many")
    expect((await rig.store.scan("")), [], "at the end, listed")
    expect(await rig.store.count(""), 0, "at the end, counted")
    expect(await rig.store.delete("k"), False, "at the end, deleted")


@_store
async def _store_put_renews_the_time_to_live(rig: Rig) -> None:
    await rig.store.put("k", b"1", ttl_s=10)
    await rig.store.put("k", b"2")
    rig.clock.advance(1e9)
    expect(await rig.store.get("k"), b"2", "written again without an end")


@_store
async def _store_adds_once(rig: Rig) -> None:
    expect(await rig.store.add_if_absent("k", b"1", ttl_s=10), True, "absent")
    expect(await rig.again.store.add_if_absent("k", b"2"), False, "present")
    expect(await rig.store.get("k"), b"1", "the first stays")
    rig.clock.advance(10)
    expect(await rig.store.add_if_absent("k", b"3"), True, "expired counts as absent")
    expect(await rig.store.add_if_absent("k", b"4"), False, "present again, without an end")


@_store
async def _store_swaps_only_what_is_expected(rig: Rig) -> None:
    swap = rig.store.compare_and_set
    expect(await swap("k", b"0", b"1"), False, "absent is not a value")
    expect(await swap("k", None, b"1"), True, "absent as expected")
    expect(await swap("k", None, b"2"), False, "no longer absent")
    expect(await swap("k", b"0", b"2"), False, "another value")
    expect(await swap("k", b"1", b"2", ttl_s=5), True, "the value")
    expect(await rig.store.get("k"), b"2", "swapped")
    rig.clock.advance(5)
    expect(await swap("k", b"2", b"3"), False, "expired is no value")
    expect(await swap("k", None, b"3"), True, "expired is absent")


@_store
async def _store_deletes_and_tells(rig: Rig) -> None:
    await rig.store.put("k", b"1")
    expect(await rig.store.delete("k"), True, "there was one")
    expect(await rig.store.delete("k"), False, "there was none")
    expect(await rig.store.get("k"), None, "gone")


@_store
async def _store_lists_a_prefix_in_order_of_code_points(rig: Rig) -> None:
    keys = ["p/", "p/A", "p/a", "p/a!", "p/a/b", "p/é", "p/\uffff", "p/😀"]
    for key in [*reversed(keys), "p", "p0", "o/z", "q"]:
        await rig.store.put(key, key.encode())
    expect([key for key, _ in await rig.store.scan("p/")], keys, "all below the prefix")
    expect(await rig.store.scan("p/", after="p/a", limit=2), [(k, k.encode()) for k in keys[3:5]], "a page")
    expect(await rig.store.scan("p/", after="p/😀"), [], "after the last")
    expect([key for key, _ in await rig.store.scan("p/", after="a")], keys, "after something before the prefix")
    expect(await rig.store.scan("p/", after="z"), [], "after something behind the prefix")
    expect(await rig.store.scan("p/", limit=0), [], "nothing asked for")
    expect(await rig.store.count("p/"), len(keys), "counted")
    expect(await rig.store.count(""), len(keys) + 4, "everything counted")


@_store
async def _store_pages_are_complete(rig: Rig) -> None:
    for number in range(25):
        await rig.store.put(store_key(SITE, "followers", "a/b", f"https://x.example/{number}"), b"")
    await rig.store.put(store_key(SITE, "followers", "a", "b"), b"another collection")
    prefix, after, seen = store_prefix(SITE, "followers", "a/b"), "", list[str]()
    for _ in range(4):  # one more than there are pages; never endless, whatever the adapter does
        seen += [key for key, _ in await rig.store.scan(prefix, after=after, limit=10)]
        after = seen[-1] if seen else ""
    expect(len(seen), 25, "keys over all pages")
    expect(seen, sorted(set(seen)), "each once, in order")


@_store
async def _store_statements_write_the_same(rig: Rig) -> None:
    try:
        statements = rig.store.statements("k", b"1", expires_s=rig.clock.now_s() + 10)
    except ConfigurationError:
        expect(rig.store.dialect, None, "a store without SQL says so")
        return
    expect(rig.store.dialect, rig.opened.sql.dialect if rig.opened.sql else None, "the dialect of its statements")
    if rig.opened.sql is None:
        raise AssertionError("a store with SQL comes with a backend that runs it")
    await rig.store.put("k", b"0")
    await rig.opened.sql.atomic(statements)
    expect(await rig.store.get("k"), b"1", "written")
    rig.clock.advance(10)
    expect(await rig.store.get("k"), None, "at its end")


@_store
async def _store_statements_read_the_same(rig: Rig) -> None:
    sql = rig.opened.sql
    try:
        written = rig.store.statements("k", b"2")
        read = rig.store.reading("k")
    except ConfigurationError:
        expect(rig.store.dialect, None, "a store without SQL says so")
        return
    if sql is None:
        raise AssertionError("a store with SQL comes with a backend that runs it")
    expect((await sql.atomic([read]))[0], [], "absent")
    await rig.store.put("k", b"1", ttl_s=10)
    before, *_, after = await sql.atomic([read, *written, read])
    expect((before, after), ([(b"1",)], [(b"2",)]), "before and after it is written in the same transaction")
    await rig.store.put("k", b"3", ttl_s=10)
    rig.clock.advance(10)
    expect((await sql.atomic([rig.store.reading("k")]))[0], [], "at its end")


@_store
async def _store_statements_may_write_once(rig: Rig) -> None:
    sql = rig.opened.sql
    for value, written, waits_s in ((b"1", b"1", 0), (b"2", b"1", 10), (b"3", b"3", 0)):
        with suppress(PortError):  # it is there already
            try:
                statements = rig.store.statements("k", value, expires_s=rig.clock.now_s() + 10, once=True)
            except ConfigurationError:
                return  # a store without SQL says so
            if sql is not None:
                await sql.atomic(statements)
        expect(await rig.store.get("k"), written, f"after {value!r} was to be written")
        rig.clock.advance(waits_s)


# --- SQL -----------------------------------------------------------------------------------------------------------


@_sql
async def _sql_runs_all_or_none(rig: Rig) -> None:
    sql = rig.opened.sql
    if sql is None:
        return
    blob = "BYTEA" if sql.dialect == "postgresql" else "BLOB"
    columns = f"name TEXT PRIMARY KEY, body {blob}, size INTEGER, at DOUBLE PRECISION"
    await sql.execute(f"CREATE TABLE own_table ({columns})")
    row = ("ü%?", b"\x00\xff", 7, 1.5)
    await sql.execute("INSERT INTO own_table VALUES (?, ?, ?, ?)", row)
    expect(await sql.execute("SELECT * FROM own_table WHERE name = ?", ("ü%?",)), [row], "the values as written")
    insert = "INSERT INTO own_table (name) VALUES (?)"
    found = await sql.atomic([Statement(insert, ("a",)), Statement("SELECT COUNT(*) FROM own_table")])
    expect(found, [[], [(2,)]], "rows of each statement")
    try:
        await sql.atomic([Statement(insert, ("b",)), Statement(insert, ("a",))])
    except StoreError:
        pass
    else:
        raise AssertionError("a name that is taken was taken again")
    expect(await sql.execute("SELECT COUNT(*) FROM own_table"), [(2,)], "nothing of what failed")
