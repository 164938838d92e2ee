"""Bodies that many jobs share, as the SQL queues give them back: each is read once, however many jobs name it.

They are named by their digest, so what is kept here cannot become another, whatever happens to the database.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from . import sql as text
from .sessions import Session

KEPT_MAX = 256
KEPT_BYTES_MAX = 16_384
"""Larger ones are read with each claim: nobody's memory is filled with them."""


class Bodies:
    """Reads bodies, and keeps those that came from the database last."""

    def __init__(self) -> None:
        self._kept = OrderedDict[bytes, bytes]()  # each call on it is atomic, so threads need no lock

    def read(self, session: Session, digests: Iterable[bytes | None]) -> dict[bytes, bytes]:
        """Give bodies by their digest; one that is not there is left out."""
        found: dict[bytes, bytes] = {}
        for digest in digests:
            if digest is None or digest in found:
                continue
            body = self._kept.get(digest)
            if body is None:
                row = session.execute(text.BODY_GET, (digest,)).fetchone()
                if row is None:
                    continue
                body = self._keep(digest, row[0])
            found[digest] = body
        return found

    def _keep(self, digest: bytes, body: bytes) -> bytes:
        if len(body) <= KEPT_BYTES_MAX:
            self._kept[digest] = body
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return body
