"""The Django application: registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from .checks import check_federations


class FedtextConfig(AppConfig):
    """`INSTALLED_APPS = [..., "fedtext.integrations.django"]`."""

    name = "fedtext.integrations.django"
    label = "fedtext"
    verbose_name = "fedtext"

    def ready(self) -> None:
        """Register the checks."""
        checks.register(check_federations, "fedtext")
