r"""Canonical RDF datasets (RDFC-1.0), within a budget that is counted, not timed.

The algorithm tries all orders of blank nodes that look alike, so that a small dataset can ask for years of work. What
an order costs is known before it is tried: each is charged, and when the budget is used up the dataset is refused.
Equal datasets cost the same everywhere.

Example:
    >>> canonize('_:x <https://a.example/p> "v" .\n')
    '_:c14n0 <https://a.example/p> "v" .\n'

Sources: RDF Dataset Canonicalization 1.0 sections 4.4 to 4.8 and 7.1 (poison datasets); SEC-125; JLD-09.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from math import factorial
from typing import Any, Final

import attrs

from ..errors import DocumentError, LimitExceeded
from ..wire.json import JsonValue
from .processor import Loader, to_rdf
from .registry import bundled_context

# A blank node where a term can stand; the labels inside of literals are counted too, which only errs towards refusal.
_BLANK_NODE: Final = re.compile(r"_:[^\s<>\"]+")


_HASHES: Final[Mapping[str, Callable[[], object]]] = {"sha256": hashlib.sha256, "sha384": hashlib.sha384}


@attrs.frozen(kw_only=True)
class CanonizeBudget:
    """What canonizing one dataset may cost.

    Args:
        quads_max: Statements.
        blank_nodes_max: Distinct blank nodes.
        steps_max: Blank nodes placed while orders are tried, some 20 µs each. Documents of this network take fewer
            than 50; the dearest dataset of the W3C's suite that must be canonized takes 3,360.
    """

    quads_max: int = 4_000
    blank_nodes_max: int = 32
    steps_max: int = 10_000


DEFAULT_BUDGET: Final = CanonizeBudget()
# About 20 ms of work: what a document that asks to be verified may cost.
VERIFICATION_BUDGET: Final = CanonizeBudget(steps_max=1_000)


def canonize(quads: str, *, budget: CanonizeBudget = DEFAULT_BUDGET, hash_name: str = "sha256") -> str:
    """Give the canonical form of an RDF dataset.

    Args:
        quads: N-Quads, in any order, with blank nodes of any name.
        budget: What it may cost.
        hash_name: "sha256", or "sha384" where a cryptosuite asks for it; blank nodes are named differently then.

    Returns:
        N-Quads in canonical form and order, each ended by a line feed; blank nodes are named `_:c14n0` and on.

    Raises:
        LimitExceeded: It would cost more than the budget.
        DocumentError: The text is not N-Quads.
    """
    count = quads.count("\n") + 1
    if count > budget.quads_max + 1:
        raise LimitExceeded("too many statements to canonize", limit="quads_max", value=count)
    nodes = len(set(_BLANK_NODE.findall(quads)))
    if nodes > budget.blank_nodes_max:
        raise LimitExceeded("too many blank nodes to canonize", limit="blank_nodes_max", value=nodes)
    return str(_algorithm()(budget, hash_name).run(quads))


def canonize_document(
    document: JsonValue, *, load: Loader = bundled_context, budget: CanonizeBudget = DEFAULT_BUDGET
) -> str:
    """Give the canonical RDF dataset of a JSON-LD document, as N-Quads.

    What RDF cannot say, relative ids among them, is not in it: whoever relies on a signature over it goes on with what
    is in it, not with the document (SEC-123).

    Args:
        document: Not changed.
        load: Where the documents of contexts come from.
        budget: What it may cost.

    Raises:
        ContextRefused: A context is unknown or wrong.
        DocumentError: The document breaks the rules of JSON-LD.
        LimitExceeded: It would cost more than the budget.
    """
    return canonize(to_rdf(document, base=None, load=load), budget=budget)


@cache
def _algorithm() -> type[Any]:
    """Give PyLD's algorithm with a counter; made when first used, since PyLD takes 200 ms to load."""
    from pyld import nquads
    from pyld.canon import URDNA2015

    class Counted(URDNA2015):  # type: ignore[misc]
        def __init__(self, budget: CanonizeBudget, hash_name: str) -> None:
            super().__init__()
            self._new_hash = _HASHES[hash_name]
            self._steps_max = budget.steps_max
            self._steps = 0

        def run(self, quads: str) -> str:
            try:
                dataset = nquads.parse_nquads(quads)
                return str(self.main(dataset, {"format": "application/n-quads"}))
            except DocumentError:
                raise
            except RecursionError as error:
                raise LimitExceeded("blank nodes are linked too deep to canonize", limit="steps_max") from error
            except Exception as error:
                raise DocumentError("the text is not N-Quads", cause=type(error).__name__) from error

        def create_hash(self) -> Any:
            """Name the hash that everything is compared by."""
            return self._new_hash()

        def create_hash_to_related(self, id_: str, issuer: Any) -> Any:
            """Charge the orders that the caller is about to try with what this gives."""
            groups = super().create_hash_to_related(id_, issuer)
            for group in groups.values():
                self._charge(factorial(len(group)) * len(group))
            return groups

        def _charge(self, steps: int) -> None:
            self._steps += steps
            if self._steps > self._steps_max:
                raise LimitExceeded("too much work to canonize", limit="steps_max", value=self._steps_max)

    return Counted
