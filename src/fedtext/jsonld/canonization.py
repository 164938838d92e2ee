r"""Canonical RDF datasets (RDFC-1.0), within a budget that is counted, not timed.

The algorithm tries all orders of blank nodes that look alike, so that a small dataset can ask for years of work. Each
step of that work is charged before it is done, and when the budget is used up the dataset is refused. Equal datasets
cost the same everywhere, whatever they call their blank nodes.

It is written here because the bound has to be inside of the algorithm, at each of its steps.

Example:
    >>> canonize('_:x <https://a.example/p> "v" .\n')
    '_:c14n0 <https://a.example/p> "v" .\n'

Sources: RDF Dataset Canonicalization 1.0 sections 4.4 to 4.8 and 7.1 (poison datasets); SEC-123, SEC-125; JLD-09.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

import attrs

from ..errors import ConfigurationError, LimitExceeded
from ..wire.json import JsonValue
from .nquads import Quad, parse, write
from .processor import Loader, to_quads
from .registry import bundled_context


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def copy(self) -> _Hash: ...
    def hexdigest(self) -> str: ...


_HASHES: Final[Mapping[str, Callable[[bytes], _Hash]]] = {
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
}


@attrs.frozen(kw_only=True)
class CanonizeBudget:
    """What canonizing one dataset may cost.

    Args:
        quads_max: Statements.
        chars_max: Characters of the terms of all statements together.
        blank_nodes_max: Distinct blank nodes.
        steps_max: Looks at a neighbour of a blank node, and blank nodes placed, while orders are tried; some 1.2 µs
            each. Documents of this network take fewer than 50; the dearest dataset of the W3C's suite that must be
            canonized takes 6,636.
    """

    quads_max: int = 4_000
    chars_max: int = 4_194_304
    blank_nodes_max: int = 32
    steps_max: int = 20_000


DEFAULT_BUDGET: Final = CanonizeBudget()
# A few milliseconds of steps: what a document that asks to be verified may cost; that takes two datasets (SEC-125).
VERIFICATION_BUDGET: Final = CanonizeBudget(chars_max=1_048_576, steps_max=6_000)


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
        ConfigurationError: There is no such hash.
    """
    return _canonical(parse(quads, statements_max=budget.quads_max), budget, hash_name)


def canonize_document(
    document: JsonValue,
    *,
    base: str | None = None,
    load: Loader = bundled_context,
    budget: CanonizeBudget = DEFAULT_BUDGET,
    hash_name: str = "sha256",
) -> str:
    """Give the canonical RDF dataset of a JSON-LD document, as N-Quads.

    What RDF cannot say, relative ids among them, is not in it: whoever relies on a signature over it goes on with what
    is in it, not with the document (SEC-123).

    Args:
        document: Not changed.
        base: IRI that relative ones are resolved against; None leaves them out.
        load: Where the documents of contexts come from.
        budget: What it may cost, once it is RDF.
        hash_name: See `canonize`.

    Raises:
        ContextRefused: A context is unknown or wrong.
        DocumentError: The document breaks the rules of JSON-LD.
        LimitExceeded: It would cost more than the budget.
        ConfigurationError: There is no such hash.
    """
    quads = to_quads(document, base=base, load=load, chars_max=budget.chars_max)
    return _canonical(quads, budget, hash_name)


def canonize_quads(quads: list[Quad], *, budget: CanonizeBudget = DEFAULT_BUDGET) -> str:
    """Give the canonical form of a dataset that is at hand as statements.

    Args:
        quads: Each once.
        budget: What it may cost.

    Raises:
        LimitExceeded: It would cost more than the budget.
    """
    return _canonical(quads, budget, "sha256")


def _canonical(quads: list[Quad], budget: CanonizeBudget, hash_name: str) -> str:
    if hash_name not in _HASHES:
        raise ConfigurationError("datasets are canonized by sha256 or sha384", hash_name=hash_name)
    if len(quads) > budget.quads_max:
        raise LimitExceeded("too many statements to canonize", limit="quads_max", value=len(quads))
    chars = sum(len(term) for quad in quads for term in quad)
    if chars > budget.chars_max:
        raise LimitExceeded("the statements are too long", limit="chars_max", value=chars)
    run = _Run(quads, hash_name, budget.steps_max)
    if len(run.quads_of) > budget.blank_nodes_max:
        raise LimitExceeded("too many blank nodes to canonize", limit="blank_nodes_max", value=len(run.quads_of))
    try:
        names = run.names()
    except RecursionError as error:
        raise LimitExceeded("blank nodes are linked too deep to canonize", limit="blank_nodes_max") from error
    return write(_renamed(quad, names.get) for quad in quads)


def _renamed(quad: Quad, name: Callable[[str, str], str]) -> Quad:
    """Give a statement with other terms; a name that is not known stays."""
    subject, predicate, object_, graph = quad
    return Quad(name(subject, subject), predicate, name(object_, object_), name(graph, graph))


class _Issuer:
    """Gives out names in the order in which they are asked for."""

    def __init__(self, prefix: str, names: dict[str, str] | None = None) -> None:
        self._prefix = prefix
        self.names: dict[str, str] = {} if names is None else names

    def issue(self, node: str) -> str:
        """Give the name of a node, a new one if it has none."""
        name = self.names.get(node)
        if name is None:
            name = self.names[node] = f"{self._prefix}{len(self.names)}"
        return name

    def copy(self) -> _Issuer:
        """Give one that goes on from here on its own."""
        return _Issuer(self._prefix, self.names.copy())


class _Run:
    """The state of one run of the algorithm; the numbers in comments are the sections that say so."""

    def __init__(self, quads: Iterable[Quad], hash_name: str, steps_max: int) -> None:
        self._new_hash = _HASHES[hash_name]
        self._steps_max = steps_max
        self._steps = 0
        self._canonical = _Issuer("_:c14n")
        self._first: dict[str, str] = {}
        self._places: dict[str, _Hash] = {}
        self._related: dict[str, list[tuple[_Hash, str]]] = {}
        self.quads_of: dict[str, list[Quad]] = {}
        for quad in quads:
            for node in dict.fromkeys((quad.subject, quad.object, quad.graph)):
                if node.startswith("_:"):
                    self.quads_of.setdefault(node, []).append(quad)

    def names(self) -> Mapping[str, str]:
        """Give the canonical name of each blank node (4.4)."""
        alike: dict[str, list[str]] = {}
        for node in self.quads_of:
            self._first[node] = self._first_degree(node)
            alike.setdefault(self._first[node], []).append(node)
        groups = [group for _, group in sorted(alike.items())]
        for group in groups:
            if len(group) == 1:
                self._canonical.issue(group[0])
        for group in groups:
            paths: list[tuple[str, _Issuer]] = []
            for node in group:
                if node not in self._canonical.names:
                    issuer = _Issuer("_:b")
                    issuer.issue(node)
                    paths.append(self._n_degree(node, issuer))
            for _, issuer in sorted(paths, key=lambda path: path[0]):
                for node in issuer.names:
                    self._canonical.issue(node)
        return self._canonical.names

    def _hash(self, text: str) -> str:
        return self._new_hash(text.encode("utf-8")).hexdigest()

    def _charge(self, steps: int) -> None:
        self._steps += steps
        if self._steps > self._steps_max:
            raise LimitExceeded("too much work to canonize", limit="steps_max", value=self._steps_max)

    def _first_degree(self, node: str) -> str:
        """Hash what is said of a node, without the names of others (4.6)."""

        def veiled(term: str, _default: str) -> str:
            return term if not term.startswith("_:") else "_:a" if term == node else "_:z"

        return self._hash(write(_renamed(quad, veiled) for quad in self.quads_of[node]))

    def _neighbours(self, node: str) -> list[tuple[_Hash, str]]:
        """Give the nodes that share a statement with one, each with the begun hash of its place there (4.7)."""
        found = self._related.get(node)
        if found is None:
            found = self._related[node] = []
            for quad in self.quads_of[node]:
                places = ((f"s{quad.predicate}", quad.subject), (f"o{quad.predicate}", quad.object), ("g", quad.graph))
                for place, term in places:
                    if term.startswith("_:") and term != node:
                        found.append((self._place(place), term))
        return found

    def _place(self, place: str) -> _Hash:
        """Give the hash of a place, to go on from: names of predicates may be long, and are hashed once."""
        found = self._places.get(place)
        if found is None:
            found = self._places[place] = self._new_hash(place.encode("utf-8"))
        return found

    def _n_degree(self, node: str, issuer: _Issuer) -> tuple[str, _Issuer]:
        """Hash a node by its neighbours, and theirs (4.8); give the issuer that has named them on the way."""
        neighbours = self._neighbours(node)
        self._charge(1 + len(neighbours))
        groups: dict[str, list[str]] = {}
        for place, related in neighbours:
            name = self._canonical.names.get(related) or issuer.names.get(related) or self._first[related]
            hashed = place.copy()
            hashed.update(name.encode("utf-8"))
            groups.setdefault(hashed.hexdigest(), []).append(related)
        parts: list[str] = []
        for group_hash, group in sorted(groups.items()):
            path, issuer = self._least_path(group, issuer)
            parts += [group_hash, path]
        return self._hash("".join(parts)), issuer

    def _least_path(self, group: list[str], issuer: _Issuer) -> tuple[str, _Issuer]:
        """Give the least path through nodes that look alike, of all their orders (4.8, step 5.4)."""
        least: tuple[str, _Issuer] | None = None
        for order in _orders(group):
            self._charge(len(order))
            tried = self._path(order, issuer.copy(), least[0] if least else "")
            if tried is not None and (least is None or tried[0] < least[0]):
                least = tried
        return least or ("", issuer)

    def _path(self, order: Iterable[str], issuer: _Issuer, least: str) -> tuple[str, _Issuer] | None:
        """Give the path through nodes in one order; None once it is behind the least (4.8, steps 5.4.4 and 5.4.5)."""
        path = ""
        pending: list[str] = []
        for related in order:
            name = self._canonical.names.get(related)
            if name is None:
                if related not in issuer.names:
                    pending.append(related)
                name = issuer.issue(related)
            path += name
            if _is_behind(path, least):
                return None
        for related in pending:
            related_hash, named = self._n_degree(related, issuer)
            path += f"{issuer.issue(related)}<{related_hash}>"
            issuer = named
            if _is_behind(path, least):
                return None
        return path, issuer


def _is_behind(path: str, least: str) -> bool:
    return bool(least) and len(path) >= len(least) and path > least


def _orders(nodes: list[str]) -> Iterator[tuple[str, ...]]:
    """Give every order of nodes once; nodes that occur more than once do not multiply the orders."""
    order = sorted(nodes)
    while True:
        yield tuple(order)
        at = len(order) - 2
        while at >= 0 and order[at] >= order[at + 1]:
            at -= 1
        if at < 0:
            return
        other = len(order) - 1
        while order[other] <= order[at]:
            other -= 1
        order[at], order[other] = order[other], order[at]
        order[at + 1 :] = reversed(order[at + 1 :])
