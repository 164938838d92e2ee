"""The topics, each a function that reads a folder and gives its cases; in the order of the page that defines them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from ..cases import Case, Overrides, pending
from . import (
    activitypub,
    as2,
    content_digest,
    contexts,
    crypto,
    did_key,
    fep,
    formats,
    html,
    http_signatures,
    idna,
    interop,
    jcs,
    json,
    json_ld,
    multibase,
    negotiation,
    nodeinfo,
    origin,
    rdf_canon,
    rules,
    ssrf,
    structured_fields,
    uri_template,
    url,
    webfinger,
)

TOPICS: Final[Mapping[str, Callable[[Path, Overrides], Iterator[Case]]]] = {
    "activitypub": activitypub.cases,
    "as2": as2.cases,
    "audience": pending,
    "content-digest": content_digest.cases,
    "contexts": contexts.cases,
    "crypto": crypto.cases,
    "data-integrity": pending,
    "did-key": did_key.cases,
    "fep": fep.cases,
    "followers-sync": pending,
    "formats": formats.cases,
    "html": html.cases,
    "http-signatures": http_signatures.cases,
    "idna": idna.cases,
    "interop": interop.cases,
    "jcs": jcs.cases,
    "json": json.cases,
    "json-ld": json_ld.cases,
    "ld-signatures": pending,
    "multibase": multibase.cases,
    "negotiation": negotiation.cases,
    "nodeinfo": nodeinfo.cases,
    "oauth": pending,
    "origin": origin.cases,
    "portable": pending,
    "quotes": pending,
    "rdf-canon": rdf_canon.cases,
    "rules": rules.cases,
    "ssrf": ssrf.cases,
    "structured-fields": structured_fields.cases,
    "uri-template": uri_template.cases,
    "url": url.cases,
    "webfinger": webfinger.cases,
}
