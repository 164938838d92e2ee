"""Documents, objects and keys from elsewhere, under policy and budget."""

from .budget import Budget
from .documents import fetch_document, fetch_json
from .fetcher import Fetched, Fetcher, SigningKey
from .keys import resolve
from .objects import forget_object, get_actor, get_object

__all__ = [
    "Budget",
    "Fetched",
    "Fetcher",
    "SigningKey",
    "fetch_document",
    "fetch_json",
    "forget_object",
    "get_actor",
    "get_object",
    "resolve",
]
