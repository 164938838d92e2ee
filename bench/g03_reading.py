"""G3: to read a document with known contexts costs little more than the one RSA verification that it comes with.

Anchor V: one RSA-2048 verification. Subject: strict JSON, recognizing, loading. The activities that inboxes get are
judged; actors and pages, which are fetched, are shown beside them. The slow road is judged against PyLD doing the same:
expanding, and compacting to the names of ActivityStreams, with the contexts at hand.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pyld import jsonld

from bench import documents
from bench.measuring import Measured, medians_us
from fedtext.jsonld import Road, default_context, normalize, normalize_by
from fedtext.jsonld.registry import shared_context
from fedtext.vocab import load
from fedtext.wire.json import parse_object

READING_MAX = 1.3
FALLBACK_MAX = 1.1


def verification() -> Any:
    """Give the call that V is: a verification of a message as long as a signing string."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    message, public = b"x" * 300, key.public_key()
    signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return lambda: public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


def static_loader(url: str, _options: Any = None) -> dict[str, Any]:
    """Load our contexts for PyLD, in the way that lets it keep what follows from them."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": shared_context(url),
        "tag": "static",
    }


def measure() -> list[Measured]:
    """Measure."""
    samples = {
        "Create": documents.create(),
        "Announce": documents.announce(),
        "Person": documents.person(),
        "page of 20": {
            "@context": documents.NOTE_CONTEXT,
            "type": "OrderedCollectionPage",
            "id": f"{documents.ALICE}/outbox",
            "orderedItems": [documents.note(number) for number in range(20)],
        },
    }
    raw = {name: documents.to_bytes(document) for name, document in samples.items()}
    for document in samples.values():
        if normalize_by(document)[1] is not Road.FAST:
            raise SystemExit("a sample does not take the fast road: the measurement would say nothing")
    unusual = documents.prefixed()
    if normalize_by(unusual)[1] is not Road.SLOW:
        raise SystemExit("the unusual sample does not take the slow road")
    options = {"documentLoader": static_loader, "base": None}
    context = {"@context": default_context()}

    def by_pyld() -> object:
        return jsonld.compact(jsonld.expand(unusual, dict(options)), context, dict(options))

    found = medians_us(
        {
            "V": verification(),
            "pyld": by_pyld,
            "slow": lambda: load(normalize(unusual)),
            **{name: (lambda data=data: load(normalize(parse_object(data)))) for name, data in raw.items()},
        }
    )
    judged = {"Create": READING_MAX, "Announce": READING_MAX}
    return [
        *(
            Measured(
                goal="G3",
                what=f"reading a {name}, {len(data)} bytes",
                anchor=found["V"],
                subject=found[name],
                reach=judged.get(name),
            )
            for name, data in raw.items()
        ),
        Measured(
            goal="G3",
            what="the slow road beside PyLD expanding and compacting",
            anchor=found["pyld"],
            subject=found["slow"],
            reach=FALLBACK_MAX,
        ),
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
