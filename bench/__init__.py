"""Measurements of fedtext against floors that are taken in the same run."""
