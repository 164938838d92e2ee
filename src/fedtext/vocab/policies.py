"""Who may do what with a thing: interaction policies as GoToSocial, Mastodon and WordPress write them.

A policy is a hint of its author, never proof of anything (MOD-60): whether an interaction was allowed, its
authorization tells (`consent`).

Sources: GoToSocial's interaction policies; FEP-044f (canQuote); FEP-7aa9 (canFeature); MOD-60, MOD-62, MOD-67.
"""

from __future__ import annotations

from ..config import Limits
from ..wire.iri import Iri
from .model import Model
from .references import Addressees, Part

_COUNT_MAX = Limits().recipients_count_max


class InteractionRule(Model):
    """Who may do one thing: actors, a followers or following collection, or the public.

    Args:
        automatic_approval: Who may do it at once; `always` is the older name of it.
        manual_approval: Whose doing it waits for approval; `approval_required` is the older name of it.
    """

    automatic_approval: Addressees = Addressees(count_max=_COUNT_MAX)
    manual_approval: Addressees = Addressees(count_max=_COUNT_MAX)
    always: Addressees = Addressees(count_max=_COUNT_MAX)
    approval_required: Addressees = Addressees(count_max=_COUNT_MAX)

    @property
    def approved_at_once(self) -> tuple[Iri, ...]:
        """Who may do it at once, under either name."""
        return tuple(dict.fromkeys((*self.automatic_approval, *self.always)))

    @property
    def approved_on_request(self) -> tuple[Iri, ...]:
        """Whose doing it waits for approval, under either name."""
        return tuple(dict.fromkeys((*self.manual_approval, *self.approval_required)))


class InteractionPolicy(Model):
    """What may be done with a thing, and by whom; what is not named is left to everybody (MOD-62)."""

    can_like: Part[InteractionRule] = Part(InteractionRule)
    can_reply: Part[InteractionRule] = Part(InteractionRule)
    can_announce: Part[InteractionRule] = Part(InteractionRule)
    can_quote: Part[InteractionRule] = Part(InteractionRule)
    can_feature: Part[InteractionRule] = Part(InteractionRule)
