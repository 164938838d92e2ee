"""What a server answered: the questions, the answers, and what can be read from them. Plain values; nothing is asked.

Invariants: a question that was not asked has no answer, and is no fault; one that was asked and got no answer has one
without a response, and a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import attrs

from ...errors import FedtextError, MalformedText
from ...http import Response
from ...vocab import Actor, load
from ...wire.acct import Handle
from ...wire.iri import Url, parse_url
from ...wire.json import JsonObject, parse_object
from ...wire.timestamps import parse_http_date

WORDS_BYTES_MAX: Final = 100
_SECURE_STATUSES: Final = (401, 403)


class Question(Enum):
    """What a server is asked; GET where it is not said otherwise, unsigned where it is not said otherwise."""

    PAGE = "page"  # the actor's id, as a browser
    ACTOR = "actor"  # the actor's id, as a server
    ACTOR_AS_LD = "actor_as_ld"  # the same, by the other media type
    ACTOR_SIGNED = "actor_signed"  # the same, signed
    PROFILE = "profile"  # the actor's page for people, at its `url`
    WEBFINGER = "webfinger"  # about the actor's handle
    WEBFINGER_HOME = "webfinger_home"  # about the actor's name at the host of its id, where the handle has another
    WEBFINGER_STRANGER = "webfinger_stranger"  # about a name that nobody has
    WEBFINGER_SERVER = "webfinger_server"  # about the server itself
    SERVER_ACTOR = "server_actor"  # the actor that is named there
    NODEINFO_INDEX = "nodeinfo_index"
    NODEINFO = "nodeinfo"
    POST_UNSIGNED = "post_unsigned"  # an activity to the inbox
    POST_SHARED = "post_shared"  # the same to the shared inbox
    POST_AS_LD = "post_as_ld"  # the same by the other media type
    POST_MISTYPED = "post_mistyped"  # the same as plain text
    POST_FORGED = "post_forged"  # signed with a key that is not the one published under its id
    POST_SIGNED = "post_signed"  # signed as it should be
    POST_TAMPERED = "post_tampered"  # signed, with another body


@attrs.frozen(kw_only=True)
class Answer:
    """What came of one question.

    Args:
        response: None: there was none.
        hops: Addresses that were asked, in order; more than one: there were redirects.
        problem: Why there is no response.
        seen_s: When it came, by our clock, in seconds since the epoch.
    """

    response: Response | None
    hops: tuple[str, ...] = ()
    problem: str = ""
    seen_s: float = 0.0

    @property
    def status(self) -> int:
        """The status; 0 where there is no response."""
        return 0 if self.response is None else self.response.status

    @property
    def media_type(self) -> str:
        """The Content-Type as received; "" where there is none."""
        return "" if self.response is None else self.response.media_type

    @property
    def body(self) -> bytes:
        """The body; empty where there is no response."""
        return b"" if self.response is None else self.response.body

    @property
    def document(self) -> JsonObject | None:
        """The object in an answer of 200; None where there is none."""
        return document_of(self.response) if self.response is not None and self.status == 200 else None

    def header(self, name: str) -> str:
        """Give a header; "" where there is none."""
        return "" if self.response is None else self.response.headers.get(name) or ""

    @property
    def words(self) -> str:
        """What the body says, in one short line."""
        return " ".join(self.body[:WORDS_BYTES_MAX].decode("utf-8", "replace").split())

    def told(self) -> str:
        """Say in a few words what came."""
        if self.response is None:
            return f"no answer: {self.problem}"
        return f"{self.status}, {self.media_type or 'no media type'}"


def document_of(response: Response) -> JsonObject | None:
    """Give the object in a body; None where there is none."""
    try:
        return parse_object(response.body)
    except FedtextError:
        return None


@attrs.frozen(kw_only=True)
class Facts:
    """All that is known of a server.

    Args:
        actor_id: The actor that was asked for; None: none was found.
        handle: That it claims, or that was asked for.
        answers: By question.
        disguises: Under which other hosts a signed request was tried, and whether it was taken.
        is_key_asked_for: Whether the server asked for the key of whoever signed; None: the key is published elsewhere.
        is_development: The server is on this machine.
    """

    actor_id: str | None = None
    handle: Handle | None = None
    answers: Mapping[Question, Answer] = attrs.field(factory=dict[Question, Answer])
    disguises: Mapping[str, bool] = attrs.field(factory=dict[str, bool])
    is_key_asked_for: bool | None = None
    is_development: bool = False

    def of(self, question: Question) -> Answer | None:
        """Give an answer; None: it was not asked."""
        return self.answers.get(question)

    def response(self, question: Question) -> Answer | None:
        """Give an answer that came; None: it was not asked, or did not come."""
        answer = self.answers.get(question)
        return answer if answer is not None and answer.response is not None else None

    @property
    def is_secure(self) -> bool:
        """Tell whether actors are given to signed requests alone."""
        answer = self.of(Question.ACTOR)
        return answer is not None and answer.status in _SECURE_STATUSES

    @property
    def served(self) -> Answer | None:
        """The answer that holds the actor: to an unsigned request, or in secure mode to a signed one."""
        return self.response(Question.ACTOR_SIGNED if self.is_secure else Question.ACTOR)

    @property
    def document(self) -> JsonObject | None:
        """The actor's document."""
        answer = self.served
        return None if answer is None else answer.document

    @property
    def actor(self) -> Actor | None:
        """The actor, where its document is one that can be read."""
        document = self.document
        try:
            found = None if document is None else load(document)
        except FedtextError:
            return None
        return found if isinstance(found, Actor) else None

    @property
    def url(self) -> Url | None:
        """The actor's id, taken apart."""
        return url_of(self.actor_id)

    @property
    def clock_off_s(self) -> float | None:
        """How many seconds the server's clock is ahead of ours; negative: behind; None: it does not say."""
        for question in (Question.POST_UNSIGNED, Question.ACTOR, Question.NODEINFO_INDEX):
            answer = self.response(question)
            try:
                date_s = None if answer is None else parse_http_date(answer.header("date"))
            except MalformedText:
                continue
            if answer is not None and date_s is not None:
                age = answer.header("age")  # a copy from a cache is dated when it was made
                return date_s + (int(age[:9]) if age[:9].isdigit() else 0) - answer.seen_s
        return None


def url_of(value: object) -> Url | None:
    """Take an address apart; None where it is none."""
    try:
        return parse_url(value) if isinstance(value, str) else None
    except FedtextError:
        return None
