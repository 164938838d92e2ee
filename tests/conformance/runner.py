"""Walk a folder of cases, ask the library, compare, and say what came of it.

Exit status: 0 when every case of the topics that are named (all, when none is) passed, was skipped by an override or
is contested within the limit; 1 otherwise; 2 when the folder or a topic is absent. Topics without a function in the
library print "not implemented" and fail only when they are named.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import attrs

from fedtext.errors import FedtextError

from .cases import SCHEMA, Case, NotYet, Overrides, is_refusal, read_json
from .topics import TOPICS

CONTESTED = Path(__file__).with_name("contested.toml")
CONTESTED_SHARE_MAX = 0.01
# A case is judged by the time that this process worked on it; the alarm ends what would never end.
ALARM_FACTOR = 10
SHOWN_CHARS_MAX = 160

PASS, FAIL, SKIP, CONTEST, NOT_YET = "pass", "fail", "skip", "contested", "not_implemented"


class TooLong(BaseException):
    """A case took too long; not an `Exception`, so that nothing on the way catches it."""


@attrs.frozen(kw_only=True)
class Result:
    """What came of one case."""

    name: str
    outcome: str
    want: str = ""
    got: str = ""
    contestable: bool = False


@attrs.frozen(kw_only=True)
class Report:
    """What came of one topic."""

    topic: str
    results: tuple[Result, ...]

    def count(self, outcome: str) -> int:
        """Give the number of cases with this outcome."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def total(self) -> int:
        """How many cases were to be run; those that an override skips left out."""
        return len(self.results) - self.count(SKIP)

    @property
    def is_implemented(self) -> bool:
        """Whether every case of every file can be run."""
        return self.count(NOT_YET) == 0

    @property
    def failures(self) -> list[Result]:
        """The cases that fail."""
        return [result for result in self.results if result.outcome == FAIL]

    @property
    def line(self) -> str:
        """What is printed of it."""
        not_yet = self.count(NOT_YET)
        if not_yet and not_yet == self.total:
            return f"{self.topic} not implemented"
        notes = [
            f"{self.count(outcome)} {text}"
            for outcome, text in ((SKIP, "skipped"), (CONTEST, "contested"), (NOT_YET, "not implemented"))
            if self.count(outcome)
        ]
        return f"{self.topic} {self.count(PASS)}/{self.total}" + (f" ({', '.join(notes)})" if notes else "")

    def passes(self, *, named: bool) -> bool:
        """Tell whether the topic counts as passed."""
        return not self.failures and (self.is_implemented or not named)


def run_topic(topic: str, folder: Path, contested: dict[str, str] | None = None) -> Report:
    """Run all cases of one topic.

    Args:
        topic: One of `TOPICS`.
        folder: That holds its files.
        contested: Name of the case to reason; default: those of `contested.toml`.
    """
    contested = read_contested() if contested is None else contested
    results: list[Result] = []
    names: Counter[str] = Counter()
    try:
        overrides = Overrides.read(folder)
        for case in TOPICS[topic](folder, overrides):
            name = f"{topic}/{case.file}#{case.id}"
            names[name] += 1
            results.append(run_case(name if names[name] == 1 else f"{name}#{names[name]}", case, overrides))
    except Exception as error:  # a case without its verdict, a file that is no JSON: said as loudly as a wrong answer
        last = next(reversed(names), topic)
        got = f"{type(error).__name__}: {error}"
        results.append(Result(name=f"{last} (what follows)", outcome=FAIL, want="a readable case", got=_shown(got)))
    return Report(topic=topic, results=tuple(_contest(results, contested)))


def run_case(name: str, case: Case, overrides: Overrides) -> Result:
    """Run one case and judge it."""
    if case.skip:
        return Result(name=name, outcome=SKIP)
    upstream = case.want if case.upstream is None else case.upstream
    override = overrides.find(case.id, upstream, own=case.own)
    if override is not None:
        if override.skip:
            return Result(name=name, outcome=SKIP)
        case = attrs.evolve(case, want=override.want)
    started_s = time.process_time()
    try:
        with alarm(case.seconds_max * ALARM_FACTOR):
            got, raised = _ask(case)
            right = any((raised and is_refusal(want)) or case.same(want, got) for want in case.want)
    except NotYet:
        return Result(name=name, outcome=NOT_YET)
    except TooLong:
        right, got = False, "hang"
    except Exception as error:  # whatever is no error of the library is a failure, also where anything is right
        right, got = False, f"{type(error).__name__}: {error}"
    if right and time.process_time() - started_s > case.seconds_max:
        right, got = False, f"more than {case.seconds_max} s"
    want = " or ".join(_shown(item) for item in case.want)
    if right:
        return Result(name=name, outcome=PASS)
    return Result(name=name, outcome=FAIL, want=want, got=_shown(got), contestable=not case.is_refusal)


def _ask(case: Case) -> tuple[Any, bool]:
    """Give the verdict, and whether it is that the library refused."""
    try:
        return case.run(), False
    except FedtextError:
        return case.refused, True


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """End what takes too long; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_contested(path: Path = CONTESTED) -> dict[str, str]:
    """Read which cases we can show to be wrong: name of the case to reason.

    Raises:
        ValueError: One of them has no reason.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("contested", [])
    found = {str(entry["case"]): str(entry.get("reason", "")) for entry in entries}
    if not all(found.values()):
        raise ValueError("a contested case needs a reason")
    return found


def _contest(results: list[Result], contested: dict[str, str]) -> list[Result]:
    """Let contested cases count as such: at most 1 % of a topic, and none in which something is to be refused."""
    left = int(CONTESTED_SHARE_MAX * sum(result.outcome != SKIP for result in results))
    judged: list[Result] = []
    for result in results:
        if result.outcome == FAIL and result.name in contested and result.contestable and left > 0:
            left -= 1
            judged.append(attrs.evolve(result, outcome=CONTEST))
        else:
            judged.append(result)
    return judged


def unread(report: Report, folder: Path) -> list[str]:
    """Name the files of our schema in a topic's folder of which no case was run: nobody knows how."""
    ran = {result.name.partition("#")[0].partition("/")[2] for result in report.results}
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.json"))}
    return [name for name, path in paths.items() if name not in ran and _has_cases(path)]


def _has_cases(path: Path) -> bool:
    try:
        document = read_json(path)
    except ValueError:  # the JSON suites hold what is none
        return False
    return isinstance(document, dict) and document.get("schema") == SCHEMA and bool(document.get("cases"))


def run(root: Path, topics: Sequence[str], say: Callable[[str], None]) -> list[Report]:
    """Run topics one after the other and say each one's line and failures."""
    reports: list[Report] = []
    for topic in topics:
        report = run_topic(topic, root / topic)
        reports.append(report)
        for name in unread(report, root / topic):
            print(f"not known as a file of cases: {topic}/{name}", file=sys.stderr)
        say(report.line)
        for failure in report.failures:
            say(f"  {failure.name}: want {failure.want}, got {failure.got}")
    return reports


def as_json(reports: Sequence[Report]) -> str:
    """Give the reports as one JSON object."""
    outcomes = (PASS, FAIL, SKIP, CONTEST, NOT_YET)
    return json.dumps(
        {
            "topics": {report.topic: {outcome: report.count(outcome) for outcome in outcomes} for report in reports},
            "failures": [
                {"case": failure.name, "want": failure.want, "got": failure.got}
                for report in reports
                for failure in report.failures
            ],
        },
        indent=1,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from the command line; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="Run the conformance cases.")
    parser.add_argument("path", type=Path, help="folder with one folder a topic")
    parser.add_argument("--topic", action="append", default=[], metavar="T", help="only this one; may be repeated")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    named = list(dict.fromkeys(options.topic))
    absent = [topic for topic in named if topic not in TOPICS or not (options.path / topic).is_dir()]
    if not options.path.is_dir() or absent:
        print(f"absent: {', '.join(absent) or options.path}", file=sys.stderr)
        return 2
    topics = named or [topic for topic in TOPICS if (options.path / topic).is_dir()]
    unknown = [] if named else sorted(p.name for p in options.path.iterdir() if p.is_dir() and p.name not in TOPICS)
    if unknown:
        print(f"not known as topics: {', '.join(unknown)}", file=sys.stderr)
    reports = run(options.path, topics, (lambda _line: None) if options.json else print)
    if options.json:
        print(as_json(reports))
    return 0 if all(report.passes(named=bool(named)) for report in reports) else 1
