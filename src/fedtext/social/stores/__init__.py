"""The tables of `social`."""

from .sql import SocialStore

__all__ = ["SocialStore"]
