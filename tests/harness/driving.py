"""The driver: starts the processes, kills them, lets time pass, heals everybody, drains, and has the logs checked.

All processes are forked from this one, which holds no thread and no connection, so that to start one costs little; they
die with it. Only its own children are killed, by their ids.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from fedtext.keys import PrivateKey, generate_ed25519

from . import checking, peers, roles
from .application import EXCHANGE_S_MAX, LEASE_S, Setting
from .cast import PEERS
from .clock import SharedClock
from .databases import Database, SqliteDatabase
from .records import Log, lines_of, read_intents, read_receipts

AWAY_S = 46 * 3_600
ROUND_KILLS = 24
KILL_PAUSE_S = 0.3
PUBLISHERS, DOORS = 2, 1
WORKERS: tuple[str, ...] = ("aiohttp", "httpx", "aiohttp")
DISTURB_EVERY, FREEZE_EVERY = 15, 20
DRAIN_S = (2.0, 30.0, 300.0, *[3_600.0] * 4, *[4 * 3_600.0] * 6, *[12 * 3_600.0] * 16)
BLOCKED_S_MAX = EXCHANGE_S_MAX + 2.0
"""The deadline of an exchange, and what a busy machine may add to it besides the time that it waits for a core."""
_PR_SET_PDEATHSIG = 1

Act = Callable[[], None]


@attrs.frozen(kw_only=True)
class Plan:
    """What a run is to be.

    Args:
        kills: How many processes are killed in all.
        seed: Of what is decided by chance; the moments themselves are the machine's.
        pause_s: How long a publisher waits between two things that it says, on average.
        drain_s: How much time passes before each drain: more than a week in all, after which the dead are given up.
        judges_time: Whether exchanges that took too long are a fault: not where many other things run at once.
    """

    kills: int
    seed: int
    pause_s: float = 0.2
    drain_s: tuple[float, ...] = DRAIN_S
    judges_time: bool = True

    @classmethod
    def smoke(cls, seed: int) -> Plan:
        """Give a short one, for the tests of every day."""
        return cls(kills=20, seed=seed, drain_s=DRAIN_S[:3] + (86_400.0,) * 10, judges_time=False)


@attrs.define(kw_only=True)
class Found:
    """What came of a run."""

    kills: Counter[str] = attrs.field(factory=Counter)
    faults: Counter[str] = attrs.field(factory=Counter)
    wrong: Counter[str] = attrs.field(factory=Counter)
    figures: dict[str, int] = attrs.field(factory=dict)
    complaints: list[str] = attrs.field(factory=list)
    seconds: float = 0.0

    def complain(self, said: list[str]) -> None:
        """Add what is wrong, and count it by its first word."""
        self.wrong.update(line.partition(":")[0] for line in said)
        self.complaints += checking.shortened(said)


class Driver:
    """One run over one database."""

    def __init__(self, plan: Plan, database: Database, folder: Path) -> None:
        self._plan, self._database, self._folder = plan, database, folder
        self._chance = random.Random(plan.seed)
        self._children: dict[int, tuple[str, Act]] = {}
        self._frozen: dict[int, float] = {}
        self._numbers = 0
        self.found = Found()

    # ---- processes ---------------------------------------------------------------------------------------------------

    def _fork(self, act: Act) -> int:
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            random.seed()
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _start(self, kind: str, act: Act) -> int:
        child = self._fork(act)
        self._children[child] = (kind, act)
        return child

    def _kill(self, child: int) -> tuple[str, Act]:
        """Kill one of ours, unless it has ended by itself."""
        kind, act = self._children.pop(child)
        self._frozen.pop(child, None)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            self.found.kills[kind] += 1
        else:
            self.found.complain([f"fallen: a {kind} ended by itself"])
        return kind, act

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Let a child answer."""
        reader, writer = os.pipe()

        def answer() -> None:
            with os.fdopen(writer, "w", encoding="utf-8") as file:
                json.dump(question(), file)

        child = self._fork(answer)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as file:
            said = file.read()
        os.waitpid(child, 0)
        return json.loads(said)

    # ---- a run -------------------------------------------------------------------------------------------------------

    def run(self) -> Found:
        """Carry it out."""
        started = time.monotonic()
        sockets = peers.Sockets.bind()
        peers.write_certificates(self._folder)
        self._clock = SharedClock(self._folder / "clock")
        self._key: PrivateKey = generate_ed25519()
        gc.freeze()
        self._database.start()
        commands, self._commands = os.pipe()
        log = Log(self._folder / "receipts")
        self._setting = Setting(
            url=self._database.url, stage=sockets.stage, folder=self._folder, keep=keeper(self._database)
        )
        serving = self._fork(lambda: peers.run(sockets, self._folder, log, commands, self._plan.seed))
        sockets.plain.close()
        sockets.tls.close()
        try:
            self._ask(lambda: roles.prepare(self._setting, self._key))
            self._storm()
            self._tell_peers("return", "heal")
            self._drain()
            self._check()
        finally:
            for child in list(self._children):
                self._kill(child)
            os.kill(serving, signal.SIGKILL)
            os.waitpid(serving, 0)
            os.close(commands)
            os.close(self._commands)
            self._database.stop()
        self.found.seconds = time.monotonic() - started
        return self.found

    def _tell_peers(self, *commands: str) -> None:
        for command in commands:
            os.write(self._commands, f"{command}\n".encode())
        time.sleep(0.1)

    def _fleet(self) -> None:
        """Start everybody."""
        for transport in WORKERS:
            self._start("worker", functools.partial(roles.work, self._setting, transport))
        for _ in range(PUBLISHERS):
            self._start("publisher", self._publish)
        for _ in range(DOORS):
            self._start("door", self._take)

    def _publish(self) -> None:
        name = f"p{os.getpid()}t{time.monotonic_ns()}"
        roles.publish(self._setting, name, time.monotonic_ns(), self._plan.pause_s)

    def _take(self) -> None:
        name = f"d{os.getpid()}t{time.monotonic_ns()}"
        roles.take(self._setting, self._key, name, self._plan.pause_s)

    def _storm(self) -> None:
        """Kill, a round after the other; after each, everybody is killed at once and hours go by."""
        fleet = len(WORKERS) + PUBLISHERS + DOORS
        rounds = max(2, self._plan.kills // ROUND_KILLS)
        for number in range(rounds):
            goal = self._plan.kills * (number + 1) // rounds - fleet
            self._fleet()
            time.sleep(KILL_PAUSE_S)
            while self.found.kills.total() < goal:
                time.sleep(self._chance.uniform(0, 2 * KILL_PAUSE_S))
                self._strike()
            for child in list(self._children):
                self._kill(child)
            self._clock.advance(AWAY_S / rounds)

    def _strike(self) -> None:
        self._thaw()
        count = self.found.kills.total() + 1
        if count % DISTURB_EVERY == 0:
            self._note(self._database.disturb(self._chance))
        victim = self._chance.choice(sorted(self._children))
        if count % FREEZE_EVERY == 0 and self._children[victim][0] == "worker":
            os.kill(victim, signal.SIGSTOP)
            self._frozen[victim] = time.monotonic() + LEASE_S * 1.5
            self._note("frozen beyond its lease")
            Log(self._folder / "frozen").write(pid=victim)
            victim = self._chance.choice(sorted(set(self._children) - {victim}))
        kind, act = self._kill(victim)
        self._start(kind, act)

    def _thaw(self) -> None:
        for child, until_s in list(self._frozen.items()):
            if time.monotonic() >= until_s:
                os.kill(child, signal.SIGCONT)
                del self._frozen[child]

    def _note(self, fault: str) -> None:
        if fault:
            self.found.faults[fault] += 1

    def _drain(self) -> None:
        """Work until nothing waits; between, time passes, while nobody works."""
        for number, seconds in enumerate(self._plan.drain_s):
            self._clock.advance(seconds)
            names = ("aiohttp", "httpx") if number < 3 else ("aiohttp",)  # later on little is left to do
            drainers = [self._fork(functools.partial(roles.drain, self._setting, name)) for name in names]
            for child in drainers:
                _, status = os.waitpid(child, 0)
                if status:
                    self.found.complain(["fallen: a worker that drained ended by itself"])
            if not self._ask(lambda: roles.look(self._setting)["depth"]["waiting"]):
                return

    # ---- what came of it ---------------------------------------------------------------------------------------------

    def _check(self) -> None:
        intents, receipts = read_intents(self._folder / "intents"), read_receipts(self._folder / "receipts")
        stage = self._setting.stage
        living = [peer for peer in PEERS if peer.is_living]
        followers = {stage.shared_inbox(peer) for peer in living}
        addressed = {stage.shared_inbox(peer) for peer in PEERS}
        seen = self._ask(lambda: roles.look(self._setting))
        arrived = list(lines_of(self._folder / "arrivals"))
        sent = {line["id"] for line in arrived if line["say"] == "sent"}
        answered = [line["id"] for line in arrived if line["say"] == "answered"]
        frozen = {line["pid"] for line in lines_of(self._folder / "frozen")}
        exchanges = [
            (line["host"], line["seconds"])
            for line in lines_of(self._folder / "exchanges")
            if line["pid"] not in frozen
        ]
        for said in (
            checking.lost(intents, receipts, followers),
            checking.doubled(intents, receipts),
            checking.ghosts(intents, receipts, addressed),
            checking.swapped(intents, receipts),
            checking.altered(receipts),
            checking.waiting(seen["depth"], seen["buried"], {f"out:{peer.host}" for peer in living}),
            checking.overlong(exchanges if self._plan.judges_time else [], BLOCKED_S_MAX),
            checking.kept_wrong(answered, sent, seen["kept"]),
        ):
            self.found.complain(said)
        self.found.figures = {
            "acknowledged": sum(intent.acknowledged for intent in intents),
            "deliveries": sum(receipt.applied for receipt in receipts),
            "repeated": sum(not receipt.applied for receipt in receipts),
            "dead letters": len(seen["buried"]),
            "arrived": len(answered),
        }


def keeper(database: Database) -> Callable[..., Any] | None:
    """Give what a listener keeps its rows with."""
    if isinstance(database, SqliteDatabase):
        return functools.partial(roles.keep_in_sqlite, database.path)
    return functools.partial(roles.keep_in_postgres, database.url)
