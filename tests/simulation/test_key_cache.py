"""Any history of the cache of keys against a model: rotation, hosts that are away, several who ask at once, and time.

Those who ask are processes of their own, which share nothing but the store. Each stops before every call of a port,
and Hypothesis says who goes on, whose call fails, and who dies.
"""

from __future__ import annotations

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.pacing import Process
from tests.receiving import GONE, KEYS, Door, Peer, answer

from fedtext.errors import Gone, KeyRefused, KeyUnavailable, PortError, Unreachable
from fedtext.fetch import resolve
from fedtext.http import Request, Response
from fedtext.keys import VerificationKey
from fedtext.ports import PortSet, store_key
from fedtext.sync import run_sync
from fedtext.testing.faults import Moment

KEY, ABSENT, AWAY = range(3), "absent", "away"
"""What is to be had at Alice's host: one of three keys, none, or nothing at all."""
TROUBLE_S = 3_600
"""For so long at most what went wrong is remembered: of a key, of a host."""
FAILING = st.sampled_from([None, None, None, None, *Moment])


@attrs.frozen
class Asking:
    """Somebody who asks for the key."""

    process: Process
    begun_s: float
    refresh: bool


class KeyCache(RuleBasedStateMachine):
    """Some ask for the key of Alice, which changes, or is not to be had for a while."""

    @initialize()
    def begin(self) -> None:
        self.door = Door()
        self.policy = self.door.config.fetch
        self.alice = Peer(self.door.network).actor()
        self.alice.peer.serve("/users/alice", self.serve)
        self.past: list[tuple[float, object]] = [(self.now_s, 0)]
        self.asking: list[Asking] = []
        self.good_since_s: float | None = None

    @property
    def now_s(self) -> float:
        return self.door.clock.now_s()

    def serve(self, _request: Request) -> Response:
        present = self.past[-1][1]
        if present is AWAY:
            raise Unreachable("no route")
        if present is ABSENT:
            return GONE
        key = {"id": self.alice.key_id, "owner": self.alice.id, "publicKeyPem": KEYS[present].public.pem}
        return answer(self.alice.document(publicKey=key))

    def since(self, start_s: float) -> list[object]:
        """Give all that was to be had at some time since then."""
        before = [what for begun_s, what in self.past if begun_s <= start_s]
        return before[-1:] + [what for begun_s, what in self.past if begun_s > start_s]

    # ---- what happens ------------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from([*KEY, ABSENT, AWAY]))
    def the_host_changes(self, what: object) -> None:
        self.past.append((self.now_s, what))

    @rule(seconds=st.sampled_from([1, 61, 301, TROUBLE_S + 1, 86_401]))
    def time_passes(self, seconds: int) -> None:
        self.door.clock.advance(seconds)

    @precondition(lambda self: len(self.asking) < 3)
    @rule(refresh=st.booleans())
    def somebody_asks(self, refresh: bool) -> None:
        async def ask(ports: PortSet) -> VerificationKey:
            fetcher = self.door.fetcher(ports)
            return await resolve(fetcher, self.alice.key_id, fetcher.budget(), refresh=refresh)

        self.asking.append(Asking(Process(self.door.ports, ask), self.now_s, refresh))

    @precondition(lambda self: self.asking)
    @rule(which=st.integers(0, 2), calls=st.integers(1, 12), failing=FAILING)
    def one_goes_on(self, which: int, calls: int, failing: Moment | None) -> None:
        one = self.asking[which % len(self.asking)]
        for left in range(calls, 0, -1):
            one.process.pace.failing = failing if left == 1 else None
            if not one.process.go_on():
                self.asking.remove(one)
                self.judge(one)
                return

    @precondition(lambda self: self.asking)
    @rule(which=st.integers(0, 2))
    def one_dies(self, which: int) -> None:
        self.asking.pop(which % len(self.asking)).process.kill()

    # ---- what holds --------------------------------------------------------------------------------------------------

    def judge(self, one: Asking) -> None:
        """A key is one that Alice had, lately enough; whoever gets none is told why, and that it was so."""
        if one.process.error is None:
            found = one.process.result
            assert (found.key_id, found.owner) == (self.alice.key_id, self.alice.id)
            had = self.since(one.begun_s - self.policy.key_fresh_s - TROUBLE_S)
            assert found.public in [KEYS[what].public for what in had if isinstance(what, int)]
            return
        lately = self.since(one.begun_s - TROUBLE_S)
        match one.process.error:
            case Gone() | KeyRefused():
                assert ABSENT in lately
            case KeyUnavailable() | Unreachable():
                assert AWAY in lately or self.now_s > one.begun_s  # who is slow has no time left
            case error:
                assert isinstance(error, PortError), repr(error)

    @invariant()
    def what_was_confirmed_is_taken_away_by_time_alone(self) -> None:
        if not hasattr(self, "door"):
            return
        value = run_sync(self.door.ports.store.get(store_key(self.door.fetcher().site, "key", self.alice.key_id)))
        if value is None or value.startswith(b"{"):
            self.good_since_s = None if value is None else self.good_since_s or self.now_s
        else:
            assert self.good_since_s is None or self.now_s - self.good_since_s >= self.policy.key_fresh_s, value
            self.good_since_s = None

    @precondition(lambda self: not self.asking)
    @rule()
    def a_new_key_is_found_once_the_pause_is_over(self) -> None:
        """Nobody is under way, all trouble is forgotten: who passes by the cache gets what there is now (SEC-069)."""
        self.door.clock.advance(TROUBLE_S + 1)
        self.somebody_asks(refresh=True)
        one = self.asking.pop()
        one.process.finish()
        present = self.past[-1][1]
        if isinstance(present, int):
            assert one.process.error is None
            assert one.process.result.public == KEYS[present].public
        else:
            assert one.process.error is not None

    def teardown(self) -> None:
        for one in getattr(self, "asking", []):
            one.process.kill()


@pytest.mark.spec("SEC-069", "SIG-20", "SEC-070")
def test_any_history_of_the_key_cache_agrees_with_the_model() -> None:
    run_state_machine_as_test(KeyCache, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
