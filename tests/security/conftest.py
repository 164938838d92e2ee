"""What these tests share: the edges at which a rule is shown, and that errors say what is written down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.edges import EDGES, Edge, Servers
from tests.scene import Scene
from tests.spoken import _errors_say_what_is_written_down, _listening

__all__ = ["_errors_say_what_is_written_down", "_listening"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once at each edge that its marker names."""
    if "edge" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("edges")
    if mark is None or not set(mark.args) <= set(EDGES):
        raise pytest.UsageError(f"{metafunc.definition.nodeid} is asked at an edge: say at which by @pytest.mark.edges")
    metafunc.parametrize("edge", mark.args, indirect=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers of this session."""
    opened = Servers()
    yield opened
    opened.close()


@pytest.fixture
def edge(request: pytest.FixtureRequest, servers: Servers) -> Edge:
    """Where the test is run; see `tests.edges`."""
    return servers.edge(request.param)


@pytest.fixture
def scene(edge: Edge) -> Iterator[Scene]:
    """A server of ours at that edge; whatever a test does, it shows no fault of ours."""
    made = Scene(edge)
    yield made
    assert made.faults() == []
