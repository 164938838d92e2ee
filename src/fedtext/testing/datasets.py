"""A second opinion on canonical RDF datasets, by an implementation that shares no code with this library.

For people who test conformance: what two implementations agree on is what a signature over RDF is made of. Documents of
strangers do not belong here: nothing bounds what canonizing them costs (SEC-125). `jsonld.canonize` does.

Sources: RDF Dataset Canonicalization 1.0.
"""

from __future__ import annotations

from ..errors import ConfigurationError, DocumentError


def canonize_with_oxigraph(quads: str) -> str:
    """Give the canonical form (RDFC-1.0 with SHA-256) that Oxigraph finds for a dataset of your own.

    Args:
        quads: N-Quads, in any order, with blank nodes of any name.

    Returns:
        N-Quads in code point order, each ended by a line feed, with the blank nodes named by Oxigraph. The spelling of
        literals is Oxigraph's too: compare what is parsed, not the text.

    Raises:
        ConfigurationError: The extra `rdf` is not installed.
        DocumentError: The text is not N-Quads.
    """
    try:
        import pyoxigraph
    except ImportError as error:
        raise ConfigurationError("pyoxigraph is not installed", install="pip install 'fedtext[rdf]'") from error
    try:
        dataset = pyoxigraph.Dataset(pyoxigraph.parse(quads, format=pyoxigraph.RdfFormat.N_QUADS))
    except SyntaxError as error:
        raise DocumentError("the text is not N-Quads", problem=error.msg) from error
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    written = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS) or b""
    # Not by `splitlines`: literals may hold what it takes for the end of a line.
    return "".join(f"{line}\n" for line in sorted(written.decode("utf-8").split("\n")) if line)
