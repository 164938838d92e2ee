"""Parts of a federated app, to be taken one by one: each one repository port, one file."""

from .deletes import Deletes
from .followings import FollowState
from .follows import Follows
from .replies import Author, AuthorsRepository, Replies, Reply, ReplyRepository, author_card

__all__ = [
    "Author",
    "AuthorsRepository",
    "Deletes",
    "FollowState",
    "Follows",
    "Replies",
    "Reply",
    "ReplyRepository",
    "author_card",
]
