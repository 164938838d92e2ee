import django
from django.conf import settings

settings.configure(
    USE_TZ=True,
    ROOT_URLCONF="page",
    INSTALLED_APPS=["fedtext.integrations.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.sqlite3"}},
)
django.setup()
