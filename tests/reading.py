"""Who minds a document, for tests of reader models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.readable import Document

from fedtext.testing.peers import SERVERS, Delivery, read_as
from fedtext.testing.peers.readers import build_case
from fedtext.testing.peers.reading import Rule


def minded_by(rule: str | None, document: Document, delivery: Delivery | None = None) -> set[str]:
    """Name the servers that find it to break a rule; None: any rule."""
    return {
        server
        for server in SERVERS
        for finding in read_as(document, server, delivery).findings
        if rule in (None, finding.rule)
    }


def unbroken(rules: Sequence[Rule], bad: Iterable[tuple[Document, Delivery | None]]) -> list[tuple[str, str]]:
    """Name the rows that none of these documents breaks: each shows that its test can fail."""
    cases = [build_case(document, delivery) for document, delivery in bad]
    return [(row.rule, row.broken.__name__) for row in rules if not any(row.broken(case) for case in cases)]
