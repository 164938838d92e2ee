"""Fuzzing: bytes of any kind into what reads the words of strangers. `run.py` says how, `targets.py` what."""
