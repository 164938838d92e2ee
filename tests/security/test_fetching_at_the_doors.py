"""What a request from outside can make us fetch, at each edge: the key of who signed, and what comes of odd answers.

Here it is whoever names a key id that leads us about. Where the address itself is the danger, the transport is asked in
`test_transport`; that every way out of the library goes through it is shown in `test_discovery`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from tests.edges import Edge
from tests.receiving import KEYS, SITE, Peer, answer, redirect
from tests.scene import Scene

from fedtext.http import Headers, Request, Response

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

HOPS_MAX = 4  # the address itself, and three redirects

ADDRESSES = {
    "SEC-092 a short form of this machine": "https://127.1/k",
    "SEC-092 in one number": "https://2130706433/k",
    "SEC-092 by sixteens": "https://0x7f.1/k",
    "SEC-092 by eights": "https://0177.0.0.1/k",
    "SEC-092 by name": "https://localhost./k",
    "SEC-092 below its name": "https://x.localhost/k",
    "SEC-092 in circles": "https://①②⑦.⓪.⓪.①/k",
    "SEC-093 a private network": "https://10.0.0.1/k",
    "SEC-093 the neighbour that tells secrets": "https://169.254.169.254/latest/meta-data",
    "SEC-093 this machine inside of IPv6": "https://[::ffff:7f00:1]/k",
    "SEC-093 nowhere": "https://[::]/k",
    "SEC-099 with a password": "https://user:pw@a.example.com/k",
    "SEC-099 a name that is a password": "https://a.example.com:443@127.0.0.1/k",
    "SEC-099 a slash the other way": "https://a.example.com\\@127.0.0.1/k",
    "SEC-099 a slash in disguise": "https://a.example.com%2f@127.0.0.1/k",
    "SEC-099 without a host": "https:///k",
    "SEC-099 one slash": "https:/a.example.com/k",
    "SEC-099 port nothing": "https://a.example.com:0/k",
    "SEC-099 a port beyond all": "https://a.example.com:65536/k",
    "SEC-099 an empty label": "https://a..example.com/k",
    "SEC-099 an encoded host": "https://%61.example.com/k",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_sec_092_to_sec_099_no_key_is_looked_for_at_such_an_address(scene: Scene, address: str) -> None:
    """Nothing is fetched, and the policy is not even asked.




    Threats: CVE-2024-39687, CVE-2026-50131, CVE-2026-55103, Fedify 2.1.12, fedify#1294.
    """
    request = scene.alice.post(scene.alice.activity())
    value = (request.headers.get("signature") or "").replace(scene.alice.key_id, address)
    headers = Headers.build([*request.headers.without("signature"), ("signature", value.encode().decode("latin-1"))])
    scene.refuses(Request.to(request.url, method="POST", headers=headers, body=request.body), 401)
    assert scene.policy.asked == []


LEADING: dict[str, str] = {
    "SEC-096 to this machine": "https://127.0.0.1/k",
    "SEC-096 to the neighbour": "https://169.254.169.254/k",
    "SEC-104 away from TLS": "http://a.example.com/k",
    "SEC-096 to a file": "file:///etc/passwd",
    "SEC-096 to a socket": "unix:/run/docker.sock",
    "SEC-096 to data": "data:application/activity+json,{}",
    "SEC-096 to a script": "javascript:alert(1)",
    "SEC-096 to another service": "gopher://a.example.com/1",
    "SEC-097 with a password": "https://u:p@a.example.com/k",
    "SEC-097 a slash the other way": "https:\\\\127.0.0.1\\k",
    "SEC-097 to itself": "/users/alice",
    "SEC-106 to ourselves": f"{SITE}/users/bob",
    "SEC-106 to ourselves, spelled otherwise": "https://B.example.com./users/bob",
}


@pytest.mark.parametrize("location", LEADING.values(), ids=LEADING)
def test_sec_096_to_sec_106_no_redirect_leads_there(scene: Scene, location: str) -> None:
    """Threats that were published elsewhere.

    Akkoma 2024.03, CVE-2024-39687, CVE-2025-23221, CVE-2025-25306, CVE-2026-77632, lemmy-federation#130,
    Pleroma 1.0.3.
    """
    scene.home.serve("/users/alice", redirect(location))
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, 503, fetches_max=2)
    assert all(url.startswith("https://a.example.com/") or "127.0.0.1" in url or "169" in url for url in scene.fetched)


@pytest.mark.parametrize("step", ["/users/alice?{}", "/hop/{}"])
def test_sec_097_redirects_come_to_an_end(scene: Scene, step: str) -> None:
    """And what came of it is remembered: the next request costs nothing.  Threats: CVE-2026-34148, NodeBB 2026-04."""

    def lead(request: Request) -> Response:
        return redirect(step.format(len(scene.fetched) + 1))

    scene.network.script("a.example.com", lead)
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, 503, fetches_max=HOPS_MAX)
    scene.refuses(scene.alice.post(scene.alice.activity(number=2)), 401, 503)


@pytest.mark.parametrize("location", [None, ""])
def test_sec_097_a_redirect_to_nowhere(scene: Scene, location: str | None) -> None:
    fields = [] if location is None else [("location", location)]
    scene.home.serve("/users/alice", Response(status=301, headers=Headers.build(fields)))
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, fetches_max=1)


def test_sec_098_a_page_leads_to_no_key(scene: Scene) -> None:
    """Two pages that name each other as their other form are asked for once.  Threat: GHSA-97w4-f4rq-mgqm."""
    for name, other in (("alice", "bo"), ("bo", "alice")):
        link = f'<link rel="alternate" type="application/activity+json" href="/users/{other}">'.encode()
        scene.home.serve(f"/users/{name}", answer(link, "text/html"))
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, fetches_max=1)


def test_sec_107_each_hop_is_signed_anew(scene: Scene) -> None:
    """No signature, and no cookie, goes on to where a redirect leads. Threats: Akkoma 2025.10, mastodon#33757."""
    document = scene.alice.document()
    scene.home.serve("/users/alice", redirect("https://www.example.net/alice", 301))
    other = Peer(scene.network, "www.example.net")
    other.serve("/alice", document, set_cookie="a=b")
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, fetches_max=4)
    signed = {exchange.request.url: exchange.request.headers.get("signature") for exchange in scene.network.exchanges}
    assert len(set(signed.values())) == len(signed) == 2
    for exchange in scene.network.exchanges:
        assert exchange.request.headers.get("host") == exchange.request.authority
        assert "cookie" not in exchange.request.headers


ANSWERS: dict[str, Response] = {
    "SEC-115 as a page": answer({}, "text/html"),
    "SEC-115 as a text": answer({}, "text/plain"),
    "SEC-115 as plain JSON": answer({}, "application/json"),
    "SEC-115 as JSON-LD without a profile": answer({}, "application/ld+json"),
    "SEC-115 under a longer name": answer({}, "application/activity+jsonx"),
    "SEC-118 not changed": answer({}, status=304),
    "SEC-118 a part": answer({}, status=206),
    "SEC-118 nothing": answer({}, status=204),
    "SEC-118 not for us": answer({}, status=401),
}


@pytest.mark.parametrize("served", ANSWERS.values(), ids=ANSWERS)
def test_sec_115_to_sec_118_no_such_answer_has_a_key(scene: Scene, served: Response) -> None:
    """The document would be right; the answer is refused for what it is.

    Threats: Akkoma 2024.03, CVE-2024-25623, CVE-2024-25636.
    """
    body = json.dumps(scene.alice.document()).encode()
    scene.home.serve("/users/alice", Response(status=served.status, headers=served.headers, body=body))
    knocks = 2 if served.status == 401 else 1  # perhaps it takes the other scheme of signatures
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, 503, fetches_max=knocks)


@pytest.mark.parametrize("asked", ["1000000000", "-1", "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_sec_118_nobody_is_left_alone_for_ever(scene: Scene, asked: str) -> None:
    """A host that asks for patience is asked again after a day at the latest."""
    scene.home.serve("/users/alice", Response(status=429, headers=Headers.build([("retry-after", asked)])))
    scene.refuses(scene.alice.post(scene.alice.activity()), 503, fetches_max=1)
    scene.home.actor()
    scene.clock.advance(86_401)
    request = scene.alice.post(scene.alice.activity(number=2), now_s=scene.clock.now_s())
    scene.takes(request)


IDS: dict[str, Callable[[Scene], str | None]] = {
    "SEC-117 of another path": lambda scene: scene.home.url("/users/bo"),
    "SEC-117 of another origin": lambda scene: scene.evil.url("/users/alice"),
    "SEC-117 in another case": lambda scene: scene.home.url("/users/Alice"),
    "SEC-117 with a slash behind it": lambda scene: scene.alice.id + "/",
    "SEC-117 none": lambda _scene: None,
}


@pytest.mark.parametrize("document_id", IDS.values(), ids=IDS)
def test_sec_117_a_document_is_that_of_its_id(scene: Scene, document_id: Callable[[Scene], str | None]) -> None:
    """Threats that were published elsewhere.

    Akkoma 2024.03, CVE-2024-23832, CVE-2024-52591, CVE-2025-25306, federation e476a0b, lemmy-federation#95.
    """
    scene.home.actor(id=document_id(scene))
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, fetches_max=2)


def test_sec_116_markup_made_to_be_slow_is_not_even_read(scene: Scene) -> None:
    """A key is no page; where pages are read, see `tests/unit/wire/test_links.py`.  Threat: CVE-2025-68475."""
    scene.home.serve("/users/alice", answer(b"<link " * 100_000, "text/html"))
    scene.refuses(scene.alice.post(scene.alice.activity()), 401, fetches_max=1)


# ---- how much of it --------------------------------------------------------------------------------------------------


def test_sec_017_a_flood_of_keys_that_are_none(scene: Scene) -> None:
    """Each names another key of one host: that is asked so many times a minute, then nobody waits for it.

    Threat: NodeBB 2026-04.
    """
    most = scene.federation.config.limits.host_fetches_per_minute_max
    statuses = set()
    for number in range(most + 40):
        request = scene.eve.post(scene.eve.activity(number=number), key_id=scene.evil.url(f"/keys/{number}"))
        statuses.add(scene.edge.send(request).status)
    assert len(scene.fetched) <= most
    assert statuses == {401, 503}
    scene.takes(scene.alice.post(scene.alice.activity()))  # nobody else pays for it


def test_sec_108_a_message_spends_what_one_message_may(scene: Scene) -> None:
    """Each key leads on to another owner, and none of them says so.




    Threats: CVE-2024-52593, CVE-2025-32943, Iceshrimp.NET 2024-07, Pleroma 2.7.0.
    """
    for number in range(60):
        key_id = scene.evil.url(f"/keys/{number}")
        owner = scene.evil.url(f"/users/{number}")
        scene.evil.serve(f"/keys/{number}", {"id": key_id, "owner": owner, "publicKeyPem": KEYS[2].public.pem})
        scene.evil.serve(
            f"/users/{number}", {**scene.eve.document(publicKey=scene.evil.url(f"/keys/{number + 1}")), "id": owner}
        )
    request = scene.eve.post(scene.eve.activity(), key_id=scene.evil.url("/keys/0"))
    scene.refuses(request, 401, fetches_max=scene.federation.config.limits.fetches_per_message_max)


def test_sec_109_an_activity_that_names_ten_thousand_actors(scene: Scene) -> None:
    """None of them is asked for. Threat: Iceshrimp.NET 2024-07."""
    many = [f"https://h{number}.example.net/u" for number in range(900)]
    tags = [{"type": "Mention", "href": f"https://h{number}.example.org/u"} for number in range(5_000)]
    scene.takes(
        scene.alice.post(scene.alice.activity("Announce", object=scene.home.url("/notes/1"), cc=many, tag=tags))
    )
    assert scene.fetched == [scene.alice.id]


@pytest.mark.edges("pure", "asgi")
def test_sec_110_many_at_once_ask_once(edge: Edge, scene: Scene) -> None:
    """Threads do not wait for each other, which is wasteful at worst; see `InlineCoalesce`."""
    requests = [scene.alice.post(scene.alice.activity(number=number)) for number in range(20)]
    if edge.blocking:
        for request in requests:
            assert edge.send(request).status == 202
    else:
        threads = [threading.Thread(target=edge.send, args=(request,)) for request in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    edge.work()
    assert len(scene.heard) == len(requests)
    assert scene.fetched == [scene.alice.id]
