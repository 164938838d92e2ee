"""The rules of a site as they lie in the store, and as they are known here: read anew soon after they have changed.

A process that sets a rule knows of it at once, the others after `InboxPolicy.rules_fresh_s`: they compare a mark that
changes with each rule, and read all rules where it has.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

import attrs

from ..inbox import Rule, Rules, decode_rule
from ..ports import PortSet, store_key, store_prefix

RULES_COUNT_MAX: Final = 100_000
_PAGE: Final = 500


class RuleBook:
    """The rules of one site.

    Args:
        site: Its origin.
        own_hosts: Hosts that no rule keeps out.
        allow_listed_only: See `InboxPolicy`.
        fresh_s: See `InboxPolicy.rules_fresh_s`.
    """

    def __init__(self, site: str, *, own_hosts: frozenset[str], allow_listed_only: bool, fresh_s: float) -> None:
        self._site = site
        self.own_hosts = own_hosts
        self._fresh_s = fresh_s
        self._version: bytes | None = None
        self._checked_s: float | None = None
        self.rules = Rules(allow_listed_only=allow_listed_only, own_hosts=own_hosts)

    def is_fresh(self, now_s: float) -> bool:
        """Tell whether the rules are known as they were a moment ago, so that there is nothing to refresh."""
        return self._checked_s is not None and 0 <= now_s - self._checked_s < self._fresh_s

    async def refresh(self, ports: PortSet) -> Rules:
        """Give the rules, read anew where they may have changed.

        Raises:
            PortError: The store cannot be asked; nobody is let in unasked.
        """
        now_s = ports.clock.now_s()
        if self.is_fresh(now_s):
            return self.rules
        version = await ports.store.get(store_key(self._site, "rules-version"))
        if self._checked_s is None or version != self._version:
            by_subject = {rule.subject: rule for rule in await self._read(ports)}
            self.rules = attrs.evolve(self.rules, by_subject=by_subject)
        self._version, self._checked_s = version, now_s
        return self.rules

    async def set(self, ports: PortSet, rule: Rule) -> None:
        """Set a rule, in place of the one about the same subject."""
        await ports.store.put(self._key(rule.subject), rule.encode())
        await self._changed(ports)

    async def remove(self, ports: PortSet, subject: str) -> bool:
        """Take a rule away; False when there was none."""
        removed = await ports.store.delete(self._key(subject))
        await self._changed(ports)
        return bool(removed)

    async def _changed(self, ports: PortSet) -> None:
        await ports.store.put(store_key(self._site, "rules-version"), ports.randomness.token(16))
        self._checked_s = None
        await self.refresh(ports)

    async def _read(self, ports: PortSet) -> list[Rule]:
        prefix, found, after = store_prefix(self._site, "rule"), list[Rule](), ""
        while rows := await ports.store.scan(prefix, after=after, limit=_PAGE):
            found += [decode_rule(unquote(key[len(prefix) :]), value) for key, value in rows]
            after = rows[-1][0]
            if len(found) >= RULES_COUNT_MAX:
                break
        return found

    def _key(self, subject: str) -> str:
        return store_key(self._site, "rule", subject)
