"""Every rule of security is shown at every edge, or it is said why not; every published flaw has its tests."""

from __future__ import annotations

import pytest
from tests import security_matrix as matrix


def test_every_rule_has_a_line_and_there_are_no_others() -> None:
    assert list(matrix.rules()) == [f"SEC-{number:03}" for number in range(1, matrix.COUNT + 1)]


def test_what_is_not_shown_at_an_edge_has_a_reason() -> None:
    assert matrix.holes() == []


def test_every_rule_that_is_shown_has_a_test_of_its_name() -> None:
    assert matrix.unnamed() == []


def test_every_gap_says_something() -> None:
    for gap in matrix.gaps():
        assert set(gap.rules) <= matrix.rules().keys()
        assert gap.edges
        assert len(gap.reason) > 10


def test_every_published_flaw_has_tests_that_name_it() -> None:
    assert matrix.unmapped() == []
    ids = [name for advisory in matrix.advisories() for name in (advisory.id, *advisory.also)]
    assert len(ids) == len(set(ids))


def test_a_flaw_without_a_test_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def complaints(**members: object) -> list[str]:
        given = {"id": "CVE-1", "who": "x", "what": "x", "rules": ["SEC-001"], **members}
        monkeypatch.setattr(matrix, "advisories", lambda: [matrix.Advisory(**given)])
        return matrix.unmapped()

    limit = "security/test_doors.py::test_sec_001_the_limit_is_exact"
    assert complaints() == ["CVE-1: no rule or no test"]
    assert complaints(tests=["x.py::test_x"]) == ["CVE-1: there is no test x.py::test_x"]
    assert complaints(tests=[limit]) == [f"CVE-1: {limit} does not name it"]
    assert complaints(tests=[limit], rules=["SEC-002"]) == [f"CVE-1: {limit} shows none of its rules"]


def test_the_page_says_what_is_known_and_no_hearsay() -> None:
    page = matrix.draw()
    for advisory in matrix.advisories():
        assert (f"| {advisory.id}" in page) is advisory.told


MODULE = """
import pytest
pytestmark = pytest.mark.edges("asgi", "wsgi")
EVERYWHERE = pytest.mark.edges("pure", "asgi", "wsgi")
CASES = [("SEC-003 one", 1), ("SEC-004 two", 2)]
MORE = {"SEC-0050 is none": 1, "SEC-005 is one": 2}

def test_sec_001_by_its_name(): ...

@EVERYWHERE
@pytest.mark.spec("SEC-002", "INB-01")
def test_by_its_marker(): ...

@pytest.mark.edges("pure")
@pytest.mark.parametrize("case", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_by_its_cases(case): ...

@pytest.mark.parametrize("case", MORE.values(), ids=MORE)
def test_by_its_names(case): ...

def helper(): "SEC-009 is not shown by what is no test"
"""


def test_the_collector_reads_names_markers_cases_and_edges(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(MODULE)
    monkeypatch.setattr(matrix, "TESTS", tmp_path)
    found = {test.name: (sorted(test.rules), test.edges) for test in matrix.tests_of(path)}
    assert found == {
        "test_sec_001_by_its_name": (["SEC-001"], ("asgi", "wsgi")),
        "test_by_its_marker": (["SEC-002"], ("pure", "asgi", "wsgi")),
        "test_by_its_cases": (["SEC-003", "SEC-004"], ("pure",)),
        "test_by_its_names": (["SEC-005"], ("asgi", "wsgi")),
    }


def test_a_hole_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the gaps, or with one too many, it is complained of."""
    gaps = matrix.gaps()
    monkeypatch.setattr(matrix, "gaps", lambda: gaps[1:])
    assert "SEC-144 at pure: nothing shows it, and no gap says why" in matrix.holes()
    surplus = matrix.Gap(rules=["SEC-001"], edges=["asgi"], reason="none")
    monkeypatch.setattr(matrix, "gaps", lambda: [*gaps, surplus])
    (complaint,) = matrix.holes()
    assert complaint.startswith("SEC-001 at asgi: a gap is stated, but ")
