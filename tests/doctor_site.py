"""A small server on a real socket, and one switch for each way in which it can be broken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.live import Asked, Reply, Server, serving

from fedtext.keys import generate_rsa

AS2 = "application/activity+json"
PEM = generate_rsa().public.pem


class Site:
    """Answers as a sound server does, but for one fault.

    Args:
        fault: The check that fails; "": none.
        handle_port: The port of the host of its handles; None: its own.
    """

    def __init__(self, fault: str = "", *, handle_port: int | None = None) -> None:
        self.fault = fault
        self.handle_port = handle_port
        self.actor_port: int | None = None
        self._cached: Reply | None = None

    def __call__(self, asked: Asked) -> Reply | None:
        """Answer."""
        if self.fault == "silence" and asked.path.startswith("/.well-known/webfinger"):
            return None
        origin = f"http://{asked.headers['host']}"
        reply = self._answer(asked, origin)
        if self.fault.startswith("clock"):
            off_s = 75 if self.fault == "clock.minute" else 400
            date = formatdate(time.time() - off_s, usegmt=True)
            return Reply(reply.document, reply.status, reply.kind, (*reply.headers, ("date", date)))
        return reply

    def _answer(self, asked: Asked, origin: str) -> Reply:
        answers: dict[str, Callable[[Asked, str], Reply]] = {
            "/.well-known/webfinger": self._webfinger,
            "/moved": self._webfinger,
            "/.well-known/nodeinfo": self._index,
            "/nodeinfo/2.1": self._nodeinfo,
            "/actor": self._server_actor,
            "/users/1": self._actor,
            "/@bob": lambda *_: Reply(b"<p>Bob</p>", 403 if self.fault == "profile.public" else 200, "text/html"),
        }
        if asked.method == "POST":
            return self._post(asked)
        found = answers.get(asked.path)
        return Reply(status=404) if found is None else found(asked, origin)

    def _webfinger(self, asked: Asked, origin: str) -> Reply:
        resource = parse_qs(urlsplit(asked.target).query).get("resource", [""])[0]
        host = urlsplit(origin).netloc
        home = origin if self.actor_port is None else f"http://localhost:{self.actor_port}"
        if self.fault == "webfinger.redirects" and not asked.path.startswith("/moved"):
            return Reply(status=302, headers=(("location", asked.target.replace("/.well-known/webfinger", "/moved")),))
        if resource == f"acct:{host}@{host}":
            return self._descriptor(resource, f"{origin}/actor")
        if resource.startswith("acct:nobody") and self.fault != "webfinger.stranger":
            return Reply(status=404)
        href = f"{origin}/users/2" if self.fault == "webfinger.actor" else f"{home}/users/1"
        status = 404 if self.fault == "webfinger.answer" else 200
        reply = self._descriptor("acct:eve@b.example" if self.fault == "webfinger.subject" else resource, href)
        return Reply(reply.document, status, reply.kind)

    def _descriptor(self, subject: str, href: str) -> Reply:
        kind = "text/html" if self.fault == "webfinger.self" else AS2
        links = [{"rel": "self", "type": kind, "href": href}]
        wire = "text/html" if self.fault == "webfinger.type" else "application/jrd+json"
        return Reply({"subject": subject, "links": links}, 200, wire)

    def _index(self, _asked: Asked, origin: str) -> Reply:
        rel = "http://nodeinfo.diaspora.software/ns/schema/2.1"
        links = [] if self.fault == "nodeinfo.index" else [{"rel": rel, "href": f"{origin}/nodeinfo/2.1"}]
        return Reply({"links": links})

    def _nodeinfo(self, _asked: Asked, _origin: str) -> Reply:
        whole = {
            "version": "2.1",
            "software": {"name": "blog", "version": "2"},
            "protocols": ["activitypub"],
            "services": {"inbound": [], "outbound": []},
            "openRegistrations": False,
            "usage": {"users": {}},
            "metadata": {},
        }
        kind = "text/plain" if self.fault == "nodeinfo.type" else "application/json"
        return Reply({"version": "2.1"} if self.fault == "nodeinfo.document" else whole, 200, kind)

    def _server_actor(self, _asked: Asked, origin: str) -> Reply:
        status = 401 if self.fault == "server.actor" else 200
        return Reply(self._document(f"{origin}/actor", "Application"), status, AS2)

    def _document(self, actor_id: str, kind: str = "Person") -> dict[str, Any]:
        origin = actor_id.rpartition("/users/")[0] or actor_id.rpartition("/")[0]
        document: dict[str, Any] = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": actor_id,
            "type": kind,
            "preferredUsername": "bob",
            "url": f"{origin}/@bob",
            "inbox": f"{actor_id}/inbox",
            "outbox": f"{actor_id}/outbox",
            "endpoints": {"sharedInbox": f"{origin}/inbox"},
            "publicKey": {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": PEM},
        }
        if self.handle_port is not None:
            document["webfinger"] = f"bob@localhost:{self.handle_port}"
        changes: dict[str, dict[str, Any]] = {
            "actor.id": {"id": "https://b.example/users/1"},
            "actor.type": {"type": "Robot"},
            "actor.context": {"@context": "https://c.example/ns"},
            "actor.outbox": {"outbox": None},
            "actor.url": {"url": None},
            "actor.hosts": {"outbox": "https://c.example/outbox"},
            "actor.group": {"type": "Group"},
            "actor.name": {"name": 7},
            "actor.depth": {"attachment": [[[[[[[]]]]]]]},
            "actor.size": {"summary": "x" * 65_536},
            "handle.name": {"preferredUsername": "bob-"},
            "host.addresses": {"url": "http://127.0.0.1:8000/@bob"},
            "key.whole": {"publicKey": {"id": f"{actor_id}#main-key", "owner": actor_id}},
            "key.kind": {"publicKey": {"id": f"{actor_id}#main-key", "owner": actor_id, "publicKeyPem": "x"}},
            "key.id": {"publicKey": {"id": f"{actor_id}/key", "owner": actor_id, "publicKeyPem": PEM}},
        }
        return {**document, **changes.get(self.fault, {})}

    def _actor(self, asked: Asked, origin: str) -> Reply:
        if self.fault == "secure":
            return Reply(status=401)
        if self.fault == "vary.cache" and self._cached is not None:
            return self._cached
        accept = asked.headers.get("accept", "")
        if self.fault == "actor.answer" and "html" not in accept:
            return Reply(status=500)
        if self.fault == "actor.accept_ld" and "ld+json" in accept:
            return Reply(status=406)
        vary = () if self.fault == "vary.header" else (("vary", "Accept"),)
        if "html" in accept:
            self._cached = Reply(b"<p>Bob</p>", 200, "text/html", vary)
            return self._cached
        kind = {"actor.media_type": "application/json", "actor.media_type_exact": f"{AS2};charset=utf-8"}
        body: object = b"[]" if self.fault == "actor.object" else self._document(f"{origin}/users/1")
        return Reply(body, 200, kind.get(self.fault, AS2), vary)

    def _post(self, asked: Asked) -> Reply:
        kind, is_signed = asked.headers["content-type"], "signature" in asked.headers
        statuses = {
            "inbox.mistyped": 202 if kind == "text/plain" else 401,
            "inbox.as_ld": 415 if "ld+json" in kind else 401,
            "inbox.forged": 202 if is_signed else 401,
            "inbox.unsigned": 401 if is_signed else 202,
            "inbox.shared": 202 if asked.path == "/inbox" else 401,
            "inbox.status": 403,
        }
        return Reply({"title": "refused"}, statuses.get(self.fault, 415 if kind == "text/plain" else 401))


@contextmanager
def standing(fault: str = "", *, handle_port: int | None = None) -> Iterator[Server]:
    """Serve a site with a fault."""
    with serving(Site(fault, handle_port=handle_port)) as server:
        yield server


FAULTS = {
    "webfinger.answer": "WF-01",
    "webfinger.type": "WF-06",
    "webfinger.self": "WF-02",
    "webfinger.actor": "WF-11",
    "webfinger.subject": "WF-02",
    "webfinger.stranger": "WF-01",
    "handle.name": "WF-12",
    "nodeinfo.index": "WF-17",
    "nodeinfo.document": "NI-04",
    "nodeinfo.type": "NI-03",
    "server.actor": "SIG-24",
    "actor.answer": "INB-10",
    "actor.media_type": "COL-01",
    "actor.media_type_exact": "COL-01",
    "actor.accept_ld": "COL-02",
    "actor.object": "ACT-01",
    "actor.context": "JLD-01",
    "actor.id": "INB-10",
    "actor.type": "ACT-01",
    "actor.name": "ACT-08",
    "actor.outbox": "ACT-01",
    "actor.url": "ACT-01",
    "actor.group": "ACT-02",
    "actor.hosts": "ACT-03",
    "actor.depth": "JLD-15",
    "actor.size": "MOD-69",
    "key.whole": "ACT-06",
    "key.kind": "SIG-23",
    "key.id": "SIG-16",
    "vary.header": "ACT-26",
    "vary.cache": "ACT-26",
    "host.addresses": "SIG-14",
    "profile.public": "TRU-03",
    "inbox.unsigned": "SIG-26",
    "inbox.shared": "SIG-26",
    "inbox.status": "SIG-31",
    "inbox.as_ld": "INB-01",
    "inbox.mistyped": "INB-01",
    "inbox.forged": "SIG-27",
    "clock.minute": "SIG-05",
    "clock.five_minutes": "SIG-05",
}
"""Each fault that needs no good signature to be seen, and the rule that is named for it."""
