"""What alice and bob do, and how each step is seen: on the other one's server, over HTTP.

A step acts and gives a question. The act is told to the actor's own server; the question is put to the *other*
server, with what an entitled reader gets there, again and again until it holds what it should or the time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import attrs

from ...errors import FedtextError
from .processes import DemoFailed, Server

Json: TypeAlias = dict[str, Any]

_SEEN_S_MAX = 20.0
_PAUSE_S = 0.05
_BURST_AT_ONCE = 2
_BURST_KILLED_AFTER = 6
_BURST_PAUSE_S = 0.06  # so that some are written, some sent and some applied when the end comes
_SHOWN_CHARS = 60
_NOT_FOUND, _GONE = 404, 410

HELLO = "Hello {bob}, my first #introduction: I live on a server of my own, and so do you."
EDITED = "Hello {bob}, my first #introduction: I live on a server of my own, and so do you. It works!"
ARABIC = "مرحبا بالعالم! هذه أول رسالة أكتبها بالعربية على خادمي الخاص. #مرحبا"
FOLLOWERS = "For those who follow me: the cake is in the oven. 🍰"
DIRECT = "{bob} between us: your present is hidden in the shed."
REPLY = "Welcome, {alice}! Tea is ready, cake is welcome too."
BREAD = (
    "Bread, for those who asked: 500 g of flour, 350 g of water, 10 g of salt, and time.",
    "The flour may be any that you like. A third of rye makes it taste of more.",
    "Mix flour and water first, without the salt, and leave them alone for an hour.",
    "Now the salt, and a spoonful of old dough or a crumb of yeast.",
    "Do not knead. Stretch it and fold it over, four times, as one folds a letter.",
    "Do that again every half hour, three times in all. In between: #tea.",
    "Into the cold overnight. It works while you sleep, which is more than most of us do.",
    "In the morning: shape it gently, as if it were asleep. It is.",
    "Two hours in a basket, under a cloth.",
    "The oven as hot as it goes, with a pot inside that has a lid.",
    "Twenty minutes with the lid on, twenty-five without. Listen: it sings while it cools.",
    "Wait. I know. Wait all the same. #bread",
)
DRAFT = "I should not have written this."


@attrs.frozen
class Ask:
    """A question: whom it is put to, and what is seen in the answer; None: not yet."""

    server: Server
    see: Callable[[Json], str | None]
    about: str = ""


@attrs.frozen(kw_only=True)
class Step:
    """What became of one step.

    Args:
        name: Short and stable: "follow".
        did: Who did what.
        asked: Name of the one whose server was asked.
        held: What it holds now; what is missing, when it was not seen.
        seen: Whether it was seen on the other side.
        seconds: How long it took until then.
    """

    name: str
    did: str
    asked: str
    held: str
    seen: bool
    seconds: float


class Conversation:
    """Carries out the steps, one after the other.

    Args:
        alice: Her server; she approves each follower by hand.
        bob: His server; he takes everybody.
        note: Is told what happens inside a long step.
    """

    def __init__(self, alice: Server, bob: Server, note: Callable[[str], None]) -> None:
        self._alice, self._bob, self._note = alice, bob, note
        self._alice_id, self._bob_id = str(alice.home()["actor"]["id"]), str(bob.home()["actor"]["id"])
        self._posts: dict[str, str] = {}
        self._reactions: dict[tuple[str, str], str] = {}
        self._names = {"alice": alice.handle, "bob": bob.handle}

    def steps(self) -> Iterator[Step]:
        """Carry out the steps; ends after the first that was not seen."""
        script: tuple[tuple[str, str, Callable[[], Ask]], ...] = (
            ("find", f"bob looks for {self._alice.handle}", self._bob_finds_alice),
            ("find-back", f"alice looks for {self._bob.handle}", self._alice_finds_bob),
            ("follow", "bob asks to follow alice", self._bob_follows),
            ("accept", "alice accepts him", self._alice_accepts),
            ("follow-back", "alice follows bob", self._alice_follows),
            ("post", "alice posts to everybody", lambda: self._writes("hello", HELLO, "public")),
            ("reply", "bob replies", self._bob_replies),
            ("kill", f"alice posts {len(BREAD)} times; her server is killed", self._alice_is_killed),
            ("post-rtl", "alice posts in Arabic", lambda: self._writes("arabic", ARABIC, "public", language="ar")),
            ("followers-only", "alice posts to her followers", lambda: self._writes("secret", FOLLOWERS, "followers")),
            ("direct", "alice writes to bob alone", lambda: self._writes("direct", DIRECT, "direct")),
            ("like", "bob likes both posts", lambda: self._reacts("like", "likes")),
            ("boost", "bob boosts both", lambda: self._reacts("boost", "boosts")),
            ("edit", "alice edits her first post", self._alice_edits),
            ("undo-like", "bob takes one like back", lambda: self._undoes("like", "likes")),
            ("undo-boost", "bob takes one boost back", lambda: self._undoes("boost", "boosts")),
            ("rash", "alice posts something rash", lambda: self._writes("draft", DRAFT, "public")),
            ("delete", "alice deletes it", self._alice_deletes),
            ("unfollow", "bob unfollows alice", self._bob_unfollows),
        )
        for name, did, act in script:
            step = _carried_out(name, did, act)
            yield step
            if not step.seen:
                return

    # ---- finding and following -----------------------------------------------------------------------------------

    def _bob_finds_alice(self) -> Ask:
        return _finds(self._bob, self._alice)

    def _alice_finds_bob(self) -> Ask:
        return _finds(self._alice, self._bob)

    def _bob_follows(self) -> Ask:
        self._bob.tell("follow", target=self._alice.handle)

        def see(home: Json) -> str | None:
            known = self._bob_id in home["pending"] or self._bob_id in home["followers"]
            return f"{self._bob.handle} waits to be accepted" if known else None

        return Ask(self._alice, see)

    def _alice_accepts(self) -> Ask:
        self._alice.tell("accept", follower=self._bob_id)
        return Ask(self._bob, lambda home: _follow_state(home, self._alice), about=self._alice_id)

    def _alice_follows(self) -> Ask:
        self._alice.tell("follow", target=self._bob.handle)

        def see(home: Json) -> str | None:
            state = self._alice.home(about=self._bob_id)["following"]
            followed = self._alice_id in home["followers"] and state == "accepted"
            return f"a follower: {self._alice.handle}" if followed else None

        return Ask(self._bob, see)

    def _bob_unfollows(self) -> Ask:
        self._bob.tell("unfollow", target=self._alice.handle)
        return Ask(self._alice, lambda home: None if self._bob_id in home["followers"] else "no followers any more")

    # ---- posts ---------------------------------------------------------------------------------------------------

    def _writes(self, key: str, text: str, visibility: str, *, language: str = "en") -> Ask:
        written = text.format(**self._names)
        made = self._alice.tell("post", text=written, visibility=visibility, language=language)
        post_id = self._posts[key] = str(made["id"])

        def see(home: Json) -> str | None:
            entry = _entry(home, post_id)
            if entry is None or entry["visibility"] != visibility:
                return None
            told = f"“{_short(entry['text'])}”"
            if visibility == "public":
                return told
            if self._alice.status_for_strangers(post_id) != _NOT_FOUND:
                return None
            return f"{told} ({visibility}; a stranger is told 404)"

        return Ask(self._bob, see)

    def _bob_replies(self) -> Ask:
        hello = self._posts["hello"]
        made = self._bob.tell("reply", to=hello, text=REPLY.format(**self._names), language="en")

        def see(home: Json) -> str | None:
            entry = _entry(home, made["id"])
            if entry is None or entry["in_reply_to"] != hello:
                return None
            return f"“{_short(entry['text'])}”, below her post"

        return Ask(self._alice, see)

    def _alice_edits(self) -> Ask:
        post_id = self._posts["hello"]
        self._alice.tell("edit", post=post_id, text=EDITED.format(**self._names))
        changed = EDITED.rpartition("}")[2]  # what stands behind the mention, which is shown without its host

        def see(home: Json) -> str | None:
            entry = _entry(home, post_id)
            if entry is None or entry["updated"] is None or not entry["text"].endswith(changed):
                return None
            return f"“…{changed[-_SHOWN_CHARS // 2 :]}”"

        return Ask(self._bob, see)

    def _alice_deletes(self) -> Ask:
        post_id = self._posts["draft"]
        self._alice.tell("delete", post=post_id)

        def see(home: Json) -> str | None:
            gone = _entry(home, post_id) is None and self._alice.status_for_strangers(post_id) == _GONE
            return "nothing of it; its address answers 410" if gone else None

        return Ask(self._bob, see)

    # ---- reactions -----------------------------------------------------------------------------------------------

    def _reacts(self, command: str, counted: str) -> Ask:
        for key in ("hello", "arabic"):
            made = self._bob.tell(command, post=self._posts[key])
            self._reactions[command, key] = str(made["activity"])
        return Ask(self._alice, lambda home: self._counted(home, counted, hello=1, arabic=1))

    def _undoes(self, command: str, counted: str) -> Ask:
        self._bob.tell("undo", activity=self._reactions[command, "arabic"])
        return Ask(self._alice, lambda home: self._counted(home, counted, hello=1, arabic=0))

    def _counted(self, home: Json, counted: str, **wanted: int) -> str | None:
        entries = {key: _entry(home, self._posts[key]) for key in wanted}
        found = {key: -1 if entry is None else entry[counted] for key, entry in entries.items()}
        if found != wanted:
            return None
        return f"{counted}: " + ", ".join(f"{number} for the {key} post" for key, number in found.items())

    # ---- kill -9 -------------------------------------------------------------------------------------------------

    def _alice_is_killed(self) -> Ask:
        """Kill alice's server while she posts; start it again; send again only what was not acknowledged."""
        mark = f"{time.time_ns():x}"
        keys = [f"{mark}-{number:02}" for number in range(1, len(BREAD) + 1)]
        acknowledged: dict[str, str] = {}
        with ThreadPoolExecutor(_BURST_AT_ONCE) as pool:
            posted = [pool.submit(self._post_numbered, key, acknowledged) for key in keys]
            while len(acknowledged) < _BURST_KILLED_AFTER and not all(one.done() for one in posted):
                time.sleep(0.001)
            killed = self._alice.kill()
        before = dict(acknowledged)
        arrived = sum(_entry(self._bob.home(), post_id) is not None for post_id in before.values())
        self._note(
            f"kill -9 {killed}: {len(before)} of {len(BREAD)} posts were acknowledged, {arrived} had arrived at bob's"
        )
        started_s = time.monotonic()
        self._alice.start()
        self._alice.wait_until_ready()
        self._note(f"started again as {self._alice.pid}, answers after {time.monotonic() - started_s:.1f} s")
        for key in keys:
            if key not in before:
                self._post_numbered(key, acknowledged)
        return Ask(self._bob, lambda home: self._all_once(home, acknowledged, len(before)))

    def _post_numbered(self, key: str, acknowledged: dict[str, str]) -> None:
        text = BREAD[int(key.rpartition("-")[2]) - 1]
        try:
            made = self._alice.tell("post", text=text, language="en", pk=key)
        except OSError:
            return  # killed: not acknowledged, so it will be sent again
        acknowledged[key] = str(made["id"])
        time.sleep(_BURST_PAUSE_S)

    def _all_once(self, home: Json, acknowledged: dict[str, str], before: int) -> str | None:
        if len(acknowledged) != len(BREAD):
            raise DemoFailed("not all posts were acknowledged in the end", acknowledged=len(acknowledged))
        applied = self._bob.arrivals()
        times = [applied.get(f"{post_id}#create", 0) for post_id in acknowledged.values()]
        shown = [sum(entry["id"] == post_id for entry in home["entries"]) for post_id in acknowledged.values()]
        if max(times) > 1 or max(shown) > 1:
            raise DemoFailed("something was applied twice", times=times, shown=shown)
        if min(times) != 1 or min(shown) != 1:
            return None
        return f"all {before} acknowledged before and {len(BREAD) - before} after, each applied once"


def _carried_out(name: str, did: str, act: Callable[[], Ask]) -> Step:
    started_s = time.monotonic()
    asked = ""
    try:
        ask = act()
        asked = ask.server.name
        held = _await(ask)
        seen, words = held is not None, held or f"not seen within {_SEEN_S_MAX:.0f} s"
    except (FedtextError, OSError) as error:
        seen, words = False, str(error)
    return Step(name=name, did=did, asked=asked, held=words, seen=seen, seconds=time.monotonic() - started_s)


def _await(ask: Ask) -> str | None:
    """Put the question until something is seen or the time is over."""
    deadline_s = time.monotonic() + _SEEN_S_MAX
    while True:
        seen = ask.see(ask.server.home(about=ask.about) if ask.about else ask.server.home())
        if seen is not None or time.monotonic() > deadline_s:
            return seen
        time.sleep(_PAUSE_S)


def _finds(seeker: Server, sought: Server) -> Ask:
    """Look somebody up by handle; the other server, asked who that is, must name the same id."""
    found = seeker.tell("lookup", target=sought.handle)

    def see(home: Json) -> str | None:
        return f"{found['name']}, {found['id']}" if home["actor"]["id"] == found["id"] else None

    return Ask(sought, see)


def _follow_state(home: Json, target: Server) -> str | None:
    return f"follows {target.handle}" if home["following"] == "accepted" else None


def _entry(home: Json, post_id: str) -> Json | None:
    for entry in home["entries"]:
        if entry["id"] == post_id and entry["boosted_by"] is None:
            return dict(entry)
    return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"
