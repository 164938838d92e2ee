"""Run it: `python -m tests.conformance PATH [--topic T]… [--json]`, from the root of the repository."""

from __future__ import annotations

from .runner import main

if __name__ == "__main__":
    raise SystemExit(main())
