"""Fixtures of the doors' tests."""
