"""Targets of `fedtext.wire`: one text, one value. What is written reads back; others read the same."""

from __future__ import annotations

import json
import re
import zlib
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx

from fedtext.adapters.transports.reading import BodyDecoder
from fedtext.errors import FetchError
from fedtext.wire import (
    acct,
    durations,
    html,
    iri,
    jcs,
    language_tags,
    links,
    media_types,
    structured_fields,
    timestamps,
    uri,
    uri_templates,
)
from fedtext.wire.json import dump, parse_value
from fedtext.wire.retry_after import parse_retry_after

from .target import holds, made, same, text_of, tried

NOW_S = 1_790_000_000.0

# ---- JSON ------------------------------------------------------------------------------------------------------------


def check_json(data: bytes, value: Any) -> None:
    """The usual parser reads the same; what is written reads back, and the canonical text is its own."""
    same(value, json.loads(data))
    same(parse_value(dump(value)), value)
    canonical = tried_canonical(value)
    if canonical is not None:
        same(jcs.canonize(json.loads(canonical, parse_int=float)), canonical)


def tried_canonical(value: Any) -> bytes | None:
    """Give the canonical text, or None for numbers that have none."""
    return tried(jcs.canonize, value)


# ---- structured fields -----------------------------------------------------------------------------------------------

FIELD_KINDS = (
    (structured_fields.parse_list, structured_fields.build_list),
    (structured_fields.parse_dictionary, structured_fields.build_dictionary),
    (structured_fields.parse_item, structured_fields.build_item),
)


def read_fields(data: bytes) -> list[Any]:
    """Read a text as each of the three kinds."""
    text = text_of(data)
    return [tried(parse, text) for parse, _build in FIELD_KINDS]


def check_fields(_data: bytes, values: list[Any]) -> None:
    """What is written reads back, and is written the same again (RFC 9651 section 4.1)."""
    for value, (parse, build) in zip(values, FIELD_KINDS, strict=True):
        if value is None or value in ((), {}):  # an empty list or dictionary is no field at all
            continue
        written = build(value)
        same(parse(written), value)
        same(build(parse(written)), written)


# ---- URIs ------------------------------------------------------------------------------------------------------------

BASE = iri.parse_url("https://a.example/users/1?page=1")


def read_uris(data: bytes) -> dict[str, Any]:
    """Read a text as everything that names something."""
    text = text_of(data)
    return {
        "url": tried(iri.parse_url, text),
        "resolved": tried(iri.resolve, text, BASE),
        "authority": tried(iri.parse_authority, text),
        "host": tried(iri.host_to_ascii, text),
        "uri": tried(uri.parse_uri, text),
        "reference": tried(uri.parse_uri_reference, text),
        "iri": tried(uri.parse_any_iri, text),
        "handle": tried(acct.parse_handle, text),
        "acct": tried(acct.parse_acct_uri, text),
        "expanded": tried(uri_templates.expand, text, {"uri": "acct:a@b.example", "x": "ä/?"}),
    }


def check_uris(data: bytes, found: dict[str, Any]) -> None:
    """The canonical text is its own, and every client of ours goes to the host that we judged (SEC-073, SEC-092)."""
    for url in (found["url"], found["resolved"]):
        if url is not None:
            check_url(url)
    if found["host"] is not None:
        same(iri.host_to_ascii(found["host"]), found["host"])
        iri.is_public_host(found["host"])
    if found["authority"] is not None:
        same(iri.parse_authority(found["authority"]), found["authority"])
    if found["handle"] is not None:
        same(acct.parse_handle(str(found["handle"])), found["handle"])
    if found["uri"] is not None:
        holds(found["iri"] is not None and found["reference"] is not None, data)


def check_url(url: iri.Url) -> None:
    """Two other parsers see the same host, port and target in the canonical text."""
    text = str(url)
    same(iri.parse_url(text, limits=LONG), url)
    split = urlsplit(text)
    same((split.scheme, split.hostname, split.username), (url.scheme, url.host.strip("[]"), None))
    other = httpx.URL(text)
    same((other.scheme, other.raw_host.decode("ascii"), other.port), (url.scheme, url.host.strip("[]"), url.port))


LONG = iri.Limits(iri_chars_max=100_000)  # what is not ASCII grows when it is encoded

# ---- HTML ------------------------------------------------------------------------------------------------------------


def read_html(data: bytes) -> dict[str, Any]:
    """Clean a page and look for links."""
    markup = text_of(data)
    return {
        "clean": html.sanitize(markup),
        "text": html.to_text(markup),
        "page": links.scan_page(markup),
        "alternate": tried(links.find_alternate, "https://a.example/@alice", None, markup),
        "me": links.find_me_links("https://a.example/@alice", markup),
    }


def check_html(_data: bytes, found: dict[str, Any]) -> None:
    """What is shown has the listed elements and attributes alone, and cleaning it again changes nothing."""
    clean = found["clean"]
    same(html.sanitize(clean), clean)
    tags = Tags()
    tags.feed(clean)
    tags.close()
    same(tags.strange, [])
    html.to_text(clean)


class Tags(HTMLParser):
    """Collects what is not on the list of what may be shown."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = html.ATTRIBUTES["*"] | html.ATTRIBUTES.get(tag, frozenset()) | ({"rel"} if tag == "a" else set())
        self.strange += [] if tag in html.ELEMENTS else [tag]
        self.strange += [f"{tag} {name}" for name, _value in attrs if name not in allowed]
        self.strange += [
            f"{name}={value}"
            for name, value in attrs
            if name in ("href", "cite") and not (value or "").lower().startswith(html.LINK_STARTS)
        ]

    def handle_comment(self, data: str) -> None:
        self.strange.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.strange.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.strange.append(f"<?{data}")


# ---- header fields ---------------------------------------------------------------------------------------------------


YEAR_100_S = -59_011_459_200


def read_headers(data: bytes) -> dict[str, Any]:
    """Read a text as every header field, and as every small grammar of documents."""
    text = text_of(data)
    media_types.prefers_html(text)
    media_types.best_of(text, ["application/jrd+json", "application/json"])
    media_types.is_activity(text)
    return {
        "media type": tried(media_types.parse_media_type, text),
        "links": tried(links.parse_link_header, text),
        "retry after": parse_retry_after(text, now_s=NOW_S, seconds_max=86_400),
        "http date": tried(timestamps.parse_http_date, text),
        "date": tried(timestamps.parse_strict, text),
        "lenient date": timestamps.parse_lenient(text),
        "duration": tried(durations.parse_duration, text),
        "lenient duration": durations.parse_duration_lenient(text),
        "language": tried(language_tags.parse_language_tag, text),
    }


def check_headers(data: bytes, found: dict[str, Any]) -> None:
    """What is written reads back; strict and lenient readings agree."""
    if found["links"]:
        written = made(links.build_link_header, found["links"])
        holds(written is None or links.parse_link_header(written) == found["links"], written)
    if found["retry after"] is not None:
        holds(0 <= found["retry after"] <= 86_400, found)
    if found["http date"] is not None:
        written = timestamps.build_http_date(found["http date"])
        same(timestamps.parse_http_date(written), found["http date"])
        if found["http date"] >= YEAR_100_S:  # of one of two digits the standard library makes one of our time
            same(parsedate_to_datetime(written).timestamp(), found["http date"])
    if found["date"] is not None:
        same(found["lenient date"], found["date"])
    if found["lenient date"] is not None:
        holds(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", timestamps.build(found["lenient date"])), data)
    if found["duration"] is not None:
        same(durations.parse_duration(durations.build_duration(found["duration"])), found["duration"])
    if found["language"] is not None:
        same(language_tags.parse_language_tag(found["language"]), found["language"])


# ---- coded bodies ----------------------------------------------------------------------------------------------------

BODY_BYTES_MAX = 65_536


def read_body(data: bytes) -> bytes | None:
    """Undo the coding of an answer that comes in two pieces."""
    half = len(data) // 2
    try:
        decoder = BodyDecoder("gzip", BODY_BYTES_MAX)
        decoder.feed(data[:half])
        decoder.feed(data[half:])
        return decoder.finish()
    except FetchError:
        return None


def check_body(data: bytes, body: bytes) -> None:
    """It is what the usual reader gives, and never more than was allowed (SEC-111, SEC-112)."""
    holds(len(body) <= BODY_BYTES_MAX, len(body))
    if data:
        same(zlib.decompress(data, 16 + zlib.MAX_WBITS), body)
