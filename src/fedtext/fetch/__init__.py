"""Documents, objects and keys from elsewhere, under policy and budget."""

from .budget import Budget
from .documents import fetch_document, fetch_json
from .embedded import origin_or_none, reduce_foreign
from .fetcher import Fetched, Fetcher, SigningKey
from .keys import KeyUse, admit_key_id, resolve
from .objects import cached_documents, forget_object, get_actor, get_object

__all__ = [
    "Budget",
    "Fetched",
    "Fetcher",
    "KeyUse",
    "SigningKey",
    "admit_key_id",
    "cached_documents",
    "fetch_document",
    "fetch_json",
    "forget_object",
    "get_actor",
    "get_object",
    "origin_or_none",
    "reduce_foreign",
    "resolve",
]
