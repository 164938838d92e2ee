"""What the Django example of the README has already: users, posts, a table of comments, a database."""

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "blog.sqlite3"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    ABSOLUTE_URL_OVERRIDES={"auth.user": lambda user: f"https://blog.example/@{user.username}"},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SECRET_KEY="only for this page",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, models, transaction


class Post(models.Model):
    author = models.ForeignKey(User, on_delete=models.CASCADE)
    html = models.TextField()

    class Meta:
        app_label = "page"

    def get_absolute_url(self):
        return f"https://blog.example/posts/{self.pk}"


class CommentTable:
    """Stands for the app's own table; the README does not look into it."""

    def __init__(self):
        self.rows = {}

    def save(self, reply):
        self.rows[reply.id] = reply

    def remove(self, reply_id, author_id):
        if reply_id in self.rows and self.rows[reply_id].author.id == author_id:
            del self.rows[reply_id]

    def remove_author(self, author_id):
        self.rows = {key: reply for key, reply in self.rows.items() if reply.author.id != author_id}


call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Post)

post = Post(author=User.objects.create_user("alice", first_name="Alice"), html="<p>Hello</p>")
