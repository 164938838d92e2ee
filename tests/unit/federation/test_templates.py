"""Paths to parameters and back; no two paths name one thing (SEC-015)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import ConfigurationError
from fedtext.federation.templates import parse_template

USERS = parse_template("/users/{pk}")
NUMBERS = parse_template("/posts/{pk:int}")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users/7", {"pk": "7"}),
        ("/users/a", {"pk": "a"}),
        ("/users/a%20b", {"pk": "a b"}),
        ("/users/%C3%A9", {"pk": "é"}),
        ("/users/a;x", {"pk": "a;x"}),
        ("/users/a@b", {"pk": "a@b"}),
        ("/users/" + "a" * 512, {"pk": "a" * 512}),
    ],
)
def test_what_matches_expands_to_the_path_that_was_matched(path, expected):
    found = USERS.match(path)
    assert found == expected
    assert USERS.expand(found) == path


TRICKS = [
    "/users/",
    "/users//",
    "//users/a",
    "/users/a/",
    "/users/a/b",
    "/users/a/../b",
    "/users/..",
    "/users/.",
    "/users/%2e%2e",
    "/users/%2E",
    "/users/a%2fb",
    "/users/a%2Fb",
    "/users/a%00",
    "/users/%00",
    "/users/a%0d%0aX",
    "/users/%c3%a9",
    "/users/%C3",
    "/users/%E2%80%8B",
    "/users/%E2%80%AEx",
    "/users/é",
    "/users/a b",
    "/users/%61",
    "/users/%",
    "/users/%zz",
    "/users/a?x",
    "/users/" + "a" * 513,
    "/Users/a",
    "users/a",
    "",
    "/",
]


@pytest.mark.parametrize("path", TRICKS)
def test_sec_015_path_tricks_match_nothing(path):
    assert USERS.match(path) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/posts/0", "0"), ("/posts/7", "7"), ("/posts/123456789012345678", "123456789012345678")]
    + [(f"/posts/{bad}", None) for bad in ("07", "-1", "+1", "1.0", "٧", "x", "1_0", "1234567890123456789", "%37")],
)
def test_a_number_is_written_in_one_way(path, expected):
    found = NUMBERS.match(path)
    assert (found or {}).get("pk") == expected


@given(st.text(min_size=1, max_size=40))
def test_whatever_expands_is_found_again(value):
    try:
        path = USERS.expand({"pk": value})
    except ConfigurationError:
        return
    assert USERS.match(path) == {"pk": value}


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\0", "a\n", "\u200b", "x" * 513])
def test_what_cannot_stand_in_a_path_is_refused(value):
    with pytest.raises(ConfigurationError):
        USERS.expand({"pk": value})


def test_numbers_of_the_application_are_text_in_the_path():
    assert NUMBERS.expand({"pk": 7}) == "/posts/7"
    with pytest.raises(ConfigurationError):
        NUMBERS.expand({"pk": "seven"})


def test_a_missing_parameter_is_named():
    with pytest.raises(ConfigurationError) as caught:
        parse_template("/u/{pk}/posts/{id}").expand({"pk": "1"})
    assert caught.value.context["parameter"] == "id"


def test_parameters_come_in_order():
    template = parse_template("/u/{pk}/posts/{id:str}")
    assert template.parameters == ("pk", "id")
    assert template.match("/u/1/posts/2") == {"pk": "1", "id": "2"}


@pytest.mark.parametrize(
    "text",
    ["", "users", "/users/", "//x", "/a?b", "/a#b", "/u{pk}", "/{pk}x", "/{}", "/{p k}", "/{pk:uuid}", "/{pk}/{pk}"],
)
def test_templates_are_plain(text):
    with pytest.raises(ConfigurationError):
        parse_template(text)
