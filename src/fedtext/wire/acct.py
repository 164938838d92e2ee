"""Handles: user@host, the names that people give to actors.

Decides which texts are handles and how they are written; refuses to know whether a host exists or may be asked (a port
is read here and judged by policy later).

Invariants:
    - a handle is "user@host" or "user@host:port", its host lower case in A-labels without a dot at the end and without
      the default port, its user spelled as given;
    - users are made of the characters of an acct URI and of letters, marks and digits of any script: no spaces, no
      controls, nothing invisible, nothing that ends a path, at most 128 characters;
    - addresses are no hosts of handles;
    - only `MalformedText` is raised.

Example:
    >>> parse_handle("@Alice@Social.EXAMPLE.")
    'Alice@social.example'

Sources: RFC 7565 section 7; RFC 7033 section 4; WF-12, WF-13; SEC-155.
"""

from __future__ import annotations

import re
from typing import NewType
from unicodedata import category
from urllib.parse import unquote_to_bytes

from ..errors import MalformedIri, MalformedText
from .ip_addresses import parse_address
from .iri import parse_authority

Handle = NewType("Handle", str)

USER_CHARS_MAX = 128
HANDLE_CHARS_MAX = 1_024

_ACCT = "acct:"
# Schemes of URIs that look like handles behind them. A colon alone is no sign of one: PeerTube has it in names (WF-12).
_SCHEMES = (_ACCT, "im:", "mailto:", "pres:", "sip:", "sips:", "xmpp:")
_USER_ASCII = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse_handle(text: str) -> Handle:
    """Read a handle as people write it.

    Args:
        text: "@user@host", "user@host" or "acct:user@host".

    Returns:
        The handle in canonical spelling.

    Raises:
        MalformedText: Anything else.
    """
    if text[: len(_ACCT)].lower() == _ACCT:
        return parse_acct_uri(text)
    return _handle(text.removeprefix("@"))


def parse_acct_uri(text: str) -> Handle:
    """Read an acct URI.

    Args:
        text: As in "acct:user@host"; the scheme in any case.

    Returns:
        The handle in canonical spelling.

    Raises:
        MalformedText: Anything else.
    """
    if text[: len(_ACCT)].lower() != _ACCT:
        raise MalformedText("not an acct URI", uri=text)
    return _handle(text[len(_ACCT) :])


def split(handle: Handle) -> tuple[str, str]:
    """Give user and host (perhaps with a port) of a handle."""
    user, _, host = handle.rpartition("@")
    return user, host


def _handle(text: str) -> Handle:
    if len(text) > HANDLE_CHARS_MAX or text.count("@") != 1:
        raise MalformedText("not a handle", handle=text)
    raw_user, host = text.split("@")
    user = _user(raw_user)
    try:
        authority = parse_authority(host)
    except MalformedIri as error:
        raise MalformedText("the host of the handle is malformed", handle=text) from error
    name, colon, port = authority.partition(":")
    name = name.removesuffix(".")
    if authority.startswith("[") or parse_address(name) is not None:
        raise MalformedText("the host of the handle is an address", handle=text)
    return Handle(f"{user}@{name}{colon}{port}")


def _user(text: str) -> str:
    user = text
    if "%" in text:
        if _BAD_ESCAPE.search(text) is not None:
            raise MalformedText("the user of the handle is malformed", user=text)
        try:
            user = unquote_to_bytes(text).decode("utf-8")
        except UnicodeError as error:
            raise MalformedText("the user of the handle is malformed", user=text) from error
    if not 0 < len(user) <= USER_CHARS_MAX or not all(_is_user_character(character) for character in user):
        raise MalformedText("the user of the handle is malformed", user=text)
    if user in (".", "..") or user.lower().startswith(_SCHEMES):
        raise MalformedText("the user of the handle would be read as something else", user=text)
    return user


def _is_user_character(character: str) -> bool:
    # Threat: format and separator characters make one handle look like another (SEC-165).
    return character in _USER_ASCII if character.isascii() else category(character)[0] in "LMN"
