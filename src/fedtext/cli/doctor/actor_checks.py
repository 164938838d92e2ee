"""What a server shows of an actor: its shape, its key, media types, caches, hosts, secure mode."""

from __future__ import annotations

from typing import Final

from ...errors import FedtextError
from ...keys import Algorithm, PublicKey, load_public_pem
from ...wire.ip_addresses import parse_address
from ...wire.json import JsonObject, JsonValue
from ...wire.media_types import ACTIVITY_JSON, ACTIVITYSTREAMS_PROFILE, LD_JSON, is_activity, is_html
from .facts import Answer, Facts, Question, url_of
from .judging import EVERYBODY, Check, Seen, bad, check, good

_KINDS: Final = ("Person", "Service", "Application", "Group", "Organization")
# As Lemmy compares them, letter by letter (COL-01).
_EXACT_TYPES: Final = frozenset((ACTIVITY_JSON, f"{ACTIVITY_JSON}; charset=utf-8", LD_JSON))
_PLACES: Final = ("inbox", "outbox", "followers", "following")
_INSIDE: Final = ("localhost", "local", "internal", "lan")
_DEPTH_MAX: Final = 7
_BYTES_MAX: Final = 65_536
_RSA_BITS: Final = range(2_048, 8_193)
_SPKI: Final = "-----BEGIN PUBLIC KEY-----"
NEEDS_KEY: Final = "needs a key that the server can fetch: see --key, --tunnel and --origin"
_OPEN: Final = good("no secure mode: the actor is given to anybody")


# -- how it is served -------------------------------------------------------------------------------------------


@check(
    "actor.answer", "the actor is there",
    rules=("INB-10",), peers=EVERYBODY,
    mend="answer requests for the actor's id with 200 and the actor",
    needs=f"it is given to signed requests alone; {NEEDS_KEY}",
)  # fmt: skip
def actor_answer(facts: Facts) -> Seen | None:
    """What is given to signed requests alone is judged by `secure.signed`."""
    answer = facts.of(Question.ACTOR)
    if answer is None or facts.is_secure:
        return None
    return Seen(answer.status == 200, answer.told())


@check(
    "secure.signed", "secure mode gives the actor to who signs",
    rules=("COL-11",), peers=EVERYBODY,
    mend="answer 200 where the signature is good: look at what `fedtext verify` says of such a request",
    needs=NEEDS_KEY,
)  # fmt: skip
def secure_signed(facts: Facts) -> Seen | None:
    """Secure mode is no fault; one that lets nobody in is."""
    answer = facts.of(Question.ACTOR_SIGNED)
    if answer is None:
        return None if facts.document is None else _OPEN
    return Seen(answer.status == 200, f"signed: {answer.told()}")


@check(
    "actor.media_type", "the actor's media type",
    rules=("COL-01",), peers=("Akkoma", "GoToSocial", "Mastodon", "Misskey"),
    mend="send Content-Type: application/activity+json",
)  # fmt: skip
def actor_media_type(facts: Facts) -> Seen | None:
    """Plain application/json is refused by all four."""
    answer = _given(facts)
    return None if answer is None else Seen(is_activity(answer.media_type), answer.media_type or "none")


@check(
    "actor.media_type_exact", "the actor's media type, to the letter",
    rules=("COL-01",), peers=("Lemmy",),
    mend="send application/activity+json, and no other parameter than '; charset=utf-8'",
)  # fmt: skip
def actor_media_type_exact(facts: Facts) -> Seen | None:
    """Lemmy compares three texts."""
    answer = _given(facts)
    return None if answer is None else Seen(answer.media_type in _EXACT_TYPES, answer.media_type or "none")


@check(
    "actor.accept_ld", "the actor, asked for as ld+json",
    rules=("COL-02",), peers=("GoToSocial", "PeerTube"),
    mend="give the same document for application/ld+json with the profile in Accept",
)  # fmt: skip
def actor_accept_ld(facts: Facts) -> Seen | None:
    """Some ask by this name first."""
    answer = facts.of(Question.ACTOR_AS_LD)
    return None if answer is None else Seen(answer.status == 200 and is_activity(answer.media_type), answer.told())


@check(
    "actor.direct", "the id is where the actor is",
    rules=("INB-10",), peers=EVERYBODY,
    mend="serve the actor at its id itself, without redirects",
)  # fmt: skip
def actor_direct(facts: Facts) -> Seen | None:
    """A document counts where its id is the address that answers at last."""
    answer = facts.response(Question.ACTOR)
    if answer is None or not answer.hops:
        return None
    return good("no redirects") if len(answer.hops) == 1 else bad(f"redirected to {answer.hops[-1]}")


@check(
    "vary.header", "Vary: Accept",
    rules=("ACT-26",), peers=EVERYBODY, is_warning=True,
    mend="send Vary: Accept with the page and with the actor",
)  # fmt: skip
def vary_header(facts: Facts) -> Seen | None:
    """Pages and actors may share an address; then caches have to know."""
    page, answer = facts.response(Question.PAGE), facts.served
    if page is None or answer is None or not is_html(page.media_type):
        return None
    vary = answer.header("vary").lower()
    return Seen("accept" in vary or vary == "*", vary or "pages and the actor share an address, and there is no Vary")


@check(
    "vary.cache", "caches tell pages from actors",
    rules=("ACT-26",), peers=EVERYBODY,
    mend="let the cache honour Vary: Accept, or keep it away from this address",
)  # fmt: skip
def vary_cache(facts: Facts) -> Seen | None:
    """The page is asked for first, the actor next: a cache that ignores Vary gives the page twice."""
    page, answer = facts.response(Question.PAGE), facts.response(Question.ACTOR)
    if page is None or answer is None:
        return None
    if is_html(page.media_type) and is_html(answer.media_type) and page.body == answer.body:
        return bad("the page came back when the actor was asked for")
    if is_activity(page.media_type) and _is_cached(page):
        return bad("the actor came back from a cache when the page was asked for")
    return good("asked for in turn, each came as itself") if is_html(page.media_type) else None


def _is_cached(answer: Answer) -> bool:
    age = answer.header("age")
    return (age.isdigit() and age.strip("0") != "") or "hit" in answer.header("x-cache").lower()


@check(
    "vary.signature", "caches tell who may see",
    rules=("ACT-26", "COL-11"), peers=EVERYBODY, is_warning=True,
    mend="send Vary: Signature, or Cache-Control: private, with what is given to signed requests alone",
    needs=NEEDS_KEY,
)  # fmt: skip
def vary_signature(facts: Facts) -> Seen | None:
    """In secure mode, a cache must not give to all what one was shown."""
    answer = facts.response(Question.ACTOR_SIGNED)
    if answer is None or answer.status != 200:
        return None if facts.document is None else _OPEN
    vary, control = answer.header("vary").lower(), answer.header("cache-control").lower()
    is_kept_apart = "signature" in vary or vary == "*" or "private" in control or "no-store" in control
    return Seen(is_kept_apart, vary or control or "neither Vary nor Cache-Control")


@check(
    "profile.public", "a page that everybody can see",
    rules=("TRU-03",), peers=("Threads",), is_warning=True,
    mend="let `url` name a page of the actor that is there without a login",
)  # fmt: skip
def profile_public(facts: Facts) -> Seen | None:
    """Threads asks for one, by what it writes for people."""
    answer = facts.of(Question.PROFILE)
    return None if answer is None else Seen(answer.status == 200 and is_html(answer.media_type), answer.told())


@check(
    "host.addresses", "addresses are the public ones",
    rules=("SIG-14", "ACT-03"), peers=EVERYBODY,
    mend="let the proxy pass Host on as it came, or configure the public address: ids must not come from Host",
)  # fmt: skip
def host_addresses(facts: Facts) -> Seen | None:
    """A proxy that rewrites Host shows in what the application writes: names of the inside, or http for https."""
    document, asked = facts.document, facts.url
    if document is None or asked is None:
        return None
    for name in ("id", "url", *_PLACES):
        found = url_of(document.get(name))
        if found is None or found.origin == asked.origin:
            continue
        if found.host == asked.host or _is_inside(found.host):
            return bad(f"{name} is {found}")
    return good(asked.authority)


def _is_inside(host: str) -> bool:
    """Tell whether a host is one that only machines behind the proxy can mean."""
    return (
        host.startswith("[") or parse_address(host) is not None or host.rpartition(".")[2] in _INSIDE or "." not in host
    )


# -- what it says -----------------------------------------------------------------------------------------------


@check(
    "actor.object", "the actor is one JSON object",
    rules=("ACT-01",), peers=EVERYBODY,
    mend="send the actor as one JSON object in UTF-8",
)  # fmt: skip
def actor_object(facts: Facts) -> Seen | None:
    """Strict JSON, as `wire.json` reads it."""
    answer = _given(facts)
    if answer is None:
        return None
    size = f"{len(answer.body)} bytes"
    return good(size) if answer.document is not None else bad(f"{size} that are none")


@check(
    "actor.context", "the actor's context",
    rules=("JLD-01",), peers=("Mastodon",),
    mend=f"name {ACTIVITYSTREAMS_PROFILE} in @context, as a text",
)  # fmt: skip
def actor_context(facts: Facts) -> Seen | None:
    """Mastodon looks for the literal text."""
    if (document := facts.document) is None:
        return None
    given = document.get("@context")
    entries = given if isinstance(given, list) else [given]
    return Seen(ACTIVITYSTREAMS_PROFILE in entries, f"{len(entries)} entries" if given else "there is none")


@check(
    "actor.id", "the actor's id",
    rules=("INB-10",), peers=EVERYBODY,
    mend="give the address at which the actor is served as its id, letter by letter",
)  # fmt: skip
def actor_id(facts: Facts) -> Seen | None:
    """The id is the address."""
    if (document := facts.document) is None:
        return None
    return Seen(document.get("id") == facts.actor_id, f"{document.get('id')}")


@check(
    "actor.type", "the actor's type",
    rules=("ACT-01",), peers=EVERYBODY,
    mend="use Person, Service, Application, Group or Organization",
)  # fmt: skip
def actor_type(facts: Facts) -> Seen | None:
    """One of the five, as a text."""
    if (document := facts.document) is None:
        return None
    return Seen(document.get("type") in _KINDS, f"{document.get('type')}")


@check(
    "actor.name", "the actor's names",
    rules=("ACT-01", "ACT-08"), peers=EVERYBODY,
    mend="give preferredUsername as a text, and name as a text or not at all",
)  # fmt: skip
def actor_name(facts: Facts) -> Seen | None:
    """Mastodon needs the first; Misskey throws where the second is no text."""
    if (document := facts.document) is None:
        return None
    username, name = document.get("preferredUsername"), document.get("name")
    is_good = isinstance(username, str) and username != "" and (name is None or isinstance(name, str))
    return Seen(is_good, f"{username}, {name}" if name is not None else f"{username}")


@check(
    "actor.inbox", "the actor's inbox",
    rules=("ACT-01",), peers=EVERYBODY,
    mend="give the address of the inbox",
)  # fmt: skip
def actor_inbox(facts: Facts) -> Seen | None:
    """Without it, nobody can answer."""
    if (document := facts.document) is None:
        return None
    return Seen(url_of(document.get("inbox")) is not None, f"{document.get('inbox')}")


@check(
    "actor.outbox", "the actor's outbox",
    rules=("ACT-01",), peers=("Lemmy",),
    mend="give the address of the outbox",
)  # fmt: skip
def actor_outbox(facts: Facts) -> Seen | None:
    """Lemmy does not read an actor without."""
    if (document := facts.document) is None:
        return None
    return Seen(url_of(document.get("outbox")) is not None, f"{document.get('outbox')}")


@check(
    "actor.url", "the actor's page",
    rules=("ACT-01",), peers=("PeerTube",),
    mend="give the address of a page for people as url",
)  # fmt: skip
def actor_url(facts: Facts) -> Seen | None:
    """PeerTube does not read an actor without."""
    document = facts.document
    return None if document is None else Seen(bool(document.get("url")), f"{document.get('url')}")


@check(
    "actor.group", "who is behind the group",
    rules=("ACT-02",), peers=("PeerTube",),
    mend="name who is behind the group in attributedTo",
)  # fmt: skip
def actor_group(facts: Facts) -> Seen | None:
    """Of groups alone."""
    document = facts.document
    if document is None or document.get("type") != "Group":
        return None
    return good("named") if document.get("attributedTo") else bad("not named")


@check(
    "actor.hosts", "inbox and collections lie at the actor's host",
    rules=("ACT-03",), peers=("GoToSocial", "Misskey"),
    mend="keep inbox, outbox, followers, following and the shared inbox at the host of the id",
)  # fmt: skip
def actor_hosts(facts: Facts) -> Seen | None:
    """Both distrust an actor whose parts lie elsewhere."""
    document, asked = facts.document, facts.url
    if document is None or asked is None:
        return None
    endpoints = document.get("endpoints")
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    for name, value in (*((name, document.get(name)) for name in _PLACES), ("sharedInbox", shared)):
        found = url_of(value)
        if found is not None and found.host != asked.host:
            return bad(f"{name} is {found}")
    return good(asked.host)


@check(
    "actor.depth", "how deep the actor is nested",
    rules=("JLD-15",), peers=("Pixelfed",),
    mend=f"nest {_DEPTH_MAX} levels at most: Pixelfed stops at the eighth",
)  # fmt: skip
def actor_depth(facts: Facts) -> Seen | None:
    """The deepest of honest documents that were seen has seven."""
    document = facts.document
    if document is None:
        return None
    depth = _depth(document)
    return Seen(depth <= _DEPTH_MAX, f"{depth} levels")


def _depth(value: JsonValue) -> int:
    """Count levels; the document has passed the limit of depth already."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((_depth(item) for item in inner), default=0)


@check(
    "actor.size", "how long the actor is",
    rules=("MOD-69", "DLV-21"), peers=("Misskey",),
    mend="keep the actor below 64 KiB, so that an Update with it reaches Misskey",
)  # fmt: skip
def actor_size(facts: Facts) -> Seen | None:
    """Misskey takes no more into its inbox."""
    answer = _given(facts)
    return None if answer is None else Seen(len(answer.body) < _BYTES_MAX, f"{len(answer.body)} bytes")


# -- its key ----------------------------------------------------------------------------------------------------


@check(
    "key.whole", "the key is whole",
    rules=("ACT-06", "SIG-18"), peers=EVERYBODY,
    mend="give publicKey as {id, owner, publicKeyPem}, its owner being the actor",
)  # fmt: skip
def key_whole(facts: Facts) -> Seen | None:
    """All three, and the owner is who lists it."""
    document = facts.document
    if document is None:
        return None
    key = _key(document)
    missing = [name for name in ("id", "owner", "publicKeyPem") if not isinstance(key.get(name), str)]
    if missing:
        return bad(f"without {', '.join(missing)}" if key else "there is no publicKey, or it is no object")
    return Seen(key.get("owner") == document.get("id"), f"{key.get('id')}, of {key.get('owner')}")


@check(
    "key.kind", "the key is one that all can use",
    rules=("SIG-23",), peers=EVERYBODY,
    mend="publish an RSA key of 2048 to 8192 bits; one of Ed25519 may stand in assertionMethod beside it",
)  # fmt: skip
def key_kind(facts: Facts) -> Seen | None:
    """Draft-cavage signatures are RSA everywhere."""
    pem = _pem(facts)
    if pem is None:
        return None
    public = _public(pem)
    if public is None:
        return bad("it cannot be read")
    is_good = public.algorithm is Algorithm.RSA and public.size_bits in _RSA_BITS
    return Seen(is_good, f"{public.algorithm.value}, {public.size_bits} bits")


@check(
    "key.form", "how the key is written",
    rules=("SIG-23",), peers=("PeerTube",),
    mend=f"write it as SubjectPublicKeyInfo: {_SPKI}",
)  # fmt: skip
def key_form(facts: Facts) -> Seen | None:
    """PeerTube looks at the first line."""
    pem = _pem(facts)
    return None if pem is None else Seen(pem.lstrip().startswith(_SPKI), pem.strip().partition("\n")[0])


@check(
    "key.id", "the key's id has a fragment",
    rules=("SIG-16",), peers=("Lemmy", "Mobilizon"), is_warning=True,
    mend="use the actor's id and #main-key",
)  # fmt: skip
def key_id(facts: Facts) -> Seen | None:
    """Lemmy looks for "#" in requests to it; Mobilizon finds the actor by what stands before it."""
    name = _key(facts.document or {}).get("id")
    return Seen("#" in name, name) if isinstance(name, str) else None


@check(
    "key.host", "the key lies at the actor's host",
    rules=("SIG-16",), peers=("Misskey", "Pixelfed"),
    mend="use the actor's id and #main-key",
)  # fmt: skip
def key_host(facts: Facts) -> Seen | None:
    """Key, actor and activities are of one host."""
    name, asked = _key(facts.document or {}).get("id"), facts.url
    found = url_of(name)
    return None if found is None or asked is None else Seen(found.host == asked.host, f"{name}")


def _given(facts: Facts) -> Answer | None:
    answer = facts.served
    return answer if answer is not None and answer.status == 200 else None


def _key(document: JsonObject) -> JsonObject:
    key = document.get("publicKey")
    return key if isinstance(key, dict) else {}


def _pem(facts: Facts) -> str | None:
    pem = _key(facts.document or {}).get("publicKeyPem")
    return pem if isinstance(pem, str) else None


def _public(pem: str) -> PublicKey | None:
    try:
        return load_public_pem(pem)
    except FedtextError:
        return None


CHECKS: Final[tuple[Check, ...]] = (
    actor_answer,
    secure_signed,
    actor_direct,
    actor_media_type,
    actor_media_type_exact,
    actor_accept_ld,
    actor_object,
    actor_context,
    actor_id,
    actor_type,
    actor_name,
    actor_inbox,
    actor_outbox,
    actor_url,
    actor_group,
    actor_hosts,
    actor_depth,
    actor_size,
    key_whole,
    key_kind,
    key_form,
    key_id,
    key_host,
    vary_header,
    vary_cache,
    vary_signature,
    host_addresses,
    profile_public,
)
