"""The terms that we emit and the terms that nobody may redefine.

Extension terms are written inline, so that no reader has to fetch a context (JLD-01, JLD-02). To teach the library
one more extension term is one line in `_EXTENSIONS`.

Invariants: what is returned is a fresh value that the caller may change; nothing is fetched.

Sources: the ActivityStreams 2.0 context; the security v1 vocabulary; the extension terms as Mastodon, Misskey,
Pleroma and the FEPs 044f and 2c59 define them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from ..errors import ContextRefused
from ..wire.json import JsonObject, JsonValue

ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
SECURITY_V1: Final = "https://w3id.org/security/v1"

# Prefixes that are understood also where a document does not define them, and that no document may bend.
PREFIXES: Final[Mapping[str, str]] = {
    "as": f"{ACTIVITYSTREAMS}#",
    "ldp": "http://www.w3.org/ns/ldp#",
    "sec": "https://w3id.org/security#",
    "toot": "http://joinmastodon.org/ns#",
    "schema": "http://schema.org#",
    "ostatus": "http://ostatus.org#",
    "misskey": "https://misskey-hub.net/ns#",
    "fedibird": "http://fedibird.com/ns#",
    "litepub": "http://litepub.social/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_STEPS_MAX: Final = 8  # seen: two, a term by way of a prefix
_PREFIX_NAMES: Final = tuple(PREFIXES)

# Interop: http://schema.org# with a hash is wrong and required (FEP-fb2a, ACT-09).
_EXTENSIONS: Final[Mapping[str, JsonValue]] = {
    "Emoji": "toot:Emoji",
    "EmojiReact": "litepub:EmojiReact",
    "Hashtag": "as:Hashtag",
    "PropertyValue": "schema:PropertyValue",
    "_misskey_quote": "misskey:_misskey_quote",
    "atomUri": "ostatus:atomUri",
    "blurhash": "toot:blurhash",
    "conversation": "ostatus:conversation",
    "discoverable": "toot:discoverable",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
    "indexable": "toot:indexable",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "memorial": "toot:memorial",
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteUri": "fedibird:quoteUri",
    "quoteUrl": "as:quoteUrl",
    "sensitive": "as:sensitive",
    "suspended": "toot:suspended",
    "value": "schema:value",
    "votersCount": "toot:votersCount",
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}

# Terms of security/v1 that documents of this network carry.
_SECURITY: Final = ("CryptographicKey", "owner", "publicKey", "publicKeyPem", "signature", "signatureValue", "creator")
_SECURITY_IRIS: Final[Mapping[str, str]] = {
    "CryptographicKey": "https://w3id.org/security#Key",
    "owner": "https://w3id.org/security#owner",
    "publicKey": "https://w3id.org/security#publicKey",
    "publicKeyPem": "https://w3id.org/security#publicKeyPem",
}

_AS_TYPES: Final = (
    "Accept Activity Add Announce Application Arrive Article Audio Block Collection CollectionPage Create Delete "
    "Dislike Document Event Flag Follow Group Ignore Image IntransitiveActivity Invite Join Leave Like Link Listen "
    "Mention Move Note Object Offer OrderedCollection OrderedCollectionPage Organization Page Person Place Profile "
    "Question Read Reject Relationship Remove Service TentativeAccept TentativeReject Tombstone Travel Undo Update "
    "Video View"
)
_AS_PROPERTIES: Final = (
    "accuracy actor alsoKnownAs altitude anyOf attachment attributedTo audience bcc bto cc closed content context "
    "current deleted describes duration endTime endpoints first followers following formerType generator height href "
    "hreflang icon image inReplyTo instrument items last latitude liked likes location longitude mediaType name next "
    "oauthAuthorizationEndpoint oauthTokenEndpoint object oneOf origin outbox partOf preferredUsername prev preview "
    "provideClientKey proxyUrl published radius rel relationship replies result shares sharedInbox signClientKey "
    "source startIndex startTime streams subject summary tag target to totalItems units updated uploadMedia url width"
)

# Threat: a context that bends one of these makes JSON-LD readers see another message than we do (JLD-07, SEC-120).
# Names that only carry text for people (name, content, location …) may be bent: some servers do, nobody is fooled.
_PROTECTED_PROPERTIES: Final = (
    "actor alsoKnownAs anyOf attributedTo audience bcc bto cc endpoints first followers following formerType "
    "inReplyTo inbox instrument items last manuallyApprovesFollowers next object oneOf origin outbox owner partOf "
    "preferredUsername prev proxyUrl publicKey publicKeyPem replies result sharedInbox target to totalItems updated"
)
_PROTECTED_TYPES: Final = (
    "Accept Activity Add Announce Application Block Collection CollectionPage Create Delete Flag Follow "
    "IntransitiveActivity Like Mention Move Note OrderedCollection OrderedCollectionPage Question Reject Remove "
    "Service TentativeAccept TentativeReject Tombstone Undo Update"
)


@cache
def standard_iris() -> Mapping[str, str]:
    """Give the IRI of every term that we know."""
    found = {term: PREFIXES["as"] + term for term in f"{_AS_TYPES} {_AS_PROPERTIES}".split()}
    found["inbox"] = PREFIXES["ldp"] + "inbox"
    found["orderedItems"] = PREFIXES["as"] + "items"
    found.update(_SECURITY_IRIS)
    for term, definition in _EXTENSIONS.items():
        iri = definition.get("@id") if isinstance(definition, dict) else definition
        if isinstance(iri, str):
            found[term] = _expand_prefix(iri, PREFIXES)
    return found


@cache
def standard_terms() -> Mapping[str, str]:
    """Give the term of every IRI that we know."""
    found = {iri: term for term, iri in standard_iris().items() if term != "orderedItems"}
    # Interop: a captured document spells the key with the vocabulary's older address.
    found["https://w3id.org/security/v1#publicKeyPem"] = "publicKeyPem"
    return found


@cache
def protected_terms() -> Mapping[str, str]:
    """Give the terms that must keep their meaning, with the IRI that each must have."""
    known = standard_iris()
    found = {term: known[term] for term in f"{_PROTECTED_PROPERTIES} {_PROTECTED_TYPES}".split()}
    return {**found, "id": "@id", "type": "@type", "as": PREFIXES["as"]}


@cache
def protected_iris() -> frozenset[str]:
    """Give the IRIs that must not get a second name."""
    return frozenset(iri for term, iri in protected_terms().items() if term != "as") - {PREFIXES["as"] + "items"}


@cache
def usual_definitions() -> Mapping[str, JsonValue]:
    """Give the inline definitions that most documents carry; they need no closer look."""
    return {**PREFIXES, **_EXTENSIONS}


def default_context() -> list[JsonValue]:
    """Give the context with every term that we may emit."""
    return context_for((*_SECURITY, *_EXTENSIONS))


def context_for(terms: Iterable[str]) -> list[JsonValue]:
    """Give the smallest context that defines these terms: ActivityStreams first, then what it lacks (JLD-01).

    Args:
        terms: Member names and type names; those of ActivityStreams and unknown ones add nothing.
    """
    wanted = set(terms)
    context: list[JsonValue] = [ACTIVITYSTREAMS]
    if not wanted.isdisjoint(_SECURITY):
        context.append(SECURITY_V1)
    inline: JsonObject = {}
    used = [(term, definition) for term, definition in _EXTENSIONS.items() if term in wanted]
    for prefix in _PREFIX_NAMES:
        if prefix != "as" and any(_iri_of(definition).startswith(prefix + ":") for _term, definition in used):
            inline[prefix] = PREFIXES[prefix]
    for term, definition in used:
        inline[term] = dict(definition) if isinstance(definition, dict) else definition
    if inline:
        context.append(inline)
    return context


def is_covered(context: JsonValue) -> bool:
    """Tell whether a context says nothing that `default_context` does not say too."""
    ours = usual_definitions()
    for entry in entries(context):
        if isinstance(entry, str):
            if entry not in (ACTIVITYSTREAMS, SECURITY_V1):
                return False
        elif not isinstance(entry, dict) or any(ours.get(term) != value for term, value in entry.items()):
            return False
    return True


def joined_context(original: JsonValue, terms: Iterable[str]) -> JsonValue:
    """Give a context that defines our terms and, after them, all that the original one defines.

    The original one comes last: members that were there already keep their meaning.
    """
    ours = context_for(terms)
    theirs = entries(original)
    added = [entry for entry in ours if entry not in theirs]
    return [*added, *theirs] if added else original


def entries(context: JsonValue) -> list[JsonValue]:
    """Give the parts of a context, whatever its shape."""
    if context is None:
        return []
    return context if isinstance(context, list) else [context]


def inline_definitions(context: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Iterate over the terms that a context defines itself, in order."""
    for entry in entries(context):
        if isinstance(entry, dict):
            yield from entry.items()


def expand_term(context: JsonValue, term: str) -> str | None:
    """Give the IRI that a name stands for in a context, or None when the context does not say.

    Args:
        context: Value of `@context`; parts of it that are URLs are not looked into.
        term: A member name, a type name, or `prefix:name`.

    Raises:
        ContextRefused: Its names stand for each other in a long chain.
    """
    return expand_defined(dict(inline_definitions(context)), term)


def expand_defined(inline: Mapping[str, JsonValue], term: str) -> str | None:
    """Give the IRI that a name stands for under the definitions of a context, or None when they do not say."""
    if term in inline:
        return _resolved(_iri_of(inline[term]), inline, frozenset({term})) or None
    expanded = _resolved(term, inline, frozenset())
    return expanded if expanded != term else None


def terms_for(context: JsonValue, iri: str) -> list[str]:
    """Give the names that a context has for an IRI: terms and `prefix:name`, first defined first."""
    inline = dict(inline_definitions(context))
    found: list[str] = []
    for term, definition in inline.items():
        target = _resolved(_iri_of(definition), inline, frozenset({term}))
        if target == iri:
            found.append(term)
        elif target and target[-1] in "#/:" and iri.startswith(target):
            found.append(f"{term}:{iri[len(target) :]}")
    return found


def _iri_of(definition: JsonValue) -> str:
    iri = definition.get("@id", definition.get("id")) if isinstance(definition, dict) else definition
    return iri if isinstance(iri, str) else ""


def _resolved(name: str, inline: Mapping[str, JsonValue], seen: frozenset[str]) -> str:
    """Follow a name through the definitions, as far as they lead: terms and prefixes may stand for each other.

    Raises:
        ContextRefused: They lead further than any honest context.
    """
    if len(seen) > _STEPS_MAX:
        raise ContextRefused("names of the context stand for each other in a long chain", term=name)
    if name in inline and name not in seen:
        return _resolved(_iri_of(inline[name]), inline, seen | {name})
    prefix, separator, rest = name.partition(":")
    if not separator:
        return standard_iris().get(name, name)
    if rest.startswith("//"):
        return name
    if prefix in inline and prefix not in seen:
        return _resolved(_iri_of(inline[prefix]), inline, seen | {prefix}) + rest
    return _expand_prefix(name, PREFIXES)


def _expand_prefix(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, separator, rest = name.partition(":")
    namespace = prefixes.get(prefix) if separator and not rest.startswith("//") else None
    return namespace + rest if namespace is not None else name
