"""From plain text to a post: paragraphs, links, mentions and hashtags; pure and linear (SEC-157)."""

from __future__ import annotations

import re

import attrs

from ..errors import DocumentError
from ..runtime import Handle, parse_handle
from ..wire.html import escape, paragraphs

_TAG = re.compile(r"#([^\W\d_]\w{0,63})\Z")
_LEADING = "([{\"'"
_TRAILING = ".,;:!?)]}'\""
_MENTIONS_MAX = 32


@attrs.frozen(kw_only=True)
class Composed:
    """What was found in a text: safe HTML, handles in order, hashtags in order."""

    html: str
    handles: tuple[Handle, ...]
    hashtags: tuple[str, ...]


def compose(text: str, *, origin: str) -> Composed:
    """Turn plain text into HTML with mentions and hashtags.

    Args:
        text: As a person writes it: "Hello @bob@mastodon.example, my first #introduction".
        origin: Ours: hashtags link there, and its scheme is taken for the links of mentions.
    """
    scheme, tag_base = origin.partition("://")[0], f"{origin}/tags/"
    handles: dict[Handle, None] = {}
    hashtags: dict[str, None] = {}

    def link(word: str) -> str | None:
        opened = word.lstrip(_LEADING)
        core = opened.rstrip(_TRAILING)
        before, after = escape(word[: len(word) - len(opened)]), escape(opened[len(core) :])
        if core.startswith("@") and core.count("@") == 2 and len(handles) < _MENTIONS_MAX:
            try:
                handle = parse_handle(core)
            except DocumentError:
                return None
            handles[handle] = None
            return before + _mention(handle, scheme) + after
        tag = _TAG.match(core)
        if tag is not None:
            hashtags[tag[1]] = None
            return before + _hashtag(tag[1], tag_base) + after
        return None

    html = paragraphs(text, link)
    return Composed(html=html, handles=tuple(handles), hashtags=tuple(hashtags))


def _mention(handle: Handle, scheme: str) -> str:
    """Write a mention as every server marks it up (MOD-14)."""
    user, _, host = handle.rpartition("@")
    url = f"{scheme}://{host}/@{user}"
    return f'<span class="h-card"><a href="{escape(url)}" class="u-url mention">@<span>{escape(user)}</span></a></span>'


def _hashtag(name: str, tag_base: str) -> str:
    """Write a hashtag (MOD-17)."""
    url = f"{tag_base}{name.lower()}"
    return f'<a href="{escape(url)}" class="mention hashtag" rel="tag">#<span>{escape(name)}</span></a>'
