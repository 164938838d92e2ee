"""All targets, by name, and the seeds of each."""

from __future__ import annotations

from pathlib import Path

from fedtext.wire.json import parse_value

from . import documents, grammars, messages, payloads
from .target import Target

TARGETS = {
    target.name: target
    for target in (
        Target("json", parse_value, grammars.check_json, packages="wire", bytes_max=65_536),
        Target("structured_fields", grammars.read_fields, grammars.check_fields, packages="wire"),
        Target("uris", grammars.read_uris, grammars.check_uris, packages="wire", bytes_max=4_096),
        Target("html", grammars.read_html, grammars.check_html, packages="wire", bytes_max=32_768),
        Target("headers", grammars.read_headers, grammars.check_headers, packages="wire"),
        Target("bodies", grammars.read_body, grammars.check_body, packages="adapters/transports"),
        Target("documents", documents.read_document, documents.check_document, packages="wire jsonld vocab"),
        Target("proofs", documents.read_proofs, documents.check_proofs, packages="wire jsonld keys signatures"),
        Target("webfinger", documents.read_webfinger, documents.check_webfinger, packages="wire discovery"),
        Target("nodeinfo", documents.read_nodeinfo, documents.check_nodeinfo, packages="wire discovery"),
        Target("keys", documents.read_keys, documents.check_keys, packages="wire keys"),
        Target("cavage", messages.read_cavage, messages.check_claims, packages="wire keys signatures"),
        Target("rfc9421", messages.read_rfc9421, messages.check_rfc9421, packages="wire keys signatures"),
        Target("inbox", messages.read_inbox, messages.check_inbox, packages="wire keys signatures jsonld vocab inbox"),
        Target(
            "payloads", payloads.read_payload, payloads.check_payload, packages="wire vocab inbox delivery federation"
        ),
    )
}
CORPUS = Path(__file__).resolve().parent / "corpus"


def seeds(name: str) -> list[Path]:
    """Give the committed inputs of a target, sorted."""
    return sorted((CORPUS / name).iterdir())
