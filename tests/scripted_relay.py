"""A relay for tests, as small as one can be, in both styles of FEP-ae0c; it signs, and believes whatever arrives.

It does nothing by itself: `work` carries out what has arrived, as slowly as a test wants.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from fedtext.http import Headers, Request, Response
from fedtext.keys import PrivateKey, generate_rsa
from fedtext.signatures import build_digest, sign
from fedtext.testing import Fediverse

AP = "application/activity+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PASSED_ON = ("Create", "Update", "Delete", "Move")


@cache
def relay_key() -> PrivateKey:
    return generate_rsa()


class ScriptedRelay:
    """One relay on a virtual network.

    Args:
        net: The network.
        host: Its name there.
        answer: "Accept" or "Reject": what it says to whoever wants to join.
    """

    def __init__(self, net: Fediverse, host: str = "relay.example", *, answer: str = "Accept") -> None:
        self.net, self.host, self.answer = net, host, answer
        self.id, self.inbox = f"https://{host}/actor", f"https://{host}/inbox"
        self.members: dict[str, str] = {}
        self.got: list[dict[str, Any]] = []
        self.waiting: list[bytes] = []
        self._said = 0
        net.network.script(host, self._serve)

    def _serve(self, request: Request) -> Response:
        if request.method == "POST":
            self.got.append(json.loads(request.body))
            self.waiting.append(request.body)
            return Response(status=202)
        if request.path != "/actor":
            return Response(status=404)
        key = {"id": f"{self.id}#main-key", "owner": self.id, "publicKeyPem": relay_key().public.pem}
        actor = {
            "@context": CONTEXT,
            "id": self.id,
            "type": "Application",
            "preferredUsername": "relay",
            "inbox": self.inbox,
            "followers": f"https://{self.host}/followers",
            "publicKey": key,
        }
        return Response(status=200, headers=Headers.build([("content-type", AP)]), body=json.dumps(actor).encode())

    def types(self) -> list[str]:
        """Name what has arrived, in order."""
        return [activity["type"] for activity in self.got]

    async def work(self) -> None:
        """Carry out what has arrived."""
        waiting, self.waiting = self.waiting, []
        for body in waiting:
            await self._carry_out(json.loads(body), body)

    async def _carry_out(self, activity: dict[str, Any], body: bytes) -> None:
        kind, actor = activity["type"], activity["actor"]
        if kind == "Follow":
            await self._join(activity)
        elif kind == "Undo":
            self.members.pop(actor, None)
        elif kind == "Announce":
            await self.spread(self.announce(activity["object"]), besides=actor)
        elif kind in PASSED_ON and "signature" in activity:
            await self.spread(body, besides=actor)

    async def _join(self, follow: dict[str, Any]) -> None:
        actor = follow["actor"]
        inbox = (await self._fetch(actor))["inbox"]
        if self.answer == "Accept":
            self.members[actor] = inbox
        await self.post(inbox, self.say(self.answer, follow))
        if self.answer == "Accept" and follow["object"] == self.id:
            await self.post(inbox, self.say("Follow", actor))

    def say(self, kind: str, about: object, **more: object) -> bytes:
        """Give the bytes of something that the relay says."""
        self._said += 1
        identity = {"@context": CONTEXT[0], "id": f"https://{self.host}/said/{self._said}", "type": kind}
        return json.dumps({**identity, "actor": self.id, "object": about, **more}).encode()

    def announce(self, object_id: object) -> bytes:
        """Give the bytes of an Announce of the relay's."""
        return self.say("Announce", object_id, to=[f"https://{self.host}/followers"])

    async def spread(self, body: bytes, *, besides: str = "") -> list[int]:
        """Send something to all members that are not of one's own server; give what they answered."""
        origin = besides.partition("//")[2].partition("/")[0]
        return [
            await self.post(inbox, body)
            for member, inbox in self.members.items()
            if member.partition("//")[2].partition("/")[0] != origin
        ]

    async def post(self, inbox: str, body: bytes) -> int:
        """Send something to an inbox, signed."""
        request = Request.to(inbox, method="POST", headers=[("content-type", AP)], body=body)
        signed = sign(
            request, relay_key(), key_id=f"{self.id}#main-key", now_s=self.net.clock.now_s(), digest=build_digest(body)
        )
        return (await self.net.network.carry(signed)).status

    async def _fetch(self, iri: str) -> dict[str, Any]:
        found = await self.net.network.carry(Request.to(iri, method="GET", headers=[("accept", AP)]))
        assert found.status == 200
        return json.loads(found.body)
