"""The fast road: tell that a document's plain names already say what JSON-LD would say, in one look at each member.

What is recognized goes on as it is. What is not has done nothing wrong; it takes the slow road. A document is
recognized only where the slow road would give a model that reads the same, which is tested with generated documents.

What is looked for, per member: names that are none (keywords, `prefix:name`, full IRIs), odd names of this context,
nested contexts that say something else, types that are not plain, references that a prefix would rewrite, values that
JSON-LD reads otherwise than they look (lists in lists, maps of languages that are none).

Invariants: linear; nesting is bounded; the document is not changed.

Sources: JSON-LD 1.1 Processing Algorithms and API section 5.1; JLD-05, JLD-16.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..errors import LimitExceeded
from ..wire.json import JsonObject, JsonValue
from .profiles import Profile, Rule, profile_of
from .terms import ACTIVITYSTREAMS, standard_iris, standard_terms

_HTTPS: Final = "https://"
_HTTP: Final = "http://"
# Bound once: looking them up in their class would cost as much as the look at a member.
_LITERAL, _REFERENCE, _AUDIENCE, _TYPE = Rule.LITERAL, Rule.REFERENCE, Rule.AUDIENCE, Rule.TYPE
_ORDERED, _LANGUAGE, _CONTEXT, _ODD = Rule.ORDERED, Rule.LANGUAGE, Rule.CONTEXT, Rule.ODD
# Different contexts inside of one document. What each says must be worked out; honest documents have one or two.
_INNER_CONTEXTS_MAX: Final = 8
# Names with a prefix, each of which has to be written out.
_FOREIGN_COUNT_MAX: Final = 256
_PUBLIC_IN_SHORT: Final = "as:Public"
_NO_NAMES: Final = ("", "@")
_SCALARS: Final = (_LITERAL, _LANGUAGE)
_IRIS: Final = (_REFERENCE, _AUDIENCE, Rule.IDENTIFIER, _ORDERED)
_NODES: Final = (_LITERAL, _REFERENCE, _AUDIENCE, _ORDERED)
_LISTED: Final = (_LITERAL, _REFERENCE, _AUDIENCE, _ORDERED, _TYPE, Rule.PROOF)
_PROOF_MEMBERS: Final = frozenset(
    {"@context", "type", "cryptosuite", "created", "expires", "verificationMethod", "proofPurpose", "proofValue"}
)


def is_recognized(document: JsonObject, profile: Profile, *, depth_max: int) -> bool:
    """Tell whether a document can be read by its plain names.

    Args:
        document: As parsed.
        profile: Of its context, which is recognized.
        depth_max: How deep it may be nested.

    Raises:
        LimitExceeded: Nested deeper.
        ContextRefused: A context inside of it is not one.
    """
    context = document.get("@context", ACTIVITYSTREAMS)
    return _Look(profile, profile.rules, context, depth_max=depth_max).at_object(document, 1)


class _Look:
    """One look at a document, or at the part of it that has a context of its own."""

    __slots__ = ("context", "depth_max", "foreign_count", "inner", "is_nested", "profile", "rules")

    def __init__(
        self,
        profile: Profile,
        rules: Mapping[str, Rule],
        context: JsonValue,
        *,
        depth_max: int,
        is_nested: bool = False,
    ) -> None:
        self.profile = profile
        self.rules = rules
        self.context = context
        self.depth_max = depth_max
        self.is_nested = is_nested
        self.foreign_count = 0
        self.inner: list[_Look] = []

    def at_object(self, value: JsonObject, depth: int) -> bool:
        if depth > self.depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        if depth > 1 and "@context" in value and value["@context"] != self.context:
            inner = self.within(value["@context"])
            return inner is not None and inner.at_object(value, depth)
        # Each document of each peer comes through here: what most members are is told without another call.
        rule_of = self.rules.get
        for name, member in value.items():
            rule = rule_of(name)
            if rule is None:
                if not self.at_name(name):
                    return False
                rule = _LITERAL
            if type(member) is str:
                if rule is _LITERAL or (rule is _REFERENCE and member[:8] == _HTTPS):
                    continue
                fits = self.at_text(member, rule)
            elif rule is _CONTEXT:
                continue
            elif rule is _ORDERED and "items" in value:
                return False  # two names of one property: JSON-LD puts their values together
            elif type(member) is dict:
                fits = self.at_inner(member, rule, depth + 1)
            elif type(member) is list:
                fits = self.at_list(member, rule, depth + 1)
            else:
                fits = rule in _SCALARS or (member is None and rule is not _ODD)
            if not fits:
                return False
        return True

    def at_name(self, name: str) -> bool:
        """Look at a name that the context does not have: it stands for itself, if it is one."""
        if name.isidentifier():
            return True
        if name[:1] in _NO_NAMES or name.split() != [name]:
            return False
        return ":" not in name or self.is_foreign(name)

    def is_foreign(self, name: str) -> bool:
        """Tell whether `prefix:name` or an IRI is that of a property which has no plain name."""
        self.foreign_count += 1
        if self.is_nested or name.startswith("_:") or self.foreign_count > _FOREIGN_COUNT_MAX:
            return False
        iri = self.profile.expand(name) or name
        return not iri.startswith(("@", "_:")) and iri not in standard_terms()

    def at_text(self, text: str, rule: Rule) -> bool:
        """Look at a text that stands for more than itself."""
        if rule is _TYPE:
            if ":" in text:
                return self.is_foreign(text) and self.profile.expand(text) is None
            return text[:1] not in _NO_NAMES and self.rules.get(text) is not _ODD and text not in self.profile.prefixes
        if rule in _IRIS:
            if text[:8] == _HTTPS or text[:7] == _HTTP or (rule is _AUDIENCE and text == _PUBLIC_IN_SHORT):
                return True
            # Threat: a prefix of the context would make another IRI of it; "@…" would make it vanish.
            return text[:1] != "@" and text.partition(":")[0] not in self.profile.prefixes
        return rule is _CONTEXT or rule is _LANGUAGE  # a map of languages that is none says nothing

    def at_inner(self, value: JsonObject, rule: Rule, depth: int) -> bool:
        """Look at an object."""
        if rule in _NODES:
            return self.at_object(value, depth)
        if rule is _LANGUAGE:
            return _is_language_map(value)
        return rule is Rule.PROOF and self.is_plain_proof(value)

    def at_list(self, items: list[JsonValue], rule: Rule, depth: int) -> bool:
        """Look at a list: JSON-LD has none of lists, and keeps a single value and a list of it equal."""
        if depth > self.depth_max:
            raise LimitExceeded("nested too deep", limit="json_depth_max", value=depth)
        if rule is _TYPE and any(item in standard_iris() for item in items if type(item) is str):
            # Beside a known type, those of elsewhere may be spelled as they like.
            items = [item for item in items if not (type(item) is str and ":" in item and self.is_foreign(item))]
        for item in items:
            if type(item) is str:
                fits = rule is _LITERAL or (item[:8] == _HTTPS and rule in _IRIS) or self.at_text(item, rule)
            elif type(item) is dict:
                fits = self.at_inner(item, rule, depth + 1)
            else:
                fits = type(item) is not list and (rule is _LITERAL or item is None)
            if not fits:
                return False
        return rule in _LISTED

    def is_plain_proof(self, value: JsonObject) -> bool:
        """Tell whether a proof has the usual members only; what they say is judged by whoever verifies it."""
        return (
            value.get("type") == "DataIntegrityProof"
            and value.get("proofPurpose", "assertionMethod") == "assertionMethod"
            and value.keys() <= _PROOF_MEMBERS
            and value.get("@context", self.context) == self.context
            and all(
                type(member) is str and not member.startswith(("@", "_:"))
                for name, member in value.items()
                if name != "@context"
            )
        )

    def within(self, context: JsonValue) -> _Look | None:
        """Give the look at a part with a context of its own, or None where that changes what names mean."""
        if context is None or len(self.inner) >= _INNER_CONTEXTS_MAX:
            return None
        for look in self.inner:
            if look.context == context:
                return look
        inner = profile_of(context)
        if inner.refusal is not None:
            raise inner.refusal
        if not (inner.is_known and inner.is_regular) or inner.is_custom or self.profile.is_custom:
            return None
        both = attrs.evolve(inner, prefixes=inner.prefixes | self.profile.prefixes)
        look = _Look(both, {**self.rules, **inner.rules}, context, depth_max=self.depth_max, is_nested=True)
        self.inner.append(look)
        return look


def _is_language_map(value: JsonObject) -> bool:
    """Tell whether a map of languages reads alike on both roads: texts under different tags."""
    if len(value) == 1:
        for tag, text in value.items():
            if type(text) is str and tag[:1] != "@":
                return True
    if len({tag.lower() for tag in value}) != len(value) or any(tag[:1] == "@" and tag != "@none" for tag in value):
        return False
    for text in value.values():
        if not isinstance(text, str) and not (isinstance(text, list) and all(type(item) is str for item in text)):
            return False
    return True
