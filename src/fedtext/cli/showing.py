"""How an examination of signatures is shown: lines for people, records for machines."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from ..http import Request, Response
from ..signatures import Examination, Outcome, Step
from .console import Console, plain
from .examining_documents import DocumentExamination

_WORDS: Final = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNKNOWN: "?"}
_NAME_WIDTH: Final = 9
_ESCAPES: Final = {0x09: "\\t", 0x0D: "\\r", 0x5C: "\\\\"}


def escaped_lines(base: bytes) -> list[str]:
    r"""Give the lines of a signature base so that every byte can be seen.

    Args:
        base: As it is signed.

    Returns:
        One text a line. Every line but the last ends in "\n", which is of it; backslashes, control characters, bytes
        outside of ASCII, and spaces at the end of a line are escapes.
    """
    *lines, last = base.split(b"\n")
    return [f"{_escaped(line)}\\n" for line in lines] + [_escaped(last)]


def _escaped(line: bytes) -> str:
    kept = line.rstrip(b" ")
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else _escape(byte) for byte in kept)
    return text + "\\x20" * (len(line) - len(kept))


def _escape(byte: int) -> str:
    return _ESCAPES.get(byte) or f"\\x{byte:02x}"


def describe(message: Request | Response) -> str:
    """Name a message in a few words."""
    if isinstance(message, Request):
        return f"{message.method} {message.url}, {len(message.body)} bytes of body"
    return f"response {message.status}, {len(message.body)} bytes of body"


def show(console: Console, found: Examination, *, number: int, count: int) -> None:
    """Show one examination: as lines, or as one record."""
    console.tell(as_record(found))
    label = f", label {found.claim.label}" if found.claim is not None and found.claim.label else ""
    console.say(console.style(f"signature {number} of {count}{label}" if count > 1 else "signature", "strong"))
    _show_steps(console, found.steps)
    show_base(console, found.base)
    if found.claim is not None:
        console.say(f"  not covered: {plain(' '.join(found.uncovered)) or 'nothing'}")
    if found.advice:
        console.say("  other servers")
        for advice in found.advice:
            console.say(f"    {advice.text} ({', '.join(advice.servers)}; {advice.rule})")
    console.say(f"  {console.sign(found.is_passed)} {verdict(found)}")


def show_document(console: Console, found: DocumentExamination, *, number: int, count: int) -> None:
    """Show one signature that a document carries: as lines, or as one record."""
    console.tell(document_record(found))
    name = found.suite or "signature"
    console.say(console.style(f"{name}, {number} of {count}" if count > 1 else plain(name), "strong"))
    _show_steps(console, found.steps)
    if found.forms is not None:
        for what, form in zip(("options", "document"), found.forms, strict=True):
            console.say(f"  canonical {what}, {len(form)} bytes, sha-256 {sha256(form).hexdigest()}")
            for line in escaped_lines(form):
                console.say(f"    {line}")
    if found.uncovered:
        console.say(f"  not covered, and dropped: {plain(' '.join(found.uncovered))}")
    console.say(f"  {console.sign(found.is_passed)} {verdict(found)}")


def show_base(console: Console, base: bytes | None) -> None:
    """Show a signature base, its lines numbered."""
    if base is None:
        return
    lines = escaped_lines(base)
    console.say(f"  signature base, {len(base)} bytes")
    width = len(str(len(lines)))
    for number, line in enumerate(lines, 1):
        console.say(f"    {console.style(str(number).rjust(width), 'soft')}  {line}")


def verdict(found: Examination | DocumentExamination) -> str:
    """Say how it ended, in a few words."""
    if found.is_passed:
        return f"verified, with a key of {plain(found.key.owner)}" if found.key and found.key.owner else "verified"
    failed = [step.name for step in found.steps if step.outcome is Outcome.FAILED]
    return f"not verified: {', '.join(failed)}" if failed else "not verified: there is no key; give one with --key"


def _show_steps(console: Console, steps: Sequence[Step]) -> None:
    for step in steps:
        _show_step(console, step)


def _show_step(console: Console, step: Step) -> None:
    colour = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.UNKNOWN: "soft"}[step.outcome]
    word = console.style(_WORDS[step.outcome].ljust(6), colour)
    console.say(f"  {word} {step.name.ljust(_NAME_WIDTH)} {plain(step.detail)}")
    margin = " " * (_NAME_WIDTH + 10)
    if step.error is not None:
        console.say(f"{margin}{console.style(step.error, 'soft')}")
    if step.hint is not None:
        console.say(f"{margin}hint: {plain(step.hint)}")


def as_record(found: Examination) -> dict[str, object]:
    """Give an examination as JSON has it; `base` has one character a byte."""
    claim = found.claim
    return {
        "verified": found.is_passed,
        "key_owner": found.key.owner or None if found.key is not None else None,
        "scheme": claim.scheme.value if claim is not None else None,
        "label": claim.label or None if claim is not None else None,
        "key_id": claim.key_id if claim is not None else None,
        "algorithm": claim.algorithm if claim is not None else None,
        "covered": list(claim.covered) if claim is not None else [],
        "uncovered": list(found.uncovered),
        "created_s": claim.created_s if claim is not None else None,
        "expires_s": claim.expires_s if claim is not None else None,
        "steps": _step_records(found.steps),
        "base": None if found.base is None else found.base.decode("latin-1"),
        "advice": [
            {"text": advice.text, "servers": list(advice.servers), "rule": advice.rule} for advice in found.advice
        ],
    }


def document_record(found: DocumentExamination) -> dict[str, object]:
    """Give an examination of a document as JSON has it; the forms have one character a byte."""
    options, document = (None, None) if found.forms is None else found.forms
    return {
        "verified": found.is_passed,
        "suite": found.suite,
        "key_id": found.key_id,
        "key_owner": found.key.owner or None if found.key is not None else None,
        "created_s": found.created_s,
        "expires_s": found.expires_s,
        "uncovered": list(found.uncovered),
        "steps": _step_records(found.steps),
        "canonical_options": None if options is None else options.decode("latin-1"),
        "canonical_document": None if document is None else document.decode("latin-1"),
    }


def _step_records(steps: Sequence[Step]) -> list[dict[str, object]]:
    return [
        {
            "name": step.name,
            "outcome": step.outcome.value,
            "detail": step.detail,
            "error": step.error,
            "hint": step.hint,
        }
        for step in steps
    ]
