"""POST every document of a corpus of real ones to a running server and count what becomes of them.

    python tests/corpus/corpus_run.py [--write] [FOLDER]

The server is a real one: uvicorn on a loopback port, a store and queue in SQLite, a worker. Each document is signed
with a generated key that stands in the key cache for the document's actor (documents without one: for
`https://corpus.example/actor`); every fetch is answered 404.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from hashlib import sha256
from pathlib import Path

import attrs
import httpx
import uvicorn

from fedtext import Activity, Config, DevPolicy, Federation, Person, connect
from fedtext.adapters.observers import RecordingObserver
from fedtext.behaviors import Deletes, Follows
from fedtext.http import Request, Response
from fedtext.keys import PrivateKey, VerificationKey, generate_rsa
from fedtext.ports import ExchangeLimits, store_key
from fedtext.signatures import sign
from fedtext.wire.iri import parse_url
from fedtext.wire.json import dump

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "corpus.md"
FALLBACK_ACTOR = "https://corpus.example/actor"
EXCHANGE_S_MAX = 20.0
SKIPPED = {"manifest.json", "expectations.json", "README.md", "PROVENANCE.md"}


@attrs.frozen
class Outcome:
    """What became of one document."""

    producer: str
    name: str
    status: int
    code: str


class Absent:
    """A transport for which the rest of the world is not there."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Answer 404."""
        del limits
        self.asked.append(request.url)
        return Response(status=404, url=request.url)

    async def close(self) -> None:
        """Nothing is open."""


class Run:
    """A server on a loopback port, and what it is sent."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.observer = RecordingObserver()
        self.dispatched: Counter[str] = Counter()
        self.key: PrivateKey = generate_rsa()
        self.federation = self._federation(database)
        self.server = uvicorn.Server(
            uvicorn.Config(self.federation.asgi(), host="localhost", port=self.port, log_level="error")
        )

    def _federation(self, database: Path) -> Federation:
        federation = Federation(
            f"http://localhost:{self.port}",
            backend=connect(f"sqlite:///{database}"),
            config=Config(dev=DevPolicy.allow_loopback()),
            observer=self.observer,
        )
        transport = Absent()
        federation.ports = attrs.evolve(
            federation.ports, async_transport=lambda: transport, blocking_transport=lambda: transport
        )
        federation.use(Follows(), Deletes())
        federation.actor("/users/{pk}")(lambda context, pk: context.actor(Person, handle=pk) if pk == "alice" else None)
        federation.on(Activity)(lambda _context, activity: self.dispatched.update([activity.type_name]))
        return federation

    def send_all(self) -> list[Outcome]:
        """Serve, send every document, wait for the worker, and stop."""
        thread = threading.Thread(target=self.server.run, daemon=True)
        thread.start()
        try:
            return asyncio.run(self._send_all())
        finally:
            self.server.should_exit = True
            thread.join(timeout=30)

    async def _send_all(self) -> list[Outcome]:
        store = self.federation.ports.backend.blocking(self.federation.ports.clock).store
        outcomes: list[Outcome] = []
        async with httpx.AsyncClient(timeout=EXCHANGE_S_MAX, trust_env=False) as client:
            await self._until_ready(client)
            for path in sorted(p for p in self.folder.rglob("*") if p.is_file() and p.name not in SKIPPED):
                body = path.read_bytes()
                actor = actor_of(body)
                confirmed = VerificationKey(key_id=f"{actor}#main-key", owner=actor, public=self.key.public)
                value = dump({"owner": actor, "pem": confirmed.public.pem})
                await store.put(store_key(self.federation.site.origin, "key", confirmed.key_id), value)
                answer = await client.send(self._signed(client, actor, body))
                code = answer.json().get("code", "") if answer.status_code != 202 else ""
                producer = path.relative_to(self.folder).parts[0]
                outcomes.append(Outcome(producer, str(path.relative_to(self.folder)), answer.status_code, code))
            await self._until_idle()
        return outcomes

    async def _until_ready(self, client: httpx.AsyncClient) -> None:
        for _ in range(200):
            try:
                await client.get(f"http://localhost:{self.port}/.well-known/nodeinfo")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
        raise RuntimeError("the server did not start")

    async def _until_idle(self) -> None:
        queue = self.federation.ports.backend.blocking(self.federation.ports.clock).queue
        for _ in range(600):
            depth = await queue.depth()
            if depth.waiting == 0 and depth.leased == 0:
                return
            await asyncio.sleep(0.05)

    def _signed(self, client: httpx.AsyncClient, actor: str, body: bytes) -> httpx.Request:
        request = Request.to(
            f"http://localhost:{self.port}/users/alice/inbox",
            method="POST",
            headers=[("content-type", "application/activity+json")],
            body=body,
        )
        now_s = self.federation.ports.clock.now_s()
        signed = sign(request, self.key, key_id=f"{actor}#main-key", now_s=now_s)
        return client.build_request("POST", signed.url, content=body, headers=list(signed.headers))


def actor_of(body: bytes) -> str:
    """Give the actor that a document names, or the one that stands in for none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return FALLBACK_ACTOR
    actor = document.get("actor") if isinstance(document, dict) else None
    if isinstance(actor, list) and len(actor) == 1:
        actor = actor[0]
    if isinstance(actor, dict):
        actor = actor.get("id")
    try:
        return str(parse_url(actor).origin and actor) if isinstance(actor, str) else FALLBACK_ACTOR
    except Exception:  # whatever is no address for us signs as the stand-in
        return FALLBACK_ACTOR


def fingerprint(folder: Path) -> str:
    """Give a short hash of the names and sizes in a corpus: which one the page is about."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    text = "\n".join(f"{p.relative_to(folder)} {p.stat().st_size}" for p in files)
    return sha256(text.encode()).hexdigest()[:12]


def render(outcomes: list[Outcome], corpus: str) -> str:
    """Give the page: a table of outcomes by producer."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        rows[outcome.producer][f"{outcome.status} {outcome.code}".strip()] += 1
    columns = sorted({column for row in rows.values() for column in row})
    lines = [
        "# Real documents at the door",
        "",
        "What a running server answers when every document of a corpus of real ones is POSTed to an inbox, signed",
        "by its actor (documents without one: by a stand-in), while every fetch is answered 404. Actors, objects and",
        "collections are no activities, so they are refused; an activity whose ids disagree is too. What matters: no",
        "status of 500 or above, and nothing that hangs.",
        "",
        "This page is made by `python tests/corpus/corpus_run.py --write`.",
        "",
        f"{len(outcomes)} documents; corpus `{corpus}`.",
        "",
        "| producer | " + " | ".join(f"`{column}`" for column in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    lines += [
        f"| {producer} | " + " | ".join(str(row[column] or "") for column in columns) + " |"
        for producer, row in sorted(rows.items())
    ]
    totals: Counter[str] = sum(rows.values(), Counter())
    lines.append("| **all** | " + " | ".join(f"**{totals[c]}**" for c in columns) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("FEDTEXT_CORPUS") or str(ROOT.parent / "shared" / "corpus")
    parser.add_argument("folder", nargs="?", default=default)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(Path(options.folder), Path(scratch) / "corpus.sqlite3")
        outcomes = run.send_all()
    page = render(outcomes, fingerprint(Path(options.folder)))
    print(page)
    bad = [o for o in outcomes if o.status >= 500]
    faults = [dict(e.fields) for e in run.observer.events if e.name in ("request.fault", "inbox.listener_failed")]
    for row in (*bad, *faults):
        print(row, file=sys.stderr)
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    print("dispatched:", dict(run.dispatched))
    return 1 if bad or faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
