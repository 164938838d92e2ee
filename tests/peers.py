"""What other servers ask of signed requests, and how they sign their own: one table, facts only.

`tests/unit/signatures/test_peers.py` holds the library to it in both directions, `docs/generate.py` draws
`docs/reference/peers.md` from it. Servers change: each row names the rules of the wire that it is taken from, and what
is not known stands as None and is shown as a dash.

Shares no code with `fedtext.signatures`: `unmet` reads and verifies as simply as these servers do.
"""

from __future__ import annotations

import base64
import hashlib
from enum import Enum
from typing import Final

import attrs

from fedtext.errors import SignatureMismatch
from fedtext.http import Headers, Request
from fedtext.keys import PrivateKey, PublicKey
from fedtext.wire.timestamps import build_http_date, parse_http_date

TARGET: Final = "(request-target)"
FAMILY_GET: Final = (TARGET, "host", "date")
FAMILY_POST: Final = (TARGET, "host", "date", "digest")
NINE_GET: Final = ("@method", "@target-uri")
NINE_POST: Final = (*NINE_GET, "content-digest")
BOTH_NAMES: Final = ("rsa-sha256", "hs2019")
SORTED_POST: Final = (TARGET, "content-length", "date", "digest", "host")
HOUR_S: Final = 3_600
LD_JSON: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


class Digests(Enum):
    """How the Digest header is read."""

    EXACT = "the text `SHA-256=…`, letter by letter"
    UPPER = "`SHA-256=…`, the name in upper case"
    ANY_CASE = "SHA-256, the name in any case"
    EVERY = "every member is a SHA-256 of the body"
    UNKNOWN = ""


class Targets(Enum):
    """What stands in (request-target)."""

    FULL = "path and query"
    PATH = "path alone"
    BOTH = "path and query, or path alone"
    UNKNOWN = ""


@attrs.frozen(kw_only=True)
class Rfc9421:
    """What is asked of signatures of RFC 9421.

    Args:
        post: Components that a POST must cover; empty: not known.
        get: The same for GET.
        query: Whether "@query" is asked for where there is a query.
        names_algorithm: Whether `alg` must be there.
        single: Whether there may be one signature only.
    """

    post: tuple[str, ...] = ()
    get: tuple[str, ...] = ()
    query: bool = False
    names_algorithm: bool = False
    single: bool = False


@attrs.frozen(kw_only=True)
class Demands:
    """What a server asks of requests that it is sent.

    Args:
        post: Headers that a POST must cover; the strictest reading, where there is a choice.
        get: The same for GET.
        algorithms: Names that are taken; None: the parameter is not looked at; empty: not known.
        named: Whether the parameter `algorithm` must be there.
        digest: How Digest is read; UNKNOWN: not held against the request here.
        past_s: How old a Date may be; None: not looked at, or not known.
        future_s: How far ahead it may be.
        target: What is compared.
        naive: Whether parameters are split at commas and equal signs.
        usual_date: Whether Date must have the one usual form.
        own_host: Whether Host must be the host that the server was configured with.
        fragment: Whether a key id needs a fragment, for GET.
        derived: Whether the actor is found by dropping the fragment of the key id.
        rsa_bits: Sizes of keys that are taken.
        body_bytes_max: Of the inbox.
        rfc9421: None: not taken, or not known to be.
    """

    post: tuple[str, ...] = ()
    get: tuple[str, ...] = ()
    algorithms: tuple[str, ...] | None = BOTH_NAMES
    named: bool = False
    digest: Digests = Digests.ANY_CASE
    past_s: int | None = None
    future_s: int | None = None
    target: Targets = Targets.UNKNOWN
    naive: bool = False
    usual_date: bool = False
    own_host: bool = False
    fragment: bool = False
    derived: bool = False
    rsa_bits: tuple[int, int] | None = None
    body_bytes_max: int | None = None
    rfc9421: Rfc9421 | None = None


@attrs.frozen(kw_only=True)
class Sends:
    """How a server signs what it sends.

    Args:
        post: Headers that a POST covers, in order.
        get: The same for GET.
        algorithm: The name that it gives.
        key_id: What stands behind the id of the actor.
        query: Whether a GET is signed with its query; None: not known.
        content_type: Of a POST.
        valid_s: How long a signature says that it is valid, or None.
        rfc9421: Components of a POST under RFC 9421, where it sends that; `content-digest` is left out of a GET.
    """

    post: tuple[str, ...]
    get: tuple[str, ...]
    algorithm: str = "rsa-sha256"
    key_id: str = "#main-key"
    query: bool | None = None
    content_type: str = "application/activity+json"
    valid_s: int | None = None
    rfc9421: tuple[str, ...] | None = None


@attrs.frozen(kw_only=True)
class Peer:
    """One row.

    Args:
        name: Of the software, and the version that was read where one is known.
        demands: What it asks.
        sends: What it sends; None: not known.
        keys: Kinds of keys that it verifies with.
        note: What the other fields cannot say.
        rules: Where this comes from.
    """

    name: str
    demands: Demands
    sends: Sends | None
    keys: str = "RSA"
    note: str = ""
    rules: tuple[str, ...]


PEERS: Final = (
    Peer(
        name="Mastodon 4.7",
        demands=Demands(
            post=(TARGET, "date", "digest"), get=(TARGET, "host", "date"), past_s=HOUR_S + 300, future_s=HOUR_S,
            target=Targets.BOTH,
            rfc9421=Rfc9421(post=NINE_POST, get=NINE_GET, single=True),
        ),
        sends=Sends(
            post=("host", "date", "content-type", "digest", TARGET), get=("host", "date", TARGET), query=True,
            rfc9421=("@method", "@target-uri", "content-digest"),
        ),
        keys="RSA, Ed25519, ML-DSA-44",
        rules=("wire 2.1", "wire 2.2", "wire 2.3", "SIG-04", "SIG-11", "SIG-12", "SIG-28", "SIG-34"),
    ),
    Peer(
        name="GoToSocial 0.20",
        demands=Demands(algorithms=None, digest=Digests.UNKNOWN, target=Targets.BOTH, naive=True),
        sends=Sends(
            post=FAMILY_POST, get=FAMILY_GET, algorithm="hs2019", key_id="/main-key", query=True,
            content_type=LD_JSON,
        ),
        keys="RSA, Ed25519",
        note="`created` and `expires` count where they are given, give or take 10 s; Date is not looked at",
        rules=("wire 2.1", "wire 2.2", "wire 2.4", "SIG-06", "SIG-13", "SIG-17"),
    ),
    Peer(
        name="Misskey 2025.4",
        demands=Demands(
            post=FAMILY_POST, get=FAMILY_GET, past_s=300, future_s=300, target=Targets.FULL,
            own_host=True, body_bytes_max=65_536,
        ),
        sends=Sends(post=(TARGET, "date", "host", "digest"), get=(TARGET, "date", "host", "accept"), query=False),
        note="the window is that of its library",
        rules=("wire 2.1", "wire 2.2", "wire 3", "SIG-12", "SIG-14", "DLV-21", "SEC-043"),
    ),
    Peer(
        name="PeerTube 6.3",
        demands=Demands(post=FAMILY_POST, algorithms=(), digest=Digests.EXACT, past_s=1_800, future_s=1_800),
        sends=Sends(post=FAMILY_POST, get=FAMILY_GET, key_id=""),
        rules=("wire 2.1", "wire 2.2", "wire 2.4", "SIG-03", "SEC-066"),
    ),
    Peer(
        name="Akkoma 3.16",
        demands=Demands(algorithms=(), target=Targets.BOTH),
        sends=Sends(post=SORTED_POST, get=FAMILY_GET),
        rules=("wire 2.1", "wire 2.2", "SIG-12", "SIG-36"),
    ),
    Peer(
        name="Lemmy",
        demands=Demands(
            post=("digest",), past_s=HOUR_S, future_s=HOUR_S, digest=Digests.EVERY, target=Targets.FULL, fragment=True
        ),
        sends=Sends(
            post=(TARGET, "(created)", "(expires)", "host", "digest"), get=(TARGET, "(created)", "(expires)", "host"),
            algorithm="hs2019", query=True, valid_s=300,
        ),
        note="in its compatible mode it sends Date",
        rules=("wire 2.1", "wire 2.2", "wire 2.4", "SIG-03", "SIG-10", "SIG-16"),
    ),
    Peer(
        name="WordPress (2024-10)",
        demands=Demands(
            algorithms=None, named=True, past_s=3 * HOUR_S, future_s=3 * HOUR_S, target=Targets.PATH,
            rfc9421=Rfc9421(),
        ),
        sends=Sends(post=FAMILY_POST, get=FAMILY_GET),
        note="RFC 9421 from plugin 9.3 on",
        rules=("wire 2.1", "wire 2.2", "wire 2.3", "SIG-06"),
    ),
    Peer(
        name="Pixelfed",
        demands=Demands(
            algorithms=None, digest=Digests.UNKNOWN, past_s=24 * HOUR_S, future_s=24 * HOUR_S, target=Targets.PATH
        ),
        sends=Sends(post=FAMILY_POST, get=FAMILY_GET, query=False),
        note="the path is `/users/NAME/inbox`, whichever it was sent to",
        rules=("wire 2.1", "wire 2.2", "SIG-13", "SIG-33"),
    ),
    Peer(
        name="Friendica",
        demands=Demands(
            post=("digest", "date"), algorithms=("hs2019", "rsa-sha256", "rsa-sha512"), past_s=300, future_s=60,
            target=Targets.PATH,
        ),
        sends=Sends(
            post=(TARGET, "date", "content-length", "digest", "host"), get=(TARGET, "date", "host"), query=False
        ),
        rules=("wire 2.1", "SIG-13", "SIG-36"),
    ),
    Peer(
        name="BookWyrm",
        demands=Demands(
            algorithms=None, digest=Digests.UPPER, past_s=300, target=Targets.PATH, naive=True, usual_date=True
        ),
        sends=Sends(post=FAMILY_POST, get=FAMILY_GET, key_id="/#main-key", query=False),
        rules=("wire 2.1", "wire 2.2", "SIG-03", "SIG-05", "SIG-06", "SIG-13"),
    ),
    Peer(
        name="Takahē",
        demands=Demands(
            named=True, digest=Digests.EXACT, past_s=60, future_s=60, target=Targets.PATH, naive=True
        ),
        sends=Sends(
            post=(TARGET, "host", "date", "digest", "content-type"), get=(TARGET, "host", "date", "accept"),
            query=False,
        ),
        rules=("wire 2.1", "wire 2.2", "SIG-03", "SIG-05", "SIG-06", "SIG-13", "SIG-36"),
    ),
    Peer(
        name="Mobilizon",
        demands=Demands(
            algorithms=(), past_s=12 * HOUR_S, future_s=12 * HOUR_S, target=Targets.PATH, usual_date=True, derived=True,
            digest=Digests.UNKNOWN,
        ),
        sends=Sends(post=SORTED_POST, get=FAMILY_GET),
        rules=("wire 2.1", "wire 2.4", "SIG-05", "SIG-16", "SIG-36"),
    ),
    Peer(
        name="Bridgy Fed",
        demands=Demands(post=("digest",), digest=Digests.ANY_CASE, target=Targets.FULL),
        sends=Sends(
            post=("date", "host", "digest", TARGET), get=("date", "host", "digest", TARGET), key_id="#key", query=True
        ),
        rules=("wire 2.1", "wire 2.2", "SIG-02"),
    ),
    Peer(
        name="NodeBB",
        demands=Demands(
            algorithms=None, digest=Digests.UNKNOWN, target=Targets.PATH, naive=True, derived=True,
            rfc9421=Rfc9421(),
        ),
        sends=Sends(
            post=FAMILY_POST, get=FAMILY_GET, algorithm="hs2019", key_id="#key", query=False, content_type=LD_JSON
        ),
        rules=("wire 2.1", "wire 2.3", "wire 2.4"),
    ),
    Peer(
        name="tootik",
        demands=Demands(
            post=FAMILY_POST, get=FAMILY_GET, past_s=300, future_s=300, target=Targets.PATH, rsa_bits=(2_048, 8_192),
            rfc9421=Rfc9421(post=(*NINE_GET, "content-type", "content-digest"), get=NINE_GET, query=True),
        ),
        sends=Sends(post=(*FAMILY_POST, "content-type"), get=FAMILY_GET),
        keys="RSA, Ed25519",
        rules=("wire 2.1", "wire 2.2", "wire 2.3", "SIG-23", "SIG-34", "SIG-36"),
    ),
    Peer(
        name="Ktistec, activitypub-bot",
        demands=Demands(
            past_s=300, future_s=300, named=True, naive=True,
            rfc9421=Rfc9421(post=NINE_POST, get=NINE_GET, names_algorithm=True),
        ),
        sends=Sends(
            post=(TARGET, "host", "date", "user-agent", "content-type", "digest"),
            get=(TARGET, "host", "date", "user-agent", "accept"), key_id="/publickey", query=True,
        ),
        rules=("wire 2.1", "wire 2.2", "wire 2.3", "SIG-17", "SIG-28", "SIG-36"),
    ),
    Peer(
        name="Threads (second hand)",
        demands=Demands(post=FAMILY_POST, get=FAMILY_GET, algorithms=(), digest=Digests.EXACT),
        sends=Sends(post=FAMILY_POST, get=FAMILY_GET, key_id="/#main-key", valid_s=300),
        rules=("wire 2.1", "SIG-03", "SIG-17", "TRU-04"),
    ),
)  # fmt: skip


# -- verifying as they do ---------------------------------------------------------------------------------------


def unmet(peer: Peer, request: Request, public: PublicKey, *, owner: str, now_s: int) -> list[str]:
    """Name what a server of this kind would miss in a request that is signed as draft-cavage says."""
    demands = peer.demands
    header = request.headers.get("signature") or ""
    fields = dict(part.split("=", 1) for part in header.split(","))
    if not all(value[:1] == value[-1:] == '"' for value in fields.values()):
        return ["a reader that splits at commas finds no quotes"]
    fields = {name: value[1:-1] for name, value in fields.items()}
    covered = fields["headers"].split(" ")
    needed = demands.post if request.method == "POST" else demands.get
    missing = [f"{name} is not signed" for name in needed if name not in covered]
    missing += _about_names(demands, fields, request.method, owner)
    missing += _about_time(demands, request, now_s)
    missing += _about_body(demands, request)
    if demands.own_host and request.headers.get("host") != request.authority:
        missing.append("Host is not that of the server")
    if demands.rsa_bits and not demands.rsa_bits[0] <= len(base64.b64decode(fields["signature"])) * 8:
        missing.append("the key is too short")
    targets = [request.path] if demands.target is Targets.PATH else [request.target]
    targets += [request.path] if demands.target is Targets.BOTH else []
    if not any(_is_signed(request, covered, fields["signature"], public, target) for target in targets):
        missing.append("the signature does not verify")
    return missing


def _about_names(demands: Demands, fields: dict[str, str], method: str, owner: str) -> list[str]:
    missing = []
    algorithm = fields.get("algorithm")
    if algorithm is None and demands.named:
        missing.append("the algorithm is not named")
    if algorithm is not None and demands.algorithms and algorithm not in demands.algorithms:
        missing.append(f"the algorithm {algorithm} is not known")
    if demands.fragment and method == "GET" and "#" not in fields["keyId"]:
        missing.append("the key id has no fragment")
    if demands.derived and fields["keyId"].partition("#")[0] != owner:
        missing.append("the key id does not lead to the actor")
    return missing


def _about_time(demands: Demands, request: Request, now_s: int) -> list[str]:
    date = request.headers.get("date") or ""
    age_s = now_s - parse_http_date(date)
    missing = []
    if demands.past_s is not None and age_s > demands.past_s:
        missing.append("it is too old")
    if demands.future_s is not None and -age_s > demands.future_s:
        missing.append("it is from the future")
    if demands.usual_date and build_http_date(now_s - age_s) != date:
        missing.append("Date has another form")
    return missing


def _about_body(demands: Demands, request: Request) -> list[str]:
    if request.method != "POST":
        return []
    missing = []
    digest = request.headers.get("digest") or ""
    expected = f"SHA-256={base64.b64encode(hashlib.sha256(request.body).digest()).decode()}"
    name, _, value = digest.partition("=")
    if demands.digest in (Digests.ANY_CASE, Digests.EVERY):
        digest = f"{name.upper()}={value}"
    if demands.digest is not Digests.UNKNOWN and digest != expected:
        missing.append("Digest is not the text that was expected")
    if demands.body_bytes_max is not None and len(request.body) > demands.body_bytes_max:
        missing.append("the body is too long")
    return missing


def _is_signed(request: Request, covered: list[str], signature: str, public: PublicKey, target: str) -> bool:
    values = {TARGET: f"{request.method.lower()} {target}", **dict(request.headers)}
    base = "\n".join(f"{name}: {values[name]}" for name in covered)
    try:
        public.verify(base64.b64decode(signature), base.encode())
    except SignatureMismatch:
        return False
    return True


# -- signing as they do -----------------------------------------------------------------------------------------


def sent(sends: Sends, request: Request, key: PrivateKey, *, owner: str, now_s: int) -> Request:
    """Sign a request as such a server does, as draft-cavage says."""
    request = _with_usual_headers(sends, request, now_s)
    covered = sends.post if request.method == "POST" else sends.get
    target = request.target if sends.query else request.path
    values = {TARGET: f"{request.method.lower()} {target}", **dict(request.headers)}
    times = ""
    if sends.valid_s is not None:
        values |= {"(created)": str(now_s), "(expires)": str(now_s + sends.valid_s)}
        times = f",created={now_s},expires={now_s + sends.valid_s}"
    base = "\n".join(f"{name}: {values[name]}" for name in covered)
    signature = base64.b64encode(key.sign(base.encode())).decode()
    value = f'keyId="{owner}{sends.key_id}",algorithm="{sends.algorithm}"{times},headers="{" ".join(covered)}"'
    return _with(request, ("signature", f'{value},signature="{signature}"'))


def sent_rfc9421(sends: Sends, request: Request, key: PrivateKey, *, owner: str, now_s: int) -> Request:
    """Sign a request as such a server does, as RFC 9421 says."""
    digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    request = _with(_with_usual_headers(sends, request, now_s), ("content-digest", f"sha-256=:{digest}:"))
    covered = [name for name in sends.rfc9421 or () if request.body or name != "content-digest"]
    values = {"@method": request.method, "@target-uri": request.url, **dict(request.headers)}
    names = " ".join(f'"{name}"' for name in covered)
    params = f'({names});created={now_s};keyid="{owner}{sends.key_id}"'
    lines = [f'"{name}": {values[name]}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": {params}'])
    signature = base64.b64encode(key.sign(base.encode())).decode()
    return _with(request, ("signature-input", f"sig1={params}"), ("signature", f"sig1=:{signature}:"))


def _with_usual_headers(sends: Sends, request: Request, now_s: int) -> Request:
    digest = f"SHA-256={base64.b64encode(hashlib.sha256(request.body).digest()).decode()}"
    fields = [("host", request.authority), ("date", build_http_date(now_s)), ("accept", LD_JSON), ("user-agent", "x")]
    if request.body:
        fields += [("content-type", sends.content_type), ("content-length", str(len(request.body)))]
    if request.body or "digest" in sends.get:
        fields.append(("digest", digest))
    return _with(request, *fields)


def _with(request: Request, *fields: tuple[str, str]) -> Request:
    return attrs.evolve(request, headers=Headers((*request.headers.fields, *fields)))


# -- as a page --------------------------------------------------------------------------------------------------


def draw() -> str:
    """Draw the table of the page."""
    lines = [
        "| server | what it asks | what it sends | schemes that it takes | keys | rules |",
        "|---|---|---|---|---|---|",
    ]
    for peer in PEERS:
        schemes = "draft-cavage, RFC 9421" if peer.demands.rfc9421 else "draft-cavage"
        cells = [peer.name, _asked(peer), _signed(peer.sends), schemes, peer.keys, ", ".join(peer.rules)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _asked(peer: Peer) -> str:
    demands = peer.demands
    parts = [
        f"POST covers {_names(demands.post)}" if demands.post else "",
        f"GET covers {_names(demands.get)}" if demands.get else "",
        "any list of headers" if not demands.post and not demands.get else "",
        "any `algorithm`" if demands.algorithms is None else "",
        f"`algorithm` {_names(demands.algorithms)}" if demands.algorithms else "",
        "`algorithm` must be there" if demands.named else "",
        f"Digest: {demands.digest.value}" if demands.digest.value else "",
        _window(demands),
        f"`{TARGET}`: {demands.target.value}" if demands.target.value else "",
        "parameters split at commas" if demands.naive else "",
        "Date as `Sun, 06 Nov 1994 08:49:37 GMT`" if demands.usual_date else "",
        "Host is its own" if demands.own_host else "",
        "a GET has a key id with a fragment" if demands.fragment else "",
        "the actor is the key id without its fragment" if demands.derived else "",
        f"RSA of {demands.rsa_bits[0]} to {demands.rsa_bits[1]} bits" if demands.rsa_bits else "",
        f"a body of at most {demands.body_bytes_max} bytes" if demands.body_bytes_max else "",
        _asked_by_rfc9421(demands.rfc9421),
        peer.note,
    ]
    return "; ".join(part for part in parts if part)


def _asked_by_rfc9421(asked: Rfc9421 | None) -> str:
    if asked is None or not asked.post:
        return ""
    parts = [
        f"RFC 9421: POST covers {_names(asked.post)}",
        "`@query` where there is one" if asked.query else "",
        "`alg` must be there" if asked.names_algorithm else "",
        "one signature only" if asked.single else "",
    ]
    return ", ".join(part for part in parts if part)


def _window(demands: Demands) -> str:
    past = "" if demands.past_s is None else f"at most {demands.past_s} s old"
    future = "" if demands.future_s is None else f"at most {demands.future_s} s ahead"
    return ", ".join(part for part in (past, future) if part)


def _signed(sends: Sends | None) -> str:
    if sends is None:
        return "–"
    parts = [
        f"POST {_names(sends.post)}",
        f"GET {_names(sends.get)}",
        {True: "with the query", False: "without the query", None: ""}[sends.query],
        f"`{sends.algorithm}`",
        f"key id: actor and `{sends.key_id}`" if sends.key_id else "key id: the actor's id",
        f"`created` and `expires`, {sends.valid_s} s apart" if sends.valid_s else "",
        f"second, RFC 9421 {_names(sends.rfc9421)}" if sends.rfc9421 else "",
    ]
    return "; ".join(part for part in parts if part)


def _names(names: tuple[str, ...]) -> str:
    return f"`{' '.join(names)}`"
