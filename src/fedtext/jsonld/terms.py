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
    "lemmy": "https://join-lemmy.org/ns#",
    "pt": "https://joinpeertube.org/ns#",
    "gts": "https://gotosocial.org/ns#",
    "mls": "https://purl.archive.org/socialweb/mls#",
    "inv": "https://w3id.org/fep/5711#",
    "bl": "https://purl.archive.org/socialweb/blocked#",
    "pdg": "https://purl.archive.org/socialweb/pending#",
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


def _reference(iri: str) -> JsonValue:
    """Define a term whose plain strings are IRIs."""
    return {"@id": iri, "@type": "@id"}


_FEP_044F: Final = "https://w3id.org/fep/044f#"
_FEP_171B: Final = "https://w3id.org/fep/171b/"
_FEP_7AA9: Final = "https://w3id.org/fep/7aa9#"

# Interop: http://schema.org# with a hash is wrong and required (FEP-fb2a, ACT-09).
EXTENSIONS: Final[Mapping[str, JsonValue]] = {
    # Mastodon, and what everybody took over from it
    "Emoji": "toot:Emoji",
    "Hashtag": "as:Hashtag",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "atomUri": "ostatus:atomUri",
    "attributionDomains": _reference("toot:attributionDomains"),
    "blurhash": "toot:blurhash",
    "conversation": "ostatus:conversation",
    "discoverable": "toot:discoverable",
    "featured": _reference("toot:featured"),
    "featuredCollections": _reference(f"{_FEP_7AA9}featuredCollections"),
    "featuredTags": _reference("toot:featuredTags"),
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
    "indexable": "toot:indexable",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "memorial": "toot:memorial",
    "movedTo": _reference("as:movedTo"),
    "sensitive": "as:sensitive",
    "showFeatured": "toot:showFeatured",
    "showMedia": "toot:showMedia",
    "showRepliesInMedia": "toot:showRepliesInMedia",
    "suspended": "toot:suspended",
    "votersCount": "toot:votersCount",
    # Pleroma, Misskey, Fedibird
    "ChatMessage": "litepub:ChatMessage",
    "EmojiReact": "litepub:EmojiReact",
    "capabilities": "litepub:capabilities",
    "directMessage": "litepub:directMessage",
    "formerRepresentations": "litepub:formerRepresentations",
    "invisible": "litepub:invisible",
    "listMessage": _reference("litepub:listMessage"),
    "oauthRegistrationEndpoint": _reference("litepub:oauthRegistrationEndpoint"),
    "_misskey_content": "misskey:_misskey_content",
    "_misskey_followedMessage": "misskey:_misskey_followedMessage",
    "_misskey_makeNotesFollowersOnlyBefore": "misskey:_misskey_makeNotesFollowersOnlyBefore",
    "_misskey_makeNotesHiddenBefore": "misskey:_misskey_makeNotesHiddenBefore",
    "_misskey_quote": "misskey:_misskey_quote",
    "_misskey_reaction": "misskey:_misskey_reaction",
    "_misskey_requireSigninToViewContents": "misskey:_misskey_requireSigninToViewContents",
    "_misskey_summary": "misskey:_misskey_summary",
    "_misskey_votes": "misskey:_misskey_votes",
    "isCat": "misskey:isCat",
    "emojiReactions": _reference("fedibird:emojiReactions"),
    "expiry": "fedibird:expiry",
    "references": _reference("fedibird:references"),
    "searchableBy": _reference("fedibird:searchableBy"),
    # Quotes: FEP-044f, and what was there before
    "QuoteAuthorization": f"{_FEP_044F}QuoteAuthorization",
    "QuoteRequest": f"{_FEP_044F}QuoteRequest",
    "quote": _reference(f"{_FEP_044F}quote"),
    "quoteAuthorization": _reference(f"{_FEP_044F}quoteAuthorization"),
    "quoteUri": "fedibird:quoteUri",
    "quoteUrl": "as:quoteUrl",
    # Interaction policies: GoToSocial; featured collections: FEP-7aa9
    "AnnounceAuthorization": "gts:AnnounceAuthorization",
    "AnnounceRequest": "gts:AnnounceRequest",
    "LikeAuthorization": "gts:LikeApproval",
    "LikeRequest": "gts:LikeRequest",
    "ReplyAuthorization": "gts:ReplyAuthorization",
    "ReplyRequest": "gts:ReplyRequest",
    "always": _reference("gts:always"),
    "announceAuthorization": _reference("gts:announceAuthorization"),
    "approvalRequired": _reference("gts:approvalRequired"),
    "approvedBy": _reference("gts:approvedBy"),
    "automaticApproval": _reference("gts:automaticApproval"),
    "canAnnounce": _reference("gts:canAnnounce"),
    "canLike": _reference("gts:canLike"),
    "canQuote": _reference("gts:canQuote"),
    "canReply": _reference("gts:canReply"),
    "hidesCcPublicFromUnauthedWeb": "gts:hidesCcPublicFromUnauthedWeb",
    "hidesToPublicFromUnauthedWeb": "gts:hidesToPublicFromUnauthedWeb",
    "interactingObject": _reference("gts:interactingObject"),
    "interactionPolicy": _reference("gts:interactionPolicy"),
    "interactionTarget": _reference("gts:interactionTarget"),
    "likeAuthorization": _reference("gts:likeAuthorization"),
    "manualApproval": _reference("gts:manualApproval"),
    "replyAuthorization": _reference("gts:replyAuthorization"),
    "FeatureAuthorization": f"{_FEP_7AA9}FeatureAuthorization",
    "FeatureRequest": f"{_FEP_7AA9}FeatureRequest",
    "FeaturedCollection": f"{_FEP_7AA9}FeaturedCollection",
    "FeaturedItem": f"{_FEP_7AA9}FeaturedItem",
    "canFeature": _reference(f"{_FEP_7AA9}canFeature"),
    "featureAuthorization": _reference(f"{_FEP_7AA9}featureAuthorization"),
    "featuredObject": _reference(f"{_FEP_7AA9}featuredObject"),
    "topic": _reference(f"{_FEP_7AA9}topic"),
    # Communities, conversations and videos: Lemmy (FEP-1b12), FEP-171b, PeerTube
    "Lock": "lemmy:Lock",
    "distinguished": "lemmy:distinguished",
    "matrixUserId": "lemmy:matrixUserId",
    "moderators": _reference("lemmy:moderators"),
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "removeData": "lemmy:removeData",
    "stickied": "lemmy:stickied",
    "collectionOf": f"{_FEP_171B}collectionOf",
    "contextHistory": _reference(f"{_FEP_171B}contextHistory"),
    "ApproveReply": "pt:ApproveReply",
    "RejectReply": "pt:RejectReply",
    "comments": _reference("as:comments"),
    "commentsEnabled": "pt:commentsEnabled",
    "dislikes": _reference("as:dislikes"),
    "downloadEnabled": "pt:downloadEnabled",
    "isLiveBroadcast": "schema:isLiveBroadcast",
    "originallyPublishedAt": "schema:datePublished",
    "replyApproval": _reference("pt:replyApproval"),
    "support": "pt:support",
    "views": "pt:views",
    "waitTranscoding": "pt:waitTranscoding",
    # Single proposals: 2c59, 4ccd, 5711, 7628, 844e, 9967, c648, d8c2, ef61
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
    "followersOf": _reference("inv:followersOf"),
    "followingOf": _reference("inv:followingOf"),
    "inboxOf": _reference("inv:inboxOf"),
    "likedOf": _reference("inv:likedOf"),
    "likesOf": _reference("inv:likesOf"),
    "outboxOf": _reference("inv:outboxOf"),
    "repliesOf": _reference("inv:repliesOf"),
    "sharesOf": _reference("inv:sharesOf"),
    "blocked": _reference("bl:blocked"),
    "blockedOf": _reference("as:blockedOf"),
    "blocks": _reference("bl:blocks"),
    "blocksOf": _reference("as:blocksOf"),
    "pendingFollowers": _reference("pdg:pendingFollowers"),
    "pendingFollowersOf": _reference("pdg:pendingFollowersOf"),
    "pendingFollowing": _reference("pdg:pendingFollowing"),
    "pendingFollowingOf": _reference("pdg:pendingFollowingOf"),
    "redirectURI": _reference("https://purl.archive.org/socialweb/oauth#redirectURI"),
    "digestMultibase": "https://www.w3.org/ns/credentials/v2#digestMultibase",
    "gateways": {"@container": "@list", "@id": "https://w3id.org/fep/ef61/gateways", "@type": "xsd:anyURI"},
    "copiedTo": _reference("https://w3id.org/fep/7628#copiedTo"),
    "implements": {"@container": "@list", "@id": "https://w3id.org/fep/844e/implements", "@type": "@id"},
    "Respond": "https://w3id.org/fep/9967/Respond",
    # Keys of FEP-521a; the proofs of FEP-8b32 have a context of their own
    "Multikey": "sec:Multikey",
    "assertionMethod": _reference("sec:assertionMethod"),
    "controller": _reference("sec:controller"),
    "publicKeyMultibase": {"@id": "sec:publicKeyMultibase", "@type": "sec:multibase"},
    # Messaging Layer Security, which is carried and not looked into
    "GroupInfo": "mls:GroupInfo",
    "KeyPackage": "mls:KeyPackage",
    "PrivateMessage": "mls:PrivateMessage",
    "PublicMessage": "mls:PublicMessage",
    "Welcome": "mls:Welcome",
    "ciphersuite": "mls:ciphersuite",
    "encoding": "mls:encoding",
    "keyPackages": "mls:keyPackages",
}

# Terms of the data-integrity contexts, the first of which is understood most widely (FEP-8b32).
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v1"
# The second context gives the name of the suite a datatype of its own.
DATA_INTEGRITY_V2: Final = "https://w3id.org/security/data-integrity/v2"
PROOF_CONTEXTS: Final = frozenset({DATA_INTEGRITY, DATA_INTEGRITY_V2})
PROOF_TERMS: Final[Mapping[str, str]] = {
    "DataIntegrityProof": "https://w3id.org/security#DataIntegrityProof",
    "proof": "https://w3id.org/security#proof",
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
# Interop: `quote` is a quotation out of a book to some, `canReply` and `FeatureRequest` have other addresses with
# others. What they say is a claim or a hint, so it is not worth refusing all that these servers send.
_PROTECTED_PROPERTIES: Final = (
    "actor alsoKnownAs anyOf attributedTo audience bcc bto cc endpoints first followers following formerType "
    "inReplyTo inbox instrument items last manuallyApprovesFollowers next object oneOf origin outbox owner partOf "
    "preferredUsername prev proxyUrl publicKey publicKeyPem replies result sharedInbox target to totalItems updated "
    "announceAuthorization approvedBy assertionMethod controller interactingObject interactionPolicy "
    "interactionTarget likeAuthorization movedTo orderedItems publicKeyMultibase quoteAuthorization replyAuthorization"
)
_PROTECTED_TYPES: Final = (
    "Accept Activity Add Announce Application Block Collection CollectionPage Create Delete Flag Follow "
    "IntransitiveActivity Like Mention Move Multikey Note OrderedCollection OrderedCollectionPage Question "
    "QuoteAuthorization QuoteRequest Reject Remove Service TentativeAccept TentativeReject Tombstone Undo Update"
)


@cache
def standard_iris() -> Mapping[str, str]:
    """Give the IRI of every term that we know."""
    found = {term: PREFIXES["as"] + term for term in f"{_AS_TYPES} {_AS_PROPERTIES}".split()}
    found["inbox"] = PREFIXES["ldp"] + "inbox"
    found["orderedItems"] = PREFIXES["as"] + "items"
    found.update(_SECURITY_IRIS)
    found.update(PROOF_TERMS)
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
