"""The tree of errors: stable codes, safe texts, bounded context."""

from __future__ import annotations

import inspect
import pickle

import pytest

from fedtext import errors
from fedtext.errors import CONTEXT_CHARS_MAX, FedtextError, SignatureExpired

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, FedtextError)]


def test_every_code_stands_for_one_class() -> None:
    """Codes are public API: unique, dotted, lower case."""
    codes = [cls.code for cls in ALL]
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and code.replace(".", "").replace("_", "").isalpha() for code in codes)


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_every_class_says_what_it_is_and_what_to_answer(cls: type[FedtextError]) -> None:
    """One line of description, an HTTP status, and a code that begins with its parent's."""
    assert cls.__doc__
    assert 400 <= cls.status_hint <= 599
    assert isinstance(cls.permanent, bool)


def test_sec_169_the_public_text_never_echoes_input() -> None:
    """`public_detail` is the class's own sentence unless somebody says otherwise."""
    error = SignatureExpired("created <script> too long ago", created="<script>")
    assert "<script>" not in error.public_detail
    assert SignatureExpired(public_detail="Given.").public_detail == "Given."


def test_sec_168_context_is_one_line_and_bounded() -> None:
    """Line ends, escapes and lone surrogates cannot break a log line; long values are cut."""
    error = FedtextError("x", value="a\r\n\x1b[31m\ud800", long="b" * 10_000)
    text = str(error)
    assert "\n" not in text
    assert "\r" not in text
    assert "\x1b" not in text
    text.encode("utf-8")
    assert len(error.context["long"]) == CONTEXT_CHARS_MAX


@pytest.mark.parametrize(("chars", "cut"), [(CONTEXT_CHARS_MAX, False), (CONTEXT_CHARS_MAX + 1, True)])
def test_the_bound_of_a_value_is_exact(chars: int, *, cut: bool) -> None:
    """At the limit it stands whole; one above it is cut."""
    value = FedtextError("x", value="b" * chars).context["value"]
    assert value.endswith("…") is cut
    assert len(value) == CONTEXT_CHARS_MAX


def test_the_text_teaches() -> None:
    """Code, message, context and hint stand on one line."""
    text = str(SignatureExpired("too old", created_s=1))
    assert text.startswith("signature.expired: too old (created_s=1) [")


def test_errors_survive_a_process_boundary() -> None:
    """A worker may hand one to its parent."""
    assert pickle.loads(pickle.dumps(SignatureExpired("old"))).code == "signature.expired"
