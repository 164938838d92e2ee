"""Queues: the host-shaped queue in memory and in SQLite, and the SQL that adds a task.

`statements(task, dialect, now_s)` gives that SQL, so that an application adds a task in its own transaction.
"""

from ..sql import enqueue_statements as statements

__all__ = ["statements"]
