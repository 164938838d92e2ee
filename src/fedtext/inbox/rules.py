"""Whom this server does not want to hear from, or to show: rules by host and by actor.

A rule of a host holds for all hosts below it. Of several rules the closest one counts: that of the actor, then that of
the longest name. In allow-list mode nobody else is heard than the hosts on the list.

Invariant: what a rule is about is compared in one spelling: case, script, port and a dot at the end do not matter.

Sources: TRU-01, INB-19, INB-20; SEC-151.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from ..errors import FedtextError, MalformedIri, PolicyRefusal
from ..wire.iri import host_to_ascii, parse_url
from ..wire.json import JsonObject, dump, parse_object

COMMENT_CHARS_MAX: Final = 500
SUBJECT_CHARS_MAX: Final = 2_048
_VERSION: Final = 1


class Severity(Enum):
    """What a rule does.

    ALLOW: Nothing, whatever is said of a host above; in allow-list mode it lets in.
    SILENCE: All is taken; what asks for attention does not get it by itself (see `Context.is_silenced`).
    SUSPEND: Of what they say only that something is gone, taken back, refused or changed that we have (INB-20).
    BLOCK: Nothing is taken, stored, fetched or sent.
    """

    ALLOW = "allow"
    SILENCE = "silence"
    SUSPEND = "suspend"
    BLOCK = "block"


@attrs.frozen(kw_only=True)
class Rule:
    """One rule.

    Args:
        subject: A host in A-labels, or the id of an actor.
        severity: See there.
        rejects_reports: Whether reports from there are not kept.
        comment: For those who read the list.
    """

    subject: str
    severity: Severity
    rejects_reports: bool = False
    comment: str = ""

    def encode(self) -> bytes:
        """Give the value for a store, as JSON."""
        about: JsonObject = {"rejects_reports": self.rejects_reports, "comment": self.comment[:COMMENT_CHARS_MAX]}
        return dump({"v": _VERSION, "severity": self.severity.value, **about})


def decode_rule(subject: str, value: bytes) -> Rule:
    """Read a value of a store; one that cannot be read blocks, since nobody may take it for "no rule"."""
    try:
        found = parse_object(value)
        severity = Severity(found["severity"])
    except (FedtextError, KeyError, ValueError):
        return Rule(subject=subject, severity=Severity.BLOCK, comment="this rule cannot be read: set it anew")
    return Rule(
        subject=subject,
        severity=severity,
        rejects_reports=found.get("rejects_reports") is True,
        comment=str(found.get("comment", "")),
    )


def parse_subject(text: str) -> str:
    """Give the one spelling of what a rule is about.

    Args:
        text: A host, also as "*.host" or "@user@host" without a user; or the URL that is an actor's id.

    Raises:
        MalformedIri: Neither.
    """
    if len(text) > SUBJECT_CHARS_MAX:
        raise MalformedIri("it is too long for a host or an id")
    if "://" in text:
        return str(parse_url(text))
    return host_to_ascii(text.removeprefix("*.")).removesuffix(".")


@attrs.frozen(kw_only=True)
class Rules:
    """All rules of a site, ready to be asked.

    Args:
        by_subject: Hosts in A-labels and ids of actors, as `parse_subject` gives them.
        allow_listed_only: Whether others than those with an `ALLOW` rule are refused.
        own_hosts: Never refused.
    """

    by_subject: Mapping[str, Rule] = attrs.field(factory=dict[str, Rule])
    allow_listed_only: bool = False
    own_hosts: frozenset[str] = frozenset()

    def find(self, iri: str) -> Rule | None:
        """Give the rule that counts for an id or address; None: there is none, or it is no http(s) URL."""
        if not self.by_subject:
            return None
        try:
            url = parse_url(iri)
        except MalformedIri:
            return None
        exact = self.by_subject.get(str(url))
        if exact is not None:
            return exact
        labels = url.host.removesuffix(".").split(".")
        names = (".".join(labels[cut:]) for cut in range(len(labels)))
        return next((self.by_subject[name] for name in names if name in self.by_subject), None)

    def refuse(self, iri: str) -> None:
        """Refuse what has nothing to do here.

        Raises:
            PolicyRefusal: It is blocked, or not on the list where there is an allow-list.
        """
        if not self.by_subject and not self.allow_listed_only:
            return
        rule = self.find(iri)
        if rule is not None and rule.severity is Severity.BLOCK:
            raise PolicyRefusal("this server takes nothing from there", iri=iri)
        if self.allow_listed_only and (rule is None or rule.severity is Severity.SUSPEND) and not self._is_own(iri):
            raise PolicyRefusal("this server takes nothing but from those on its list", iri=iri)

    def is_suspended(self, iri: str) -> bool:
        """Tell whether only endings and changes are heard from there (INB-20)."""
        rule = self.find(iri) if self.by_subject else None
        return rule is not None and rule.severity is Severity.SUSPEND

    def is_silenced(self, iri: str) -> bool:
        """Tell whether what comes from there should not ask for attention."""
        rule = self.find(iri)
        return rule is not None and rule.severity is Severity.SILENCE

    def rejects_reports(self, iri: str) -> bool:
        """Tell whether reports from there are not kept."""
        rule = self.find(iri)
        return rule is not None and rule.rejects_reports

    def _is_own(self, iri: str) -> bool:
        try:
            return parse_url(iri).host in self.own_hosts
        except MalformedIri:
            return True  # no address: nothing is taken from it
