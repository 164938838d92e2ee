"""Django's system checks: what `fed.check()` finds, in Django's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.urls import Resolver404, resolve

from ...errors import FedtextError
from ...runtime import Federation, Finding, Level
from .door import federations

_DOOR = "/.well-known/webfinger"


def check_federations(app_configs: Sequence[Any] | None, **_options: Any) -> list[checks.CheckMessage]:
    """Run `fed.check()` of every federation in the root URL configuration.

    Args:
        app_configs: The applications that are checked; None: all. The wiring is looked at only when all are.
    """
    if app_configs is not None or not getattr(settings, "ROOT_URLCONF", None):
        return []
    found = list(federations())
    messages = [message for federation in found for message in _messages(federation)]
    if found and not _is_reached():
        hint = 'path("", include(urls(fed))) at the root, before any pattern that matches everything'
        messages.append(checks.Error(f"{_DOOR} does not reach the federation", hint=hint, id="fedtext.door.unreached"))
    return messages


def _messages(federation: Federation) -> list[checks.CheckMessage]:
    try:
        findings: list[Finding] = federation.check()
    except FedtextError as error:
        return [checks.Warning(str(error), hint=error.hint or None, obj=federation, id=f"fedtext.{error.code}")]
    return [_message(finding, federation) for finding in findings]


def _message(finding: Finding, federation: Federation) -> checks.CheckMessage:
    kind = checks.Error if finding.level is Level.ERROR else checks.Warning
    return kind(finding.message, hint=finding.hint, obj=federation, id=f"fedtext.{finding.code}")


def _is_reached() -> bool:
    try:
        return resolve(_DOOR).url_name == "fedtext"
    except Resolver404:
        return False
