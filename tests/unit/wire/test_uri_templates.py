"""URI templates: what comes out, and what is no template."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fedtext.errors import FedtextError, LimitExceeded, MalformedText
from fedtext.wire.uri_templates import EXPANDED_CHARS_MAX, TEMPLATE_CHARS_MAX, expand

VARIABLES: dict[str, str | None] = {
    "user": "alice",
    "uri": "https://b.example/@bob?a=1&b=2#c",
    "path": "/a b/%2F/100%",
    "escapes": "%00%f0%0G%",
    "empty": "",
    "none": None,
    "word": "Grüße",
    "a.b": "dot",
    "a%20b": "escaped name",
}

EXPANDED = {
    "": "",
    "https://a.example/": "https://a.example/",
    "{user}": "alice",
    "{uri}": "https%3A%2F%2Fb.example%2F%40bob%3Fa%3D1%26b%3D2%23c",
    "https://a.example/i{?uri}": "https://a.example/i?uri=https%3A%2F%2Fb.example%2F%40bob%3Fa%3D1%26b%3D2%23c",
    "{+uri}": "https://b.example/@bob?a=1&b=2#c",
    "{path}": "%2Fa%20b%2F%252F%2F100%25",
    "{+path}": "/a%20b/%2F/100%25",
    "{+escapes}{escapes}": "%00%f0%250G%25%2500%25f0%250G%25",
    "{#path}": "#/a%20b/%2F/100%25",
    "{word}": "Gr%C3%BC%C3%9Fe",
    "{+word}": "Gr%C3%BC%C3%9Fe",
    "é{user}\ue000\U0001f600": "%C3%A9alice%EE%80%80%F0%9F%98%80",
    "it's{user}": "it'salice",
    "%41{user}": "%41alice",
    "{none}{absent}": "",
    "x{?none,absent}": "x",
    "{?none,user,empty}": "?user=alice&empty=",
    "{&user}": "&user=alice",
    "{;user,empty}": ";user=alice;empty",
    "{/user,none,empty}": "/alice/",
    "{.user,empty}": ".alice.",
    "{user,none,empty,user}": "alice,,alice",
    "{a.b}{?a%20b}": "dot?a%20b=escaped%20name",
    "{USER}": "",
}

REFUSED = [
    "{",
    "}",
    "{}",
    "{?}",
    "a{b",
    "a}b",
    "{a{b}}",
    "{a,}",
    "{,a}",
    "{a b}",
    "{a-b}",
    "{a..b}",
    "{.}",
    "{a.}",
    "{ä}",
    "{%4}",
    "{a*}",
    "{a:3}",
    "{?a*,b}",
    "{=a}",
    "{!a}",
    "{|a}",
    "{@a}",
    "{,a}",
    "{??a}",
    "a b",
    "%",
    "%4",
    "%zz",
    '"',
    "<",
    ">",
    "\\",
    "^",
    "`",
    "|",
    "a\n",
    "\x7f",
    "\x9f",
    "\ud800",
    "\ufffe",
    "\U0001ffff",
]


@pytest.mark.parametrize(("template", "expanded"), EXPANDED.items())
def test_expansions(template: str, expanded: str) -> None:
    assert expand(template, VARIABLES) == expanded


@pytest.mark.parametrize("template", REFUSED)
def test_what_is_no_template_of_three_levels(template: str) -> None:
    for whole in (template, f"https://a.example/{{user}}{template}", f"{template}{{user}}/x"):
        with pytest.raises(MalformedText):
            expand(whole, VARIABLES)


def test_every_character_is_a_literal_escaped_or_refused() -> None:
    """Section 2.1 with erratum 6937, for all of the first plane and the ends of the others."""
    reserved = set(":/?#[]@!$&'()*+,;=-._~")
    ends = [plane << 16 | end for plane in range(1, 17) for end in (0, 0xFFF, 0x1000, 0xFFFD, 0xFFFE)]
    for code in [*range(0x10000), *ends]:
        character = chr(code)
        if character.isascii():
            allowed = character.isalnum() or character in reserved
        else:
            allowed = 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFDD0 or 0xFDF0 <= code < 0xFFF0
            allowed = allowed or (code > 0xFFFF and code & 0xFFFF <= 0xFFFD)
            # Section 1.5: in plane 14 ucschar begins behind the tags, and iprivate is in planes 15 and 16 only.
            allowed = allowed and not 0xE0000 <= code <= 0xE0FFF
        try:
            expanded = expand(character, {})
        except MalformedText:
            assert not allowed, hex(code)
        else:
            assert allowed, hex(code)
            assert expanded == "".join(
                chr(byte) if character.isascii() else f"%{byte:02X}" for byte in character.encode()
            )


@pytest.mark.parametrize("template", ["{a}", "{+a}", "{?a}"])
def test_lone_surrogates_are_refused(template: str) -> None:
    with pytest.raises(MalformedText):
        expand(template, {"a": "\udc00"})


def test_so_long_and_no_longer() -> None:
    assert len(expand("x" * TEMPLATE_CHARS_MAX, {})) == TEMPLATE_CHARS_MAX
    with pytest.raises(LimitExceeded):
        expand("x" * (TEMPLATE_CHARS_MAX + 1), {})
    assert len(expand("{a}{a}", {"a": "x" * (EXPANDED_CHARS_MAX // 2)})) == EXPANDED_CHARS_MAX
    assert len(expand("{a}", {"a": "x" * EXPANDED_CHARS_MAX})) == EXPANDED_CHARS_MAX
    for template, value in (
        ("{a}{a}x", "x" * (EXPANDED_CHARS_MAX // 2)),
        ("{a}", "x" * (EXPANDED_CHARS_MAX + 1)),
        ("{a}" * 2_000, "ä" * 10_000),
    ):
        with pytest.raises(LimitExceeded):
            expand(template, {"a": value})


def is_of_three_levels(template: str, variables: dict[str, Any]) -> bool:
    expressions = re.findall(r"\{([^{}]*)\}", template)
    names = [name for expression in expressions for name in re.split(r"[,+#./;?&]", expression)]
    return not any("*" in name or ":" in name or isinstance(variables.get(name), list | dict) for name in names)


@pytest.mark.vectors("uri-template/*.json")
def test_shared_cases(vector_file: Path) -> None:
    for title, group in json.loads(vector_file.read_text("utf-8")).items():
        given = {name: str(v) for name, v in group["variables"].items() if isinstance(v, str | int | float)}
        for template, wanted in group["testcases"]:
            if wanted is not False and not is_of_three_levels(template, group["variables"]):
                continue
            try:
                expanded = expand(template, given)
            except FedtextError:
                assert wanted is False, f"{title}#{template}"
            else:
                assert expanded in (wanted if isinstance(wanted, list) else [wanted]), f"{title}#{template}"
