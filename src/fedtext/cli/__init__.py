"""The command line: a person's door."""

from .entry import main

__all__ = ["main"]
