"""Ready text-post actors: for those who have no users, posts or tables of their own yet."""

from ..vocab import Visibility
from .actors import SocialActor
from .model import Entry, Mention, Post
from .service import Social

__all__ = ["Entry", "Mention", "Post", "Social", "SocialActor", "Visibility"]
