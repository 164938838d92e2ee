"""What a server answers when something is posted to it, and how late it is by its own clock."""

from __future__ import annotations

from typing import Final

from .actor_checks import NEEDS_KEY
from .facts import Answer, Facts, Question
from .judging import EVERYBODY, Check, Seen, bad, check, good

_REFUSALS: Final = (400, 401, 403)
_TYPE_REFUSALS: Final = (406, 415)
_MISDIRECTED: Final = 421
# Takahē refuses what is older; the others that look at Date take five minutes.
CLOCK_OFF_S_MAX: Final = 60.0
_CLOCK_OFF_S_LAST: Final = 300.0


@check(
    "inbox.unsigned", "what is not signed is refused",
    rules=("SIG-26", "SEC-005"), peers=EVERYBODY,
    mend="answer an activity that is not signed with 401",
)  # fmt: skip
def inbox_unsigned(facts: Facts) -> Seen | None:
    """Whoever takes it believes everybody; who answers with a redirect or an error of its own is never delivered to."""
    return _refused(facts.of(Question.POST_UNSIGNED))


@check(
    "inbox.shared", "so it is at the shared inbox",
    rules=("SIG-26", "SEC-005"), peers=EVERYBODY,
    mend="answer an activity that is not signed with 401 at the shared inbox, too",
)  # fmt: skip
def inbox_shared(facts: Facts) -> Seen | None:
    """Most deliveries go there."""
    return _refused(facts.of(Question.POST_SHARED))


@check(
    "inbox.status", "it is refused with 401",
    rules=("SIG-26", "SIG-31"), peers=("Mastodon", "Misskey"), is_warning=True,
    mend="answer 401, and nothing else: then peers sign in another way, or try again later",
)  # fmt: skip
def inbox_status(facts: Facts) -> Seen | None:
    """A 403 ends the matter for most; 400 is right for a body that cannot be read, which this one could."""
    answer = facts.response(Question.POST_UNSIGNED)
    if answer is None or answer.status not in _REFUSALS:
        return None
    return Seen(answer.status == 401, f"unsigned: {answer.status}")


@check(
    "inbox.as_ld", "activities come as ld+json, too",
    rules=("INB-01",), peers=("GoToSocial",),
    mend="take application/ld+json with the profile in the inbox as you take application/activity+json",
)  # fmt: skip
def inbox_as_ld(facts: Facts) -> Seen | None:
    """GoToSocial sends nothing else."""
    answer = facts.of(Question.POST_AS_LD)
    if answer is None:
        return None
    return Seen(answer.response is not None and answer.status not in _TYPE_REFUSALS, f"as ld+json: {_told(answer)}")


@check(
    "inbox.mistyped", "plain text is no activity",
    rules=("INB-01",), peers=EVERYBODY,
    mend="take application/activity+json and ld+json with the profile alone: pages of others can post plain text",
)  # fmt: skip
def inbox_mistyped(facts: Facts) -> Seen | None:
    """It is the same activity, unsigned, under another media type."""
    answer = facts.of(Question.POST_MISTYPED)
    if answer is None:
        return None
    return Seen(answer.status in (*_REFUSALS, *_TYPE_REFUSALS), f"as plain text: {_told(answer)}")


@check(
    "inbox.forged", "a signature that is none is refused",
    rules=("SIG-27",), peers=EVERYBODY,
    mend="verify before you answer: after 2xx a peer believes that it was understood, and never signs in the other way",
)  # fmt: skip
def inbox_forged(facts: Facts) -> Seen | None:
    """The key is another than the one under its id, or nowhere; 5xx says that it cannot be had now."""
    answer = facts.response(Question.POST_FORGED)
    return None if answer is None else Seen(not 200 <= answer.status < 400, f"with a foreign key: {answer.status}")


@check(
    "inbox.signed", "what is signed is taken",
    rules=("INB-03", "SIG-01"), peers=EVERYBODY,
    mend="see what `fedtext verify` says of such a request, or `fedtext inbox` of what your server sends",
    needs=NEEDS_KEY,
)  # fmt: skip
def inbox_signed(facts: Facts) -> Seen | None:
    """As every peer signs: draft-cavage, RSA-SHA256, over (request-target), host, date and digest."""
    answer = facts.of(Question.POST_SIGNED)
    if answer is None:
        return None
    if 200 <= answer.status < 300:
        return good(f"signed: {answer.status}")
    cause = ", and the key was never asked for" if facts.is_key_asked_for is False else f" {answer.words}"
    return bad(f"signed: {_told(answer)}{cause}")


@check(
    "inbox.tampered", "a body that was exchanged is refused",
    rules=("SIG-04", "SEC-041"), peers=EVERYBODY,
    mend="compare the digest with the bytes of the body, before they are parsed",
    needs=NEEDS_KEY,
)  # fmt: skip
def inbox_tampered(facts: Facts) -> Seen | None:
    """It says nothing where a good one is refused, too."""
    answer, taken = facts.response(Question.POST_TAMPERED), facts.of(Question.POST_SIGNED)
    if answer is None or taken is None or not 200 <= taken.status < 300:
        return None
    return Seen(400 <= answer.status < 500, f"with another body: {answer.status}")


@check(
    "host.passed_on", "the proxy passes Host on",
    rules=("SIG-14",), peers=EVERYBODY,
    mend="let the proxy pass Host on as it came (nginx: proxy_set_header Host $host): every signature covers it",
    needs=NEEDS_KEY,
)  # fmt: skip
def host_passed_on(facts: Facts) -> Seen | None:
    """What was signed for another host, and is taken as if for that, shows which one the application sees."""
    posted = (facts.response(question) for question in (Question.POST_SIGNED, Question.POST_UNSIGNED))
    if any(answer is not None and answer.status == _MISDIRECTED for answer in posted):
        return bad("421: the application does not know itself by the host that was asked for")
    taken = [host for host, is_taken in facts.disguises.items() if is_taken]
    if taken:
        return bad(f"it takes a request that is signed for {taken[0]}: that is the Host that it sees")
    signed = facts.response(Question.POST_SIGNED)
    return good("a signature over it verifies") if signed is not None and 200 <= signed.status < 300 else None


@check(
    "clock.minute", "the clock, to the minute",
    rules=("SIG-05",), peers=("Takahē",),
    mend="let the machine keep its time by NTP",
)  # fmt: skip
def clock_minute(facts: Facts) -> Seen | None:
    """Takahē allows 60 s."""
    return _clock(facts, CLOCK_OFF_S_MAX)


@check(
    "clock.five_minutes", "the clock",
    rules=("SIG-05",), peers=("BookWyrm", "Friendica", "Mastodon", "Misskey"),
    mend="let the machine keep its time by NTP",
)  # fmt: skip
def clock_five_minutes(facts: Facts) -> Seen | None:
    """The others that look at it allow 300 s and more."""
    return _clock(facts, _CLOCK_OFF_S_LAST)


def _clock(facts: Facts, off_s_max: float) -> Seen | None:
    off_s = facts.clock_off_s
    if off_s is None:
        return None
    return Seen(abs(off_s) <= off_s_max, f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} ours")


def _refused(answer: Answer | None) -> Seen | None:
    return None if answer is None else Seen(answer.status in _REFUSALS, f"unsigned: {_told(answer)}")


def _told(answer: Answer) -> str:
    return f"{answer.status}" if answer.response is not None else answer.told()


CHECKS: Final[tuple[Check, ...]] = (
    inbox_unsigned,
    inbox_shared,
    inbox_status,
    inbox_as_ld,
    inbox_mistyped,
    inbox_forged,
    inbox_signed,
    inbox_tampered,
    host_passed_on,
    clock_minute,
    clock_five_minutes,
)
