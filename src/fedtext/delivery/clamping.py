"""How long what we emit may be: what other servers would cut or drop is cut here, where its author can see it (MOD-69).

Decides for names, biographies, profile fields, aliases, emoji, descriptions of media and choices of a poll; the content
of posts is never cut (MOD-70), and documents that are too large as a whole are refused when they are sealed.

Invariants: pure; what is within the sizes goes out as it is; a part that bears a proof or signature is left alone,
because it would no longer hold; doing it twice changes nothing more.

Sources: MOD-69; the sizes are those that Mastodon documents as its limits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..wire.html import escape, paragraphs, to_text
from ..wire.json import JsonObject, JsonValue

NAME_CHARS_MAX: Final = 2_048
BIO_BYTES_MAX: Final = 20_000
FIELDS_MAX: Final = 50
FIELD_CHARS_MAX: Final = 2_047
ALIASES_MAX: Final = 256
EMOJI_CHARS_MAX: Final = 2_048
DESCRIPTION_CHARS_MAX: Final = 10_000
CHOICES_MAX: Final = 500
# Interop: Misskey does not read documents that are larger.
DOCUMENT_BYTES_ADVISED: Final = 65_536

_MORE: Final = "…"
_PROVED_BY: Final = ("proof", "signature")
_EMBEDDED_DEPTH_MAX: Final = 4  # Announce, Create or Update, object: and one to spare


def clamp(document: JsonObject) -> JsonObject:
    """Give a document of ours within the sizes that other servers take.

    Args:
        document: An actor, object or activity as dumped; it is not changed.

    Returns:
        A copy. Texts are cut with "…" at their end; a biography or field in HTML that is too long goes out as its plain
        text, cut; of lists the first ones stay; an emoji with a longer name is left out, since no text could name it.
    """
    return _clamped(document, _EMBEDDED_DEPTH_MAX)


def _clamped(document: JsonObject, depth: int) -> JsonObject:
    if any(document.get(name) is not None for name in _PROVED_BY):
        return document
    found = dict(document)
    if "inbox" in found:
        _change(found, "name", lambda text: _cut(text, NAME_CHARS_MAX))
        _change(found, "summary", _bio)
        _change_list(found, "alsoKnownAs", lambda items: items[:ALIASES_MAX])
        _change_list(found, "attachment", _fields)
    for name in ("attachment", "icon", "image"):
        _change_list(found, name, lambda items: [_described(item) for item in items])
    _change_list(found, "tag", lambda items: [item for item in items if not _is_endless_emoji(item)])
    for name in ("oneOf", "anyOf"):
        _change_list(found, name, lambda items: items[:CHOICES_MAX])
    if depth:
        _change_list(found, "object", lambda items: [_inner(item, depth - 1) for item in items])
    return found


def _inner(value: JsonValue, depth: int) -> JsonValue:
    return _clamped(value, depth) if isinstance(value, dict) else value


def _change(document: JsonObject, name: str, change: Callable[[str], str]) -> None:
    """Change a text, and its translations in the map beside it."""
    text, translations = document.get(name), document.get(f"{name}Map")
    if isinstance(text, str):
        document[name] = change(text)
    if isinstance(translations, dict):
        document[f"{name}Map"] = {
            language: change(value) if isinstance(value, str) else value for language, value in translations.items()
        }


def _change_list(document: JsonObject, name: str, change: Callable[[list[JsonValue]], list[JsonValue]]) -> None:
    """Change a list; one value alone is a list of one, and stays alone."""
    value = document.get(name)
    if isinstance(value, list):
        document[name] = change(value)
    elif value is not None:
        changed = change([value])
        if changed:
            document[name] = changed[0]
        else:
            del document[name]


def _fields(items: list[JsonValue]) -> list[JsonValue]:
    """Keep so many fields of a profile, each within its size; other attachments are not counted."""
    found: list[JsonValue] = []
    fields = 0
    for item in items:
        if not isinstance(item, dict) or item.get("type") != "PropertyValue":
            found.append(item)
            continue
        fields += 1
        if fields <= FIELDS_MAX:
            field = dict(item)
            _change(field, "name", lambda text: _cut(text, FIELD_CHARS_MAX))
            _change(field, "value", lambda text: _fitting(text, FIELD_CHARS_MAX, len, escape))
            found.append(field)
    return found


def _described(item: JsonValue) -> JsonValue:
    """Cut the description of an image, video or sound, which is in its name, or in its summary."""
    if not isinstance(item, dict) or item.get("type") == "PropertyValue":
        return item
    described = dict(item)
    for name in ("name", "summary"):
        _change(described, name, lambda text: _cut(text, DESCRIPTION_CHARS_MAX))
    return described


def _is_endless_emoji(item: JsonValue) -> bool:
    if not isinstance(item, dict) or item.get("type") != "Emoji":
        return False
    name = item.get("name")
    return isinstance(name, str) and len(name) > EMOJI_CHARS_MAX


def _bio(markup: str) -> str:
    return _fitting(markup, BIO_BYTES_MAX, _bytes_of, paragraphs)


def _bytes_of(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _fitting(markup: str, size_max: int, measure: Callable[[str], int], write: Callable[[str], str]) -> str:
    """Give HTML as it is where it fits, else as much of its text as fits when it is written anew.

    HTML is not cut: that would leave elements open. Each round takes away a tenth of the text, so that the work is
    bounded.
    """
    if measure(markup) <= size_max:
        return markup
    plain = _cut(to_text(markup), size_max)
    written = write(plain)
    while measure(written) > size_max:
        plain = plain[: len(plain) * 9 // 10]
        written = write(plain + _MORE)
    return written


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1] + _MORE
