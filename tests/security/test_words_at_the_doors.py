"""Words of strangers, at each edge: what becomes of them in an application's hands, in logs and in the store."""

from __future__ import annotations

import json
import logging
import socket
from typing import Any

import pytest
from tests.edges import Edge, SocketEdge, raw
from tests.receiving import PUBLIC, SITE, Peer, PeerActor
from tests.scene import Scene

from fedtext import Note
from fedtext.behaviors import Replies, Reply
from fedtext.vocab import Emoji

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

NOTE = f"{SITE}/notes/1"
DAY_S = 86_400


class Table:
    """Answers to our notes."""

    def __init__(self) -> None:
        self.rows: list[Reply] = []

    def save(self, reply: Reply) -> None:
        self.rows.append(reply)

    def remove(self, _reply_id: str, _author_id: str) -> None:
        """Never asked for here."""

    def remove_author(self, _author_id: str) -> None:
        """Never asked for here."""


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def scene(edge: Edge, table: Table) -> Scene:
    """A server that shows answers."""
    return Scene(edge, use=(Replies(table),))


def said(actor: PeerActor, **members: Any) -> dict[str, Any]:
    return actor.activity("Create", object=actor.note(inReplyTo=NOTE, **members), to=[PUBLIC])


@pytest.mark.parametrize(
    "content",
    [
        "<p>hi<script>alert(1)</script></p>",
        '<p onclick="alert(1)">hi</p>',
        '<a href="javascript:alert(1)">hi</a>',
        '<svg><style><img src=x onerror="alert(1)"></style></svg>hi',
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">hi',
        '<p style="background:url(javascript:alert(1))">hi</p>',
    ],
)
def test_sec_161_sec_162_what_is_shown_runs_nothing(scene: Scene, table: Table, content: str) -> None:
    """The name is text, the content is HTML of the few elements that are listed.

    Threats: CVE-2025-53941, gotosocial#2722.
    """
    scene.home.serve("/users/alice", scene.alice.document(name=content, summary=content))
    scene.takes(scene.alice.post(said(scene.alice, content=content, summary=content)))
    (row,) = table.rows
    assert not any(text in row.html for text in ("<script", "onclick", "onerror=", "javascript:", "style", "<svg"))
    assert "<" not in row.author.name
    assert "<script" not in (row.summary or "")


def test_sec_163_markup_without_an_end_is_shown_bounded(scene: Scene, table: Table) -> None:
    """Threat: GHSA-qrgq."""
    scene.takes(scene.alice.post(said(scene.alice, content="<b>" * 60_000 + "<math><annotation>x</annotation></math>")))
    assert len(table.rows[0].html) <= 2**20


@pytest.mark.parametrize("claimed", ["victim@v.example.org", "admin@b.example.com", "@victim@v.example.org"])
def test_sec_154_nobody_goes_by_a_name_of_another_host(scene: Scene, table: Table, claimed: str) -> None:
    """Threat: Akkoma 2024.04.1."""
    scene.home.actor(webfinger=claimed)
    scene.takes(scene.alice.post(said(scene.alice)))
    assert table.rows[0].author.handle == "@alice@a.example.com"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//v.example.org", "/x", 7])
def test_sec_164_addresses_are_of_the_web(scene: Scene, table: Table, url: object) -> None:
    """Threats: Mastodon 2025-05-06, Misskey 13."""
    scene.home.actor(url=url, icon={"type": "Image", "url": url})
    heard = scene.takes(scene.alice.post(said(scene.alice, url=url, attachment=[{"type": "Link", "href": url}])))
    assert isinstance(heard.object, Note)
    assert heard.object.url is None
    (row,) = table.rows
    assert row.url == heard.object.id
    assert row.author.url == scene.alice.id
    assert row.author.avatar is None


@pytest.mark.parametrize("name", ["ali\u202ece", "ali\u200bce", "ali\u2066ce\u2069"])
def test_sec_165_a_handle_hides_nothing(scene: Scene, table: Table, name: str) -> None:
    scene.home.actor(preferredUsername=name)
    scene.takes(scene.alice.post(said(scene.alice)))
    assert table.rows[0].author.handle.isprintable()


@pytest.mark.parametrize(("name", "shortcode"), [(":blob:", "blob"), (":../../x:", None), (":a/b:", None)])
def test_sec_166_a_shortcode_is_a_word(scene: Scene, name: str, shortcode: str | None) -> None:
    """Threat: Misskey 13."""
    heard = scene.takes(scene.alice.post(said(scene.alice, tag=[{"type": "Emoji", "name": name}])))
    assert isinstance(heard.object, Note)
    (emoji,) = heard.object.tag
    assert isinstance(emoji, Emoji)
    assert emoji.shortcode == shortcode


def test_sec_167_a_link_tells_where_it_leads(scene: Scene, table: Table) -> None:
    """Threat: CVE-2023-36462."""
    scene.takes(
        scene.alice.post(said(scene.alice, content='<a href="https://evil.example.org/">good.example/login</a>'))
    )
    assert table.rows[0].html.endswith("good.example/login</a> [evil.example.org]")


# ---- logs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["\r\n2026 root: all is well", "\x1b[2J\x1b[31m", "%s %n %(levelname)s", "{0.__class__} {}"]
)
def test_sec_168_a_line_of_the_log_is_one_line(scene: Scene, caplog: pytest.LogCaptureFixture, words: str) -> None:
    """Whatever stands in types, ids and headers of what is taken and of what is refused."""
    with caplog.at_level(logging.INFO, logger="fedtext"):
        scene.answer(scene.alice.post(scene.alice.activity(f"Like{words}", summary=words)))
        scene.answer(scene.alice.post(scene.alice.activity(number=2, id=f"https://a.example.com/{words}")))
        scene.answer(scene.alice.post(scene.alice.activity("Delete", 3, object=f"https://evil.example.org/{words}")))
    lines = [record.getMessage() for record in caplog.records if record.name == "fedtext"]
    assert lines
    assert all(line.isprintable() for line in lines)
    assert any(json.loads(line)["event"].startswith("inbox.") for line in lines)


# ---- what is left ----------------------------------------------------------------------------------------------------


def test_sec_171_what_strangers_make_us_keep_is_forgotten(scene: Scene) -> None:
    """Each names a host and a key of its own; after a while nothing of it is there.  Threat: CVE-2026-69132."""
    before = set(scene.state().stored)
    for number in range(60):
        peer = Peer(scene.network, f"h{number}.example.net")
        scene.refuses(scene.eve.post(scene.eve.activity(number=number), key_id=peer.url("/k")), 401, fetches_max=1)
    assert len(scene.state().stored) > len(before) + 60
    scene.clock.advance(31 * DAY_S)
    left = {key for key in scene.state().stored if "example.net" in key}
    assert left == set()


@pytest.mark.edges("asgi", "wsgi")
@pytest.mark.spec("SEC-174")
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_sec_174_who_hangs_up_leaves_nothing(edge: SocketEdge, scene: Scene, share: float) -> None:
    """In the middle of a body, or before it: what is not whole is not there, and the next one is served."""
    request = scene.alice.post(scene.alice.activity())
    before = scene.state()
    data = raw(request)
    cut = len(data) - round(len(request.body) * (1 - share)) - 1
    with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as sock:
        sock.sendall(data[:cut])
    assert scene.state() == before
    scene.takes(request)
