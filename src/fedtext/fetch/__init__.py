"""Documents, objects and keys from elsewhere, under policy and budget."""

from .budget import Budget
from .documents import fetch_document, fetch_json
from .embedded import origin_or_none, reduce_foreign
from .fetcher import Fetched, Fetcher
from .keys import KeyUse, admit_key_id, resolve
from .knocking import (
    Signer,
    SigningKey,
    learn_capabilities,
    learn_inbound,
    once_a_kind,
    recall,
    scheme_key,
    send_signed,
)
from .objects import cached_documents, expire_object, forget_object, get_actor, get_object
from .threads import ancestors, conversation
from .traversal import Item, Pause, crawl_budget, traverse

__all__ = [
    "Budget",
    "Fetched",
    "Fetcher",
    "Item",
    "KeyUse",
    "Pause",
    "Signer",
    "SigningKey",
    "admit_key_id",
    "ancestors",
    "cached_documents",
    "conversation",
    "crawl_budget",
    "expire_object",
    "fetch_document",
    "fetch_json",
    "forget_object",
    "get_actor",
    "get_object",
    "learn_capabilities",
    "learn_inbound",
    "once_a_kind",
    "origin_or_none",
    "recall",
    "reduce_foreign",
    "resolve",
    "scheme_key",
    "send_signed",
    "traverse",
]
