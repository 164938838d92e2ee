"""The door to PyLD: JSON-LD 1.1 without a network, without a base of somebody else's, and with our errors.

What PyLD does on its own is kept away from documents: its loaders fetch, its default base makes relative ids absolute
under a foreign host (SEC-133), and its caches are shared by the whole process. So `base` must be said, documents come
from `load` alone, each URL once per call (SEC-124), and the cache of contexts is ours.

PyLD is loaded when it is first needed: it takes longer to import than all of the library.

Datasets go in and out of it as statements, not as text: how a text is escaped is decided in one place, `nquads`.

Invariants: whatever PyLD raises becomes a `DocumentError`; the input is not changed.

Sources: JSON-LD 1.1 Processing Algorithms and API sections 5 to 9; SEC-119, SEC-124, SEC-133.
"""

# PyLD has no types, and is seen by nobody but this module.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from ..errors import ContextRefused, DocumentError, LimitExceeded
from ..wire.json import JsonValue
from .nquads import Quad, iri_term, literal_parts, literal_term, parse, write_plainly
from .registry import bundled_context, when_registered

Loader: TypeAlias = Callable[[str], JsonValue]
"""From the URL of a context to its document; raises for those that there are not."""

_CONTEXTS_KEPT_MAX: Final = 256
_PROCESSED_KEPT_MAX: Final = 10  # of one context: for so many contexts that may stand before it
# Of all IRIs of one call, together: 1 MiB of addresses, each looked at a few times, stays below it.
_EXPANDED_CHARS_MAX: Final = 8_388_608
_DEFAULT_GRAPH: Final = "@default"
_LOADING: Final = ("loading document failed", "loading remote context failed")


def expand(document: JsonValue, *, base: str | None, load: Loader = bundled_context, **options: JsonValue) -> JsonValue:
    """Expand a document: every name becomes an IRI, every value an object, every context goes away.

    Args:
        document: Not changed.
        base: IRI that relative ones are resolved against; None leaves them as they are.
        load: Where the documents of contexts come from.
        **options: Of the API, by their names there (`expandContext`, `processingMode` …).

    Raises:
        ContextRefused: A context is unknown or wrong.
        DocumentError: The document breaks the rules of JSON-LD; `json_ld` in its context is the error code there.
        LimitExceeded: Nested too deep.
    """
    found: JsonValue = _call("expand", document, base=base, load=load, options=options)
    return found


def compact(
    document: JsonValue, *, context: JsonValue, base: str | None, load: Loader = bundled_context, **options: JsonValue
) -> JsonValue:
    """Compact a document: the names that a context has for its IRIs.

    Args:
        document: Not changed.
        context: A context, or an object with one.
        base: See `expand`.
        load: See `expand`.
        **options: See `expand`.

    Raises:
        ContextRefused: As `expand`, as are the following.
        DocumentError: See there.
        LimitExceeded: See there.
    """
    found: JsonValue = _call("compact", document, context, base=base, load=load, options=options)
    return found


def flatten(
    document: JsonValue,
    *,
    context: JsonValue = None,
    base: str | None,
    load: Loader = bundled_context,
    **options: JsonValue,
) -> JsonValue:
    """Flatten a document: all nodes beside each other.

    Args:
        document: Not changed.
        context: To compact with; None leaves the expanded form.
        base: See `expand`.
        load: See `expand`.
        **options: See `expand`.

    Raises:
        ContextRefused: As `expand`, as are the following.
        DocumentError: See there.
        LimitExceeded: See there.
    """
    found: JsonValue = _call("flatten", document, context, base=base, load=load, options=options)
    return found


def to_rdf(document: JsonValue, *, base: str | None, load: Loader = bundled_context, **options: JsonValue) -> str:
    """Give the RDF dataset of a document as N-Quads; what RDF cannot say is left out.

    Args:
        document: Not changed.
        base: See `expand`.
        load: See `expand`.
        **options: See `expand`.

    Raises:
        ContextRefused: As `expand`, as are the following.
        DocumentError: See there.
        LimitExceeded: See there.
    """
    return write_plainly(_quads(_call("to_rdf", document, base=base, load=load, options=options), None))


def to_quads(
    document: JsonValue, *, base: str | None, load: Loader = bundled_context, chars_max: int | None = None
) -> list[Quad]:
    """Give the RDF dataset of a document as statements, each once; what RDF cannot say is left out.

    That is, among others: relative IRIs and those with characters that no IRI has, malformed tags of languages, and
    names without a definition.

    Args:
        document: Not changed.
        base: See `expand`.
        load: See `expand`.
        chars_max: Characters that the terms of all statements may have together; None for any number.

    Raises:
        ContextRefused: As `expand`, as is the following.
        DocumentError: See there.
        LimitExceeded: Also when the statements are longer.
    """
    return _quads(_call("to_rdf", document, base=base, load=load, options={}), chars_max)


def from_rdf(quads: str, *, base: str | None = None, load: Loader = bundled_context, **options: JsonValue) -> JsonValue:
    """Give the expanded document of an RDF dataset.

    Args:
        quads: N-Quads.
        base: Taken for the sake of likeness; datasets have no relative IRIs.
        load: Likewise; datasets name no contexts.
        **options: `useNativeTypes`, `useRdfType`, `rdfDirection`.

    Raises:
        DocumentError: The text is not N-Quads, or cannot be said in JSON-LD.
    """
    dataset: dict[str, Any] = {}
    for subject, predicate, object_, graph in parse(quads):
        triples = dataset.setdefault(_node(graph)["value"] if graph else _DEFAULT_GRAPH, [])
        triples.append({"subject": _node(subject), "predicate": _node(predicate), "object": _node(object_)})
    found: JsonValue = _call("from_rdf", dataset, base=base, load=load, options=options)
    return found


def _quads(dataset: Mapping[str, Any], chars_max: int | None) -> list[Quad]:
    """Give the statements of one of PyLD's datasets."""
    found: dict[Quad, None] = {}
    chars = 0
    for name, triples in dataset.items():
        graph = "" if name == _DEFAULT_GRAPH else _node_term(name)
        for triple in triples:
            subject, predicate, object_ = (_term(triple[place]) for place in ("subject", "predicate", "object"))
            if subject is None or predicate is None or object_ is None or graph is None:
                continue
            quad = Quad(subject, predicate, object_, graph)
            found[quad] = None
            chars += sum(map(len, quad))
            if chars_max is not None and chars > chars_max:
                raise LimitExceeded("the statements are too long", limit="chars_max", value=chars_max)
    return list(found)


def _term(term: Mapping[str, Any] | None) -> str | None:
    """Give the text of one of PyLD's terms; None when RDF has no such term."""
    if term is None:
        return None
    if term["type"] != "literal":
        return _node_term(term["value"])
    return literal_term(term["value"], datatype=term["datatype"], language=term.get("language"))


def _node_term(value: str) -> str | None:
    return value if value.startswith("_:") else iri_term(value)


def _node(term: str) -> dict[str, str]:
    """Give PyLD's form of a term."""
    if term.startswith("_:"):
        return {"type": "blank node", "value": term}
    if term.startswith("<"):
        return {"type": "IRI", "value": term[1:-1]}
    value, datatype, language = literal_parts(term)
    tagged = {} if language is None else {"language": language}
    return {"type": "literal", "value": value, "datatype": datatype, **tagged}


def _call(name: str, *arguments: Any, base: str | None, load: Loader, options: Mapping[str, JsonValue]) -> Any:
    # Any: PyLD has no types.
    jsonld = _pyld()
    loader = _OncePerCall(load)
    asked: dict[str, Any] = {"documentLoader": loader, **options}
    if name != "from_rdf":
        asked |= {"base": base, "contextResolver": _resolver(loader, load)}
    try:
        return getattr(_processor_type()(), name)(*arguments, asked)
    except DocumentError:
        raise
    except RecursionError as error:
        raise LimitExceeded("nested too deep for JSON-LD", limit="json_depth_max") from error
    except jsonld.JsonLdError as error:
        raise _translated(error) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Threat: input that its checks do not foresee ends in errors of Python; to us it is a bad document.
        raise DocumentError("the document cannot be processed as JSON-LD", json_ld=type(error).__name__) from error


@cache
def _pyld() -> Any:
    """Load PyLD: 200 ms, and most processes never need it."""
    from pyld import jsonld

    # It warns of names that it passes over, which peers choose; an application that turns warnings into errors would
    # then judge documents by that. Switching warnings off for each call would not be safe among threads.
    jsonld.warnings = _Silence
    return jsonld


@cache
def _processor_type() -> type[Any]:
    class Processor(_pyld().JsonLdProcessor):  # type: ignore[misc]
        """Counts what IRIs grow to: a long prefix in a context is written out once for each name that uses it."""

        def __init__(self) -> None:
            super().__init__()
            self._chars = 0

        def _expand_iri(self, *arguments: Any, **options: Any) -> Any:
            found = super()._expand_iri(*arguments, **options)
            if isinstance(found, str):
                self._chars += len(found)
                if self._chars > _EXPANDED_CHARS_MAX:
                    raise LimitExceeded("names grow too long", limit="expanded_chars_max", value=_EXPANDED_CHARS_MAX)
            return found

    return Processor


class _Silence:
    """What PyLD has instead of the module `warnings`."""

    @staticmethod
    def warn(*_arguments: object, **_options: object) -> None:
        """Say nothing."""


def _translated(error: BaseException) -> DocumentError:
    """Give our error for one of PyLD's: of the context, if anything on the way says so."""
    code = ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DocumentError):
            return cause
        code = str(getattr(cause, "code", None) or code)
        cause = cause.__cause__
    if code in _LOADING or "context" in code or "term" in code or "IRI mapping" in code:
        return ContextRefused("the context is not one that JSON-LD takes", json_ld=code)
    return DocumentError("the document is not JSON-LD", json_ld=code)


class _OncePerCall:
    """A loader in PyLD's form that asks for each URL once."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._loaded: dict[str, JsonValue] = {}

    def __call__(self, url: str, _options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if url not in self._loaded:
            self._loaded[url] = self._load(url)
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": self._loaded[url],
            # Without this word PyLD looks at a context anew in every call, which is most of what it costs.
            "tag": "static" if self._load is bundled_context else None,
        }


class _Kept(dict[str, Any]):
    """A bounded cache that threads may share: each step is one operation of a dict, and a full one starts anew."""

    def __init__(self, size_max: int) -> None:
        super().__init__()
        self._size_max = size_max

    def __setitem__(self, key: str, value: Any) -> None:
        if len(self) >= self._size_max:
            self.clear()
        super().__setitem__(key, value)


_bundled: Final = _Kept(_CONTEXTS_KEPT_MAX)
when_registered(_bundled.clear)


@cache
def _resolver_type() -> type[Any]:
    from pyld.context_resolver import ContextResolver

    class Resolver(ContextResolver):  # type: ignore[misc]
        """A resolver whose contexts keep what follows from them in a cache that threads may share."""

        def _cache_resolved_context(self, key: str, resolved: Any, tag: str | None) -> Any:
            for context in resolved if isinstance(resolved, list) else [resolved]:
                if not isinstance(context.cache, _Kept):
                    context.cache = _Kept(_PROCESSED_KEPT_MAX)
            return super()._cache_resolved_context(key, resolved, tag)

    return Resolver


def _resolver(loader: _OncePerCall, load: Loader) -> Any:
    """Give what resolves contexts: with our cache for our own contexts, with an empty one for those of others."""
    return _resolver_type()(_bundled if load is bundled_context else {}, loader)
