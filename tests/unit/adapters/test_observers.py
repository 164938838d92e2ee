from __future__ import annotations

import json
import logging

import pytest

from fedtext.adapters.observers import LoggingObserver, NullObserver, RecordingObserver
from fedtext.ports import Event

EVENT = Event(name="inbox.received", fields={"actor": 'https://a.example/\n"x"', "ms": 1.5, "new": True, "why": None})


def test_an_event_is_one_line_of_json(caplog):
    with caplog.at_level(logging.INFO, logger="fedtext"):
        LoggingObserver().emit(EVENT)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("fedtext", logging.INFO)
    assert "\n" not in record.getMessage()
    assert json.loads(record.getMessage()) == {"event": "inbox.received", **EVENT.fields}


def test_percent_signs_are_no_format(caplog):
    with caplog.at_level(logging.INFO, logger="fedtext"):
        LoggingObserver().emit(Event(name="n", fields={"v": "%s %d 100%"}))
    assert json.loads(caplog.messages[0])["v"] == "%s %d 100%"


@pytest.mark.parametrize("value", [b"bytes", object(), {1}], ids=["bytes", "object", "set"])
def test_a_value_of_a_wrong_type_does_not_raise(caplog, value):
    with caplog.at_level(logging.INFO, logger="fedtext"):
        LoggingObserver().emit(Event(name="n", fields={"v": value}))
    assert len(caplog.records) == 1


def test_logger_and_level_are_chosen_and_a_silent_logger_costs_nothing(caplog):
    observer = LoggingObserver(logging.getLogger("mine"), level=logging.DEBUG)
    with caplog.at_level(logging.INFO, logger="mine"):
        observer.emit(Event(name="n"))
    with caplog.at_level(logging.DEBUG, logger="mine"):
        observer.emit(Event(name="n"))
    assert [(record.name, record.levelno) for record in caplog.records] == [("mine", logging.DEBUG)]


def test_recording_keeps_and_null_forgets():
    recording = RecordingObserver()
    for observer in (recording, NullObserver()):
        observer.emit(EVENT)
        observer.emit(Event(name="other"))
    assert [event.name for event in recording.events] == ["inbox.received", "other"]
    assert recording.named("inbox.received") == [EVENT]
