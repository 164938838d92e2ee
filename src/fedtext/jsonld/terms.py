"""The terms that we emit and read, and the terms that nobody may redefine: the one table.

Extension terms are written inline, so that no reader has to fetch a context (JLD-01, JLD-02). To teach the library
one more extension term is one line in `EXTENSIONS`; its prefix, if it is new, one line in `PREFIXES`.

Sources: the ActivityStreams 2.0 context; the security v1 vocabulary; the extension terms as Mastodon, Misskey,
Pleroma and the FEPs 044f and 2c59 define them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from ..wire.json import JsonValue

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
# Interop: the same vocabularies under other addresses, as documents of this network have them.
_OTHER_NAMESPACES: Final[Mapping[str, str]] = {
    "http://www.w3.org/ns/activitystreams#": PREFIXES["as"],
    "http://schema.org/": PREFIXES["schema"],
    "https://schema.org/": PREFIXES["schema"],
    "https://schema.org#": PREFIXES["schema"],
    "https://joinmastodon.org/ns#": PREFIXES["toot"],
    "https://misskey.io/ns#": PREFIXES["misskey"],
    "https://w3id.org/security/v1#": PREFIXES["sec"],
}
_OTHER_IRIS: Final[Mapping[str, str]] = {
    "https://w3id.org/fep/7628#movedTo": "movedTo",
    "https://webfinger.net/#": "webfinger",
}

# Interop: http://schema.org# with a hash is wrong and required (FEP-fb2a, ACT-09).
EXTENSIONS: Final[Mapping[str, JsonValue]] = {
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
SECURITY: Final = ("CryptographicKey", "owner", "publicKey", "publicKeyPem", "signature", "signatureValue", "creator")
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
    for term, definition in EXTENSIONS.items():
        iri = definition.get("@id") if isinstance(definition, dict) else definition
        if isinstance(iri, str):
            found[term] = expand_prefix(iri, PREFIXES)
    return found


@cache
def standard_terms() -> Mapping[str, str]:
    """Give the term of every IRI that we know, under the other addresses of its namespace too."""
    found = {iri: term for term, iri in standard_iris().items() if term != "orderedItems"}
    for other, usual in _OTHER_NAMESPACES.items():
        for iri, term in list(found.items()):
            if iri.startswith(usual):
                found.setdefault(other + iri.removeprefix(usual), term)
    return {**_OTHER_IRIS, **found}


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
    return {**PREFIXES, **EXTENSIONS}


def expand_prefix(name: str, prefixes: Mapping[str, str]) -> str:
    """Write out `prefix:name`; anything else is given as it is."""
    prefix, separator, rest = name.partition(":")
    namespace = prefixes.get(prefix) if separator and not rest.startswith("//") else None
    return namespace + rest if namespace is not None else name
