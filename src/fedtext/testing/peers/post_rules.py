"""What servers need of posts, and of the activities that bring them: one row for each rule and what it comes to.

Every check gives what was seen, or None where the rule is satisfied or is not about such a document.

Sources: the rules of the wire that the rows name; what is marked as second hand was read in the words of others.
"""

from __future__ import annotations

import re
from typing import Final

from ...wire.json import JsonObject, JsonValue
from ...wire.timestamps import parse_lenient
from .cases import (
    Case,
    are_related,
    first_id,
    has_content,
    host,
    kind_of,
    links,
    objects,
    text_of,
)
from .reading import (
    GOTOSOCIAL,
    LEMMY,
    MASTODON,
    MISSKEY,
    PEERTUBE,
    PIXELFED,
    THREADS,
    Rule,
    Verdict,
)

ATTACHMENTS_SHOWN_MAX: Final = 4
PIXELS_MAX: Final = 5_000
COMMENT_CHARS_MAX: Final = 10_000
# As far as clocks of servers differ.
FUTURE_S_MAX: Final = 300

_ELEMENTS: Final = frozenset({
    "p", "br", "span", "a", "abbr", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "sub", "sup", "i",
    "em", "h1", "h2", "h3", "h4", "h5", "ul", "ol", "li", "ruby", "rt", "rp",
})  # fmt: skip
_SCHEMES: Final = frozenset({
    "http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini",
})  # fmt: skip
_CONVERTED: Final = frozenset({"Article", "Page", "Event", "Image", "Audio", "Video"})
_MEDIA: Final = ("Document", "Image", "Video", "Audio")
_NOTE_NEEDS: Final = ("id", "attributedTo", "to", "published")
_QUOTES: Final = ("quote", "_misskey_quote", "quoteUrl", "quoteUri")
_MISSKEY_QUOTES: Final = ("_misskey_quote", "quoteUrl")
_TAG: Final = re.compile(r"<([A-Za-z][A-Za-z0-9]*+)")
_LINK: Final = re.compile(r"""<a\s[^<>]*?href=["']?([A-Za-z][A-Za-z0-9+.-]*+):""")
_MENTION_LINK: Final = re.compile(r"""<a\s[^<>]*?class=["'][^"'<>]*\bmention\b(?![^"'<>]*hashtag)""")


# -- what a post consists of ------------------------------------------------------------------------------------


def _incomplete_note(case: Case) -> str | None:
    post = case.post
    if post is None or kind_of(post) != "Note" or case.is_vote:
        return None
    missing = [name for name in _NOTE_NEEDS if not post.get(name)]
    missing += [] if has_content(post) else ["content"]
    return f"the Note has no {', '.join(missing)}" if missing else None


def _incomplete_reply(case: Case) -> str | None:
    return _incomplete_note(case) if case.post is not None and first_id(case.post.get("inReplyTo")) else None


def _top_level_note(case: Case) -> str | None:
    """What names a community in `audience` is read as one of its Pages (MOD-68)."""
    post = case.post
    if post is None or kind_of(post) != "Note" or case.is_private_message:
        return None
    answers = first_id(post.get("inReplyTo")) or first_id(post.get("audience"))
    return None if answers else "it is a Note that answers nothing"


def _vote(case: Case) -> str | None:
    return "it is a vote in a poll" if case.is_vote else None


def _poll_without_choices(case: Case) -> str | None:
    if case.post is None or kind_of(case.post) != "Question":
        return None
    given = [name for name in ("oneOf", "anyOf") if case.post.get(name)]
    return None if len(given) == 1 else f"the Question has {' and '.join(given) or 'neither oneOf nor anyOf'}"


def _too_long_comment(case: Case) -> str | None:
    if case.post is None or not first_id(case.post.get("inReplyTo")):
        return None
    length = len(text_of(case.post, "content"))
    return f"the content has {length} characters" if length > COMMENT_CHARS_MAX else None


def _converted(case: Case) -> str | None:
    kind = kind_of(case.post) if case.post is not None else ""
    return f"its type is {kind}" if kind in _CONVERTED else None


# -- its text ---------------------------------------------------------------------------------------------------


def _elements(case: Case) -> list[str]:
    content = text_of(case.post, "content") if case.post is not None else ""
    return [name.lower() for name in _TAG.findall(content)]


def _dropped_elements(case: Case) -> str | None:
    found = dict.fromkeys(name for name in _elements(case) if name not in {*_ELEMENTS, "math", "img"})
    return (
        f"the content has {', '.join(f'<{name}>' for name in found)}"
        if found and "math" not in _elements(case)
        else None
    )


def _formulas(case: Case) -> str | None:
    return "the content has <math>" if "math" in _elements(case) else None


def _pictures_in_text(case: Case) -> str | None:
    return "the content has <img>" if "img" in _elements(case) else None


def _odd_links(case: Case) -> str | None:
    content = text_of(case.post, "content") if case.post is not None else ""
    found = [scheme.lower() for scheme in _LINK.findall(content)]
    return next((f"the content links to `{scheme}:`" for scheme in found if scheme not in _SCHEMES), None)


def _first_language(case: Case) -> str | None:
    texts = _texts(case)
    if len(texts) < 2 or next(iter(texts.values())) == text_of(case.post or {}, "content"):
        return None
    return "the first text of contentMap is not `content`"


def _no_language(case: Case) -> str | None:
    texts = _texts(case)
    unknown = len(texts) > 1 and text_of(case.post or {}, "content") not in texts.values()
    return "`content` is not among the texts of contentMap" if unknown else None


def _texts(case: Case) -> JsonObject:
    """Give the translations beside `content`."""
    value = case.post.get("contentMap") if case.post is not None else None
    return value if isinstance(value, dict) and case.post is not None and text_of(case.post, "content") else {}


# -- tags -------------------------------------------------------------------------------------------------------


def _tags(case: Case, kind: str) -> list[JsonObject]:
    return objects(case.post.get("tag"), kind) if case.post is not None else []


def _mentioned_not_addressed(case: Case) -> str | None:
    named = [text_of(tag, "href") for tag in _tags(case, "Mention")]
    return next((f"{iri} is mentioned and not addressed" for iri in named if iri and iri not in case.addressed), None)


def _mention_in_text_alone(case: Case) -> str | None:
    if case.post is None or _tags(case, "Mention"):
        return None
    found = _MENTION_LINK.search(text_of(case.post, "content"))
    return "somebody is mentioned in the content, and in no tag" if found else None


def _nobody_mentioned(case: Case) -> str | None:
    empty = any(not text_of(tag, "href") and not text_of(tag, "name") for tag in _tags(case, "Mention"))
    return "a Mention has neither href nor name" if empty else None


def _nameless_hashtag(case: Case) -> str | None:
    return "a Hashtag has no name" if any(not text_of(tag, "name") for tag in _tags(case, "Hashtag")) else None


def _emoji_without_picture(case: Case) -> str | None:
    for tag in _tags(case, "Emoji"):
        if not text_of(tag, "name") or not any(links(icon.get("url")) for icon in objects(tag.get("icon"))):
            return "an Emoji has no name, or no picture"
    return None


# -- dates, addresses, attachments ------------------------------------------------------------------------------


def _unreadable_date(case: Case) -> str | None:
    value = case.post.get("published") if case.post is not None else None
    return "`published` is no date" if value is not None and parse_lenient(value) is None else None


def _from_the_future(case: Case) -> str | None:
    now_s = case.delivery.now_s
    date = parse_lenient(case.post.get("published")) if case.post is not None else None
    if now_s is None or date is None or date.timestamp() <= now_s + FUTURE_S_MAX:
        return None
    return "`published` is in the future"


def _edit_without_date(case: Case) -> str | None:
    if case.kind != "Update" or case.post is None or kind_of(case.post) == "Question":
        return None
    return None if parse_lenient(case.post.get("updated")) else "the edited post has no `updated`"


def _page_elsewhere(case: Case) -> str | None:
    address = next(iter(links(case.post.get("url"))), "") if case.post is not None else ""
    iri = text_of(case.post or {}, "id")
    return f"`url` is on {host(address) or 'no host'}" if address and iri and not are_related(address, iri) else None


def _media(case: Case) -> list[JsonObject]:
    return objects(case.post.get("attachment"), *_MEDIA) if case.post is not None else []


def _many_attachments(case: Case) -> str | None:
    count = len(_media(case))
    return f"it has {count} attachments" if count > ATTACHMENTS_SHOWN_MAX else None


def _unusual_attachment(case: Case) -> str | None:
    for item in _media(case):
        if not links(item.get("url")) or not text_of(item, "mediaType"):
            return "an attachment has no url, or no mediaType"
        if any(_is_above(item.get(name), PIXELS_MAX) for name in ("width", "height")):
            return f"an attachment is larger than {PIXELS_MAX} pixels"
    return None


def _is_above(value: JsonValue, most: int) -> bool:
    return isinstance(value, int | float) and value > most


# -- quotes -----------------------------------------------------------------------------------------------------


def _quote_without_stamp(case: Case) -> str | None:
    post = case.post
    quoted = first_id(post.get("quote")) if post is not None else ""
    if post is None or not quoted or host(quoted) == host(first_id(post.get("attributedTo"))):
        return None
    return None if first_id(post.get("quoteAuthorization")) else "a quote has no quoteAuthorization"


def _quote_of_one_kind(case: Case) -> str | None:
    post = case.post
    is_quote = post is not None and any(first_id(post.get(name)) for name in _QUOTES)
    known = post is not None and any(first_id(post.get(name)) for name in _MISSKEY_QUOTES)
    return "the quote is in neither _misskey_quote nor quoteUrl" if is_quote and not known else None


_DROPPED, _ALTERED, _NOT_MEANT = Verdict.DROPPED, Verdict.ALTERED, Verdict.NOT_MEANT

POST_RULES: Final = (
    Rule("MOD-08", (PIXELFED,), _DROPPED, _incomplete_note, "add what is missing to the Note"),
    Rule("MOD-08", (LEMMY,), _DROPPED, _incomplete_reply, "add what is missing to the Note"),
    Rule("MOD-08", (LEMMY,), _NOT_MEANT, _top_level_note, "answer something, or name a community in `audience`"),
    Rule("MOD-37", (LEMMY, PIXELFED), _NOT_MEANT, _vote, "count votes where polls are shown"),
    Rule("MOD-36", (MASTODON, GOTOSOCIAL), _ALTERED, _poll_without_choices, "give either oneOf or anyOf"),
    Rule("MOD-70", (LEMMY, PEERTUBE), _DROPPED, _too_long_comment, f"write {COMMENT_CHARS_MAX} characters at most"),
    Rule("MOD-65", (MASTODON,), _ALTERED, _converted, "send a Note if all of its text is to be shown"),
    Rule("MOD-11", (MASTODON,), _ALTERED, _dropped_elements, "write the content with p, br, a, span and simple marks"),
    Rule("MOD-13", (MASTODON,), _ALTERED, _formulas, "expect formulas to be shown as LaTeX"),
    Rule("MOD-12", (MASTODON,), _ALTERED, _pictures_in_text, "attach pictures: in a text they become links"),
    Rule("MOD-12", (MASTODON,), _ALTERED, _odd_links, "link to addresses of the web: other links become text"),
    Rule("MOD-20", (MASTODON,), _ALTERED, _first_language, "put the language of `content` first into contentMap"),
    Rule("MOD-20", (GOTOSOCIAL,), _ALTERED, _no_language, "repeat `content` under its language in contentMap"),
    Rule(
        "MOD-14", (MASTODON, GOTOSOCIAL, MISSKEY), _ALTERED, _mentioned_not_addressed,
        "address whom it mentions, or they are not notified",
    ),
    Rule(
        "MOD-14", (MASTODON, GOTOSOCIAL, MISSKEY), _ALTERED, _mention_in_text_alone,
        "add a Mention with the actor's id as href, or nobody is notified",
    ),
    Rule("MOD-15", (GOTOSOCIAL,), _ALTERED, _nobody_mentioned, "give a Mention an href or a name"),
    Rule("MOD-17", (MASTODON, GOTOSOCIAL), _ALTERED, _nameless_hashtag, "give a Hashtag the name #word"),
    Rule("MOD-18", (MASTODON,), _ALTERED, _emoji_without_picture, "give an Emoji a name and an icon with a url"),
    Rule("MOD-22", (MASTODON,), _ALTERED, _unreadable_date, "write dates as 2026-01-02T03:04:05Z"),
    Rule("MOD-23", (MISSKEY,), _DROPPED, _from_the_future, "send it when its time has come"),
    Rule("MOD-24", (MASTODON,), _DROPPED, _edit_without_date, "give an edit an `updated` that is newer than the last"),
    Rule("MOD-32", (MISSKEY,), _DROPPED, _page_elsewhere, "serve the page on the host of the id"),
    Rule("MOD-34", (MASTODON,), _ALTERED, _many_attachments, f"attach {ATTACHMENTS_SHOWN_MAX}: others are not shown"),
    Rule("MOD-34", (PIXELFED,), _ALTERED, _unusual_attachment, "give attachments a url, a mediaType, and usual sizes"),
    Rule("MOD-59", (MASTODON,), _ALTERED, _quote_without_stamp, "ask the quoted author, and give quoteAuthorization"),
    Rule("MOD-57", (MISSKEY,), _ALTERED, _quote_of_one_kind, "repeat the quote in _misskey_quote and quoteUrl"),
    Rule(
        "TRU-05", (THREADS,), _ALTERED, _quote_of_one_kind, "repeat the quote in _misskey_quote and quoteUrl",
        second_hand=True,
    ),
)  # fmt: skip
