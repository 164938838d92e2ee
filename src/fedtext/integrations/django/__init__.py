"""Django: `connect("django")`, `urls(fed)`, system checks and `manage.py fedtext worker`.

    INSTALLED_APPS = [..., "fedtext.integrations.django"]            # checks and the command
    urlpatterns = [..., path("", include(urls(fed)))]                # the door

Posts are published through Django's own transaction: inside of `transaction.atomic()` a plain `fed.publish(post)`
is committed with it or not at all.
"""

from .door import FederationPattern, federations, urls
from .offload import DjangoOffload
from .storage import DjangoBackend, backend

__all__ = ["DjangoBackend", "DjangoOffload", "FederationPattern", "backend", "federations", "urls"]
