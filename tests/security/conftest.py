"""Errors say what is written down."""

from tests.spoken import _errors_say_what_is_written_down, _listening

__all__ = ["_errors_say_what_is_written_down", "_listening"]
